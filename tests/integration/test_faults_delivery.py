"""Faults of delivery, by their numbers, against a peer that misbehaves on demand."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from storage.lanes import FIRST_PATIENCE, LONGEST_PAUSE
from storage.tables import deliveries, lanes
from survey.campaign import Campaign
from survey.delivery import Method
from tests.peer.client import PeerProcess
from tests.peer.messenger import PeerMessenger
from tests.peer.process import Product
from tests.peer.product import Options
from tests.world import World, email

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def peer() -> Iterator[PeerProcess]:
    with PeerProcess() as found:
        yield found


@pytest.fixture
async def due(world: World, peer: PeerProcess) -> AsyncIterator[Campaign]:
    """A round of which nothing has gone out yet; it will, over the peer."""
    messenger = PeerMessenger(peer.url, timeout=2)
    object.__setattr__(world.product.worker, "messengers", {"sandbox": messenger})
    world.clock.at = datetime.now(UTC)
    yield await world.start(deliver=False)
    await messenger.close()


async def later(world: World) -> None:
    """Minutes on, by our clock and by the lanes'."""
    world.clock.forward(minutes=6)
    await world.rows(lanes.update().values(closed_until=None))
    await world.product.worker()


def everybody_has_one(peer: PeerProcess, campaign: Campaign) -> bool:
    return sorted(peer.inboxes().values()) == [1] * campaign.invited


# Killed


class Lives:
    """The product in a process, once and again."""

    def __init__(self, world: World, peer: PeerProcess) -> None:
        self._options = {
            "environ": {**world.environ, "VOXPOP_SANDBOX": "0"},
            "folder": world.folder,
            "peer": peer.url,
            "control": world.folder / "control",
            "platform": "sandbox",
        }

    def begin(self, fail: str | None = None) -> Product:
        return Product(Options(**self._options, fail=fail))  # type: ignore[arg-type]


@pytest.fixture
def lives(world: World, peer: PeerProcess, monkeypatch: pytest.MonkeyPatch) -> Lives:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    return Lives(world, peer)


async def ended(product: Product) -> None:
    """It has come to its fail point."""
    deadline = time.monotonic() + 60
    while product.alive:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    assert product.process.exitcode == -signal.SIGKILL
    product.kill()


async def until_sent(world: World, campaign: Campaign) -> None:
    deadline = time.monotonic() + 60
    while await world.states(campaign) != {"sent": campaign.invited}:
        assert time.monotonic() < deadline, await world.states(campaign)
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    "fail",
    ["after:outbox.claim:1", "before:messenger.send:5", "before:outbox.sent:5", "before:commit:5"],
)
async def test_fault_1_kill_9_in_the_middle_of_a_campaign(
    world: World, peer: PeerProcess, due: Campaign, lives: Lives, fail: str
) -> None:
    await ended(lives.begin(fail))
    assert set(await world.states(due)) != {"sent"}
    again = lives.begin()
    await until_sent(world, due)
    again.kill()
    assert everybody_has_one(peer, due)
    assert (await world.product.rounds.by_id(due.id)).reached == due.invited


async def test_fault_2_killed_after_the_commit_before_the_answer(
    world: World, due: Campaign, lives: Lives
) -> None:
    invitation = await world.invitation(1)
    product = lives.begin("after:answers.record:1")
    press = {
        "campaign": due.id,
        "invitation": str(invitation.id),
        "user": email(1),
        "address": {"platform": "sandbox", "workspace": "sandbox"},
        "at": datetime.now(UTC).isoformat(),
        "score": 8,
    }
    deadline = time.monotonic() + 60
    while product.alive:
        assert time.monotonic() < deadline
        assert await product.tell("press", **press) is None  # no answer ever came
        await asyncio.sleep(0.02)
    product.kill()

    assert (await world.invitation(1)).response.score == 8
    again = lives.begin()
    while (answered := await again.tell("press", **press)) is None:
        assert time.monotonic() < deadline
    again.kill()
    assert answered is True
    assert await world.scores(due) == {8: 1}


async def test_fault_3_killed_after_the_post_before_the_id_is_saved(
    world: World, peer: PeerProcess, due: Campaign, lives: Lives
) -> None:
    await ended(lives.begin("after:messenger.send:1"))
    posted = {message["delivery"]: str(message["id"]) for message in peer.ledger()}
    assert posted
    again = lives.begin()
    await until_sent(world, due)
    again.kill()

    assert everybody_has_one(peer, due)
    rows = await world.rows(select(deliveries.c.id, deliveries.c.message_ref))
    kept = {str(row.id): row.message_ref for row in rows}
    assert posted.items() <= kept.items()


async def test_fault_9_however_many_workers_claim_at_once_each_message_has_one(
    world: World, due: Campaign
) -> None:
    others = [world.restarted() for _ in range(3)]
    outboxes = [one.product.outbox for one in (world, *others)]
    for _ in range(5):
        await world.rows(deliveries.update().values(state="planned"))
        claims = await asyncio.gather(
            *(outbox.claim(at=world.clock.at, limit=2) for outbox in outboxes for _ in range(3))
        )
        claimed = [delivery.id for claim in claims for delivery in claim]
        assert len(claimed) == len(set(claimed)) == due.invited
    for other in others:
        await other.close()


async def test_fault_10_a_worker_whose_lease_ran_out_writes_late(
    world: World, peer: PeerProcess, due: Campaign
) -> None:
    outbox = world.product.outbox
    messenger = world.product.worker.messengers["sandbox"]
    slow, *_ = await outbox.claim(at=world.clock.at, limit=1)
    card = await world.product.compose(slow.invitation)
    sent = await messenger.send(slow.address, card, delivery_id=slow.id)
    held = deliveries.c.id == slow.id
    await world.rows(deliveries.update().where(held).values(lease_until=LONG_AGO))
    (again,) = await outbox.claim_unknown(at=world.clock.at, limit=50)

    for _ in range(2):  # while somebody else holds it, and when they are done
        assert await outbox.failed(slow, reason="late") is False
        assert await outbox.sent(slow, sent, at=world.clock.at) is False
        found = await messenger.find(again.address, again.id)
        assert found == sent
        await outbox.sent(again, found, at=world.clock.at)
    await world.product.worker()

    assert await world.states(due) == {"sent": due.invited}
    assert everybody_has_one(peer, due)


# Answers that go wrong


async def test_fault_13_429_with_retry_after_waits_that_long_that_method_only(
    world: World, peer: PeerProcess, due: Campaign
) -> None:
    peer.goes_wrong("busy", calls=[3], seconds=1)
    begun = time.monotonic()
    while (await world.states(due)) != {"sent": due.invited}:
        await world.product.worker()
        shut = (await world.rows(select(lanes).where(lanes.c.method == Method.UPDATE.value)))[0]
        assert shut.closed_until is None
        await asyncio.sleep(0.02)
        assert time.monotonic() < begun + 60

    calls = peer.calls()
    busy = next(call["at"] for call in calls if call["outcome"] == "busy")
    after = [call["at"] - busy for call in calls if call["at"] > busy + 0.1]
    assert after
    assert min(after) > 0.9
    assert everybody_has_one(peer, due)


async def test_fault_14_429_without_a_header_as_text_backs_off(
    world: World, peer: PeerProcess, due: Campaign
) -> None:
    peer.goes_wrong("busy_text")
    parts = []
    for trouble in range(8):
        await world.rows(lanes.update().values(closed_until=None))
        await world.product.worker()
        assert await world.states(due) == {"planned": due.invited}
        (lane,) = await world.rows(select(lanes).where(lanes.c.method == Method.SEND.value))
        longest = min(FIRST_PATIENCE * 2**trouble, LONGEST_PAUSE)
        parts.append((lane.closed_until - datetime.now(UTC)) / longest)
    assert all(0 < part <= 1 for part in parts)
    assert all(part > 0.45 for part in parts[2:])  # those before are short beside our own pace
    assert min(parts[2:]) < 0.95  # not everybody comes back at the same moment

    peer.all_is_well()
    await later(world)
    assert await world.states(due) == {"sent": due.invited}
    assert everybody_has_one(peer, due)


arriving = pytest.mark.parametrize("delivers", [True, False], ids=["it arrived", "it did not"])


async def looked_up(
    world: World, peer: PeerProcess, due: Campaign, *, delivers: bool, **fault: object
) -> None:
    """What three sends go wrong with leaves them unknown, until they are looked up."""
    peer.goes_wrong(calls=[1, 2, 3], delivers=delivers, **fault)  # type: ignore[arg-type]
    await world.product.worker()
    assert await world.states(due) == {"unknown": 3, "sent": due.invited - 3}
    assert len(peer.calls()) == due.invited  # nothing was sent blindly

    await later(world)
    assert len(peer.calls("find")) == 3
    await later(world)
    assert await world.states(due) == {"sent": due.invited}
    assert everybody_has_one(peer, due)
    assert len(peer.calls()) == due.invited + (0 if delivers else 3)


@arriving
@pytest.mark.parametrize("status", [500, 503])
async def test_fault_15_a_server_error_is_unknown_and_looked_up(
    world: World, peer: PeerProcess, due: Campaign, status: int, delivers: bool
) -> None:
    await looked_up(world, peer, due, delivers=delivers, fault="error", status=status)


@arriving
async def test_fault_16_a_timeout_is_unknown_and_looked_up(
    world: World, peer: PeerProcess, due: Campaign, delivers: bool
) -> None:
    await looked_up(world, peer, due, delivers=delivers, fault="stall", seconds=5)


@arriving
async def test_fault_17_garbled_json_with_200_is_unknown_and_looked_up(
    world: World, peer: PeerProcess, due: Campaign, delivers: bool
) -> None:
    await looked_up(world, peer, due, delivers=delivers, fault="garbage")


@arriving
async def test_fault_18_dropped_before_an_answer_is_unknown_and_looked_up(
    world: World, peer: PeerProcess, due: Campaign, delivers: bool
) -> None:
    await looked_up(world, peer, due, delivers=delivers, fault="drop")


async def test_fault_18_where_nobody_can_be_asked_it_is_parked_and_not_sent_again(
    world: World, peer: PeerProcess, due: Campaign
) -> None:
    peer.goes_wrong("drop", calls=[1, 2], delivers=True)
    peer.goes_wrong("mute", method="find")
    await world.product.worker()
    for _ in range(4):
        await later(world)
    assert await world.states(due) == {"unknown": 2, "sent": due.invited - 2}
    assert everybody_has_one(peer, due)


async def test_fault_19_permanent_refusal_is_failed_with_the_reason(
    world: World, peer: PeerProcess, due: Campaign
) -> None:
    peer.goes_wrong("refuse", users=[email(4)])
    await world.product.worker()
    accounts = (await world.product.rounds.accounts([due]))[due.id]
    assert (accounts.sent, sum(accounts.failed.values())) == (due.invited - 1, 1)
    assert "user_deactivated" in next(iter(accounts.failed))


async def test_fault_20_a_revoked_token_pauses_with_one_alert_and_resumes(
    world: World, peer: PeerProcess, due: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.goes_wrong("revoked")
    for _ in range(3):
        await world.product.worker()
    refused = len(peer.calls())
    assert refused <= 10
    await later(world)
    assert len(peer.calls()) == refused + 1  # one probe
    assert await world.states(due) == {"planned": due.invited}
    assert capsys.readouterr().out.count("platform_refuses_us") == 1

    peer.all_is_well()
    await later(world)
    assert await world.states(due) == {"sent": due.invited}
    assert everybody_has_one(peer, due)
    assert capsys.readouterr().out.count("platform_is_well_again") == 1


async def test_fault_23_who_is_gone_when_it_is_looked_up_does_not_hold_up_the_others(
    world: World, peer: PeerProcess, due: Campaign
) -> None:
    peer.goes_wrong("drop", users=[email(2)], times=1)
    await world.product.worker()
    peer.goes_wrong("refuse", method="find", users=[email(2)])
    await later(world)
    assert await world.states(due) == {"sent": due.invited - 1, "failed": 1}
