"""Who is asked about what has just happened: campaigns that have no end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from storage.tables import (
    cohorts,
    deliveries,
    invitations,
    occasions,
    people,
)
from survey.campaign import NO_END
from survey.card import Subject
from survey.eligibility import LeftOut
from survey.errors import (
    AlreadyAnswered,
    AsksByItself,
    CampaignExists,
    InvalidScore,
    InvitationClosed,
    NoRoundRunning,
)
from survey.ports import Given, Press
from survey.scale import TEN
from survey.states import CampaignState, InvitationState
from survey.survey import Answers, Mode
from survey.usecases.ask_about import Asked
from tests.happenings import (
    TOML,
    WAITS,
    ask,
    campaign_of,
    deliver,
    invitation,
    press,
    states,
    support,
    ticket,
)
from tests.world import World, email


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A company that asks about its tickets."""
    found = World(database_url, folder=tmp_path, toml=TOML)
    await found.populate()
    yield found
    await found.close()


async def test_a_campaign_begins_with_the_first_thing_that_happens_and_goes_on(
    desk: World,
) -> None:
    first = await campaign_of(desk)
    desk.clock.forward(days=200)
    again = await campaign_of(desk)
    assert again == first
    assert first.rolls
    assert first.closes_at == NO_END
    assert str(first.period) == "2026Q4"
    assert await desk.product.rounds.overdue(at=desk.clock.at) == []


async def test_two_processes_begin_one_campaign(desk: World) -> None:
    found = await asyncio.gather(*(campaign_of(desk) for _ in range(4)))
    assert len({one.id for one in found}) == 1


async def test_what_the_settings_say_anew_holds_but_for_what_people_were_promised(
    desk: World,
) -> None:
    await campaign_of(desk)
    await ask(desk, ticket(desk, 1))
    changed = await campaign_of(
        desk,
        subject="the help desk",
        comment_limit=80,
        scale=TEN,
        alert_at=6,
        answers=Answers.ONCE,
    )
    assert changed.survey.subject == "the help desk"
    assert changed.survey.scale.name == "csat"
    assert changed.survey.answers is Answers.CHANGEABLE
    assert changed.survey.alert_at == 2
    # A process that knew the campaign before reads it anew with each invitation.
    await deliver(desk)
    shown = await invitation(desk, 1)
    assert shown.campaign.survey.subject == "the help desk"
    assert shown.campaign.survey.comment_limit == 80


async def test_a_round_that_is_open_must_be_closed_first(desk: World) -> None:
    desk.survey("support", after=None)
    await desk.start("support")
    with pytest.raises(CampaignExists, match="support/2026Q4 is a round"):
        await campaign_of(desk)


async def test_a_ticket_is_asked_about_two_hours_later_until_its_own_close(desk: World) -> None:
    outcome = (await ask(desk, ticket(desk, 1)))["desk:1"]
    assert isinstance(outcome, Asked)
    assert outcome.due_at == desk.clock.at + WAITS
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    assert await desk.product.answers.open_for(person, at=desk.clock.at) == []
    assert await desk.product.worker() == 0
    await deliver(desk)
    found = await invitation(desk, 1)
    assert found.state is InvitationState.SENT
    assert found.campaign.closes_at == outcome.due_at + timedelta(days=14)
    assert found.about is not None
    assert found.about.key == "desk:1"
    assert found.about.details == {"subject": "Ticket 1"}
    assert (await desk.product.rounds.by_id(found.campaign.id)).invited == 1


async def test_the_same_ticket_is_asked_about_once_whoever_it_is_told_of(desk: World) -> None:
    first = await ask(desk, ticket(desk, 1), ticket(desk, 2))
    again = await ask(desk, ticket(desk, 1), ticket(desk, 2, who=email(3)), ticket(desk, 4))
    assert all(isinstance(one, Asked) for one in first.values())
    assert again["desk:1"] is again["desk:2"] is LeftOut.ALREADY_ASKED
    assert isinstance(again["desk:4"], Asked)
    assert (await campaign_of(desk)).invited == 3


async def test_two_who_tell_of_the_same_tickets_at_once_plan_each_once(desk: World) -> None:
    told = [ticket(desk, number) for number in range(1, 9)]
    campaign = await campaign_of(desk)
    outcomes = await asyncio.gather(*(ask(desk, *told) for _ in range(3)))
    asked = [key for one in outcomes for key, it in one.items() if isinstance(it, Asked)]
    assert sorted(asked) == sorted(one.key for one in told)
    assert (await desk.product.rounds.by_id(campaign.id)).invited == 8
    assert len(await desk.rows(select(deliveries.c.id))) == 8


async def test_somebody_is_asked_about_each_of_their_tickets(desk: World) -> None:
    await ask(desk, ticket(desk, 1), ticket(desk, 2, who=email(1)))
    await deliver(desk)
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    found = await desk.product.answers.open_for(person, at=desk.clock.at)
    assert {one.about.key for one in found if one.about} == {"desk:1", "desk:2"}


async def test_a_paused_campaign_goes_on_planning_and_a_closed_one_begins_anew(
    desk: World,
) -> None:
    first = await campaign_of(desk)
    paused = await desk.product.rounds.move(first, CampaignState.PAUSED)
    assert isinstance((await ask(desk, ticket(desk, 1)))["desk:1"], Asked)
    await desk.product.close(paused)
    with pytest.raises(InvitationClosed):
        await desk.product.occasions.ask(first, [])
    second = await campaign_of(desk)
    assert second.name == "support/2026Q4.2"
    assert (await ask(desk, ticket(desk, 1)))["desk:1"] is LeftOut.ALREADY_ASKED


async def test_a_reopened_ticket_is_not_asked_about_and_can_be_later(desk: World) -> None:
    await ask(desk, ticket(desk, 1), ticket(desk, 2))
    campaign = await campaign_of(desk)
    assert await desk.product.occasions.withdraw(campaign, ["desk:1", "desk:7"]) == ["desk:1"]
    assert await desk.product.occasions.withdraw(campaign, ["desk:1"]) == []
    assert (await campaign_of(desk)).invited == 1
    await deliver(desk)
    assert await states(desk) == {"desk:2": "sent"}
    assert isinstance((await ask(desk, ticket(desk, 1)))["desk:1"], Asked)


async def test_what_went_out_is_not_withdrawn(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    await deliver(desk)
    campaign = await campaign_of(desk)
    assert await desk.product.occasions.withdraw(campaign, ["desk:1"]) == []
    assert await states(desk) == {"desk:1": "sent"}


async def test_what_is_just_going_out_is_not_withdrawn_and_what_came_back_is(
    desk: World,
) -> None:
    await ask(desk, ticket(desk, 1))
    campaign = await campaign_of(desk)
    desk.clock.forward(hours=2)
    claimed = await desk.product.outbox.claim(at=desk.clock.at, limit=10)
    assert await desk.product.occasions.withdraw(campaign, ["desk:1"]) == []
    await desk.product.outbox.postponed(
        claimed[0], until=desk.clock.at + WAITS, reason="the server is busy"
    )
    assert await desk.product.occasions.withdraw(campaign, ["desk:1"]) == ["desk:1"]


async def test_what_is_sent_once_more_may_have_arrived_and_is_not_withdrawn(
    desk: World,
) -> None:
    await ask(desk, ticket(desk, 1))
    campaign = await campaign_of(desk)
    desk.clock.forward(hours=2)
    (claimed,) = await desk.product.outbox.claim(at=desk.clock.at, limit=10)
    await desk.product.outbox.postponed(
        claimed, until=desk.clock.at + WAITS, reason="sent once more: nobody can tell"
    )
    assert await desk.product.occasions.withdraw(campaign, ["desk:1"]) == []


async def test_an_invitation_closes_by_itself_to_the_second(desk: World) -> None:
    await ask(desk, ticket(desk, 1), ticket(desk, 2), ticket(desk, 3))
    await deliver(desk)
    await press(desk, 1, 5)
    due = (await invitation(desk, 2)).campaign.closes_at
    desk.clock.at = due - timedelta(seconds=1)
    assert await desk.product.occasions.expire(at=desk.clock.at) == 0
    await press(desk, 2, 4)
    found = await invitation(desk, 3)
    subject = Subject(campaign_id=found.campaign.id, invitation_id=found.id)
    with pytest.raises(InvitationClosed):
        await desk.product.answers.record(Press(subject=subject, by=None, at=due), 3)
    desk.clock.at = due
    assert await desk.product.occasions.expire(at=desk.clock.at) == 1
    assert await states(desk) == {"desk:1": "answered", "desk:2": "answered", "desk:3": "expired"}
    assert await desk.product.occasions.expire(at=desk.clock.at) == 0
    updates = select(func.count()).where(
        deliveries.c.kind == "update", deliveries.c.invitation_id == found.id
    )
    assert (await desk.rows(updates))[0][0] == 1
    assert (await campaign_of(desk)).state is CampaignState.RUNNING


async def test_a_question_that_never_went_out_is_withdrawn_at_its_close(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    desk.clock.forward(days=20)
    assert await desk.product.occasions.expire(at=desk.clock.at) == 1
    assert await states(desk) == {"desk:1": "withdrawn"}
    assert await desk.product.worker() == 0


async def test_a_press_tells_what_it_was_about_and_an_undo_too(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    await deliver(desk)
    found = await invitation(desk, 1)
    asked = Press(
        subject=Subject(campaign_id=found.campaign.id, invitation_id=found.id),
        by=None,
        at=desk.clock.at,
    )
    for after in (
        await desk.product.answers.record(asked, 4),
        await desk.product.answers.undo(replace(asked, at=desk.clock.at + timedelta(seconds=1))),
    ):
        assert after.about == found.about
        assert after.campaign.closes_at == found.campaign.closes_at
        assert after.ask_number == found.ask_number


async def test_groups_of_what_happened_are_told_apart(desk: World) -> None:
    await ask(desk, *(ticket(desk, number) for number in range(1, 7)))
    await deliver(desk)
    for number in range(1, 7):
        await press(desk, number, 4 if number % 2 else 5)
    groups = await desk.product.figures.live_groups(await campaign_of(desk))
    assert {pair: group.counts[5] for pair, group in groups.items()} == {
        ("category", "billing"): 3,
        ("category", "printing"): 0,
    }
    assert len(await desk.rows(select(cohorts.c.cohort))) == 3


async def test_groups_are_left_away_where_figures_pass_the_gate(desk: World) -> None:
    gated = {"mode": Mode.CONFIDENTIAL, "one_press": False, "alert_at": None}
    await ask(desk, ticket(desk, 1), ticket(desk, 2), **gated)
    rows = await desk.rows(select(cohorts.c.attributes))
    assert [row.attributes for row in rows] == ["{}"]


async def test_an_answer_that_nobody_asked_for_counts_as_any_other(desk: World) -> None:
    campaign = await campaign_of(desk)
    given = Given(
        occasion=ticket(desk, 1, who="carla@customers.example"),
        score=5,
        comment="Quick and kind.",
        at=desk.clock.at,
    )
    number = await desk.product.occasions.answer(campaign, given)
    now = await campaign_of(desk)
    assert (now.invited, now.reached) == (1, 1)
    assert await desk.scores(now) == {5: 1}
    assert await states(desk) == {"desk:1": "completed"}
    assert (await ask(desk, ticket(desk, 1)))["desk:1"] is LeftOut.ALREADY_ASKED
    again = await desk.product.occasions.answer(
        campaign, replace(given, score=3, comment="", at=given.at + timedelta(minutes=1))
    )
    assert again == number
    assert await desk.scores(now) == {3: 1}
    assert (await campaign_of(desk)).invited == 1


async def test_an_answer_is_that_of_the_open_question(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    await deliver(desk)
    found = await invitation(desk, 1)
    given = Given(occasion=ticket(desk, 1), score=2, comment="", at=desk.clock.at)
    assert await desk.product.occasions.answer(found.campaign, given) == found.id
    assert (await invitation(desk, 1)).response.score == 2
    updates = select(func.count()).where(deliveries.c.kind == "update")
    assert (await desk.rows(updates))[0][0] == 1
    assert (await campaign_of(desk)).invited == 1


async def test_answers_keep_to_the_rules_of_a_press(desk: World) -> None:
    once = await campaign_of(desk, answers=Answers.ONCE)
    given = Given(occasion=ticket(desk, 1), score=2, comment="", at=desk.clock.at)
    with pytest.raises(InvalidScore):
        await desk.product.occasions.answer(once, replace(given, score=6))
    assert await states(desk) == {}
    await desk.product.occasions.answer(once, given)
    with pytest.raises(AlreadyAnswered):
        await desk.product.occasions.answer(once, given)
    late = given.at + timedelta(days=30)
    with pytest.raises(InvitationClosed):
        await desk.product.occasions.answer(once, replace(given, at=late))
    await desk.product.close(once)
    with pytest.raises(InvitationClosed):
        await desk.product.occasions.answer(once, replace(given, occasion=ticket(desk, 2)))


async def test_many_at_once_are_planned_and_closed(desk: World) -> None:
    told = [ticket(desk, n, who=f"c{n}@customers.example") for n in range(1_200)]
    outcome = await ask(desk, *told)
    assert all(isinstance(one, Asked) for one in outcome.values())
    assert len(await desk.rows(select(people.c.id).where(people.c.source == "tickets"))) == 1_200
    assert len(await desk.rows(select(occasions.c.invitation_id))) == 1_200
    assert (await campaign_of(desk)).invited == 1_200
    desk.clock.forward(days=30)
    assert await desk.product.occasions.expire(at=desk.clock.at) == 1_200


async def test_a_closed_campaign_ends_all_its_questions(desk: World) -> None:
    await ask(desk, ticket(desk, 1), ticket(desk, 2))
    await deliver(desk)
    await press(desk, 1, 5)
    await desk.close_round(await campaign_of(desk))
    assert await states(desk) == {"desk:1": "answered", "desk:2": "expired"}


async def test_a_question_that_is_asked_at_once_waits_for_no_window(desk: World) -> None:
    desk.clock.at = desk.clock.at.replace(hour=23)
    await desk.product.ask_about(support(desk), [ticket(desk, 1)], at_once=True)
    await ask(desk, ticket(desk, 2), waits=timedelta(0))
    await desk.product.worker()
    assert await states(desk) == {"desk:1": "sent", "desk:2": "pending"}


async def test_a_question_that_closed_by_itself_does_not_come_back(desk: World) -> None:
    await ask(desk, ticket(desk, 1))
    await deliver(desk)
    person = (await invitation(desk, 1)).person
    await desk.product.people.opt_out(person, survey="support", at=desk.clock.at)
    desk.clock.forward(days=14)
    await desk.product.people.opt_in(person, at=desk.clock.at)
    assert await states(desk) == {"desk:1": "declined"}


async def test_each_question_has_its_own_reminders(desk: World) -> None:
    desk.clock.forward(hours=-1)
    await ask(desk, ticket(desk, 1), reminders=(3,), open_days=5)
    await deliver(desk)
    desk.clock.forward(days=2)
    await ask(desk, ticket(desk, 2), reminders=(3,), open_days=5)
    await deliver(desk)
    desk.clock.forward(days=1)
    assert await desk.product.remind() == 1
    desk.clock.forward(days=1)
    await desk.product.worker()
    # By now the first is over: there is no use in reminding of it again.
    desk.clock.forward(days=1, hours=1)
    assert await desk.product.remind() == 1
    kinds = await desk.rows(
        select(invitations.c.occasion)
        .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
        .where(deliveries.c.kind == "reminder")
        .order_by(invitations.c.occasion)
    )
    assert [row.occasion for row in kinds] == ["desk:1", "desk:2"]


async def test_such_a_survey_has_no_round_to_start_and_nobody_joins_it(desk: World) -> None:
    campaign = await campaign_of(desk)
    with pytest.raises(AsksByItself):
        await desk.product.start("support")
    with pytest.raises(AsksByItself):
        await desk.product.start.plan("support")
    person = await desk.product.people.by_email(email(1))
    assert person is not None
    with pytest.raises(NoRoundRunning):
        await desk.product.rounds.invite(campaign, person, at=desk.clock.at)
