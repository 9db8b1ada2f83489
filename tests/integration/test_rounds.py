"""Rounds on a real database: who is asked, once and in time; what is left when they close."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from storage.tables import campaigns, deliveries, invitations
from survey.campaign import Campaign
from survey.eligibility import LeftOut
from survey.errors import CampaignExists, IllegalTransition, NobodyToAsk, NotFound
from survey.person import Enrolment, Person
from survey.states import CampaignState, DeliveryState, InvitationState
from tests.world import Sandbox, World, email

ALL = frozenset(email(place) for place in range(12))


async def person(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found


async def states(world: World, campaign: Campaign) -> dict[str, int]:
    """How many invitations of a round are in which state."""
    rows = await world.rows(
        select(invitations.c.state, func.count())
        .where(invitations.c.campaign_id == campaign.id)
        .group_by(invitations.c.state)
    )
    return {state: n for state, n in rows}  # noqa: C416 - rows are no pairs to mypy


async def planned(world: World, *, kind: str = "initial") -> list[tuple[int, datetime]]:
    """(ordinal, due) of everything that waits to be sent."""
    rows = await world.rows(
        select(deliveries.c.ordinal, deliveries.c.due_at)
        .where(deliveries.c.state == DeliveryState.PLANNED.value, deliveries.c.kind == kind)
        .order_by(deliveries.c.due_at)
    )
    return [(row.ordinal, row.due_at) for row in rows]


async def test_a_round_asks_everybody_once(world: World) -> None:
    campaign = await world.start()
    chat = world.sandbox()
    await world.product.worker()
    async with chat.http:
        inboxes = [await chat.inbox(place) for place in range(12)]

    assert campaign.name == "nps/2026Q4"
    assert campaign.invited == 12
    assert (await world.product.rounds.by_id(campaign.id)).reached == 12
    assert [len(inbox) for inbox in inboxes] == [1] * 12
    assert await states(world, campaign) == {"sent": 12}
    assert await world.states(campaign) == {"sent": 12}
    assert campaign.closes_at == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)


async def test_the_second_round_of_a_quarter_has_a_number(world: World) -> None:
    names = []
    for _ in range(3):
        campaign = await world.start(to=ALL)
        names.append(campaign.name)
        await world.close_round(campaign)
    world.clock.at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # the year is over in Berlin
    names.append((await world.start(to=ALL)).name)

    assert names == ["nps/2026Q4", "nps/2026Q4.2", "nps/2026Q4.3", "nps/2027Q1"]
    found = [campaign.name for campaign in await world.product.rounds.all("nps")]
    assert found == names[::-1]
    for campaign in await world.product.rounds.all("nps"):
        assert await world.product.rounds.find("nps", campaign.period) == campaign


async def test_a_survey_has_one_open_round(world: World) -> None:
    campaign = await world.start()
    with pytest.raises(CampaignExists):
        await world.start(to=ALL)
    await world.rows(campaigns.update().values(state=CampaignState.PAUSED.value))
    with pytest.raises(CampaignExists):
        await world.start(to=ALL)
    other = await world.start("ticket")
    await world.product.close(await world.product.rounds.by_id(campaign.id))
    again = await world.start(to=ALL)

    assert [one.name for one in (other, again)] == ["ticket/2026Q4", "nps/2026Q4.2"]
    assert await states(world, campaign) == {"sent": 12}


async def test_of_two_simultaneous_starts_one_wins(world: World) -> None:
    other = world.restarted()
    found = await asyncio.gather(
        *(one.start(deliver=False) for one in (world, other, world, other)),
        return_exceptions=True,
    )
    await other.close()

    assert sum(isinstance(one, Campaign) for one in found) == 1
    assert sum(isinstance(one, CampaignExists) for one in found) == 3
    assert len(await world.product.rounds.all()) == 1
    assert len(await world.rows(select(invitations))) == 12
    assert len(await world.rows(select(deliveries))) == 12


async def test_a_round_is_over_when_its_time_is(world: World) -> None:
    campaign = await world.start()
    await world.press(1, 9)
    world.clock.at = campaign.closes_at - timedelta(seconds=1)
    assert await world.product.close.settle() == 0
    assert (await world.product.rounds.by_id(campaign.id)).state is CampaignState.RUNNING

    world.clock.at = campaign.closes_at
    finished = await world.product.close.settle()
    world.clock.forward(seconds=10)
    finished += await world.product.close.settle()

    assert finished == 1
    closed = await world.product.rounds.by_id(campaign.id)
    assert closed.state is CampaignState.CLOSED
    assert closed.closed_at == campaign.closes_at
    assert await states(world, campaign) == {"answered": 1, "expired": 11}
    with pytest.raises(IllegalTransition):
        await world.product.close(closed)


async def test_everybody_who_has_the_message_is_told_of_the_close(world: World) -> None:
    campaign = await world.start()
    await world.press(1, 9)
    for place, survey in ((2, None), (3, "nps")):
        await world.product.people.opt_out(
            await person(world, place), survey=survey, at=world.clock.at
        )
    await world.close_round(campaign)
    chat = world.sandbox()
    async with chat.http:
        messages = [await chat.inbox(place) for place in range(12)]

    for inbox in messages:
        assert len(inbox) == 1
        assert inbox[0]["headline"] == (
            "This round is closed. 8\u00a0% of 12 people answered; thank you."
        )
        assert inbox[0]["buttons"] == []
        assert inbox[0]["edited"] is True
    assert messages[1][0]["lines"] == ["You said 9."]
    assert await states(world, campaign) == {
        "answered": 1,
        "declined": 1,
        "opted_out": 1,
        "expired": 9,
    }


async def test_a_message_that_arrives_while_the_round_closes_is_told_as_well(
    world: World,
) -> None:
    campaign = await world.start(deliver=False)
    held = await world.product.outbox.claim(at=world.clock.at, limit=4)
    messenger = world.product.worker.messengers["sandbox"]
    refs = []
    for delivery in held:
        card = await world.product.compose(delivery.invitation)
        refs.append(await messenger.send(delivery.address, card, delivery_id=delivery.id))
    await world.product.outbox.sent(held[0], refs[0], at=world.clock.at)
    await world.product.close(campaign)
    await world.product.outbox.sent(held[1], refs[1], at=world.clock.at)
    world.clock.forward(seconds=5)
    await world.product.close.settle()
    await world.product.outbox.sent(held[2], refs[2], at=world.clock.at)
    await world.product.worker()
    await world.product.outbox.sent(held[3], refs[3], at=world.clock.at)
    await world.product.worker()

    for delivery in held:
        async with world.sandbox().http as http:
            inbox = (await http.get(f"/sandbox/api/inbox/{delivery.address.user_id}")).json()
        assert [m["text"].split(".")[0] for m in inbox["messages"]] == ["This round is closed"]
    # What had not gone out by then stays where it is.
    assert await world.states(campaign) == {"sent": 4, "skipped": 8}
    assert (await world.product.rounds.by_id(campaign.id)).reached == 4


async def test_who_opted_out_was_asked_lately_or_cannot_be_reached_is_left_out(
    world: World,
) -> None:
    await world.product.people.enrol([Enrolment(email="post@example.org", name="By Post")])
    await world.product.people.opt_out(await person(world, 1), survey=None, at=world.clock.at)
    await world.product.people.opt_out(await person(world, 2), survey="nps", at=world.clock.at)
    await world.product.people.opt_out(await person(world, 3), survey="ticket", at=world.clock.at)
    first = await world.start(to=frozenset({email(4), email(5)}))
    await world.close_round(first)

    plan = await world.product.start.plan("nps")
    left = {why: [one.email for one in people] for why, people in plan.left_out.items()}
    assert left == {
        LeftOut.OPTED_OUT: [email(1), email(2)],
        LeftOut.ASKED_RECENTLY: [email(4), email(5)],
        LeftOut.NOT_REACHABLE: ["post@example.org"],
    }
    second = await world.start()
    assert second.invited == 8
    await world.close_round(second)
    world.clock.at = second.started_at + timedelta(days=60)
    assert len((await world.product.start.plan("nps")).asks) == 10


async def test_nobody_left_to_ask_starts_nothing(world: World) -> None:
    await world.product.people.opt_out(await person(world, 1), survey=None, at=world.clock.at)
    with pytest.raises(NobodyToAsk):
        await world.start(to=frozenset({email(1)}))
    with pytest.raises(NotFound):
        await world.start("no-such-survey")

    assert await world.product.rounds.all() == []
    assert (await world.start()).name == "nps/2026Q4"


async def test_who_opts_in_again_is_asked_again(world: World) -> None:
    one = await person(world, 1)
    campaign = await world.start(deliver=False)
    await world.product.people.opt_out(one, survey=None, at=world.clock.at)
    await world.product.people.opt_out(one, survey="nps", at=world.clock.at)
    assert await world.product.people.opted_out(one) == ["", "nps"]
    await world.product.worker()
    assert await world.states(campaign) == {"sent": 11, "skipped": 1}
    await world.close_round(campaign)

    assert (await world.product.people.opt_in(one, at=world.clock.at)).anything is True
    assert (await world.product.people.opt_in(one, at=world.clock.at)).anything is False
    assert await world.product.people.opted_out(one) == []
    assert (await world.start(to=ALL)).invited == 12


async def test_who_comes_back_while_the_round_runs_can_answer_it(
    world: World, running: Campaign, chat: Sandbox
) -> None:
    await chat.press(1, "stop")
    await chat.press(1, "stopall")
    assert await states(world, running) == {"opted_out": 1, "sent": 11}

    await chat.say(1, "/nps optin")

    assert await states(world, running) == {"sent": 12}
    assert (await world.press(1, 9)).state is InvitationState.ANSWERED


async def test_ask_later_plans_one_message_and_moves_it(
    world: World, running: Campaign, chat: Sandbox
) -> None:
    put_off = await chat.press(1, "later")
    assert put_off["messages"][-1]["headline"] == "I'll ask again tomorrow at 09:00."
    assert await planned(world) == [(2, datetime(2026, 11, 17, 8, 0, tzinfo=UTC))]
    await chat.press(1, "later3")
    await chat.press(1, "later7")
    assert await planned(world) == [(2, datetime(2026, 11, 23, 8, 0, tzinfo=UTC))]

    world.clock.at = datetime(2026, 11, 23, 7, 59, tzinfo=UTC)
    await world.product.worker()
    assert len(await chat.inbox(1)) == 1
    world.clock.forward(minutes=1)
    await world.product.worker()
    await world.product.worker()

    inbox = await chat.inbox(1)
    assert len(inbox) == 2
    assert inbox[-1]["headline"].startswith("How likely are you")
    assert (await world.product.rounds.by_id(running.id)).reached == 12
    assert await world.states(running) == {"sent": 12}
    await chat.press(1, "later")
    await chat.press(1, "keep")
    await chat.press(1, "s9")
    world.clock.forward(days=1)
    await world.product.worker()  # who has answered meanwhile is not asked again
    assert len(await chat.inbox(1)) == 2
    assert await world.scores(running) == {9: 1}


async def test_accounts_tell_where_every_first_message_is(world: World) -> None:
    campaign = await world.start(deliver=False)
    outbox = world.product.outbox
    assert await world.states(campaign) == {"planned": 12}
    claimed = await outbox.claim(at=world.clock.at, limit=5)
    assert await world.states(campaign) == {"planned": 7, "sending": 5}
    await outbox.failed(claimed[0], reason="gone")
    await outbox.skipped(claimed[1], reason="not needed")
    await outbox.unknown(claimed[2], until=world.clock.at, reason="who knows")
    await outbox.postponed(claimed[3], until=world.clock.at, reason="busy")

    assert await world.states(campaign) == {
        "planned": 8,
        "sending": 1,
        "failed": 1,
        "skipped": 1,
        "unknown": 1,
    }
    assert await states(world, campaign) == {"undeliverable": 1, "pending": 11}
