"""Figures over spans of time: what they come to, what they say, and where they are refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.charts.chart import report_svg
from bot.grammar import Command, NotUnderstood, NumberOutOfRange, Word, parse
from runtime.languages import language
from survey.analytics import Analytics, Group, Sending
from survey.campaign import Period
from survey.errors import (
    InvalidPeriod,
    InvalidValue,
    OnlyIdentified,
    UnknownAttribute,
    UnknownSurvey,
)
from survey.report import Distribution
from survey.scale import CSAT, TEN
from survey.states import InvitationState
from survey.usecases.analyse import Analyse
from survey.wording import analytics as wording
from tests.chat import BERLIN
from tests.examples import MONDAY, NPS_SURVEY, SetClock
from tests.fakes import FakeRounds, Store
from tests.fakes_follow_ups import FakeSpans
from tests.unit.test_follow_ups import SUPPORT, low

SURVEYS = {"support": SUPPORT, "nps": NPS_SURVEY}
NAMES = ("nps", "support")


def analytics(**changes: object) -> Analytics:
    found = Analytics(
        survey=SUPPORT,
        since=MONDAY - timedelta(days=30),
        until=MONDAY,
        distribution=Distribution(scale=CSAT, counts={1: 2, 3: 4, 4: 8, 5: 26}),
        sending=Sending(scheduled=102, sent=102, answered=40),
    )
    return replace(found, **changes)  # type: ignore[arg-type]  # what a test says


def analyse(store: Store) -> Analyse:
    return Analyse(
        surveys=SURVEYS,
        rounds=FakeRounds(store),
        spans=FakeSpans(store),
        clock=SetClock(),
        zone=BERLIN,
    )


def test_the_lines_tell_what_the_seed_asks_for() -> None:
    assert wording.headline(analytics(), language("en")) == "CSAT 85\u00a0%"
    lines = [line.replace("\u00a0", " ") for line in wording.lines_of(analytics(), language("en"))]
    assert lines == [
        "40 answers · 95 %: 71 % to 93 %",
        "Mean 4.40 of 5 (88.0 %) · target: more than 4.5",
        "5: 26 (65 %) · 4: 8 (20 %) · 3: 4 (10 %) · 2: 0 (0 %) · 1: 2 (5 %)",
        "102 of 102 questions sent (100.0 %; target: more than 99 %)",
        "40 of 102 answered (39.2 %; target: more than 20 %)",
    ]


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (MONDAY, "From Saturday 17 October to Monday 16 November"),
        # A quarter ends at midnight: that day is not in it.
        (
            datetime(2026, 12, 31, 23, tzinfo=UTC),
            "From Saturday 17 October to Thursday 31 December",
        ),
    ],
)
def test_a_span_names_its_last_day(until: datetime, told: str) -> None:
    assert wording.span(analytics(until=until), language("en"), zone=BERLIN) == told


def test_a_picture_tells_a_span_in_as_little_room_as_it_has() -> None:
    drawn = wording.as_report(analytics(), language("en"), zone=BERLIN)
    assert drawn.period == "2026-10-17 to 2026-11-16"
    assert f">{drawn.period}<" in report_svg(drawn, language("en"))


def test_groups_say_how_many_they_are() -> None:
    billing = Group(value="billing", distribution=Distribution(scale=CSAT, counts={5: 1}))
    lines = list(wording.lines_of(analytics(by="category", groups=(billing,)), language("en")))
    assert lines[-1] == "billing: 100\u00a0%, mean 5.00 (1 answer)"


def test_nobody_answered_is_no_figure() -> None:
    nothing = Distribution(scale=CSAT, counts={})
    found = analytics(distribution=nothing, sending=Sending())
    assert wording.headline(found, language("en")) == "Nobody answered."
    assert list(wording.lines_of(found, language("en"))) == []
    assert found.figures.mean is None


def test_nobody_was_asked_is_no_rate() -> None:
    assert (Sending().delivery_rate, Sending().response_rate) == (None, None)


async def test_only_answers_of_the_span_are_in_the_figures() -> None:
    store = Store()
    store.asks(low(2))
    assert (await analyse(store)("support", until=MONDAY + timedelta(days=1))).figures.n == 1
    before = MONDAY - timedelta(days=1)
    assert (await analyse(store)("support", until=before)).figures.n == 0


async def test_figures_of_a_survey_without_names_are_refused() -> None:
    store = Store()
    with pytest.raises(OnlyIdentified):
        await analyse(store)("nps")


async def test_a_scale_that_was_set_anew_leaves_the_figures_on_the_one_before() -> None:
    store = Store()
    store.asks(low(2))
    anew = replace(analyse(store), surveys={"support": replace(SUPPORT, scale=TEN, alert_at=9)})
    found = await anew("support", until=MONDAY + timedelta(days=1))
    assert (found.survey.scale, found.figures.n) == (CSAT, 1)


async def test_a_survey_that_there_is_not_is_not_found() -> None:
    with pytest.raises(UnknownSurvey):
        await analyse(Store())("nothing")


async def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidValue, match="ends before it begins"):
        await analyse(Store())("support", since=MONDAY, until=MONDAY - timedelta(days=1))


async def test_a_span_at_the_beginning_of_time_is_empty() -> None:
    first = datetime.min.replace(tzinfo=UTC)
    assert (await analyse(Store())("support", until=first)).figures.n == 0


async def test_an_attribute_that_nobody_has_is_refused() -> None:
    store = Store()
    store.asks(replace(low(2), state=InvitationState.ANSWERED))
    with pytest.raises(UnknownAttribute):
        await analyse(store)("support", until=MONDAY + timedelta(days=1), by="shoe")


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period(2026, 4), (2026, 9, 30, 22), (2026, 12, 31, 23)),
        (Period(2026, 1), (2025, 12, 31, 23), (2026, 3, 31, 22)),
    ],
)
def test_a_quarter_begins_and_ends_on_the_organisations_clock(
    period: Period, first: tuple[int, int, int, int], last: tuple[int, int, int, int]
) -> None:
    begins, ends = analyse(Store()).quarter(period)
    assert (begins, ends) == (datetime(*first, tzinfo=UTC), datetime(*last, tzinfo=UTC))


# What is typed


@pytest.mark.parametrize("period", [Period(1, 1), Period(9999, 4)])
def test_a_quarter_beyond_all_calendars_is_none(period: Period) -> None:
    with pytest.raises(InvalidPeriod):
        analyse(Store()).quarter(period)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("report support 30 days", Command(word=Word.REPORT, survey="support", days=30)),
        ("report support 1 day", Command(word=Word.REPORT, survey="support", days=1)),
        (
            "report support 7 days by category share",
            Command(word=Word.REPORT, survey="support", days=7, by="category", share=True),
        ),
        (
            "report support 2026Q4",
            Command(word=Word.REPORT, survey="support", period=Period(2026, 4)),
        ),
        ("followups", Command(word=Word.FOLLOWUPS)),
        ("followups MINE", Command(word=Word.FOLLOWUPS, which="mine")),
    ],
)
def test_spans_and_lists_are_understood(typed: str, meant: Command) -> None:
    assert parse(f"/nps {typed}", surveys=NAMES) == meant


@pytest.mark.parametrize("days", ["0", "367", "99999999999999999999"])
def test_a_span_has_its_bounds(days: str) -> None:
    with pytest.raises(NumberOutOfRange):
        parse(f"/nps report support {days} days", surveys=NAMES)


def test_a_list_that_there_is_not_gets_the_nearest() -> None:
    with pytest.raises(NotUnderstood) as refused:
        parse("/nps followups min", surveys=NAMES)
    assert refused.value.nearest == "followups mine"
