from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.comment import Comment
from survey.errors import (
    AlreadyAnswered,
    CommentTooLong,
    InvalidScore,
    InvitationClosed,
    NotYours,
    OutOfDate,
    VoxpopError,
)
from survey.invitation import Invitation, Response
from survey.scale import CSAT, NPS, Score
from survey.states import ANSWERABLE, CampaignState, InvitationState
from survey.survey import Answers
from tests.examples import FRIDAY_WEEK, MONDAY, NPS_SURVEY, campaign, invitation

ADA, BEN = 1, 2
ONCE = replace(NPS_SURVEY, answers=Answers.ONCE)
scores = st.integers(0, 10)
minutes = st.integers(0, 1_000)


def at(minute: int) -> datetime:
    return MONDAY + timedelta(minutes=minute)


def press(asked: Invitation, score: int, minute: int = 0, *, by: int = ADA) -> Invitation:
    return asked.answer(Score(score, NPS), by=by, at=at(minute))


def undo(asked: Invitation, minute: int = 0, *, by: int = ADA) -> Invitation:
    return asked.undo(by=by, at=at(minute))


def write(asked: Invitation, text: str, *, by: int = ADA, added: bool = False) -> Invitation:
    return asked.comment(Comment(text), by=by, at=at(0), added=added)


# Answering


def test_a_press_answers() -> None:
    answered = press(invitation(), 9, 1)
    assert answered.state is InvitationState.ANSWERED
    assert answered.response == Response(score=9)
    assert answered.pressed_at == at(1)


def test_a_second_press_replaces_the_score_and_remembers_the_first() -> None:
    assert press(press(invitation(), 6), 8, 1).response == Response(score=8, previous=6)


def test_a_double_click_keeps_the_score() -> None:
    once = press(invitation(), 6)
    twice = press(once, 6)
    assert twice.response.score == 6
    assert twice.state is once.state
    assert twice.pressed_at == once.pressed_at


def test_a_press_that_arrives_late_changes_nothing() -> None:
    stands = press(invitation(), 9, minute=5)
    assert press(stands, 2, minute=4) == stands


def test_of_two_presses_in_the_same_instant_the_second_counts() -> None:
    assert press(press(invitation(), 9, 5), 2, 5).response.score == 2


@given(st.lists(st.tuples(scores, minutes), min_size=1, max_size=4, unique_by=lambda p: p[1]))
def test_in_whatever_order_presses_come_the_latest_by_the_platforms_clock_counts(
    presses: list[tuple[int, int]],
) -> None:
    latest, minute = max(presses, key=lambda press: press[1])
    for order in permutations(presses):
        after = invitation()
        for score, when in order:
            after = press(after, score, when)
        assert after.response.score == latest
        assert after.pressed_at == at(minute)


@given(
    st.lists(st.tuples(scores, minutes), min_size=1, max_size=3, unique_by=lambda p: p[1]),
    minutes,
)
def test_an_undo_counts_unless_a_press_came_later(
    presses: list[tuple[int, int]], undone: int
) -> None:
    events: list[tuple[int | None, int]] = [*presses, (None, undone)]
    latest = max(presses, key=lambda press: press[1])
    for order in permutations(events):
        after = press(invitation(), 5, -1)
        for score, when in order:
            after = undo(after, when) if score is None else press(after, score, when)
        if undone != latest[1]:
            assert after.response.score == (latest[0] if latest[1] > undone else None)


@pytest.mark.parametrize("state", sorted(ANSWERABLE))
def test_a_press_counts_whatever_the_person_did_before(state: InvitationState) -> None:
    answered = press(invitation(state=state), 9)
    assert answered.response.score == 9
    completed = state is InvitationState.COMPLETED
    expected = InvitationState.COMPLETED if completed else InvitationState.ANSWERED
    assert answered.state is expected


def test_a_press_in_a_paused_round_counts() -> None:
    paused = invitation(campaign=campaign(state=CampaignState.PAUSED))
    assert press(paused, 9).response.score == 9


# Refusals


def test_somebody_elses_press_is_refused() -> None:
    with pytest.raises(NotYours):
        press(invitation(), 9, by=BEN)
    with pytest.raises(NotYours):
        undo(press(invitation(), 9), by=BEN)
    with pytest.raises(NotYours):
        write(invitation(), "Not mine", by=BEN)


def test_a_stranger_does_not_learn_that_the_round_is_closed() -> None:
    closed = invitation(campaign=campaign(state=CampaignState.CLOSED))
    with pytest.raises(NotYours):
        press(closed, 9, by=BEN)


@pytest.mark.parametrize("state", ["draft", "scheduled", "closing", "closed", "cancelled"])
def test_a_round_that_is_not_open_takes_nothing(state: str) -> None:
    answered = press(invitation(), 9)
    shut = replace(answered, campaign=campaign(state=CampaignState(state)))
    says = "nps/2026Q4 no longer takes answers"
    with pytest.raises(InvitationClosed, match=says):
        press(shut, 3, 1)
    with pytest.raises(InvitationClosed, match=says):
        undo(shut, 1)
    with pytest.raises(InvitationClosed, match=says):
        write(shut, "Late")


def test_the_instant_of_the_close_is_too_late() -> None:
    asked = invitation()
    in_time = asked.answer(Score(9, NPS), by=ADA, at=FRIDAY_WEEK - timedelta(microseconds=1))
    assert in_time.response.score == 9
    with pytest.raises(InvitationClosed):
        asked.answer(Score(9, NPS), by=ADA, at=FRIDAY_WEEK)


@pytest.mark.parametrize("state", ["expired", "withdrawn"])
def test_an_invitation_that_has_ended_takes_nothing(state: str) -> None:
    ended = invitation(state=InvitationState(state))
    with pytest.raises(InvitationClosed, match=f"This invitation is {state}"):
        press(ended, 9)
    with pytest.raises(InvitationClosed):
        undo(ended)
    with pytest.raises(InvitationClosed):
        write(ended, "Late")


def test_a_score_of_another_scale_is_refused() -> None:
    with pytest.raises(InvalidScore, match="5 is no score on this survey's scale"):
        invitation().answer(Score(5, CSAT), by=ADA, at=at(0))


# Once


def test_a_survey_that_takes_one_answer_takes_one() -> None:
    answered = press(invitation(campaign=campaign(survey=ONCE)), 9)
    for score in (9, 3):
        with pytest.raises(AlreadyAnswered):
            press(answered, score, 1)
    with pytest.raises(AlreadyAnswered):
        undo(answered, 1)


def test_one_answer_may_still_be_explained() -> None:
    answered = press(invitation(campaign=campaign(survey=ONCE)), 9)
    explained = write(answered, "It is fast")
    assert explained.response == Response(score=9, comment="It is fast")
    with pytest.raises(AlreadyAnswered):
        press(explained, 3, 1)


# Undoing


def test_an_undo_takes_score_and_comment_back() -> None:
    undone = undo(write(press(invitation(), 6), "Too slow"), 1)
    assert undone.state is InvitationState.SENT
    assert undone.response == Response(previous=6)
    assert undone.pressed_at == at(1)


def test_there_must_be_an_answer_to_take_back() -> None:
    with pytest.raises(OutOfDate):
        undo(invitation())
    with pytest.raises(OutOfDate):
        undo(undo(press(invitation(), 9), 1), 2)


def test_after_an_undo_a_press_is_a_first_one_again() -> None:
    again = press(undo(press(invitation(), 6), 1), 8, 2)
    assert again.response == Response(score=8)
    assert again.state is InvitationState.ANSWERED


def test_an_undo_that_arrives_late_changes_nothing() -> None:
    stands = press(invitation(), 9, 5)
    assert undo(stands, 4) == stands


# Commenting


def test_a_comment_completes_an_answer() -> None:
    completed = write(press(invitation(), 6), "Too slow")
    assert completed.state is InvitationState.COMPLETED
    assert completed.response == Response(score=6, comment="Too slow")


def test_a_comment_before_the_score_waits_for_it() -> None:
    waiting = write(invitation(), "Too slow")
    assert waiting.state is InvitationState.SENT
    answered = press(waiting, 6, 1)
    assert answered.response == Response(score=6, comment="Too slow")


def test_changing_the_score_keeps_the_comment() -> None:
    changed = press(write(press(invitation(), 6), "Too slow"), 8, 1)
    assert changed.state is InvitationState.COMPLETED
    assert changed.response == Response(score=8, previous=6, comment="Too slow")


def test_a_comment_replaces_the_one_before_or_goes_below_it() -> None:
    first = write(press(invitation(), 6), "Too slow")
    assert write(first, "And dear").response.comment == "And dear"
    assert write(first, "And dear", added=True).response.comment == "Too slow\nAnd dear"
    assert write(invitation(), "Alone", added=True).response.comment == "Alone"


def test_what_does_not_fit_below_the_comment_is_refused() -> None:
    full = write(press(invitation(), 6), "x" * 1_999)
    with pytest.raises(CommentTooLong):
        write(full, "y", added=True)
    assert write(full, "y").response.comment == "y"


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("press"), scores, minutes),
            st.tuples(st.just("undo"), st.just(0), minutes),
            st.tuples(st.just("write"), scores, minutes),
        ),
        max_size=8,
    )
)
def test_whatever_happens_the_state_says_whether_there_is_an_answer(
    events: list[tuple[str, int, int]],
) -> None:
    after = invitation()
    for what, number, minute in events:
        before = after
        try:
            match what:
                case "press":
                    after = press(after, number, minute)
                case "undo":
                    after = undo(after, minute)
                case _:
                    after = write(after, f"Reason {number}", added=number > 5)
        except VoxpopError:
            assert after == before
        answered = after.state in {InvitationState.ANSWERED, InvitationState.COMPLETED}
        assert answered is (after.response.score is not None)
        if before.pressed_at is not None:
            assert after.pressed_at is not None
            assert after.pressed_at >= before.pressed_at


def test_a_comment_has_as_many_characters_as_its_survey_takes() -> None:
    short = invitation(campaign=campaign(replace(NPS_SURVEY, comment_limit=10)))
    by, now = short.person.id, at(0)
    kept = short.comment(Comment("x" * 10), by=by, at=now)
    with pytest.raises(CommentTooLong) as told:
        short.comment(Comment("x" * 11), by=by, at=now)
    assert (told.value.length, told.value.limit) == (11, 10)
    with pytest.raises(CommentTooLong):
        kept.comment(Comment("y"), by=by, at=now, added=True)
