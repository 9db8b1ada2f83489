"""Which groups are shown, once, after the round has closed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from survey.errors import InvalidValue
from survey.release.codewords import (
    Effort,
    Flat,
    Form,
    Kind,
    TooMuchEffort,
    exact_prime,
    few_described,
)
from survey.release.steps import check_k

Group = tuple[str, str]
"""An attribute and one of its values."""

EFFORT = 6_000_000
"""How many terms one judgement may touch: about ten seconds. What is undecided then is hidden."""


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
        candidates = {(attribute, v) for v in values[attribute] if sizes[attribute, v] >= k}
        lives = _lives(movements, cohorts=cohorts, groups=shown | candidates)
        judge = _Judge(lives=lives, sizes=sizes, k=k, effort=effort)
        shown |= judge.widest(fixed=shown, candidates=candidates)
    return shown


Life = tuple[int, int | None, bool, frozenset[Group]]


def _lives(
    movements: Iterable[Movement],
    *,
    cohorts: Mapping[int, Mapping[str, str]],
    groups: frozenset[Group],
) -> Counter[Life]:
    of_cohort = {
        cohort: frozenset(groups.intersection(attributes.items()))
        for cohort, attributes in cohorts.items()
    }
    lives: Counter[Life] = Counter()
    for movement in movements:
        if movement.people:
            member = of_cohort[movement.cohort] if movement.present else frozenset()
            lives[movement.entered, movement.changed, movement.present, member] += movement.people
    return lives


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Judges sets of groups of one attribute, beside those that are already shown."""

    lives: Counter[Life]
    sizes: Counter[Group]
    k: int
    effort: Effort

    def widest(self, *, fixed: frozenset[Group], candidates: set[Group]) -> frozenset[Group]:
        """Candidates that may all be shown, and to which none of the others can be added."""
        shown = frozenset(candidates)
        proven: frozenset[Group] = frozenset()
        try:
            while shown:
                involved = self._violation(fixed, shown)
                if involved is None:
                    break
                shown -= {min(involved, key=lambda group: (self.sizes[group], group))}
            proven = shown
            hidden = candidates - shown
            for group in sorted(hidden, key=lambda group: (-self.sizes[group], group)):
                if self._violation(fixed, proven | {group}) is None:
                    proven |= {group}
        except TooMuchEffort:
            pass
        return proven

    def _violation(
        self, fixed: frozenset[Group], shown: frozenset[Group]
    ) -> frozenset[Group] | None:
        """None if these may be shown, else those of `shown` of which it takes one to violate."""
        variable = self._variables(fixed | shown)
        kinds = self._kinds(variable)
        prime = exact_prime(
            variables=len({v for kind in kinds for form in kind.forms for v in form}),
            terms=max((len(form) for kind in kinds for form in kind.forms), default=1),
        )
        few = few_described(kinds, limit=self.k - 1, prime=prime, effort=self.effort)
        if few is None:
            return None
        others = Flat(prime=prime, effort=self.effort)
        for name, kind in enumerate(kinds):
            if name not in few:
                others.add(kind.forms)
        involved = {
            group
            for group in shown
            if group in variable and not others.spans([{variable[group]: 1}])
        }
        return frozenset(involved) or shown

    def _variables(self, groups: frozenset[Group]) -> dict[Group, int]:
        """A variable for each figure that does not follow from the total and the others anyway.

        Where everybody is in a shown group of an attribute, its largest one is what the others
        leave of the total.
        """
        counted = sum(people for (*_, present, _), people in self.lives.items() if present)
        by_attribute: defaultdict[str, list[Group]] = defaultdict(list)
        for group in sorted(groups, key=lambda group: (self.sizes[group], group)):
            by_attribute[group[0]].append(group)
        for ascending in by_attribute.values():
            if sum(self.sizes[group] for group in ascending) == counted:
                ascending.pop()
        free = chain.from_iterable(by_attribute.values())
        return {group: -1 - index for index, group in enumerate(free)}

    def _kinds(self, variable: Mapping[Group, int]) -> list[Kind]:
        kinds: Counter[Life] = Counter()
        for (entered, changed, present, groups), people in self.lives.items():
            kinds[entered, changed, present, groups.intersection(variable)] += people
        return [
            Kind(forms=tuple(_forms(life, variable)), people=people, names=(name,))
            for name, (life, people) in enumerate(kinds.items())
        ]


def _forms(life: Life, variable: Mapping[Group, int]) -> Iterator[Form]:
    """The numbers that a combination of figures gives to people of this life, one per score.

    Let y(t) be the sum of the coefficients of the overall figures from step t on, and z(g) that of
    the group g, negative. A score is counted in the figures from one step to before another, or
    from one step to the end and then in the groups as well.
    """
    entered, changed, present, groups = life
    if present:
        yield {entered if changed is None else changed: 1} | {variable[g]: -1 for g in groups}
    if changed is not None:
        yield {entered: 1, changed: -1}
