"""P8: the attacker finds nobody behind the gate, and would find them if a rule were missing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from bench.release_attack import Gate, Group, Tally, attack, attack_many, few_described, main
from survey.release import Movement, Pending, Step, next_step, shown_groups

NAMES = [f"short/{number}" for number in range(400)]


@pytest.fixture(scope="module")
def tally() -> Tally:
    return attack_many(NAMES, Gate())


def test_no_combination_of_released_figures_describes_fewer_than_k_people(tally: Tally) -> None:
    assert not tally.violations
    assert tally.smallest == {3: 3, 4: 4, 5: 5}
    assert tally.with_figures > tally.campaigns / 2
    assert tally.shown_groups > tally.large_groups / 3


def test_no_group_is_hidden_that_could_be_shown_beside_the_others(tally: Tally) -> None:
    assert tally.needlessly_hidden == 0


def every_change(
    pending: Pending, *, steady: Mapping[int, int], counted: int, k: int, last: bool = False
) -> Step | None:
    """Steps without a threshold."""
    del steady, counted, k, last
    people = pending.new + pending.changed
    return Step(folds_undone_from=frozenset(), people=people) if people else None


def everybody_may_leave(
    pending: Pending, *, steady: Mapping[int, int], counted: int, k: int, last: bool = False
) -> Step | None:
    """Steps that let undone people go however few stay behind."""
    del steady
    plenty = {step: people + k for step, people in pending.undone.items()}
    return next_step(pending, steady=plenty, counted=counted, k=k, last=last)


def all_large_groups(
    movements: Sequence[Movement], *, cohorts: Mapping[int, Mapping[str, str]], k: int
) -> frozenset[Group]:
    """Groups without a look at what remains of the total."""
    sizes = Counter(
        group for move in movements if move.present for group in cohorts[move.cohort].items()
    )
    return frozenset(group for group, people in sizes.items() if people >= k)


def groups_of_the_last_figures_only(
    movements: Sequence[Movement], *, cohorts: Mapping[int, Mapping[str, str]], k: int
) -> frozenset[Group]:
    """Groups without a look at the figures before the last ones."""
    at_once = [replace(move, entered=1, changed=None) for move in movements if move.present]
    return shown_groups(at_once, cohorts=cohorts, k=k)


def groups_by_each_attribute_alone(
    movements: Sequence[Movement], *, cohorts: Mapping[int, Mapping[str, str]], k: int
) -> frozenset[Group]:
    """Groups without a look at those of other attributes."""
    found: frozenset[Group] = frozenset()
    for name in ("team", "site"):
        alone = {
            number: {attribute: value for attribute, value in of.items() if attribute == name}
            for number, of in cohorts.items()
        }
        found |= shown_groups(movements, cohorts=alone, k=k)
    return found


@pytest.mark.parametrize(
    "gate",
    [
        pytest.param(Gate(next_step=every_change), id="no threshold of a step"),
        pytest.param(Gate(next_step=everybody_may_leave), id="no rule for undone people"),
        pytest.param(Gate(shown_groups=all_large_groups), id="no complement suppression"),
        pytest.param(Gate(shown_groups=groups_of_the_last_figures_only), id="no look at steps"),
        pytest.param(Gate(shown_groups=groups_by_each_attribute_alone), id="no look across"),
    ],
)
def test_a_gate_with_one_rule_less_is_found_out(gate: Gate) -> None:
    assert any(attack(name, gate).violations for name in NAMES)


def test_the_attacker_sees_a_difference_of_two_figures() -> None:
    four = {0: 9, 1: 9, 2: 3, 3: 7}
    six = four | {4: 1, 5: 1}

    assert few_described([four, six], at_most=1)[0] is None
    assert few_described([four, six], at_most=2)[0] == {4, 5}


def test_the_attacker_sees_who_changed_a_score() -> None:
    assert few_described([{0: 9, 1: 9, 2: 3}, {0: 9, 1: 8, 2: 3}], at_most=1)[0] == {1}


def test_the_attacker_sees_a_combination_of_many_figures() -> None:
    pairs = [{0: 1, 1: 1}, {1: 1, 2: 1}, {2: 1, 3: 1}, {3: 1, 4: 1}, {4: 1, 0: 1}]

    assert few_described(pairs[:4], at_most=1)[0] is None
    assert few_described(pairs, at_most=1)[0] is not None


def test_the_attack_tells_what_it_tried(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--campaigns", "20", "--seed", "7"]) == 0
    assert "violations                 0" in capsys.readouterr().out
