from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.delivery import ATTEMPTS, Postpone, Skip, ask_again, retry_after, sending
from survey.states import CampaignState, DeliveryKind, InvitationState
from tests.examples import FRIDAY_WEEK, MONDAY, campaign, delivery, invitation, person

NIGHT = datetime(2026, 11, 16, 22, 0, tzinfo=UTC)
TUESDAY_NINE = datetime(2026, 11, 17, 8, 0, tzinfo=UTC)
ASKS = [DeliveryKind.INITIAL, DeliveryKind.REMINDER]
TELLS = [DeliveryKind.UPDATE, DeliveryKind.NOTICE]
attempts = st.integers(1, ATTEMPTS)


def in_state(state: str) -> InvitationState:
    return InvitationState(state)


# At the moment of sending


@pytest.mark.parametrize("kind", ASKS)
@pytest.mark.parametrize("state", ["pending", "sent"])
def test_who_waits_for_an_ask_gets_it_in_their_window(kind: DeliveryKind, state: str) -> None:
    due = delivery(kind=kind, invitation=invitation(state=in_state(state)))
    assert sending(due, at=MONDAY) is None


@pytest.mark.parametrize("kind", ASKS)
@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("answered", "already answered"),
        ("completed", "already answered"),
        ("declined", "declined"),
        ("opted_out", "opted out"),
        ("expired", "expired"),
        ("withdrawn", "withdrawn"),
        ("undeliverable", "undeliverable"),
    ],
)
def test_who_needs_no_ask_any_more_gets_none(kind: DeliveryKind, state: str, reason: str) -> None:
    due = delivery(kind=kind, invitation=invitation(state=in_state(state)))
    assert sending(due, at=MONDAY) == Skip(reason)
    assert sending(due, at=NIGHT) == Skip(reason)


@pytest.mark.parametrize("state", ["closing", "closed", "cancelled"])
def test_a_round_that_is_over_asks_nobody(state: str) -> None:
    over = invitation(campaign=campaign(state=CampaignState(state)))
    assert sending(delivery(invitation=over), at=MONDAY) == Skip("the round has closed")


def test_the_last_moment_is_before_the_close() -> None:
    due = delivery(at_once=True)
    assert sending(due, at=FRIDAY_WEEK - timedelta(seconds=1)) is None
    assert sending(due, at=FRIDAY_WEEK) == Skip("the round has closed")


def test_a_paused_round_waits() -> None:
    paused = invitation(campaign=campaign(state=CampaignState.PAUSED))
    for at_once in (False, True):
        decided = sending(delivery(invitation=paused, at_once=at_once), at=MONDAY)
        assert isinstance(decided, Postpone)
        assert decided.until > MONDAY


def test_outside_of_the_window_an_ask_waits_for_the_next_opening() -> None:
    assert sending(delivery(), at=NIGHT) == Postpone(TUESDAY_NINE)


def test_the_window_is_that_of_the_person() -> None:
    elsewhere = invitation(person=person(timezone="Asia/Tokyo"))
    tokyo_nine = datetime(2026, 11, 17, 0, 0, tzinfo=UTC)
    assert sending(delivery(invitation=elsewhere), at=MONDAY) == Postpone(tokyo_nine)
    assert sending(delivery(invitation=elsewhere), at=tokyo_nine) is None


def test_at_once_sets_the_window_aside() -> None:
    assert sending(delivery(at_once=True), at=NIGHT) is None


@pytest.mark.parametrize("kind", TELLS)
@pytest.mark.parametrize("state", [state.value for state in InvitationState])
def test_an_update_goes_out_at_any_time_and_in_any_state(kind: DeliveryKind, state: str) -> None:
    closed = campaign(state=CampaignState.CLOSED)
    due = delivery(kind=kind, invitation=invitation(state=in_state(state), campaign=closed))
    assert sending(due, at=NIGHT) is None


@given(st.integers(0, 10 * 24 * 60), st.sampled_from(["Europe/Berlin", "Asia/Tokyo", "UTC"]))
def test_what_is_sent_is_sent_in_the_window_and_what_waits_waits_for_it(
    minutes: int, place: str
) -> None:
    asked = invitation(person=person(timezone=place))
    now = MONDAY + timedelta(minutes=minutes)
    window, tz = asked.campaign.survey.window, asked.person.zone
    match sending(delivery(invitation=asked), at=now):
        case None:
            assert window.is_open(now, tz)
        case Postpone(until=until):
            assert not window.is_open(now, tz)
            assert until > now
            assert window.is_open(until, tz)
        case Skip():
            pytest.fail("The round is open and nothing was answered.")


# Later


@pytest.mark.parametrize(
    ("days", "expected"),
    [(1, "2026-11-17 08:00"), (3, "2026-11-19 08:00"), (7, "2026-11-23 08:00")],
)
def test_later_means_the_opening_of_the_window_so_many_days_on(days: int, expected: str) -> None:
    asked = ask_again(invitation(), days=days, at=MONDAY)
    assert asked == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_tomorrow_is_that_of_the_person() -> None:
    in_auckland = invitation(person=person(timezone="Pacific/Auckland"))
    # Monday 22:00 there is still Monday, an hour and a half past midnight is Tuesday
    monday = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
    tuesday = datetime(2026, 11, 16, 12, 30, tzinfo=UTC)
    assert ask_again(in_auckland, days=1, at=monday) == datetime(2026, 11, 16, 20, 0, tzinfo=UTC)
    assert ask_again(in_auckland, days=1, at=tuesday) == datetime(2026, 11, 17, 20, 0, tzinfo=UTC)


def test_later_across_a_change_of_the_clocks_stays_at_nine() -> None:
    saturday = datetime(2026, 10, 24, 10, 0, tzinfo=UTC)
    assert ask_again(invitation(), days=1, at=saturday) == datetime(2026, 10, 25, 8, tzinfo=UTC)
    assert ask_again(invitation(), days=1, at=saturday - timedelta(days=1)) == datetime(
        2026, 10, 24, 7, tzinfo=UTC
    )


def test_later_may_lie_beyond_the_close_which_the_caller_checks() -> None:
    soon = replace(invitation(), campaign=campaign(closes_at=MONDAY + timedelta(hours=4)))
    assert ask_again(soon, days=1, at=MONDAY) > soon.campaign.closes_at


# Trying again


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 2), (2, 4), (3, 8), (8, 256), (9, 300), (20, 300)]
)
def test_waits_double_up_to_five_minutes(attempt: int, seconds: int) -> None:
    assert retry_after(attempt, jitter=1.0) == timedelta(seconds=seconds)
    assert retry_after(attempt, jitter=0.0) == timedelta(seconds=seconds / 2)


@given(attempts, st.floats(0, 1), st.floats(0, 1))
def test_waits_grow_and_are_spread(attempt: int, one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert timedelta() < retry_after(attempt, jitter=low) <= retry_after(attempt, jitter=high)
    assert retry_after(attempt, jitter=one) <= retry_after(attempt + 1, jitter=1.0)


def test_an_outcome_that_stays_unknown_for_days_is_still_asked_for() -> None:
    assert retry_after(5_000, jitter=1.0) == timedelta(minutes=5)


def test_a_reminder_waits_for_the_24_hours_at_the_moment_of_sending_too() -> None:
    asked = invitation(state=InvitationState.SENT)
    early = MONDAY - timedelta(hours=23)
    one = delivery(invitation=asked, kind=DeliveryKind.REMINDER, last_sent=early)
    assert sending(one, at=MONDAY) == Postpone(early + timedelta(hours=24))
    late = delivery(
        invitation=asked, kind=DeliveryKind.REMINDER, last_sent=MONDAY - timedelta(hours=24)
    )
    assert sending(late, at=MONDAY) is None
    again = delivery(invitation=asked, kind=DeliveryKind.INITIAL, last_sent=early)
    assert sending(again, at=MONDAY) is None  # asked for by `Later`


def test_a_reminder_keeps_sending_hours_in_a_round_that_was_sent_at_once() -> None:
    night = MONDAY.replace(hour=22)
    asked = invitation(state=InvitationState.SENT)
    reminder = delivery(invitation=asked, kind=DeliveryKind.REMINDER, at_once=True)
    assert isinstance(sending(reminder, at=night), Postpone)
    first = delivery(invitation=asked, at_once=True)
    assert sending(first, at=night) is None


def test_who_has_stopped_or_left_is_skipped_whatever_the_invitation_says() -> None:
    one = delivery(invitation=invitation(state=InvitationState.PENDING), left=True)
    assert sending(one, at=MONDAY) == Skip("stopped or left")
