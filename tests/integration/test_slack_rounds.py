"""A round on Slack: the real worker and outbox against a Slack that misbehaves on demand."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from bot.slack import PLATFORM
from bot.slack.messenger import PACES
from runtime.wiring import put_together
from storage.tables import deliveries, lanes
from survey.campaign import Campaign
from survey.delivery import Method
from survey.person import Enrolment
from tests.slack.server import SlackServer
from tests.slack_app import Bot, connected
from tests.world import World, email

PEOPLE = 8


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with connected() as found:
        yield found


@dataclass(frozen=True, kw_only=True)
class Round:
    """A round of which nothing has gone out yet."""

    world: World
    bot: Bot
    campaign: Campaign

    @property
    def server(self) -> SlackServer:
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
        return len(self.server.faults.of("chat.postMessage"))

    def everybody_has_one(self) -> bool:
        return [len(self.bot.inbox(f"p{n}")) for n in range(PEOPLE)] == [1] * PEOPLE

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
    assert {row.id: row.message_ref for row in rows} == {
        UUID(message["delivery"]): message["ts"] for message in due.server.delivered()
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
    calls = due.server.faults.of("chat.postMessage")
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
    await due.later()
    assert len(due.server.faults.of("conversations.history")) == 3
    await due.everybody_gets_one()
    assert due.posts == PEOPLE + (0 if delivers else 3)


async def test_fault_18_where_nobody_can_be_asked_it_is_parked_and_not_sent_again(
    due: Round,
) -> None:
    due.server.faults.goes_wrong("drop", calls=[1, 2], delivers=True)
    due.server.faults.goes_wrong("error", "conversations.history", status=503)
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
    assert "token_revoked" in said
    assert "voxpop doctor" in said
    due.server.faults.all_is_well()
    await due.later()
    await due.everybody_gets_one()
    assert capsys.readouterr().out.count("platform_is_well_again") == 1


async def test_fault_22_an_app_that_was_removed_is_paused_with_a_clear_cause(
    due: Round, capsys: pytest.CaptureFixture[str]
) -> None:
    due.server.uninstall()
    await due.work()
    assert await due.states() == {"planned": PEOPLE}
    assert "install the app in the workspace again" in capsys.readouterr().out
    assert not due.server.delivered()


async def test_fault_23_who_is_deactivated_is_left_out_of_the_response_rate(due: Round) -> None:
    due.server.deactivate("p3@acme.test")
    await due.work()
    assert await due.states() == {"sent": PEOPLE - 1, "failed": 1}
    accounts = (await due.world.product.rounds.accounts([due.campaign]))[due.campaign.id]
    assert accounts.failed == {"their Slack account is deactivated": 1}
    assert (await due.world.product.rounds.by_id(due.campaign.id)).reached == PEOPLE - 1
    assert not due.bot.inbox("p3")


async def test_fault_19_24_who_refuses_direct_messages_fails_with_the_reason_and_alone(
    due: Round,
) -> None:
    due.server.faults.goes_wrong("refuse", users=["p3@acme.test"], error="restricted_action")
    due.server.faults.goes_wrong("refuse", users=["p5@acme.test"], error="is_archived")
    await due.work()
    assert await due.states() == {"sent": PEOPLE - 2, "failed": 2}
    accounts = (await due.world.product.rounds.accounts([due.campaign]))[due.campaign.id]
    assert accounts.failed == {
        "their workspace does not let the app write to them": 1,
        "their conversation with the app is archived": 1,
    }


async def test_fault_25_a_rating_is_kept_when_its_message_is_gone(due: Round) -> None:
    await due.work()
    found = await due.world.invitation(2)
    (row,) = await due.world.rows(select(deliveries).where(deliveries.c.invitation_id == found.id))
    entry = next(one for one in due.server.delivered() if one["ts"] == row.message_ref)
    await due.bot.api.call(
        "chat.delete", token=due.server.bot_token, channel=entry["channel"], ts=entry["ts"]
    )
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


async def test_messages_keep_to_the_pace_of_a_workspace(due: Round) -> None:
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
