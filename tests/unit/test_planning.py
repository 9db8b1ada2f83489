from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.contact import Ledger
from survey.eligibility import Candidate, LeftOut, in_audience
from survey.errors import NobodyToAsk
from survey.planning import Plan, cohorts_of, plan_round, require_somebody
from survey.survey import Mode, Survey
from tests.examples import MONDAY, NPS_SURVEY, address, person

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = datetime(2026, 11, 16, 22, 0, tzinfo=UTC)


def candidate(number: int, *, reachable: bool = True, **changes: Any) -> Candidate:
    known = {key: changes.pop(key) for key in ("timezone", "attributes") if key in changes}
    last, first = changes.pop("last_asked", None), changes.pop("first_contact", True)
    by_any = last if first else last or MONDAY - timedelta(days=400)
    changes.setdefault("ledger", Ledger(last_asked=last, last_asked_by_any=by_any))
    asked = person(number=number, name=f"P{number}", **known)
    where = address(asked) if reachable else None
    return Candidate(person=asked, address=where, **changes)


def plan(*candidates: Candidate, survey: Survey = NPS_SURVEY, **options: Any) -> Plan:
    settled: dict[str, Any] = {"at": MONDAY, "zone": BERLIN} | options
    return plan_round(survey, candidates, **settled)


def asked(made: Plan) -> list[int]:
    return [ask.person_id for ask in made.asks]


def left_out(made: Plan) -> dict[str, list[int]]:
    return {why.value: [one.id for one in people] for why, people in made.left_out.items()}


# Who is left out, and why


def test_everybody_is_asked_unless_there_is_a_reason_not_to() -> None:
    made = plan(
        candidate(1),
        candidate(2, opted_out=True),
        candidate(3, last_asked=MONDAY - timedelta(days=10)),
        candidate(4, reachable=False),
        candidate(5, last_asked=MONDAY - timedelta(days=90)),
    )
    assert asked(made) == [1, 5]
    assert left_out(made) == {"opted out": [2], "asked recently": [3], "not reachable": [4]}


def test_the_first_reason_is_the_one_that_the_person_gave() -> None:
    made = plan(candidate(1, opted_out=True, last_asked=MONDAY, reachable=False))
    assert left_out(made) == {"opted out": [1]}


def test_who_is_outside_of_the_audience_is_not_counted_at_all() -> None:
    survey = replace(NPS_SURVEY, audience={"team": ("Platform", "Sales"), "site": ("Berlin",)})
    made = plan(
        candidate(1, attributes={"team": "Sales", "site": "Berlin"}),
        candidate(2, attributes={"team": "Sales", "site": "Lagos"}),
        candidate(3, attributes={"team": "Legal", "site": "Berlin"}),
        candidate(4, attributes={"team": "Platform"}),
        candidate(5),
        survey=survey,
    )
    assert asked(made) == [1]
    assert not made.left_out
    assert in_audience(NPS_SURVEY, candidate(5).person)


# Rests count in local days


@pytest.mark.parametrize(
    ("last", "now", "rest_days", "is_asked"),
    [
        pytest.param("2026-01-01 12:00", "2026-04-01 07:00", 60, True, id="quarter to quarter"),
        pytest.param("2026-01-01 12:00", "2026-04-01 07:00", 90, True, id="ninety days to the day"),
        pytest.param("2026-01-01 12:00", "2026-04-01 07:00", 91, False, id="and one more"),
        pytest.param("2026-01-01 22:59", "2026-03-01 23:00", 60, True, id="by the local midnight"),
        pytest.param("2026-01-01 23:00", "2026-03-01 23:00", 60, False, id="already the second"),
        pytest.param("2026-11-16 08:00", "2026-11-16 09:00", 0, True, id="no rest at all"),
        pytest.param("2026-11-16 08:00", "2026-11-16 22:00", 1, False, id="once a day"),
        pytest.param("2026-11-16 22:00", "2026-11-16 23:30", 1, True, id="the next day already"),
    ],
)
def test_a_rest_is_over_on_a_local_day(
    last: str, now: str, rest_days: int, *, is_asked: bool
) -> None:
    before, at = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (last, now))
    survey = replace(NPS_SURVEY, rest_days=rest_days)
    made = plan(candidate(1, last_asked=before), survey=survey, at=at)
    assert bool(made.asks) is is_asked
    assert left_out(made) == ({} if is_asked else {"asked recently": [1]})


# Some people only


def test_to_limits_the_round_and_overrides_a_rest() -> None:
    made = plan(
        candidate(1),
        candidate(2, last_asked=MONDAY),
        candidate(3),
        to=frozenset({"p1@example.org", "p2@example.org"}),
    )
    assert asked(made) == [1, 2]
    assert not made.left_out


def test_to_never_overrides_an_opt_out_and_reaches_nobody_without_an_address() -> None:
    made = plan(
        candidate(1, opted_out=True, last_asked=MONDAY),
        candidate(2, last_asked=MONDAY, reachable=False),
        to=frozenset({"p1@example.org", "p2@example.org"}),
    )
    assert not made.asks
    assert left_out(made) == {"opted out": [1], "not reachable": [2]}


# Cohorts


def test_a_value_that_too_few_share_is_left_away() -> None:
    people = [
        person(number=n, attributes={"team": "Sales" if n < 5 else "Legal", "badge": f"B{n}"})
        for n in range(7)
    ]
    membership, cohorts = cohorts_of(people, k=5)
    assert cohorts == ({"team": "Sales"}, {})
    assert membership == [0, 0, 0, 0, 0, 1, 1]


def test_the_same_word_under_two_names_is_two_values() -> None:
    people = [person(number=n, attributes={"a" if n < 2 else "b": "x"}) for n in range(4)]
    assert cohorts_of(people, k=3)[1] == ({},)


def test_only_who_is_asked_counts_towards_a_cohort() -> None:
    sales = {"team": "Sales"}
    four = [candidate(n, attributes=sales) for n in range(1, 5)]
    assert plan(*four, candidate(5, opted_out=True, attributes=sales)).cohorts == ({},)
    assert plan(*four, candidate(5, attributes=sales)).cohorts == (sales,)


def test_where_names_are_seen_every_value_stays() -> None:
    named = replace(NPS_SURVEY, mode=Mode.IDENTIFIED)
    made = plan(candidate(1, attributes={"badge": "B1"}), survey=named)
    assert made.cohorts == ({"badge": "B1"},)


rosters = st.lists(
    st.dictionaries(st.sampled_from(["team", "site"]), st.sampled_from("xyz")), max_size=20
)


@given(rosters, st.integers(1, 6))
def test_every_value_of_every_cohort_is_shared_by_k_or_more(
    roster: list[dict[str, str]], k: int
) -> None:
    people = [person(number=n, attributes=known) for n, known in enumerate(roster)]
    sizes = Counter(pair for known in roster for pair in known.items())
    membership, cohorts = cohorts_of(people, k=k)
    assert len(set(membership)) == len(cohorts) == len({frozenset(c.items()) for c in cohorts})
    for known, cohort in zip(roster, membership, strict=True):
        shown = {name: value for name, value in known.items() if sizes[name, value] >= k}
        assert cohorts[cohort] == shown


# When


def test_everybody_is_written_to_at_the_next_opening_on_their_own_clock() -> None:
    made = plan(candidate(1), candidate(2, timezone="Asia/Tokyo"), candidate(3, timezone="UTC"))
    tokyo_nine = datetime(2026, 11, 17, 0, 0, tzinfo=UTC)
    assert [ask.due_at for ask in made.asks] == [MONDAY, tokyo_nine, MONDAY]
    assert made.zones == 3


def test_at_once_waits_for_nobodys_window() -> None:
    made = plan(candidate(1), candidate(2, timezone="Asia/Tokyo"), at=NIGHT, at_once=True)
    assert made.at_once
    assert {ask.due_at for ask in made.asks} == {NIGHT}


def test_a_round_closes_at_the_end_of_the_window_so_many_local_days_on() -> None:
    assert plan().closes_at == datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    # 1 March to 29 March: the clocks have gone forward by then
    spring = plan(at=datetime(2026, 3, 1, 9, tzinfo=UTC), survey=replace(NPS_SURVEY, open_days=28))
    assert spring.closes_at == datetime(2026, 3, 29, 15, 0, tzinfo=UTC)


def test_the_organisations_clock_names_the_period() -> None:
    eve = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert str(plan(at=eve).period) == "2027Q1"
    assert str(plan(at=eve, zone=ZoneInfo("America/New_York")).period) == "2026Q4"
    assert plan(at=eve).starts_at == eve


def test_a_plan_keeps_who_was_never_written_to() -> None:
    made = plan(candidate(1, first_contact=False), candidate(2))
    assert [ask.first_contact for ask in made.asks] == [False, True]


people = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, 5, 59, 60, 200])), max_size=15
)


@given(people, st.booleans())
def test_everybody_in_the_audience_is_asked_or_left_out_and_never_both(
    some: list[tuple[bool, bool, int | None]], at_once: bool
) -> None:
    made = plan(
        *(
            candidate(
                number,
                reachable=reachable,
                opted_out=out,
                last_asked=None if ago is None else MONDAY - timedelta(days=ago),
            )
            for number, (reachable, out, ago) in enumerate(some)
        ),
        at_once=at_once,
    )
    everyone = asked(made) + [one for out in left_out(made).values() for one in out]
    assert sorted(everyone) == list(range(len(some)))
    assert all(ask.due_at >= made.starts_at for ask in made.asks)
    assert not any(some[number][1] for number in asked(made))


# Nobody


def test_a_round_without_anybody_says_who_was_left_out_and_why() -> None:
    empty = plan(candidate(1, opted_out=True), candidate(2, opted_out=True))
    with pytest.raises(NobodyToAsk, match=r"Nobody would be asked in nps: 2 left alone for now\."):
        require_somebody(empty)
    with pytest.raises(NobodyToAsk, match="nobody active fits the audience"):
        require_somebody(plan())
    somebody = plan(candidate(1))
    assert require_somebody(somebody) is somebody


def test_every_reason_has_words() -> None:
    assert all(" " in reason.value for reason in LeftOut)
