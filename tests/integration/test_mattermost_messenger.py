"""Mattermost outbound: the real worker and outbox against a server that misbehaves on demand."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from bot.mattermost import PLATFORM, WORKSPACE
from bot.mattermost.client import Client
from bot.mattermost.messenger import PACES, MattermostMessenger
from bot.sealing import Place, Seal
from runtime.languages import language
from runtime.wiring import put_together
from storage.tables import deliveries, lanes
from survey.campaign import Campaign
from survey.card import Attachment, Card, Picture
from survey.delivery import MessageRef, Method
from survey.messenger import (
    NO_LIMITS,
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientUnreachable,
)
from survey.person import Address, Enrolment
from survey.wording import asked
from tests.examples import MONDAY, invitation
from tests.mattermost.server import MattermostServer
from tests.world import World, email

PEOPLE = 8
OURS = "http://localhost:8000"
SEAL = Seal(("a-key-for-tests-that-is-long-enough",))
QUESTION = asked.asked(invitation(), language("en"), now=MONDAY)
AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Bot:
    """A bot on a server of its own, with somebody to write to."""

    server: MattermostServer
    id: str
    token: str
    client: Client
    messenger: MattermostMessenger

    def account(self, username: str) -> Address:
        try:
            user = self.server.state.user_named(username)
        except Exception:  # noqa: BLE001 - not there yet
            user = self.server.add_person(username)
        return Address(platform=PLATFORM, workspace=WORKSPACE, user_id=user.id)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with MattermostServer() as server:
        account, token = server.add_bot()
        client = Client(server.url, token, timeout=(2, 1.2))
        messenger = MattermostMessenger(client, SEAL, OURS, paces=NO_LIMITS)
        yield Bot(server=server, id=account.id, token=token, client=client, messenger=messenger)
        await client.close()


# One message


async def test_a_message_arrives_with_buttons_that_know_where_they_are(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    (message,) = bot.server.delivered("alice")
    assert message["props"]["delivery_id"] == str(delivery)
    post = await bot.client.call("GET", f"/posts/{ref.message}")
    assert post["channel_id"] == ref.channel
    assert post["message"].startswith("**How likely")
    scores, others = post["props"]["attachments"]
    assert [action["name"] for action in scores["actions"]] == [str(n) for n in range(11)]
    assert [action["name"] for action in others["actions"]] == ["Later", "Why me?", "Stop asking"]
    kept = bot.server.posts.get(ref.message).props["attachments"][0]["actions"][6]
    sealed = SEAL.open(kept["integration"]["context"]["seal"])
    assert (sealed.value, sealed.to) == ("6", alice)
    assert sealed.place == Place(channel=ref.channel, delivery=delivery)


async def test_the_same_delivery_sent_again_at_once_is_the_same_message(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    first = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    assert await bot.messenger.send(alice, QUESTION, delivery_id=delivery) == first
    assert len(bot.server.delivered("alice")) == 1


async def test_a_picture_and_a_file_go_with_the_message(bot: Bot) -> None:
    card = Card(
        headline="NPS +32",
        picture=Picture(name="nps.png", png=b"\x89PNG", text="NPS +32"),
        attachment=Attachment(name="nps.csv", media_type="text/csv", content=b"a,b"),
    )
    ref = await bot.messenger.send(bot.account("alice"), card, delivery_id=uuid4())
    post = await bot.client.call("GET", f"/posts/{ref.message}")
    infos = [await bot.client.call("GET", f"/files/{one}/info") for one in post["file_ids"]]
    assert [info["name"] for info in infos] == ["nps.png", "nps.csv"]


async def test_people_are_looked_up_together_and_channels_once(bot: Bot) -> None:
    everybody = [bot.account(f"p{number}") for number in range(20)]
    for _ in range(2):
        await asyncio.gather(
            *(bot.messenger.send(one, QUESTION, delivery_id=uuid4()) for one in everybody)
        )
    assert len(bot.server.delivered()) == 40
    assert len(bot.server.faults.of("POST /users/ids")) == 1
    assert len(bot.server.faults.of("POST /channels/direct")) == 20
    assert len(bot.server.faults.of("GET /users/me")) <= 20


# Changing it


async def test_a_message_changes_with_all_its_buttons_and_is_still_found(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    await bot.messenger.update(alice, ref, Card(headline="Closed."))
    post = await bot.client.call("GET", f"/posts/{ref.message}")
    assert (post["message"], post["props"]["attachments"]) == ("Closed.", None)
    await bot.messenger.update(alice, ref, QUESTION)
    kept = bot.server.posts.get(ref.message).props["attachments"][0]["actions"][6]
    place = SEAL.open(kept["integration"]["context"]["seal"]).place
    assert place == Place(channel=ref.channel, message=ref.message, delivery=delivery)
    assert await bot.messenger.find(alice, delivery) == ref


async def test_an_older_card_is_not_put_over_a_newer_one(bot: Bot) -> None:
    alice = bot.account("alice")
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    for minutes, said in [(5, "You said 8."), (3, "You said 6."), (None, "No answer yet.")]:
        at = None if minutes is None else AT + timedelta(minutes=minutes)
        await bot.messenger.update(alice, ref, Card(headline=said, as_of=at))
    post = await bot.client.call("GET", f"/posts/{ref.message}")
    assert post["message"] == "You said 8."
    await bot.messenger.update(alice, ref, Card(headline="Now 9.", as_of=AT + timedelta(hours=1)))
    assert bot.server.posts.get(ref.message).message == "Now 9."


async def test_fault_25_a_message_that_was_deleted_is_said_to_be_gone(bot: Bot) -> None:
    alice = bot.account("alice")
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    await bot.client.call("DELETE", f"/posts/{ref.message}")
    with pytest.raises(RecipientUnreachable, match="gone"):
        await bot.messenger.update(alice, ref, Card(headline="Closed."))


async def test_fault_25_a_message_that_may_not_be_edited_says_why(bot: Bot) -> None:
    alice = bot.account("alice")
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    bot.server.faults.goes_wrong("refuse", "PUT /posts/*")
    with pytest.raises(RecipientUnreachable, match="permissions"):
        await bot.messenger.update(alice, ref, Card(headline="Closed."))


# Finding it


async def test_what_arrived_is_found_and_what_did_not_is_not(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    assert await bot.messenger.find(alice, delivery) is None
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    for _ in range(3):
        await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    assert await bot.messenger.find(alice, delivery) == ref
    assert await bot.messenger.find(bot.account("bob"), delivery) is None


async def test_a_message_is_found_behind_many_others(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    for number in range(450):
        message = {"channel_id": ref.channel, "message": str(number)}
        await bot.client.call("POST", "/posts", json=message)
    assert await bot.messenger.find(alice, delivery) == ref
    assert await bot.messenger.find(alice, uuid4()) is None


async def test_a_message_that_others_pass_off_as_ours_is_not_found(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    theirs = Client(bot.server.url, bot.server.person("alice").token)
    forged = {"delivery_id": str(delivery)}
    await theirs.call(
        "POST", "/posts", json={"channel_id": ref.channel, "message": "hm", "props": forged}
    )
    await theirs.close()
    assert await bot.messenger.find(alice, delivery) is None


async def test_a_server_that_cannot_be_asked_leaves_it_open(bot: Bot) -> None:
    alice = bot.account("alice")
    bot.server.faults.goes_wrong("error", "GET /channels/*/posts", status=503)
    with pytest.raises(OutcomeUnknown):
        await bot.messenger.find(alice, uuid4())


# What errors mean


@pytest.mark.parametrize(
    ("fault", "how", "expected"),
    [
        ("busy", {"seconds": 3}, PlatformBusy),
        ("busy_text", {}, PlatformBusy),
        ("revoked", {}, PlatformRefuses),
        ("refuse", {}, RecipientUnreachable),
        ("error", {"status": 500}, OutcomeUnknown),
        ("error_text", {"status": 502}, OutcomeUnknown),
        ("error_list", {"status": 503}, OutcomeUnknown),
        ("stall", {"seconds": 2}, OutcomeUnknown),
        ("garbage", {}, OutcomeUnknown),
        ("drop", {}, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("route", ["POST /posts", "POST /channels/direct", "POST /users/ids"])
async def test_what_goes_wrong_has_one_meaning_wherever_it_does(
    bot: Bot, route: str, fault: str, how: dict[str, int], expected: type[Exception]
) -> None:
    alice = bot.account("alice")
    bot.server.faults.goes_wrong(fault, route, **how)
    with pytest.raises(expected) as raised:
        await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    if isinstance(raised.value, PlatformBusy):
        wait = timedelta(seconds=3) if fault == "busy" else None
        assert raised.value.retry_after == wait
    assert not bot.server.delivered("alice")


async def test_a_server_that_is_away_delivers_nothing_and_says_so() -> None:
    client = Client("http://127.0.0.1:9", "t" * 26)
    messenger = MattermostMessenger(client, SEAL, OURS)
    nobody = Address(platform=PLATFORM, workspace=WORKSPACE, user_id="a" * 26)
    with pytest.raises(PlatformBusy):
        await messenger.send(nobody, QUESTION, delivery_id=uuid4())
    assert messenger.paces == PACES
    await client.close()


async def test_fault_23_who_is_deactivated_or_a_bot_or_not_there_is_not_written_to(
    bot: Bot,
) -> None:
    gone, other = bot.account("gone"), bot.server.add_bot("other")[0]
    bot.server.deactivate("gone")
    for user_id, why in [
        (gone.user_id, "deactivated"),
        (other.id, "bot"),
        ("a" * 26, "no Mattermost account"),
        ("../../users/me", "no Mattermost account"),
    ]:
        with pytest.raises(RecipientUnreachable, match=why):
            await bot.messenger.send(replace(gone, user_id=user_id), QUESTION, delivery_id=uuid4())
    assert not bot.server.delivered()


# A round


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round of which nothing has gone out yet."""

    world: World
    bot: Bot
    campaign: Campaign

    @property
    def server(self) -> MattermostServer:
        return self.bot.server

    async def states(self) -> dict[str, int]:
        return await self.world.states(self.campaign)

    async def work(self) -> None:
        await self.world.product.worker()

    async def later(self) -> None:
        """Minutes on, by our clock and by the lanes'."""
        self.world.clock.forward(minutes=6)
        await self.world.rows(lanes.update().values(closed_until=None))
        await self.work()

    @property
    def posts(self) -> int:
        """Attempts to post."""
        return len(self.server.faults.of("POST /posts"))

    def everybody_has_one(self) -> bool:
        inboxes = [self.server.delivered(f"p{n}") for n in range(PEOPLE)]
        return [len(inbox) for inbox in inboxes] == [1] * PEOPLE

    async def everybody_gets_one(self) -> None:
        for _ in range(3):
            if await self.states() != {"sent": PEOPLE}:
                await self.later()
        assert await self.states() == {"sent": PEOPLE}
        assert self.everybody_has_one()


@pytest.fixture
async def due(bot: Bot, database_url: str, tmp_path: Path) -> AsyncIterator[Round]:
    world = World(database_url, folder=tmp_path)
    world.clock.at = datetime.now(UTC)
    world.product = put_together(
        world.settings, clock=world.clock, others={PLATFORM: bot.messenger}
    )
    await world.product.people.enrol(
        [
            Enrolment(
                email=email(place),
                name=f"Person {place}",
                timezone="Europe/Berlin",
                addresses=(bot.account(f"p{place}"),),
            )
            for place in range(PEOPLE)
        ]
    )
    yield Round(world=world, bot=bot, campaign=await world.start(deliver=False))
    await world.close()


async def test_everybody_gets_one_message_and_the_database_knows_which(due: Round) -> None:
    await due.work()
    assert await due.states() == {"sent": PEOPLE}
    rows = await due.world.rows(select(deliveries.c.id, deliveries.c.message_ref))
    assert {str(row.id): row.message_ref for row in rows} == {
        message["props"]["delivery_id"]: message["id"] for message in due.server.delivered()
    }


async def test_fault_13_429_with_retry_after_waits_that_long_that_method_only(due: Round) -> None:
    due.server.faults.goes_wrong("busy", calls=[3], seconds=1)
    begun = time.monotonic()
    while await due.states() != {"sent": PEOPLE}:
        await due.work()
        shut = (await due.world.rows(select(lanes).where(lanes.c.method == Method.UPDATE.value)))[0]
        assert shut.closed_until is None
        await asyncio.sleep(0.02)
        assert time.monotonic() < begun + 60
    calls = due.server.faults.of("POST /posts")
    busy = next(call.at for call in calls if call.outcome == "busy")
    after = [call.at - busy for call in calls if call.at > busy + 0.1]
    assert after
    assert min(after) > 0.9
    assert due.everybody_has_one()


async def test_fault_14_429_without_a_header_as_text_backs_off(due: Round) -> None:
    due.server.faults.goes_wrong("busy_text")
    await due.work()
    assert await due.states() == {"planned": PEOPLE}
    (lane,) = await due.world.rows(
        select(lanes).where(lanes.c.method == Method.SEND.value, lanes.c.platform == PLATFORM)
    )
    assert timedelta(0) < lane.closed_until - datetime.now(UTC) <= timedelta(seconds=2)
    due.server.faults.all_is_well()
    await due.everybody_gets_one()


@pytest.mark.parametrize("delivers", [True, False], ids=["it arrived", "it did not"])
@pytest.mark.parametrize(
    ("fault", "how"),
    [
        pytest.param("error", {"status": 500}, id="fault_15 500"),
        pytest.param("error_text", {"status": 503}, id="fault_15 503"),
        pytest.param("stall", {"seconds": 2}, id="fault_16 timeout"),
        pytest.param("garbage", {}, id="fault_17 garbled"),
        pytest.param("drop", {}, id="fault_18 dropped"),
    ],
)
async def test_fault_15_16_17_18_what_nobody_knows_the_outcome_of_is_looked_up(
    due: Round, fault: str, how: dict[str, Any], delivers: bool
) -> None:
    due.server.faults.goes_wrong(fault, calls=[1, 2, 3], delivers=delivers, **how)
    await due.work()
    assert await due.states() == {"unknown": 3, "sent": PEOPLE - 3}
    if fault == "stall":
        await asyncio.sleep(1.2)  # the server counts what it has answered
    assert due.posts == PEOPLE  # nothing was sent blindly
    due.server.state.clock.advance(60)  # the server's own memory of what is pending ends
    await due.later()
    assert len(due.server.faults.of("GET /channels/*/posts")) == 3
    await due.everybody_gets_one()
    assert due.posts == PEOPLE + (0 if delivers else 3)


async def test_fault_18_where_nobody_can_be_asked_it_is_parked_and_not_sent_again(
    due: Round,
) -> None:
    due.server.faults.goes_wrong("drop", calls=[1, 2], delivers=True)
    due.server.faults.goes_wrong("error", "GET /channels/*/posts", status=503)
    await due.work()
    for _ in range(4):
        await due.later()
    assert await due.states() == {"unknown": 2, "sent": PEOPLE - 2}
    due.server.faults.all_is_well()
    for _ in range(4):
        await due.later()
    await due.everybody_gets_one()


async def test_fault_20_a_revoked_token_pauses_with_one_alert_and_resumes(
    due: Round, capsys: pytest.CaptureFixture[str]
) -> None:
    due.server.faults.goes_wrong("revoked", "*")
    for _ in range(3):
        await due.work()
    asked_before = len(due.server.faults.calls)
    assert await due.states() == {"planned": PEOPLE}
    await due.later()
    assert len(due.server.faults.calls) - asked_before <= 2  # one probe
    said = capsys.readouterr().out
    assert said.count("platform_refuses_us") == 1
    assert "voxpop mattermost setup" in said
    due.server.faults.all_is_well()
    await due.later()
    await due.everybody_gets_one()
    assert capsys.readouterr().out.count("platform_is_well_again") == 1


async def test_fault_22_a_bot_whose_owner_is_deactivated_is_paused_with_a_clear_cause(
    due: Round, capsys: pytest.CaptureFixture[str]
) -> None:
    due.server.deactivate("admin")
    await due.work()
    assert await due.states() == {"planned": PEOPLE}
    assert "the bot or its owner is deactivated" in capsys.readouterr().out
    assert not due.server.delivered()


async def test_fault_23_who_is_deactivated_is_left_out_of_the_response_rate(due: Round) -> None:
    due.server.deactivate("p3")
    await due.work()
    assert await due.states() == {"sent": PEOPLE - 1, "failed": 1}
    accounts = (await due.world.product.rounds.accounts([due.campaign]))[due.campaign.id]
    assert accounts.failed == {"their Mattermost account is deactivated": 1}
    assert (await due.world.product.rounds.by_id(due.campaign.id)).reached == PEOPLE - 1
    assert not due.server.delivered("p3")


async def test_fault_24_who_refuses_direct_messages_fails_with_the_reason_and_alone(
    due: Round,
) -> None:
    due.server.faults.goes_wrong("refuse", "POST /channels/direct", users=["p3"])
    due.server.faults.goes_wrong("refuse", users=["p5"])
    await due.work()
    assert await due.states() == {"sent": PEOPLE - 2, "failed": 2}
    accounts = (await due.world.product.rounds.accounts([due.campaign]))[due.campaign.id]
    assert set(accounts.failed.values()) == {2}  # the same reason, whatever the request's id
    assert "permissions" in next(iter(accounts.failed))


async def test_fault_25_a_rating_is_kept_when_its_message_is_gone(due: Round) -> None:
    await due.work()
    found = await due.world.invitation(2)
    (row,) = await due.world.rows(select(deliveries).where(deliveries.c.invitation_id == found.id))
    await due.bot.client.call("DELETE", f"/posts/{row.message_ref}")
    press = replace(await due.world.press_of(2), by=due.bot.account("p2"))
    await due.world.product.answers.record(press, 8)
    await due.world.close_round(due.campaign)
    assert await due.world.scores(due.campaign) == {8: 1}
    updates = await due.world.rows(
        select(deliveries.c.state).where(
            deliveries.c.invitation_id == found.id, deliveries.c.kind == "update"
        )
    )
    assert [row.state for row in updates] == ["failed"]


async def test_messages_keep_to_the_pace_of_the_server(due: Round) -> None:
    due.bot.messenger.paces = {Method.SEND: replace(PACES[Method.SEND], per_second=4, burst=2)}
    product = put_together(
        due.world.settings, clock=due.world.clock, others={PLATFORM: due.bot.messenger}
    )
    begun = time.monotonic()
    while await due.states() != {"sent": PEOPLE}:
        await product.worker()
        await asyncio.sleep(0.02)
    await product.let_go()
    assert time.monotonic() - begun > (PEOPLE - 2) / 4 * 0.9


NOWHERE = MessageRef(channel="a" * 26, message="b" * 26)


async def test_an_update_of_a_message_that_never_was_says_that_it_is_gone(bot: Bot) -> None:
    with pytest.raises(RecipientUnreachable):
        await bot.messenger.update(bot.account("alice"), NOWHERE, QUESTION)
