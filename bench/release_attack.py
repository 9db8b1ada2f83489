"""P8: does any combination of released figures describe fewer than k people?

The attacker knows nothing of the gate's reasoning. Random rounds are played through the gate as
the product plays them, and every figure is kept as the very people and scores that it counts.
Then, for every set of k-1 people, exact elimination tells whether any linear combination of all
figures is about some of them only: it is, if without these people the figures become dependent.

    python -m bench.release_attack --campaigns 10000 --jobs 2
"""

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from survey.release import Movement, Pending, Step, next_step, shown_groups, steady_people

Person = int
Score = int
Group = tuple[str, str]
Figure = Mapping[Person, Score]
"""A histogram with its ground truth: whom it counts, and with which score."""
Matrix = npt.NDArray[np.int64]

PRIME = 2**31 - 1
LARGEST_RANK = 22
"""Minors of 0/1 matrices of this size stay below the prime (Hadamard): verdicts are exact."""
MOST_STEPS = 13
"""Few enough to stay below this rank with the step at the close and eight groups."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What the attacker is set upon."""

    next_step: Callable[..., Step | None] = next_step
    shown_groups: Callable[..., frozenset[Group]] = shown_groups


@dataclass(kw_only=True)
class Life:
    """A person's way through the figures."""

    entered: int
    first: Score
    moved: int | None = None
    now: Score | None = None

    @property
    def counted(self) -> Score | None:
        return self.first if self.moved is None else self.now


@dataclass(kw_only=True)
class Round:
    """A round as the product plays it: scores come and go, figures move through the gate."""

    gate: Gate
    k: int
    attributes: Sequence[Mapping[str, str]]
    scores: dict[Person, Score] = field(default_factory=dict)
    lives: dict[Person, Life] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    steps: int = 0

    @property
    def movements(self) -> list[Movement]:
        return [
            Movement(
                entered=life.entered,
                changed=life.moved,
                present=life.counted is not None,
                cohort=person,
                people=1,
            )
            for person, life in self.lives.items()
        ]

    def attempt(self, *, last: bool = False) -> None:
        movable = {p: life for p, life in self.lives.items() if life.moved is None}
        new = self.scores.keys() - self.lives.keys()
        changed = {p for p in movable.keys() & self.scores if self.scores[p] != movable[p].first}
        undone = movable.keys() - self.scores.keys()
        step = self.gate.next_step(
            Pending(
                new=len(new),
                changed=len(changed),
                undone=Counter(movable[p].entered for p in undone),
            ),
            steady=steady_people(self.movements),
            counted=sum(life.counted is not None for life in self.lives.values()),
            k=self.k,
            last=last,
        )
        if step is None:
            return
        self.steps += 1
        for person in new:
            self.lives[person] = Life(entered=self.steps, first=self.scores[person])
        for person in changed:
            self.lives[person].moved = self.steps
            self.lives[person].now = self.scores[person]
        for person in undone:
            if self.lives[person].entered in step.folds_undone_from:
                self.lives[person].moved = self.steps
        self.figures.append(self.figure())

    def figure(self, group: Group | None = None) -> Figure:
        return {
            person: life.counted
            for person, life in self.lives.items()
            if life.counted is not None
            and (group is None or group in self.attributes[person].items())
        }

    def close(self) -> frozenset[Group]:
        self.attempt(last=True)
        shown = self.gate.shown_groups(
            self.movements, cohorts=dict(enumerate(self.attributes)), k=self.k
        )
        self.figures += [self.figure(group) for group in sorted(shown)]
        return shown


def play(chance: random.Random, gate: Gate) -> tuple[Round, frozenset[Group]]:
    """A random round, from the first press to the groups."""
    people = chance.choice([chance.randint(5, 14)] * 3 + [chance.randint(15, 24)])
    names = [("team", chance.randint(2, 4)), ("site", chance.randint(2, 4))]
    told = chance.choice([0.8, 1, 1])
    attributes = [
        {
            name: f"{name} {min(chance.randrange(size), chance.randrange(size))}"
            for name, size in names
            if chance.random() < told
        }
        for _ in range(people)
    ]
    if chance.random() < 0.5:
        attributes = [{a: v for a, v in one.items() if a == "team"} for one in attributes]
    playing = Round(gate=gate, k=chance.randint(3, 5), attributes=attributes)
    order = chance.sample(range(people), people)
    if chance.random() < 0.5:
        order.sort(key=lambda person: attributes[person].get("team", ""))
    restless, undoing = chance.choice([0, 0.2, 0.5, 0.8]), chance.choice([0.1, 0.5, 0.9])
    eager, values = chance.choice([0.2, 0.6, 1, 1]), chance.randint(2, 4)
    quiet = chance.choice([0, 0, people // 2, people])
    for event in range(people + bool(restless) * chance.choice([0, people, 2 * people])):
        if order and chance.random() >= restless:
            playing.scores[order.pop(0)] = chance.randrange(values)
        elif playing.scores:
            person = chance.choice(sorted(playing.lives) or sorted(playing.scores))
            if person in playing.scores and chance.random() < undoing:
                del playing.scores[person]
            else:
                playing.scores[person] = chance.randrange(values)
        if event >= quiet and chance.random() < eager and playing.steps < MOST_STEPS:
            playing.attempt()
    return playing, playing.close()


def few_described(figures: Sequence[Figure], *, at_most: int) -> tuple[set[Person] | None, int]:
    """People, at most so many, among whom lie all whom some combination of figures is about.

    Returns:
        The first such set or None, and how many sets of people were tried.
    """
    kinds, columns, matrix = incidence(figures)
    if not len(matrix):
        return None, 0
    sets = list(largest_sets([len(kind) for kind in kinds], at_most))
    kept = np.ones((len(sets), matrix.shape[1]), dtype=np.int64)
    for index, chosen in enumerate(sets):
        for kind in chosen:
            kept[index, columns[kind]] = 0
    dependent = np.flatnonzero(ranks(matrix[None] * kept[:, None]) < len(matrix))
    if not len(dependent):
        return None, len(sets)
    return {person for kind in sets[int(dependent[0])] for person in kinds[kind]}, len(sets)


def incidence(figures: Sequence[Figure]) -> tuple[list[list[Person]], list[slice], Matrix]:
    """Kinds of people that all figures treat alike, their columns, and independent figures."""
    lives: defaultdict[tuple[tuple[int, ...], ...], list[Person]] = defaultdict(list)
    for person in sorted(set().union(*figures)):
        counted = {figure[person] for figure in figures if person in figure}
        rows = (tuple(int(f.get(person) == score) for f in figures) for score in counted)
        lives[tuple(sorted(rows))].append(person)
    columns, width = [], 0
    for kind in lives:
        columns.append(slice(width, width + len(kind)))
        width += len(kind)
    matrix = np.array([row for kind in lives for row in kind], dtype=np.int64)
    matrix = matrix.reshape(width, len(figures)).T
    chosen: list[int] = []
    for figure in range(len(figures)):
        if ranks(matrix[None, [*chosen, figure]])[0] > len(chosen):
            chosen.append(figure)
    if len(chosen) > LARGEST_RANK:
        raise ValueError(f"{len(chosen)} independent figures are too many for exact verdicts.")
    return list(lives.values()), columns, matrix[chosen]


def largest_sets(sizes: Sequence[int], at_most: int) -> Iterator[tuple[int, ...]]:
    """Sets of kinds with at most so many people in all, to which no further kind can be added."""

    def extend(chosen: tuple[int, ...], left: int, start: int) -> Iterator[tuple[int, ...]]:
        if all(size > left for kind, size in enumerate(sizes) if kind not in chosen):
            yield chosen
        for kind in range(start, len(sizes)):
            if sizes[kind] <= left:
                yield from extend((*chosen, kind), left - sizes[kind], kind + 1)

    return extend((), at_most, 0)


def ranks(matrices: Matrix) -> npt.NDArray[np.intp]:
    """The ranks of many small matrices at once, modulo the prime."""
    matrices = matrices % PRIME
    every = np.arange(len(matrices))
    for row in range(matrices.shape[1]):
        pivots = (matrices[:, row] != 0).argmax(axis=1)
        pivot = matrices[every, row, pivots][:, None, None]
        below = matrices[:, row + 1 :]
        factors = below[every, :, pivots][:, :, None]
        reduced = (below * pivot - factors * matrices[:, row, None]) % PRIME
        matrices[:, row + 1 :] = np.where(pivot != 0, reduced, below)
    found: npt.NDArray[np.intp] = matrices.any(axis=2).sum(axis=1)
    return found


@dataclass(kw_only=True)
class Tally:
    """What the attack has seen."""

    campaigns: int = 0
    with_figures: int = 0
    figures: int = 0
    sets: int = 0
    large_groups: int = 0
    shown_groups: int = 0
    needlessly_hidden: int = 0
    smallest: dict[int, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.campaigns += other.campaigns
        self.with_figures += other.with_figures
        self.figures += other.figures
        self.sets += other.sets
        self.large_groups += other.large_groups
        self.shown_groups += other.shown_groups
        self.needlessly_hidden += other.needlessly_hidden
        self.violations += other.violations
        for k, people in other.smallest.items():
            self.smallest[k] = min(people, self.smallest.get(k, people))


def attack(name: str, gate: Gate) -> Tally:
    """Play the round of this name and look for the smallest group that its figures describe."""
    played, shown = play(random.Random(name), gate)
    sizes = Counter(
        group for person in played.figure() for group in played.attributes[person].items()
    )
    large = {group for group, people in sizes.items() if people >= played.k}
    tally = Tally(
        campaigns=1,
        with_figures=bool(played.steps),
        figures=len(played.figures),
        large_groups=len(large),
        shown_groups=len(shown),
    )
    exposed, tally.sets = few_described(played.figures, at_most=played.k - 1)
    if exposed is None:
        if few_described(played.figures, at_most=played.k)[0] is not None:
            tally.smallest[played.k] = played.k
        for group in large - shown:
            more = [*played.figures, played.figure(group)]
            tally.needlessly_hidden += few_described(more, at_most=played.k - 1)[0] is None
        return tally
    size = next(
        n for n in range(1, played.k) if few_described(played.figures, at_most=n)[0] is not None
    )
    tally.smallest[played.k] = size
    tally.violations.append(f"campaign {name}, k = {played.k}: {size} of {sorted(exposed)}")
    return tally


def attack_many(names: Sequence[str], gate: Gate) -> Tally:
    total = Tally()
    for name in names:
        total.add(attack(name, gate))
    return total


def attack_gate(names: Sequence[str]) -> Tally:
    return attack_many(names, Gate())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.release_attack")
    parser.add_argument("--campaigns", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    names = [f"{options.seed}/{number}" for number in range(options.campaigns)]
    parts = (names[start : start + 50] for start in range(0, len(names), 50))
    total = Tally()
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for part in (map if options.jobs == 1 else pool.map)(attack_gate, parts):
            total.add(part)
    smallest = ", ".join(f"{people} at k = {k}" for k, people in sorted(total.smallest.items()))
    shown_in = total.with_figures / max(1, total.campaigns)
    shown_of = total.shown_groups / max(1, total.large_groups)
    print(f"campaigns                  {total.campaigns:,}")
    print(f"figures released           {total.figures:,}")
    print(f"sets of people tried       {total.sets:,}, each against all combinations of figures")
    print(f"smallest group described   {smallest or 'none'}")
    print(f"violations                 {len(total.violations):,}")
    print(f"overall figures shown in   {shown_in:.1%} of campaigns")
    print(f"groups of >= k shown       {shown_of:.1%} of {total.large_groups:,}")
    print(f"groups hidden needlessly   {total.needlessly_hidden:,}")
    print(f"seconds                    {time.perf_counter() - began:.1f}")
    for violation in total.violations[:10]:
        print(violation)
    return 1 if total.violations else 0


if __name__ == "__main__":
    sys.exit(main())
