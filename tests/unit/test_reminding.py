"""When somebody who has not answered is reminded."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.contact import MESSAGES_APART, ContactPolicy, Silence
from survey.errors import NoReminder, WhyNoReminder
from survey.localtime import local_date
from survey.reminders import Reminder, Unanswered, earliest, reminder_by_hand, scheduled_reminder
from tests.examples import MONDAY, NPS_SURVEY, address, campaign, person

POLICY = ContactPolicy(max_reminders=3)


def asked(*days: int, **changes: object) -> Unanswered:
    one = Unanswered(
        invitation_id=uuid4(),
        campaign=campaign(
            survey=replace(NPS_SURVEY, reminders=days), closes_at=MONDAY + timedelta(days=14)
        ),
        person=person(),
        address=address(person()),
        first_sent=MONDAY,
        last_sent=MONDAY,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def due(one: Unanswered, *, after: timedelta) -> Reminder | None:
    return scheduled_reminder(one, POLICY, at=MONDAY + after)


def test_days_are_counted_by_the_persons_calendar() -> None:
    late = datetime(2026, 11, 16, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
    one = asked(1, first_sent=late, last_sent=late - MESSAGES_APART)
    assert scheduled_reminder(one, POLICY, at=late + timedelta(minutes=29)) is None
    found = scheduled_reminder(one, POLICY, at=late + timedelta(minutes=31))
    assert found is not None
    assert found.due_at == datetime(2026, 11, 17, 8, 0, tzinfo=UTC)  # 09:00 in Berlin


def test_of_several_that_were_missed_the_latest_is_made() -> None:
    one = asked(3, 5, 7)
    found = due(one, after=timedelta(days=6))
    assert found is not None
    assert found.ordinal == 2
    again = replace(one, last_ordinal=2, reminders=1, last_sent=MONDAY + timedelta(days=6))
    assert due(again, after=timedelta(days=6)) is None
    third = due(again, after=timedelta(days=7))
    assert third is not None
    assert third.ordinal == 3


def test_the_cap_counts_what_was_sent_not_what_was_numbered() -> None:
    one = asked(3, 5, 7, last_ordinal=2, reminders=1)
    assert due(one, after=timedelta(days=7)) is not None
    assert due(replace(one, reminders=3), after=timedelta(days=7)) is None


def test_by_hand_every_refusal_names_its_reason() -> None:
    week = MONDAY + timedelta(days=7)
    for one, why in (
        (asked(7, reminders=3), WhyNoReminder.OFTEN_ENOUGH),
        (asked(7, last_sent=week - timedelta(hours=23)), WhyNoReminder.WRITTEN_TO_TODAY),
        (asked(7, silence=Silence(snoozed_until=date(2027, 1, 1))), WhyNoReminder.SILENCE),
        (asked(7, silence=Silence(away_from=date(2026, 1, 1))), WhyNoReminder.SILENCE),
    ):
        with pytest.raises(NoReminder) as refused:
            reminder_by_hand(one, POLICY, at=week)
        assert refused.value.why is why
    evening = MONDAY + timedelta(days=13, hours=8)
    closing = replace(asked(7).campaign, closes_at=evening + timedelta(hours=3))
    with pytest.raises(NoReminder) as too_late:
        reminder_by_hand(replace(asked(7), campaign=closing), POLICY, at=evening)
    assert too_late.value.why is WhyNoReminder.TOO_LATE


@given(
    days=st.lists(st.integers(1, 13), min_size=1, max_size=4, unique=True).map(sorted),
    after=st.timedeltas(timedelta(0), timedelta(days=16)),
    zone=st.sampled_from(
        ["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe"]
    ),
)
def test_whatever_is_due_is_late_enough_in_hours_and_found_by_the_query(
    days: list[int], after: timedelta, zone: str
) -> None:
    one = asked(*days, person=person(timezone=zone))
    at = MONDAY + after
    found = scheduled_reminder(one, POLICY, at=at)
    if found is None:
        return
    tz = one.person.zone
    assert at <= found.due_at < one.campaign.closes_at
    assert NPS_SURVEY.window.is_open(found.due_at, tz)
    assert (local_date(at, tz) - local_date(MONDAY, tz)).days >= days[found.ordinal - 1]
    assert at >= one.last_sent + MESSAGES_APART
    before = dict(earliest(one.campaign, at=at))
    assert one.first_sent <= before[found.ordinal]  # or the database would not have told of them


def test_a_survey_without_reminders_looks_for_nobody() -> None:
    assert earliest(asked().campaign, at=MONDAY) == []


def test_the_query_leaves_time_for_the_longest_local_day() -> None:
    """First sent just before midnight: a day later by the calendar, hardly an hour by the clock."""
    late = datetime(2026, 10, 24, 21, 59, tzinfo=UTC)  # 23:59 in Berlin; 25 hours to the next
    one = asked(2, first_sent=late, last_sent=late)
    at = datetime(2026, 10, 25, 23, 1, tzinfo=UTC)  # 00:01 on the 26th
    one = replace(one, campaign=replace(one.campaign, closes_at=at + timedelta(days=9)))
    found = scheduled_reminder(one, POLICY, at=at)
    assert found is not None
    assert late <= dict(earliest(one.campaign, at=at))[1]
