"""What happens while messages are on their way, and when two things happen at once."""

import asyncio
from datetime import date, timedelta

from sqlalchemy import func, select

from storage.departures import deactivate
from storage.tables import deliveries, invitations, people, responses
from survey.campaign import Campaign
from survey.contact import ContactPolicy
from survey.delivery import MessageRef
from survey.errors import PlanOutdated, VoxpopError
from survey.person import Person
from survey.reminders import reminder_by_hand
from survey.states import CampaignState
from tests.world import Sandbox, World, address, email


async def person(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found


async def count(world: World, **columns: object) -> int:
    which = [deliveries.c[name] == value for name, value in columns.items()]
    found = await world.rows(select(func.count()).select_from(deliveries).where(*which))
    return int(found[0][0])


async def test_a_message_that_arrives_after_the_press_is_brought_up_to_date(world: World) -> None:
    await world.start()
    world.clock.forward(days=7)
    await world.product.remind()
    claimed = await world.product.outbox.claim(at=world.clock.at, limit=50)
    one, two = (
        next(found for found in claimed if found.address == address(email(place)))
        for place in (1, 2)
    )
    await world.press(1, 9)
    for place, sent in enumerate((one, two)):
        ref = MessageRef(channel="c", message=f"m{place}")
        await world.product.outbox.sent(sent, ref, at=world.clock.at)
    assert await count(world, target_id=one.id, kind="update") == 1
    assert await count(world, target_id=two.id) == 0


async def test_two_presses_before_the_worker_make_one_update_of_each_other_message(
    world: World,
) -> None:
    await world.start()
    world.clock.forward(days=7)
    await world.product.remind()
    await world.product.worker()
    for score in (9, 3, 9):
        world.clock.forward(seconds=1)
        await world.press(1, score)
    assert await count(world, kind="update", state="planned") == 2  # no press said where it was


async def test_coming_back_does_not_write_over_a_press(world: World, running: Campaign) -> None:
    del running
    for place in range(1, 11):
        one, press = await person(world, place), await world.press_of(place)
        await world.product.people.opt_out(one, survey="nps", at=world.clock.at)
        await asyncio.gather(
            world.product.answers.record(press, 7),
            world.product.people.opt_in(one, at=world.clock.at),
        )
    rows = await world.rows(select(invitations.c.state, func.count()).group_by(invitations.c.state))
    assert dict(tuple(row) for row in rows) == {"answered": 10, "sent": 2}
    answered = await world.rows(select(func.count()).where(responses.c.score == 7))
    assert answered[0][0] == 10


async def test_later_takes_the_place_of_a_reminder_that_waits(world: World) -> None:
    await world.start()
    world.clock.forward(days=6, hours=19)  # six in the morning in Berlin
    await world.product.remind()
    chat = world.sandbox()
    async with chat.http:
        await chat.press(1, "later")
        world.clock.forward(hours=4)
        await world.product.worker()
        assert [len(await chat.inbox(place)) for place in (1, 2)] == [1, 2]


async def test_ending_a_snooze_brings_the_question_that_was_held_back(world: World) -> None:
    await world.product.start("nps")
    one = await person(world, 1)
    await world.product.rights.snooze(one, until=date(2027, 6, 1))
    await world.product.worker()
    assert await count(world, user_id=email(1), state="skipped") == 1
    await world.product.people.opt_in(one, at=world.clock.at)
    await world.product.worker()
    assert await count(world, user_id=email(1), state="sent") == 1


async def test_two_surveys_that_start_at_once_keep_the_rest_between_them(world: World) -> None:
    limits = ContactPolicy(rest_days=14)
    object.__setattr__(world.product.start, "policy", limits)
    first = await world.product.start.plan("nps", at_once=True)
    second = await world.product.start.plan("ticket", at_once=True)
    await world.product.rounds.start(first)
    try:
        await world.product.rounds.start(second)
    except PlanOutdated:
        pass
    else:
        raise AssertionError("it was started on what was no longer true")

    outcomes = await asyncio.gather(
        *(world.product.start(name, at_once=True) for name in ("ticket", "nps")),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, VoxpopError) for outcome in outcomes)
    await world.product.worker()
    assert await count(world, state="sent") == 12


async def test_by_hand_and_by_schedule_at_once_is_one_reminder(world: World) -> None:
    world.survey(reminders=(2, 3))
    campaign = await world.start()
    world.clock.forward(days=3)
    remind = world.product.remind
    waiting = await remind.reminders.unanswered_by(campaign, await person(world, 1))
    by_hand = reminder_by_hand(waiting, remind.policy, at=world.clock.at)
    await remind()
    assert await remind.reminders.plan([by_hand]) == 0
    await world.product.worker()
    assert await count(world, kind="reminder", user_id=email(1)) == 1


async def test_messages_of_a_paused_round_still_change(world: World, chat: Sandbox) -> None:
    world.clock.forward(days=7)
    await world.product.remind()
    await world.product.worker()
    (campaign,) = await world.product.rounds.all()
    await world.product.rounds.move(campaign, CampaignState.PAUSED)
    first, _ = await chat.inbox(1)
    await chat.press(1, "s9", message=first["id"])
    await world.product.worker()
    assert all("You said 9" in message["text"] for message in await chat.inbox(1))


async def test_who_leaves_is_not_reminded_and_what_was_sent_stays_sent(world: World) -> None:
    campaign = await world.start()
    gone = people.c.email.in_([email(1), email(2)])
    async with world.product.database.write() as connection:
        await deactivate(connection, gone, at=world.clock.at)
    assert await world.states(campaign) == {"sent": 12}
    world.clock.forward(days=7)
    assert await world.product.remind() == 10


async def test_only_the_questions_of_this_calendar_year_count(world: World) -> None:
    world.survey(rest_days=0)
    world.clock.at = world.clock.at.replace(month=12, day=30)
    await world.close_round(await world.start())
    world.clock.forward(hours=1)
    again = await world.product.start.plan("nps")
    assert {ask.number for ask in again.asks} == {2}
    world.clock.forward(days=4)
    new_year = await world.product.start.plan("nps")
    assert {ask.number for ask in new_year.asks} == {1}
    campaign = await world.start()
    one = await person(world, 1)
    ledger = await world.product.people.ledger(
        one, campaign, year_from=campaign.started_at - timedelta(days=3)
    )
    assert ledger.asks_this_year == 0  # what came before this question, in this year
    assert ledger.last_asked is not None
