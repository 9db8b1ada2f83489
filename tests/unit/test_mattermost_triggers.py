"""The server's signature below a click."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.mattermost.triggers import Trigger, Triggers
from survey.errors import OutOfDate, StorageUnavailable
from tests.callbacks import SigningServer
from tests.examples import MONDAY, SetClock

RECORDING = Path(__file__).parents[1] / "mattermost" / "recording-5.37.json"
ADA, BEN = "a" * 26, "b" * 26


def recorded() -> Iterator[dict[str, Any]]:
    """Every body of the recording in which the server names a trigger."""
    for one in json.loads(RECORDING.read_text())["exchanges"]:
        body = one["request_body"]
        calls_us = one["direction"] == "mattermost->integration"
        if calls_us and isinstance(body, dict) and "trigger_id" in body:
            yield body


def recorded_key() -> str:
    for one in json.loads(RECORDING.read_text())["exchanges"]:
        if one["name"] == "config_client":
            key: str = one["response_body"]["AsymmetricSigningPublicKey"]
            return key
    raise AssertionError("the recording has no key")


def checking(server: SigningServer) -> tuple[Triggers, SetClock]:
    clock = SetClock()
    return Triggers(server.public_key, clock=clock), clock


async def test_every_recorded_trigger_is_signed_with_the_recorded_key() -> None:
    async def fetch() -> str | None:
        return recorded_key()

    bodies = list(recorded())
    found = []
    for body in bodies:
        said = int(base64.b64decode(body["trigger_id"]).split(b":")[2])
        at = datetime.fromtimestamp(said / 1000, UTC)
        clock = SetClock(at + timedelta(milliseconds=20))
        triggers = Triggers(fetch, clock=clock)
        trigger = await triggers.check(body["trigger_id"], user_id=body["user_id"])
        assert trigger is not None
        found.append((trigger.verified, trigger.user_id == body["user_id"], trigger.at == at))

    assert len(bodies) >= 6
    assert set(found) == {(True, True, True)}


async def test_a_click_tells_who_and_when() -> None:
    server = SigningServer()
    triggers, clock = checking(server)
    pressed = MONDAY - timedelta(seconds=3)

    found = await triggers.check(server.trigger(ADA, pressed), user_id=ADA)

    assert found == Trigger(id=found.id if found else "", user_id=ADA, at=pressed, verified=True)
    assert clock() == MONDAY


async def test_somebody_elses_click_is_refused() -> None:
    server = SigningServer()
    triggers, _ = checking(server)
    with pytest.raises(OutOfDate):
        await triggers.check(server.trigger(ADA, MONDAY), user_id=BEN)


@pytest.mark.parametrize(
    ("off", "taken"),
    [
        (timedelta(minutes=-59), True),
        (timedelta(minutes=-61), False),
        (timedelta(minutes=4), True),
        (timedelta(minutes=6), False),
        (timedelta(days=-400), False),
    ],
)
async def test_a_click_of_another_time_is_refused(off: timedelta, *, taken: bool) -> None:
    server = SigningServer()
    triggers, _ = checking(server)
    trigger = server.trigger(ADA, MONDAY + off)
    if taken:
        assert await triggers.check(trigger, user_id=ADA) is not None
    else:
        with pytest.raises(OutOfDate):
            await triggers.check(trigger, user_id=ADA)


@pytest.mark.parametrize(
    "trigger",
    ["", "x", "é", "AAAA", base64.b64encode(b"id:user").decode(), "=" * 40, "\ud800", "A" * 2000],
)
async def test_what_is_no_trigger_is_refused(trigger: str) -> None:
    triggers, _ = checking(SigningServer())
    with pytest.raises(OutOfDate):
        await triggers.check(trigger, user_id=ADA)


async def test_a_click_signed_by_another_server_is_refused() -> None:
    triggers, _ = checking(SigningServer())
    with pytest.raises(OutOfDate):
        await triggers.check(SigningServer().trigger(ADA, MONDAY), user_id=ADA)


@pytest.mark.parametrize("bend", [b"ida", b"msa"])
async def test_a_click_that_was_bent_is_refused(bend: bytes) -> None:
    server = SigningServer()
    triggers, _ = checking(server)
    name, user, ms, signature = base64.b64decode(server.trigger(ADA, MONDAY)).split(b":", 3)
    name = b"x" + name[1:] if bend == b"ida" else name
    ms = str(int(ms) + 1).encode() if bend == b"msa" else ms
    forged = base64.b64encode(b":".join((name, user, ms, signature))).decode()
    with pytest.raises(OutOfDate):
        await triggers.check(forged, user_id=ADA)


async def test_a_new_key_of_the_server_is_found_out() -> None:
    server = SigningServer()
    triggers, clock = checking(server)
    await triggers.check(server.trigger(ADA, MONDAY), user_id=ADA)
    server.key = SigningServer().key
    clock.forward(minutes=2)

    found = await triggers.check(server.trigger(ADA, clock()), user_id=ADA)

    assert found is not None
    assert found.verified
    assert server.asked == 2


async def test_the_server_is_asked_for_its_key_once_a_minute_at_most() -> None:
    server, other = SigningServer(), SigningServer()
    triggers, clock = checking(server)
    for _ in range(50):
        with pytest.raises(OutOfDate):
            await triggers.check(other.trigger(ADA, clock()), user_id=ADA)
        clock.forward(seconds=2)
    assert server.asked <= 3


async def test_without_a_key_what_the_click_says_is_taken_as_it_is() -> None:
    server = SigningServer()
    server.key = None
    triggers, _ = checking(server)
    found = await triggers.check(server.trigger(ADA, MONDAY), user_id=ADA)
    assert found is not None
    assert not found.verified
    assert await triggers.check("", user_id=ADA) is None


@pytest.mark.parametrize("told", ["nonsense", base64.b64encode(b"no key").decode()])
async def test_a_key_that_is_none_counts_as_none(told: str) -> None:
    async def fetch() -> str | None:
        return told

    triggers = Triggers(fetch, clock=SetClock())
    found = await triggers.check(SigningServer().trigger(ADA, MONDAY), user_id=ADA)
    assert found is not None
    assert not found.verified


async def test_a_server_that_does_not_tell_its_key_is_asked_again_later() -> None:
    server, down = SigningServer(), [True]

    async def fetch() -> str | None:
        if down:
            raise StorageUnavailable("not now")
        return await server.public_key()

    clock = SetClock()
    triggers = Triggers(fetch, clock=clock)
    first = await triggers.check(server.trigger(ADA, clock()), user_id=ADA)
    down.clear()
    clock.forward(minutes=2)
    second = await triggers.check(server.trigger(ADA, clock()), user_id=ADA)
    assert [one.verified for one in (first, second) if one] == [False, True]


async def test_clicks_wait_a_second_for_a_key_and_later_ones_have_it() -> None:
    server, told = SigningServer(), asyncio.Event()

    async def fetch() -> str | None:
        await told.wait()
        return await server.public_key()

    triggers, loop = Triggers(fetch, clock=SetClock()), asyncio.get_running_loop()
    trigger, began = server.trigger(ADA, MONDAY), loop.time()
    early = await asyncio.gather(*(triggers.check(trigger, user_id=ADA) for _ in range(20)))
    assert loop.time() - began < 2
    assert not any(one.verified for one in early if one)

    told.set()
    await asyncio.sleep(0)
    late = await triggers.check(trigger, user_id=ADA)
    assert late is not None
    assert late.verified
