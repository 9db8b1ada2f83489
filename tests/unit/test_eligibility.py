"""The contact policy: one engine behind preview, start and `Why me?`."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from survey.contact import NO_LIMITS, ContactPolicy, Ledger, Silence
from survey.eligibility import Candidate, LeftOut, due_or_left_out, reason_to_leave_out
from survey.localtime import instant_of
from survey.planning import Plan, plan_round, told_reasons
from survey.wording.previews import who_rows
from tests.examples import MONDAY, NPS_SURVEY, address, person

BERLIN = ZoneInfo("Europe/Berlin")
CLOSES = MONDAY + timedelta(days=14)
TODAY = MONDAY.astimezone(BERLIN).date()


def candidate(number: int = 1, **changes: object) -> Candidate:
    one = person(number=number)
    return Candidate(person=one, address=address(one), **changes)  # type: ignore[arg-type]


def ago(days: int) -> datetime:
    return MONDAY - timedelta(days=days)


def why(policy: ContactPolicy, *, named: bool = False, **ledger: Any) -> LeftOut | None:
    asked = candidate(ledger=Ledger(**ledger))
    return reason_to_leave_out(NPS_SURVEY, policy, asked, at=MONDAY, named=named)


def plan(*candidates: Candidate, policy: ContactPolicy = NO_LIMITS, **options: object) -> Plan:
    return plan_round(NPS_SURVEY, candidates, at=MONDAY, zone=BERLIN, policy=policy, **options)  # type: ignore[arg-type]


def test_another_surveys_question_counts_for_the_rest_over_all_of_them() -> None:
    two_weeks = ContactPolicy(rest_days=14)
    assert why(two_weeks, last_asked_by_any=ago(13)) is LeftOut.RESTING
    assert why(two_weeks, last_asked_by_any=ago(14)) is None
    assert why(NO_LIMITS, last_asked_by_any=ago(0)) is None
    assert why(two_weeks, last_asked=ago(13), last_asked_by_any=ago(13)) is LeftOut.ASKED_RECENTLY


def test_rests_are_set_aside_for_people_who_are_named() -> None:
    two_weeks = ContactPolicy(rest_days=14)
    assert why(two_weeks, named=True, last_asked=ago(1), last_asked_by_any=ago(1)) is None


def test_a_budget_warns_and_blocks_only_where_it_is_set_to() -> None:
    warns = ContactPolicy(asks_per_year=4)
    blocks = replace(warns, budget_blocks=True)
    assert why(warns, asks_this_year=4, last_asked_by_any=ago(90)) is None
    assert why(blocks, asks_this_year=3, last_asked_by_any=ago(90)) is None
    spent: dict[str, Any] = {"asks_this_year": 4, "last_asked_by_any": ago(90)}
    assert why(blocks, **spent) is LeftOut.BUDGET_SPENT
    assert why(blocks, named=True, **spent) is LeftOut.BUDGET_SPENT

    made = plan(candidate(1, ledger=Ledger(asks_this_year=4)), candidate(2), policy=warns)
    assert (len(made.asks), made.over_budget) == (2, 1)
    assert [ask.number for ask in made.asks] == [5, 1]


@pytest.mark.parametrize(
    ("silence", "due"),
    [
        (Silence(), MONDAY),
        (Silence(snoozed_until=TODAY), MONDAY),
        (Silence(snoozed_until=TODAY + timedelta(days=3)), TODAY + timedelta(days=3)),
        (Silence(away_until=TODAY + timedelta(days=3)), TODAY + timedelta(days=4)),
        (Silence(snoozed_until=date(2027, 1, 1)), LeftOut.SNOOZED),
        (Silence(away_from=TODAY), LeftOut.AWAY),
        (Silence(away_from=TODAY, away_until=date(2027, 1, 1)), LeftOut.AWAY),
        (Silence(away_from=date(2027, 1, 1)), MONDAY),
    ],
)
def test_who_is_silent_is_asked_afterwards_or_not_at_all(
    silence: Silence, due: datetime | date | LeftOut
) -> None:
    found = due_or_left_out(NPS_SURVEY, person(), silence, at=MONDAY, closes_at=CLOSES)
    if isinstance(due, date) and not isinstance(due, datetime):
        due = instant_of(due, NPS_SURVEY.window.opens, person().zone)
    assert found == due


def test_a_round_that_is_sent_at_once_keeps_silences_all_the_same() -> None:
    quiet = Silence(snoozed_until=TODAY + timedelta(days=2))
    made = plan(candidate(1), candidate(2, silence=quiet), at_once=True)
    assert [ask.due_at > MONDAY for ask in made.asks] == [False, True]
    assert made.later == 1


def test_whose_sending_hours_come_after_the_close_is_left_out() -> None:
    evening = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)
    nearly_over = evening + timedelta(hours=2)
    found = due_or_left_out(NPS_SURVEY, person(), Silence(), at=evening, closes_at=nearly_over)
    assert found is LeftOut.CLOSES_BEFORE


def test_people_who_are_named_and_not_meant_are_told() -> None:
    survey = replace(NPS_SURVEY, audience={"team": ("Sales",)})
    made = plan_round(survey, [candidate()], at=MONDAY, zone=BERLIN, to=frozenset({person().email}))
    assert {why: len(people) for why, people in made.left_out.items()} == {
        LeftOut.NOT_IN_AUDIENCE: 1
    }


def test_a_plan_knows_its_people_in_the_order_of_its_asks() -> None:
    made = plan(candidate(3), candidate(1, opted_out=True), candidate(2))
    assert [one.id for one in made.people] == [ask.person_id for ask in made.asks] == [3, 2]


def test_a_round_that_starts_late_is_named_by_the_day_it_was_due() -> None:
    new_year = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)
    due = datetime(2026, 12, 31, 9, 0, tzinfo=UTC)
    made = plan_round(NPS_SURVEY, [candidate()], at=new_year, zone=BERLIN, period_at=due)
    assert str(made.period) == "2026Q4"


# What is told of who is left out


def told(made: Plan) -> dict[str, int]:
    return {"alone" if why is None else why.value: n for why, n in told_reasons(made).items()}


def left(number: int, *, recently: bool) -> Candidate:
    ledger = Ledger(last_asked=ago(1), last_asked_by_any=ago(1)) if recently else Ledger()
    return candidate(number, ledger=ledger, opted_out=not recently)


def test_wishes_are_counted_only_among_enough_others() -> None:
    wishes = [left(number, recently=False) for number in range(1, 3)]
    others = [left(number, recently=True) for number in range(3, 9)]
    assert told(plan(*wishes, *others)) == {"opted out": 2, "asked recently": 6}
    assert told(plan(*wishes, *others[:4])) == {"alone": 6}
    assert told(plan(*others)) == {"asked recently": 6}


def test_of_people_who_are_named_no_wish_is_told() -> None:
    everyone = [left(number, recently=False) for number in range(1, 9)]
    named = frozenset(one.person.email for one in everyone)
    assert told(plan(*everyone, to=named)) == {"alone": 8}


def test_a_file_tells_wishes_and_rests_alike() -> None:
    made = plan(left(1, recently=False), left(2, recently=True), candidate(3))
    assert [(row["asked"], row["why_not"]) for row in who_rows(made)] == [
        ("yes", ""),
        ("no", "left alone for now"),
        ("no", "left alone for now"),
    ]
