"""Public holidays and weekends are no days to write to anybody."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from runtime.settings.calendars import Calendars, checked
from survey.contact import QUIET_NEVER, ContactPolicy, Silence
from survey.delivery import Postpone, sending
from survey.eligibility import Candidate, LeftOut, due_or_left_out
from survey.errors import InvalidValue
from survey.localtime import zone
from survey.person import Person
from survey.planning import plan_round
from survey.survey import Survey
from tests.examples import address, delivery

BERLIN = Calendars(region="DE-BE")
WEEKDAYS = Calendars(weekends=True)
CHRISTMAS_EVE = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
"""A Thursday; the window has closed. The 25th and 26th are public holidays in Germany."""
SURVEY = Survey(name="nps", subject="Acme")


def somebody(**attributes: str) -> Person:
    return Person(id=1, email="a@example.org", name="A", timezone="UTC", attributes=attributes)


@pytest.mark.parametrize(
    ("calendars", "who", "day", "quiet"),
    [
        (BERLIN, somebody(), date(2026, 12, 25), True),
        (BERLIN, somebody(), date(2026, 12, 24), False),
        (BERLIN, somebody(), date(2027, 3, 8), True),  # Women's Day, in Berlin only
        (BERLIN, somebody(holidays="DE-BY"), date(2027, 3, 8), False),
        (BERLIN, somebody(holidays="us"), date(2026, 11, 26), True),  # Thanksgiving
        (BERLIN, somebody(holidays="nowhere"), date(2026, 12, 25), True),
        (Calendars(), somebody(), date(2026, 12, 25), False),
        (Calendars(), somebody(holidays="DE"), date(2026, 12, 25), True),
        (BERLIN, somebody(), date(2026, 12, 5), False),  # a Saturday
        (WEEKDAYS, somebody(), date(2026, 12, 5), True),
        (WEEKDAYS, somebody(), date(2026, 12, 7), False),
        (WEEKDAYS, somebody(holidays="SA"), date(2026, 12, 4), True),  # Friday, Saturday
        (WEEKDAYS, somebody(holidays="SA"), date(2026, 12, 6), False),
    ],
)
def test_a_day_is_quiet_by_the_persons_own_calendar(
    calendars: Calendars, who: Person, day: date, quiet: bool
) -> None:
    assert calendars(who, day) is quiet


@pytest.mark.parametrize("region", ["XX", "DE-QQ", "Germany", "-"])
def test_a_region_that_nobody_knows_is_refused(region: str) -> None:
    with pytest.raises(InvalidValue, match="such as DE, DE-BE"):
        checked(region)


def test_a_region_may_be_written_in_small_letters() -> None:
    assert checked(" de-be ") == "DE-BE"
    assert checked("") == ""


def due(*, quiet: Calendars, silence: Silence = QUIET_NEVER, **changes: bool) -> object:
    return due_or_left_out(
        SURVEY,
        somebody(),
        silence,
        at=CHRISTMAS_EVE,
        closes_at=CHRISTMAS_EVE + timedelta(days=14),
        quiet=quiet,
        **changes,
    )


def test_what_would_go_out_on_a_holiday_waits_for_the_next_working_day() -> None:
    both = Calendars(region="DE", weekends=True)
    assert due(quiet=BERLIN) == datetime(2026, 12, 27, 9, tzinfo=UTC)
    assert due(quiet=both) == datetime(2026, 12, 28, 9, tzinfo=UTC)
    assert due(quiet=both, at_once=True) == CHRISTMAS_EVE
    back = Silence(snoozed_until=date(2027, 1, 1))
    assert due(quiet=both, silence=back) == datetime(2027, 1, 4, 9, tzinfo=UTC)


def test_who_has_no_working_day_before_the_close_is_left_out() -> None:
    closes_at = datetime(2026, 12, 27, 0, tzinfo=UTC)
    found = due_or_left_out(
        SURVEY, somebody(), QUIET_NEVER, at=CHRISTMAS_EVE, closes_at=closes_at, quiet=BERLIN
    )
    assert found is LeftOut.CLOSES_BEFORE


def test_a_plan_knows_each_persons_holidays() -> None:
    policy = ContactPolicy(quiet=BERLIN)
    home, away = somebody(), replace(somebody(holidays="US"), id=2, email="b@example.org")
    plan = plan_round(
        SURVEY,
        [Candidate(person=one, address=address(one)) for one in (home, away)],
        at=datetime(2026, 12, 25, 18, tzinfo=UTC),
        zone=zone("UTC"),
        policy=policy,
    )
    # The 26th is a holiday in Berlin; the 25th has passed for both.
    assert {ask.person_id: ask.due_at.day for ask in plan.asks} == {1: 27, 2: 26}


def test_a_holiday_is_looked_at_again_when_a_message_is_sent() -> None:
    monday = datetime(2026, 11, 16, 10, 0, tzinfo=UTC)
    assert sending(delivery(), at=monday) is None

    def today(_: Person, day: date) -> bool:
        return day == monday.date()

    decided = sending(delivery(), at=monday, quiet=today)
    assert isinstance(decided, Postpone)
    assert decided.until.date() == date(2026, 11, 17)
