"""A press on a real database: counted once, for whoever was asked; the latest click wins."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from storage.tables import campaigns, invitations, responses
from survey.campaign import Campaign
from survey.card import Subject
from survey.comment import Comment
from survey.errors import (
    AlreadyAnswered,
    CommentTooLong,
    InvitationClosed,
    NotYours,
    OutOfDate,
    VoxpopError,
)
from survey.invitation import Invitation, Response
from survey.states import CampaignState, InvitationState
from survey.survey import Answers
from tests.world import World, address, email


async def answered_rows(world: World, campaign: Campaign) -> int:
    found = await world.rows(
        select(func.count()).select_from(responses).where(responses.c.campaign_id == campaign.id)
    )
    return int(found[0][0])


def stand(found: Invitation) -> tuple[object, ...]:
    """All of an invitation that a press may change, and whose it is."""
    return found.id, found.person, found.state, found.response, found.pressed_at


async def refused(
    world: World, campaign: Campaign, error: type[VoxpopError], place: int = 1, by: int = 1
) -> None:
    """A press, an undo and a comment all end in this error, and nothing is written."""
    press = await world.press_of(place, by=by)
    before = await world.rows(select(responses)), await world.rows(select(invitations))
    for attempt in (
        world.product.answers.record(press, 3),
        world.product.answers.undo(press),
        world.product.answers.comment(press, Comment("no")),
    ):
        with pytest.raises(error):
            await attempt
    assert (await world.rows(select(responses)), await world.rows(select(invitations))) == before
    await world.scores(campaign)


async def test_a_press_is_recorded(world: World, running: Campaign) -> None:
    recorded = await world.press(1, 6)

    assert recorded.response == Response(score=6)
    assert recorded.state is InvitationState.ANSWERED
    assert stand(recorded) == stand(await world.invitation(1))
    assert await world.scores(running) == {6: 1}


async def test_a_second_press_replaces_the_first(world: World, running: Campaign) -> None:
    await world.press(1, 6)
    world.clock.forward(seconds=1)
    recorded = await world.press(1, 9)

    assert recorded.response == Response(score=9, previous=6)
    assert (await world.press(1, 9)).response == Response(score=9, previous=9)
    assert await answered_rows(world, running) == 1
    assert await world.scores(running) == {9: 1}


async def test_an_answer_that_is_taken_back_leaves_with_its_comment(
    world: World, running: Campaign
) -> None:
    await world.press(1, 6)
    await world.press(2, 6)
    press = await world.press_of(1)
    await world.product.answers.comment(press, Comment("a reason"))

    undone = await world.product.answers.undo(press)

    assert undone.response == Response(previous=6)
    assert undone.state is InvitationState.SENT
    assert stand(undone) == stand(await world.invitation(1))
    assert await world.scores(running) == {6: 1}
    with pytest.raises(OutOfDate):
        await world.product.answers.undo(press)
    again = await world.press(1, 4)
    assert again.response == Response(score=4)
    assert await world.scores(running) == {4: 1, 6: 1}


async def test_the_later_click_by_the_platforms_clock_wins(world: World, running: Campaign) -> None:
    early = await world.press_of(1)
    world.clock.forward(milliseconds=1)
    await world.press(1, 9)

    late_to_arrive = await world.product.answers.record(early, 2)
    taken_back_before = await world.product.answers.undo(early)

    assert late_to_arrive.response == taken_back_before.response == Response(score=9)
    assert await world.scores(running) == {9: 1}


async def test_a_press_that_is_older_than_an_undo_does_not_bring_the_answer_back(
    world: World, running: Campaign
) -> None:
    early = await world.press_of(1)
    await world.press(1, 9)
    world.clock.forward(seconds=5)
    await world.product.answers.undo(await world.press_of(1))

    assert (await world.product.answers.record(early, 2)).response == Response(previous=9)
    assert await world.scores(running) == {}


async def test_nobody_can_press_for_somebody_else(world: World, running: Campaign) -> None:
    await world.press(1, 6)
    await refused(world, running, NotYours, by=2)
    mine, who = await world.press_of(1), address(email(1))
    stranger = replace(mine, by=replace(who, user_id="x"))
    with pytest.raises(NotYours):
        await world.product.answers.record(stranger, 3)
    elsewhere = replace(mine, by=replace(who, workspace="elsewhere"))
    with pytest.raises(NotYours):
        await world.product.answers.record(elsewhere, 3)
    assert await world.scores(running) == {6: 1}


async def test_an_invitation_counts_in_its_own_round_alone(world: World, running: Campaign) -> None:
    other = await world.start("ticket")
    mine = await world.press_of(1)
    answers = world.product.answers
    unknown = [
        Subject(campaign_id=running.id, invitation_id=uuid4()),
        Subject(campaign_id=other.id + 1_000, invitation_id=mine.subject.invitation_id),
        *(
            Subject(campaign_id=number, invitation_id=mine.subject.invitation_id)
            for number in (running.id, other.id)
            if number != mine.subject.campaign_id
        ),
    ]
    for subject in unknown:
        press = replace(mine, subject=subject)
        for attempt in (
            answers.record(press, 3),
            answers.undo(press),
            answers.comment(press, Comment("no")),
            answers.show(press),
        ):
            with pytest.raises(OutOfDate):
                await attempt
    assert len(unknown) == 3
    assert await answered_rows(world, running) == await answered_rows(world, other) == 0


async def test_after_the_close_nothing_is_written(world: World, running: Campaign) -> None:
    await world.press(1, 6)
    press = await world.press_of(1)

    async def nothing_counts() -> None:
        for attempt in (
            world.product.answers.record(press, 3),
            world.product.answers.undo(press),
            world.product.answers.comment(press, Comment("late")),
        ):
            with pytest.raises(InvitationClosed):
                await attempt
        assert await world.scores(running) == {6: 1}
        assert (await world.product.answers.show(press)).response == Response(score=6)

    await world.product.close(running)
    await nothing_counts()
    world.clock.forward(seconds=10)
    await world.product.close.settle()
    assert (await world.product.rounds.by_id(running.id)).state is CampaignState.CLOSED
    await nothing_counts()


async def test_from_the_closing_time_on_nothing_is_counted_though_nobody_has_closed_it(
    world: World, running: Campaign
) -> None:
    press = await world.press_of(1)
    last = replace(press, at=running.closes_at.replace(microsecond=0))

    with pytest.raises(InvitationClosed):
        await world.product.answers.record(last, 3)

    just_before = replace(press, at=running.closes_at - (running.closes_at.resolution))
    assert (await world.product.answers.record(just_before, 3)).response.score == 3


async def test_a_paused_round_still_counts(world: World, running: Campaign) -> None:
    await world.rows(
        campaigns.update().where(campaigns.c.id == running.id).values(state=CampaignState.PAUSED)
    )
    recorded = await world.press(1, 6)

    assert recorded.campaign.state is CampaignState.PAUSED
    assert await world.scores(running) == {6: 1}


async def test_a_survey_that_is_answered_once_keeps_the_first_answer(world: World) -> None:
    world.survey(answers=Answers.ONCE)
    campaign = await world.start()
    await world.press(1, 6)
    press = await world.press_of(1)
    for attempt in (
        world.product.answers.record(press, 6),
        world.product.answers.record(press, 9),
        world.product.answers.undo(press),
    ):
        with pytest.raises(AlreadyAnswered):
            await attempt

    commented = await world.product.answers.comment(press, Comment("and a reason"))

    assert commented.response == Response(score=6, comment="and a reason")
    assert await world.scores(campaign) == {6: 1}


async def test_a_comment_may_come_before_the_score_and_waits_for_it(
    world: World, running: Campaign
) -> None:
    press = await world.press_of(1)
    await world.product.answers.comment(press, Comment("first the words"))
    assert await world.scores(running) == {}
    with pytest.raises(CommentTooLong):
        await world.product.answers.comment(press, Comment("x" * 1_990), added=True)

    recorded = await world.press(1, 9)

    assert recorded.response == Response(score=9, comment="first the words")
    assert await world.scores(running) == {9: 1}
