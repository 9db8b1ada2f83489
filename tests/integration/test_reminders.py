"""Reminders: to those only who have not answered, in their hours, never one too many."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from storage.tables import deliveries, people
from survey.campaign import Campaign
from survey.contact import ContactPolicy
from survey.errors import NoReminder, WhyNoReminder
from survey.person import Person
from survey.states import CampaignState
from tests.world import Sandbox, World, address, email


async def person(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found


async def reminders(world: World) -> int:
    """How many reminders went out."""
    found = await world.rows(
        select(func.count()).where(
            deliveries.c.kind == "reminder", deliveries.c.sent_at.is_not(None)
        )
    )
    return int(found[0][0])


async def a_day_passes(world: World, **by: float) -> int:
    """The sweep and the worker, later; how many reminders have gone out by then."""
    world.clock.forward(**by)
    await world.product.remind()
    await world.product.worker()
    return await reminders(world)


def at_most(world: World, reminders: int) -> None:
    limits = ContactPolicy(max_reminders=reminders)
    object.__setattr__(world.product.remind, "policy", limits)


async def test_only_those_who_have_not_answered_are_reminded(
    world: World, running: Campaign
) -> None:
    await world.press(1, 9)
    await world.product.people.opt_out(await person(world, 2), survey=None, at=world.clock.at)
    await world.product.people.opt_out(await person(world, 3), survey="nps", at=world.clock.at)

    assert await a_day_passes(world, days=6) == 0
    assert await a_day_passes(world, days=1) == 9
    accounts = await world.product.rounds.accounts([running])
    assert accounts[running.id].reminders == 9


async def test_a_reminder_comes_once_however_often_the_sweep_runs(
    world: World, running: Campaign
) -> None:
    assert await a_day_passes(world, days=7) == 12
    for _ in range(3):
        assert await a_day_passes(world, hours=5) == 12
    assert await a_day_passes(world, days=3) == 12
    assert running.survey.reminders == (7,)


async def test_a_reminder_waits_for_the_hours_of_its_reader(world: World) -> None:
    await world.rows(
        people.update().where(people.c.email == email(1)).values(timezone="Asia/Tokyo")
    )
    await world.start()  # Monday 10:00 UTC, set free of windows

    # 00:30 on Monday in Berlin, 08:30 in Tokyo: nobody's hours.
    assert await a_day_passes(world, days=6, hours=13, minutes=30) == 0
    assert await a_day_passes(world, minutes=31) == 1  # 09:01 in Tokyo
    assert await a_day_passes(world, hours=8, minutes=59) == 12  # 09:00 in Berlin


async def test_each_reminder_says_something_else_and_has_its_own_buttons(
    world: World, chat: Sandbox, running: Campaign
) -> None:
    del running
    world.survey(reminders=(7,))
    await a_day_passes(world, days=7)
    asked, reminder = await chat.inbox(1)
    assert "one press and it's done" in reminder["text"]
    assert [button["label"] for button in reminder["buttons"]] == [
        button["label"] for button in asked["buttons"]
    ]


async def test_fault_27_a_press_on_any_message_changes_all_of_them(
    world: World, chat: Sandbox
) -> None:
    await a_day_passes(world, days=7)
    first, second = await chat.inbox(1)

    await chat.press(1, "s9", message=second["id"])
    await world.product.worker()
    for message in await chat.inbox(1):
        assert "You said 9" in message["text"]

    await chat.press(1, "undo", message=first["id"])
    await world.product.worker()
    for message in await chat.inbox(1):
        assert {"s0", "s10"} <= {button["id"] for button in message["buttons"]}

    await chat.press(1, "stop", message=first["id"])
    await chat.press(1, "stopall", message=first["id"])
    await world.product.worker()
    for message in await chat.inbox(1):
        assert "no more surveys" in message["text"]


async def test_a_press_on_the_only_message_plans_nothing(world: World, chat: Sandbox) -> None:
    await chat.press(1, "s9")
    found = await world.rows(select(func.count()).where(deliveries.c.kind == "update"))
    assert found[0][0] == 0


async def test_fault_59_after_an_outage_one_reminder_stands_for_all_that_were_missed(
    world: World,
) -> None:
    world.survey(reminders=(3, 5, 7))
    await world.start()
    assert await a_day_passes(world, days=3) == 12
    assert await a_day_passes(world, days=5) == 24  # of two that were due by now, the latest
    assert await a_day_passes(world, days=1) == 24


async def test_fault_59_none_comes_within_24_hours_of_another_message(world: World) -> None:
    world.survey(reminders=(1, 2))
    await world.start()
    assert (
        await a_day_passes(world, hours=23) == 0
    )  # the next local day, and too early all the same
    assert await a_day_passes(world, hours=1) == 12


async def test_fault_57_the_clock_jumps_and_nobody_is_reminded_twice(
    world: World, running: Campaign
) -> None:
    del running
    assert await a_day_passes(world, days=7) == 12
    assert await a_day_passes(world, hours=-1) == 12
    assert await a_day_passes(world, hours=2) == 12
    assert await a_day_passes(world, days=-8) == 12


async def test_later_is_an_ask_of_its_own_and_puts_the_reminder_off(
    world: World, chat: Sandbox
) -> None:
    world.clock.forward(days=6)
    await chat.press(1, "later")  # tomorrow at 09:00
    assert await a_day_passes(world, days=1) == 11
    assert len(await chat.inbox(1)) == 2  # asked again, not reminded on top of it


async def test_a_paused_round_reminds_nobody_and_takes_presses(
    world: World, running: Campaign
) -> None:
    await world.product.rounds.move(running, CampaignState.PAUSED)
    assert await a_day_passes(world, days=8) == 0
    with pytest.raises(NoReminder) as refused:
        await world.product.remind.now()
    assert refused.value.why is WhyNoReminder.PAUSED
    await world.press(1, 9)
    paused = await world.product.rounds.by_id(running.id)
    await world.product.rounds.move(paused, CampaignState.RUNNING)
    assert await a_day_passes(world, hours=1) == 11


async def test_who_is_silent_or_away_is_reminded_afterwards(
    world: World, running: Campaign
) -> None:
    due = (running.started_at + timedelta(days=7)).date()
    for place, changes in (
        (1, {"snoozed_until": due + timedelta(days=1)}),
        (2, {"away_from": due - timedelta(days=3), "away_until": due + timedelta(days=2)}),
        (3, {"away_from": due, "away_until": None}),
        (4, {"snoozed_until": date(2027, 1, 1)}),
    ):
        changed = people.update().where(people.c.email == email(place)).values(**changes)
        await world.rows(changed)

    assert await a_day_passes(world, days=7) == 8
    assert await a_day_passes(world, days=1) == 9
    assert await a_day_passes(world, days=2) == 10


async def test_a_reminder_on_its_way_is_dropped_when_the_answer_is_quicker(world: World) -> None:
    await world.start()
    world.clock.forward(days=7)
    await world.product.remind()
    await world.press(1, 9)
    await world.product.worker()
    assert await reminders(world) == 11


async def test_an_administrators_reminder_ignores_the_schedule_and_nothing_else(
    world: World, running: Campaign
) -> None:
    at_most(world, 2)
    one = await person(world, 1)
    with pytest.raises(NoReminder) as too_soon:
        await world.product.remind.person(running, one)
    assert too_soon.value.why is WhyNoReminder.WRITTEN_TO_TODAY

    for day in (1, 2):
        world.clock.forward(days=1)
        await world.product.remind.person(running, one)
        with pytest.raises(NoReminder) as under_way:
            await world.product.remind.person(running, one)
        assert under_way.value.why is WhyNoReminder.PLANNED
        await world.product.worker()
        assert await reminders(world) == day

    world.clock.forward(days=1)
    with pytest.raises(NoReminder) as often_enough:
        await world.product.remind.person(running, one)
    assert often_enough.value.why is WhyNoReminder.OFTEN_ENOUGH

    await world.press(2, 9)
    await world.product.people.opt_out(await person(world, 3), survey=None, at=world.clock.at)
    for place, why in ((2, WhyNoReminder.ANSWERED), (3, WhyNoReminder.LEFT)):
        with pytest.raises(NoReminder) as refused:
            await world.product.remind.person(running, await person(world, place))
        assert refused.value.why is why


async def test_a_reminder_goes_where_the_question_went(world: World, running: Campaign) -> None:
    await a_day_passes(world, days=7)
    found = await world.rows(
        select(deliveries.c.user_id).where(deliveries.c.kind == "reminder").distinct()
    )
    assert {row.user_id for row in found} == {address(email(n)).user_id for n in range(12)}
    assert running.invited == 12


async def test_two_sweeps_at_once_plan_each_reminder_once(world: World, running: Campaign) -> None:
    other = world.restarted()
    world.clock.forward(days=running.survey.reminders[0])
    await asyncio.gather(*(each.product.remind() for each in (world, other) for _ in range(4)))
    await world.product.worker()
    assert await reminders(world) == 12
    await other.close()
