"""Which groups are shown, once, after the round has closed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop
from itertools import chain

from survey.errors import InvalidValue
from survey.release.codewords import (
    Effort,
    Field,
    Flat,
    Form,
    Kind,
    TooMuchEffort,
    few_described,
)
from survey.release.steps import check_k

Group = tuple[str, str]
"""An attribute and one of its values."""

_Life = tuple[int, int, bool, frozenset[Group]]
"""The steps of entering and of moving (the same if never), whether present, and in which groups."""

_Numbered = tuple[int, int, bool, tuple[int, ...]]
"""The same, with the variables of the groups."""

EFFORT = 20_000_000
"""How many terms may be touched: about twelve seconds. What is not decided by then is hidden."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """People who went through the figures in the same way.

    Attributes:
        entered: The step at which they came.
        changed: The later step at which their score was replaced, or they left; None if neither.
        present: Whether the last figures count them; if not, `changed` is the step of leaving.
        cohort: Their combination of attributes when the round started. Someone whose attributes
            are gone (an erased person who is still counted) belongs to a cohort without any.
        people: How many they are.

    Raises:
        InvalidValue: If the steps or the number of people make no sense.
    """

    entered: int
    changed: int | None
    present: bool
    cohort: int
    people: int

    def __post_init__(self) -> None:
        """Refuse impossible lives."""
        if self.entered < 0:
            raise InvalidValue("Steps are numbered from 0 or 1.")
        if self.changed is None and not self.present:
            raise InvalidValue("People who are no longer counted left at some step.")
        if self.changed is not None and self.changed <= self.entered:
            raise InvalidValue("People move again at a later step than the one they came with.")
        if self.people < 0:
            raise InvalidValue("A number of people is never below zero.")


def steady_people(movements: Iterable[Movement]) -> Counter[int]:
    """By step, the people who are counted since then or whose change was folded in then.

    Whatever distinguishes a step from no step at all describes each of them: `next_step` keeps at
    least k of them at every step that somebody leaves.
    """
    steady: Counter[int] = Counter()
    for movement in movements:
        if movement.present:
            steady[movement.entered] += movement.people
            if movement.changed is not None:
                steady[movement.changed] += movement.people
    return steady


def shown_groups(
    movements: Sequence[Movement], *, cohorts: Mapping[int, Mapping[str, str]], k: int
) -> frozenset[Group]:
    """The groups whose last figures may be shown beside all overall figures of the round.

    No combination of them and of the overall figures describes 1 to k-1 people; in particular no
    difference between a total and what is shown of it does. The choice depends on who moved when,
    never on a score. Attributes are taken one after another, those with few values first; of
    each, groups are hidden (the smallest one involved in a violation first) until the rest is
    safe, and whatever can be given back is. What cannot be decided within `EFFORT` is hidden.

    Args:
        movements: Everybody who was ever counted; several entries may describe the same life.
        cohorts: The attributes of each cohort. One that lacks an attribute belongs to what is
            never shown of it.
        k: The smallest group that may be described.

    Raises:
        InvalidValue: If k lies below the floor.
    """
    check_k(k)
    sizes: Counter[Group] = Counter()
    for movement in movements:
        if movement.present:
            for group in cohorts[movement.cohort].items():
                sizes[group] += movement.people
    values: defaultdict[str, set[str]] = defaultdict(set)
    for cohort in cohorts.values():
        for attribute, value in cohort.items():
            values[attribute].add(value)
    shown: frozenset[Group] = frozenset()
    effort = Effort(EFFORT)
    for attribute in sorted(values, key=lambda name: (len(values[name]), name)):
        own = ((attribute, value) for value in values[attribute])
        candidates = frozenset(group for group in own if sizes[group] >= k)
        if candidates:
            lives = _lives(movements, cohorts=cohorts, groups=shown | candidates)
            judge = _Judge(lives=lives, sizes=sizes, k=k, effort=effort)
            shown |= judge.widest(fixed=shown, candidates=candidates)
    return shown


def _lives(
    movements: Iterable[Movement],
    *,
    cohorts: Mapping[int, Mapping[str, str]],
    groups: frozenset[Group],
) -> Counter[_Life]:
    """How many people went through the figures in which way, and are in which of these groups."""
    member = {
        cohort: frozenset(groups.intersection(attributes.items()))
        for cohort, attributes in cohorts.items()
    }
    lives: Counter[_Life] = Counter()
    for move in movements:
        if move.people:
            moved = move.entered if move.changed is None else move.changed
            of = member[move.cohort] if move.present else frozenset[Group]()
            lives[move.entered, moved, move.present, of] += move.people
    return lives


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Judges sets of groups of one attribute, beside those of others that are already shown."""

    lives: Counter[_Life]
    sizes: Counter[Group]
    k: int
    effort: Effort

    def widest(self, *, fixed: frozenset[Group], candidates: frozenset[Group]) -> frozenset[Group]:
        """Candidates that may all be shown, and to which none of the others can be added."""
        shown = candidates
        proven: frozenset[Group] = frozenset()
        try:
            while shown and (involved := self._violation(fixed, shown)):
                shown -= {min(involved, key=lambda group: (self.sizes[group], group))}
            proven = shown
            for group in sorted(candidates - shown, key=lambda g: (-self.sizes[g], g)):
                if not self._violation(fixed, proven | {group}):
                    proven |= {group}
        except TooMuchEffort:
            return proven
        return proven

    def _violation(
        self, fixed: frozenset[Group], shown: frozenset[Group]
    ) -> frozenset[Group] | None:
        """None if these may be shown, else those among which to hide one."""
        variable = self._variables(fixed | shown)
        lives = self._lives(variable)
        variables = len({step for life in lives for step in life[:2]}) + len(variable)
        terms = 1 + len({attribute for attribute, _ in variable})
        field = Field.exact(variables=variables, terms=max(2, terms), effort=self.effort)
        few = few_described(
            _kinds(lives),
            variables=variables,
            limit=self.k - 1,
            field=field,
        )
        if few is None:
            return None
        others = Flat(field)
        for name, life in enumerate(lives):
            if name not in few:
                others.add(_forms(life))
        open_to = {g for g in shown & variable.keys() if not others.spans([{variable[g]: 1}])}
        return frozenset(open_to) or shown

    def _variables(self, groups: frozenset[Group]) -> dict[Group, int]:
        """A variable for each figure that does not follow from the total and the others anyway.

        Where everybody is in a shown group of an attribute, its largest one is what the others
        leave of the total.
        """
        counted = sum(people for (_, _, present, _), people in self.lives.items() if present)
        by_attribute: defaultdict[str, list[Group]] = defaultdict(list)
        for group in sorted(groups, key=lambda group: (self.sizes[group], group)):
            by_attribute[group[0]].append(group)
        for ascending in by_attribute.values():
            if sum(self.sizes[group] for group in ascending) == counted:
                ascending.pop()
        free = chain.from_iterable(by_attribute.values())
        return {group: -1 - index for index, group in enumerate(free)}

    def _lives(self, variable: Mapping[Group, int]) -> Counter[_Numbered]:
        """The lives, by the variables of the groups."""
        self.effort.spend(len(self.lives))
        numbers: dict[frozenset[Group], tuple[int, ...]] = {}
        lives: Counter[_Numbered] = Counter()
        for (entered, moved, present, groups), people in self.lives.items():
            if groups not in numbers:
                numbers[groups] = tuple(sorted(variable[g] for g in groups if g in variable))
            lives[entered, moved, present, numbers[groups]] += people
        return lives


def _kinds(lives: Counter[_Numbered]) -> Iterator[Kind]:
    """The most common lives first, found as they are asked for: a proof seldom needs them all."""
    heap = [(-people, life, name) for name, (life, people) in enumerate(lives.items())]
    heapify(heap)
    while heap:
        people, life, name = heappop(heap)
        yield Kind(forms=_forms(life), people=-people, names=(name,))


def _forms(life: _Numbered) -> tuple[Form, ...]:
    """The numbers that a combination of figures gives to people of this life, one per score.

    Let y(t) be the sum of the coefficients of the overall figures from step t on, and z(g) the
    coefficient of the group g, negative. A score is counted from one step to before another:
    y(t0) - y(t1), or from one step to the end and then in its groups as well: y(t) - sum of z(g).
    """
    entered, moved, present, groups = life
    forms: list[Form] = []
    if moved != entered:
        forms.append({entered: 1, moved: -1})
    if present:
        forms.append({moved: 1} | dict.fromkeys(groups, -1))
    return tuple(forms)
