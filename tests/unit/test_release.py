"""The release gate: what may be shown, example by example, and the laws behind it."""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.errors import InvalidValue
from survey.release import (
    K_DEFAULT,
    K_FLOOR,
    Movement,
    Pending,
    Step,
    next_step,
    shown_groups,
    steady_people,
)
from survey.release.codewords import Effort, Field, Form, Kind, TooMuchEffort, few_described
from survey.release.groups import EFFORT


def pending(new: int = 0, changed: int = 0, undone: Mapping[int, int] | None = None) -> Pending:
    return Pending(new=new, changed=changed, undone=undone or {})


def came(
    people: int, *, step: int = 1, to: int = 0, changed: int | None = None, left: int | None = None
) -> Movement:
    """People of cohort `to` who came with a step, and perhaps changed their score or left later."""
    return Movement(
        entered=step,
        changed=changed if left is None else left,
        present=left is None,
        cohort=to,
        people=people,
    )


TEAMS = {number: {"team": name} for number, name in enumerate("ABCDE")}
A, B, C, D, E = (("team", name) for name in "ABCDE")


def shown_teams(*movements: Movement, k: int = K_DEFAULT) -> set[tuple[str, str]]:
    return set(shown_groups(movements, cohorts=TEAMS, k=k))


# The overall figures


def test_the_first_figures_need_k_people() -> None:
    assert next_step(pending(new=4), steady={}, counted=0, k=5) is None
    assert next_step(pending(new=5), steady={}, counted=0, k=5) == Step(
        folds_undone_from=frozenset(), people=5
    )


def test_new_changed_and_undone_people_count_alike() -> None:
    step = next_step(pending(new=2, changed=2, undone={1: 1}), steady={1: 9}, counted=9, k=5)

    assert step == Step(folds_undone_from=frozenset({1}), people=5)


def test_nothing_waits_and_nothing_moves() -> None:
    assert next_step(pending(), steady={1: 9}, counted=9, k=5, last=True) is None


@pytest.mark.parametrize(("counted", "enough"), [(100, 5), (101, 6), (120, 6), (1_000_000, 50_000)])
def test_a_step_of_a_running_round_brings_five_percent_of_those_counted(
    counted: int, enough: int
) -> None:
    steady = {1: counted}

    assert next_step(pending(new=enough - 1), steady=steady, counted=counted, k=5) is None
    assert next_step(pending(new=enough), steady=steady, counted=counted, k=5) is not None


def test_the_last_step_needs_k_people_only() -> None:
    assert next_step(pending(new=5), steady={1: 1000}, counted=1000, k=5, last=True) is not None
    assert next_step(pending(new=4), steady={1: 1000}, counted=1000, k=5, last=True) is None


def test_undone_people_leave_only_if_k_steady_ones_stay_behind() -> None:
    def step(steady: int) -> Step | None:
        return next_step(pending(new=5, undone={1: 2}), steady={1: steady}, counted=20, k=5)

    assert step(6) == Step(folds_undone_from=frozenset(), people=5)
    assert step(7) == Step(folds_undone_from=frozenset({1}), people=7)


def test_undone_people_who_are_held_back_do_not_make_a_step() -> None:
    waiting = pending(new=4, undone={1: 1, 2: 1})

    assert next_step(waiting, steady={1: 5, 2: 5}, counted=10, k=5) is None
    assert next_step(waiting, steady={1: 5, 2: 6}, counted=11, k=5) == Step(
        folds_undone_from=frozenset({2}), people=5
    )


def test_steady_are_those_still_counted_where_they_came_and_where_they_changed() -> None:
    movements = [
        came(4),
        came(3, changed=2),
        came(2, left=2),
        came(6, step=2),
    ]

    assert steady_people(movements) == {1: 7, 2: 9}


@pytest.mark.parametrize("k", [0, 1, K_FLOOR - 1])
def test_groups_below_the_floor_are_refused(k: int) -> None:
    with pytest.raises(InvalidValue):
        next_step(pending(new=9), steady={}, counted=0, k=k)
    with pytest.raises(InvalidValue):
        shown_groups([], cohorts={}, k=k)


def test_numbers_of_people_below_zero_are_refused() -> None:
    with pytest.raises(InvalidValue):
        next_step(pending(new=9, undone={1: -1}), steady={}, counted=0, k=5)
    with pytest.raises(InvalidValue):
        came(-1)


@pytest.mark.parametrize(
    ("entered", "changed", "present"),
    [(1, None, False), (2, 2, True), (2, 1, False), (-1, 1, True)],
)
def test_impossible_lives_are_refused(entered: int, changed: int | None, present: bool) -> None:
    with pytest.raises(InvalidValue):
        Movement(entered=entered, changed=changed, present=present, cohort=0, people=1)


# The groups, after the close


def test_large_groups_are_shown() -> None:
    assert shown_teams(came(5, to=0), came(6, to=1), came(7, to=2)) == {A, B, C}


def test_a_group_with_fewer_than_k_counted_people_hides_the_smallest_other_one_with_it() -> None:
    assert shown_teams(came(2, to=0), came(6, to=1), came(7, to=2)) == {C}


def test_two_teams_of_which_one_is_small_are_both_hidden() -> None:
    assert shown_teams(came(2, to=0), came(60, to=1)) == set()


def test_small_groups_that_are_k_people_together_hide_nobody_else() -> None:
    assert shown_teams(came(2, to=0), came(3, to=1), came(7, to=2), came(5, to=3)) == {C, D}


def test_people_without_the_attribute_belong_to_what_is_not_shown() -> None:
    cohorts = {0: {}, 1: {"team": "A"}, 2: {"team": "B"}}
    known = [came(6, to=1), came(7, to=2)]

    assert shown_groups([came(5, to=0), *known], cohorts=cohorts, k=5) == {A, B}
    assert shown_groups([came(4, to=0), *known], cohorts=cohorts, k=5) == {B}


def test_a_group_without_counted_people_is_not_shown_and_hides_nobody() -> None:
    assert shown_teams(came(5, to=0), came(6, to=1), came(9, to=2, left=2), came(9, step=2)) == {
        A,
        B,
    }


def test_a_team_that_all_answered_in_one_step_with_two_outsiders_is_hidden() -> None:
    others = [came(9, to=1), came(9, to=2)]

    assert shown_teams(*others, came(6, step=2, to=0), came(2, step=2, to=1)) == {B}
    assert shown_teams(*others, came(6, step=2, to=0), came(5, step=2, to=1)) == {A, B, C}


def test_two_teams_that_answered_in_one_step_with_two_outsiders_hide_one_here_and_one_there() -> (
    None
):
    others = [came(9, to=2), came(9, to=3), came(10, to=4), came(2, step=2, to=2)]

    shown = shown_teams(came(6, step=2, to=0), came(7, step=2, to=1), *others)

    assert shown == {B, C, E}


def test_a_team_that_answered_in_two_steps_with_few_outsiders_is_hidden() -> None:
    others = [came(9, to=1), came(9, to=2)]
    team = [came(6, step=2, to=0), came(6, step=3, to=0)]

    assert A not in shown_teams(*others, *team, came(2, step=2, to=1), came(2, step=3, to=2))
    assert A in shown_teams(*others, *team, came(3, step=2, to=1), came(2, step=3, to=2))


def test_people_who_left_still_tell_their_two_steps_apart() -> None:
    team = [came(9, to=1), came(9, to=2), came(6, step=2, to=0), came(2, step=2, to=1)]

    assert A not in shown_teams(*team)
    assert A in shown_teams(*team, came(3, step=2, left=3), came(5, step=3, to=2))


def test_people_who_changed_count_once_however_many_figures_tell_of_them() -> None:
    others = [came(9, to=1), came(9, to=2)]
    team = [came(6, step=2, to=0), came(6, step=3, to=0)]

    assert A not in shown_teams(*others, *team, came(4, step=2, to=1, changed=3))
    assert A in shown_teams(*others, *team, came(5, step=2, to=1, changed=3))


def test_attributes_that_differ_in_two_people_are_not_both_shown() -> None:
    cohorts = {
        0: {"site": "X", "team": "A"},
        1: {"site": "X", "team": "B"},
        2: {"site": "Y", "team": "B"},
    }
    movements = [came(6, to=0), came(2, to=1), came(9, to=2)]

    assert shown_groups(movements, cohorts=cohorts, k=5) == {("site", "X"), ("site", "Y")}


def test_attributes_that_cross_in_small_cells_are_both_shown() -> None:
    cohorts = {
        3 * site + team: {"site": f"{site}", "team": f"{team}"}
        for site in range(3)
        for team in range(3)
    }

    shown = shown_groups([came(3, to=cell) for cell in cohorts], cohorts=cohorts, k=5)

    assert len(shown) == 6


def test_attributes_that_are_safe_two_by_two_can_expose_people_all_together() -> None:
    """The three groups together, less the total, tell of those in none (1) and in all (1)."""
    cells = {"100": 9, "010": 9, "001": 9, "000": 1, "111": 1}
    cohorts = {n: dict(zip("abc", cell, strict=True)) for n, cell in enumerate(cells)}
    movements = [came(people, to=number) for number, people in enumerate(cells.values())]

    def shown(names: str) -> set[str]:
        of_names = {n: {name: cohort[name] for name in names} for n, cohort in cohorts.items()}
        return {name for name, _ in shown_groups(movements, cohorts=of_names, k=3)}

    assert [shown(names) for names in ("ab", "ac", "bc")] == [set("ab"), set("ac"), set("bc")]
    assert shown("abc") == set("ab")


def test_attributes_with_few_values_come_first() -> None:
    cohorts = {
        0: {"a team": "A", "site": "X"},
        1: {"a team": "B", "site": "X"},
        2: {"a team": "B", "site": "Y"},
        3: {"a team": "C", "site": "Y"},
    }
    movements = [came(6, to=0), came(2, to=1), came(7, to=2), came(8, to=3)]

    shown = shown_groups(movements, cohorts=cohorts, k=5)

    assert shown == {("site", "X"), ("site", "Y"), ("a team", "B")}


def test_after_k_was_raised_nothing_is_added_to_figures_that_are_too_fine_for_it() -> None:
    movements = [came(5, step=1, to=0), came(90, step=2, to=0), came(90, step=2, to=1)]

    assert shown_teams(*movements, k=5) == {A, B}
    assert shown_teams(*movements, k=6) == set()


def test_nobody_was_counted_and_nothing_is_shown() -> None:
    assert shown_teams() == set()
    assert shown_teams(came(0)) == set()
    assert shown_groups([came(9)], cohorts={0: {}}, k=5) == frozenset()


def test_two_hundred_steps_of_three_hundred_teams_are_judged_within_seconds() -> None:
    cohorts = {
        number: {"team": f"team {number % 300}", "site": f"site {number % 7}"}
        for number in range(2100)
    }
    movements = [
        came(16, step=1 + (17 * number) % 200, to=number % 2100) for number in range(60_000)
    ]
    began = time.perf_counter()

    shown = shown_groups(movements, cohorts=cohorts, k=5)

    assert len(shown) == 307
    assert time.perf_counter() - began < 10


# The proof


def kinds_of(forms: Sequence[tuple[Form, ...]], people: Sequence[int]) -> list[Kind]:
    return [
        Kind(forms=each, people=number, names=(name,))
        for name, (each, number) in enumerate(zip(forms, people, strict=True))
    ]


def prove(kinds: Sequence[Kind], *, limit: int, effort: int = EFFORT) -> frozenset[int] | None:
    return few_described(
        kinds,
        variables=len({v for kind in kinds for form in kind.forms for v in form}),
        limit=limit,
        field=Field.exact(variables=6, terms=6, effort=Effort(effort)),
    )


def rank(forms: Sequence[Form]) -> int:
    """By plain elimination with fractions."""
    rows = [{v: Fraction(c) for v, c in form.items()} for form in forms]
    found = 0
    while rows:
        pivot = rows.pop()
        if not pivot:
            continue
        found += 1
        lead = min(pivot)
        for row in rows:
            if lead in row:
                factor = row[lead] / pivot[lead]
                for variable, coefficient in pivot.items():
                    row[variable] = row.get(variable, Fraction()) - factor * coefficient
                    if not row[variable]:
                        del row[variable]
    return found


FORMS = st.dictionaries(st.integers(0, 5), st.sampled_from([-1, 1]), min_size=1, max_size=3)
PEOPLE = st.lists(
    st.tuples(st.lists(FORMS, min_size=1, max_size=2).map(tuple), st.integers(1, 3)),
    min_size=1,
    max_size=9,
)


@given(PEOPLE, st.integers(1, 5))
def test_the_proof_agrees_with_trying_all_sets_of_people(
    people: list[tuple[tuple[Form, ...], int]], limit: int
) -> None:
    kinds = kinds_of([forms for forms, _ in people], [number for _, number in people])

    def exposes(few: Sequence[Kind]) -> bool:
        rest = [form for kind in kinds if kind not in few for form in kind.forms]
        return rank(rest) < rank([form for kind in kinds for form in kind.forms])

    exposed = any(
        exposes(few)
        for size in range(1, limit + 1)
        for few in combinations(kinds, size)
        if sum(kind.people for kind in few) <= limit
    )
    found = prove(kinds, limit=limit)

    assert (found is not None) == exposed
    if found is not None:
        few = [kinds[name] for name in found]
        assert sum(kind.people for kind in few) <= limit
        assert exposes(few)


def test_what_takes_too_much_effort_is_not_proven() -> None:
    kinds = kinds_of([({0: 1, 1: -1},), ({0: 1},), ({1: 1},)], [3, 3, 3])

    assert prove(kinds, limit=5) is None
    with pytest.raises(TooMuchEffort):
        prove(kinds, limit=5, effort=5)


def test_no_prime_is_large_enough_for_too_many_variables() -> None:
    with pytest.raises(TooMuchEffort):
        Field.exact(variables=100_000, terms=4, effort=Effort(1))


# Laws of the groups

MOVEMENTS = st.lists(
    st.builds(
        came,
        st.integers(0, 6),
        step=st.integers(1, 2),
        to=st.integers(0, 5),
        changed=st.none() | st.integers(3, 4),
        left=st.none() | st.integers(3, 4),
    ),
    max_size=14,
)
COHORTS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"team": st.sampled_from("ABC"), "site": st.sampled_from("XY")}
    ),
    min_size=6,
    max_size=6,
).map(lambda cohorts: dict(enumerate(cohorts)))


def sizes(
    movements: Sequence[Movement], cohorts: Mapping[int, Mapping[str, str]]
) -> Counter[tuple[str, str]]:
    return Counter(
        group
        for move in movements
        if move.present
        for group in cohorts[move.cohort].items()
        for _ in range(move.people)
    )


@given(MOVEMENTS, COHORTS, st.integers(3, 5))
def test_what_is_not_shown_of_an_attribute_is_nobody_or_k_people(
    movements: list[Movement], cohorts: dict[int, dict[str, str]], k: int
) -> None:
    shown = shown_groups(movements, cohorts=cohorts, k=k)
    people = sizes(movements, cohorts)
    counted = sum(move.people for move in movements if move.present)

    for attribute in {name for name, _ in shown}:
        of_attribute = [people[group] for group in shown if group[0] == attribute]
        hidden = counted - sum(of_attribute)
        assert min(of_attribute) >= k
        assert hidden == 0 or hidden >= k


@given(MOVEMENTS, COHORTS, st.randoms(use_true_random=False))
def test_the_order_of_the_movements_does_not_matter(
    movements: list[Movement], cohorts: dict[int, dict[str, str]], chance: random.Random
) -> None:
    shuffled = list(movements)
    chance.shuffle(shuffled)

    assert shown_groups(shuffled, cohorts=cohorts, k=3) == shown_groups(
        movements, cohorts=cohorts, k=3
    )


@given(MOVEMENTS, COHORTS)
def test_one_by_one_or_together_the_same_people_show_the_same_groups(
    movements: list[Movement], cohorts: dict[int, dict[str, str]]
) -> None:
    singly = [replace(move, people=1) for move in movements for _ in range(move.people)]

    assert shown_groups(singly, cohorts=cohorts, k=3) == shown_groups(
        movements, cohorts=cohorts, k=3
    )
