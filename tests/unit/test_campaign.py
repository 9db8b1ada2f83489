from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.campaign import Period
from survey.errors import IllegalTransition, InvalidValue
from survey.states import CampaignState
from survey.survey import Mode, Survey
from tests.examples import FRIDAY_WEEK, campaign

HOUR = timedelta(hours=1)
periods = st.builds(Period, st.integers(1000, 9999), st.integers(1, 4), st.integers(1, 99))


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2026Q4", Period(2026, 4)),
        ("2026q4", Period(2026, 4)),
        (" 2026Q4 ", Period(2026, 4)),
        ("2026Q4.2", Period(2026, 4, 2)),
        ("2026Q4.1", Period(2026, 4)),
        ("2026Q4.10", Period(2026, 4, 10)),
    ],
)
def test_a_period_is_read_as_people_write_it(text: str, period: Period) -> None:
    assert Period.parse(text) == period


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026", "2026Q0", "2026Q5", "26Q4", "Q4", "2026 Q4", "2026Q4\n2026Q3", "nps/2026Q4"),
        *("2026Q4.", "2026Q4.0", "2026Q4.02", "2026Q4.-1", "2026Q4.2.2"),
    ],
)
def test_what_names_no_quarter_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidValue, match="looks like 2026Q4"):
        Period.parse(text)


def test_a_period_of_five_thousand_digits_is_refused_like_any_other() -> None:
    with pytest.raises(InvalidValue):
        Period.parse("2026Q4." + "9" * 5_000)


@given(periods)
def test_what_is_written_is_read_back(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(st.text(max_size=12))
def test_garbage_is_a_period_or_an_invalid_value(text: str) -> None:
    try:
        Period.parse(text)
    except InvalidValue:
        return
    assert text.strip().upper()[4] == "Q"


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 1, 1), "2026Q1"),
        (date(2026, 3, 31), "2026Q1"),
        (date(2026, 4, 1), "2026Q2"),
        (date(2026, 6, 30), "2026Q2"),
        (date(2026, 9, 30), "2026Q3"),
        (date(2026, 10, 1), "2026Q4"),
        (date(2026, 12, 31), "2026Q4"),
    ],
)
def test_a_day_lies_in_its_quarter(day: date, text: str) -> None:
    assert str(Period.of(day)) == text


@given(st.lists(periods, max_size=6))
def test_periods_sort_by_time(some: list[Period]) -> None:
    assert sorted(some) == sorted(some, key=lambda p: (p.year, p.quarter, p.ordinal))


def test_a_round_is_named_after_its_survey_and_period() -> None:
    assert campaign().name == "nps/2026Q4"
    assert campaign(period=Period(2026, 4, 2)).name == "nps/2026Q4.2"


@pytest.mark.parametrize(
    ("state", "open_"),
    [
        ("draft", False),
        ("scheduled", False),
        ("running", True),
        ("paused", True),
        ("closing", False),
        ("closed", False),
        ("cancelled", False),
    ],
)
def test_only_an_open_round_takes_answers(state: str, *, open_: bool) -> None:
    assert campaign(state=CampaignState(state)).takes_answers(FRIDAY_WEEK - HOUR) is open_


def test_the_instant_of_the_close_is_too_late() -> None:
    assert campaign().takes_answers(FRIDAY_WEEK - timedelta(microseconds=1))
    assert not campaign().takes_answers(FRIDAY_WEEK)


def test_the_day_of_the_close_is_a_local_one() -> None:
    early = replace(campaign(), closed_at=FRIDAY_WEEK.replace(day=24, hour=23))
    assert campaign().closed_on(ZoneInfo("Europe/Berlin")) == date(2026, 11, 27)
    assert campaign().closed_on(ZoneInfo("Pacific/Auckland")) == date(2026, 11, 28)
    assert early.closed_on(ZoneInfo("Europe/Berlin")) == date(2026, 11, 25)


def test_a_round_takes_one_step_of_its_life_at_a_time() -> None:
    closing = campaign().moved(CampaignState.CLOSING)
    assert closing.moved(CampaignState.CLOSED).state is CampaignState.CLOSED
    with pytest.raises(IllegalTransition):
        campaign().moved(CampaignState.CLOSED)
    with pytest.raises(IllegalTransition):
        closing.moved(CampaignState.RUNNING)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "letters, digits"),
        ({"name": "n p s"}, "letters, digits"),
        ({"name": "nps/2026"}, "letters, digits"),
        ({"mode": Mode.ANONYMOUS}, "not built yet"),
        ({"k": 2}, "k is at least 3"),
        ({"open_days": 0}, "open_days is at least 1"),
        ({"rest_days": -1}, "rest_days is not negative"),
    ],
)
def test_a_survey_that_could_not_be_kept_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        Survey(**{"name": "nps", "subject": "Acme"} | wrong)


def test_names_may_be_seen_only_where_the_survey_says_so() -> None:
    assert Survey(name="nps", subject="Acme", k=7).smallest_group == 7
    named = Survey(name="nps", subject="Acme", k=7, mode=Mode.IDENTIFIED)
    assert named.smallest_group == 1
    assert not named.gated
