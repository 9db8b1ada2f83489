"""Does any combination of released figures describe only a few people? Exact linear algebra.

A combination of figures gives each person a few numbers (one per score ever counted for them),
each a linear form in the combination's coefficients. A person is *described* if one of their
numbers is not zero. `few_described` finds a combination that describes somebody, but no more than
`limit` people, or proves that there is none: in the words of matroids, a cocircuit that meets 1
to `limit` people; for a graph, a small cut.

The proof contracts what is *forced*: a form that would describe more than `limit` people if it
were not zero. That is so if more than `limit` people share it, or if `limit` other, disjoint sets
of people span it (each would have to add one). Such sets are found as the spanning forests of
Nagamochi and Ibaraki ("A linear-time algorithm for finding a sparse k-connected spanning subgraph
of a k-connected graph", Algorithmica 7, 1992), which hold for forms as for edges. Where nothing
more is forced, both cases are tried: somebody is described (and one fewer may follow) or is not.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

Form = dict[int, int]
"""A linear form: coefficients modulo a prime, nearest to zero, by variable; none of them zero."""

_MERSENNE = (61, 89, 127, 521, 607, 1279, 2203, 3217, 4423, 9689)


class TooMuchEffort(Exception):
    """The question was not decided within the bound; whoever asked suppresses."""


class Effort:
    """What may still be spent, in terms of linear forms touched."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def spend(self, terms: int) -> None:
        """Use some up.

        Raises:
            TooMuchEffort: If nothing is left.
        """
        self._left -= terms
        if self._left < 0:
            raise TooMuchEffort


@dataclass(frozen=True, kw_only=True)
class Field:
    """Arithmetic modulo a prime, metered."""

    prime: int
    effort: Effort

    @classmethod
    def exact(cls, *, variables: int, terms: int, effort: Effort) -> "Field":
        """Numbers in which forms are independent exactly if they are so over the rationals.

        The prime exceeds every minor of a matrix whose rows have at most `terms` entries of 1 or
        -1 (Hadamard's bound), so that no minor but zero vanishes.

        Raises:
            TooMuchEffort: If the list of primes ends too early.
        """
        for exponent in _MERSENNE:
            if (1 << 2 * exponent - 2) > terms**variables:
                return cls(prime=(1 << exponent) - 1, effort=effort)
        raise TooMuchEffort

    def add(self, form: Form, other: Form, factor: int) -> None:
        """Add a multiple of another form."""
        half = self.prime >> 1
        for variable, coefficient in other.items():
            total = form.get(variable, 0) + coefficient * factor
            if not -half <= total <= half:
                total = (total + half) % self.prime - half
            if total:
                form[variable] = total
            else:
                form.pop(variable, None)

    def scaled(self, form: Form, divisor: int) -> Form:
        """The form divided by a number that is not zero."""
        result: Form = {}
        unit = divisor in {1, -1}
        self.add(result, form, divisor if unit else pow(divisor, -1, self.prime))
        return result


class Flat:
    """The forms spanned by some forms, kept as substitutions of variables by free variables."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self._written: dict[int, Form] = {}
        self._users: defaultdict[int, set[int]] = defaultdict(set)

    @property
    def rank(self) -> int:
        """The number of independent forms in it."""
        return len(self._written)

    def reduce(self, form: Form) -> Form:
        """What is left of a form if those of the flat are zero; empty if the flat spans it."""
        left: Form = {}
        for variable, coefficient in form.items():
            expression = self._written.get(variable, {variable: 1})
            self.field.effort.spend(1 + len(expression))
            self.field.add(left, expression, coefficient)
        return left

    def spans(self, forms: Iterable[Form]) -> bool:
        """Whether all of them are zero wherever those of the flat are."""
        return not any(self.reduce(form) for form in forms)

    def add(self, forms: Iterable[Form]) -> bool:
        """Span these too; tells whether that is more than before."""
        before = self.rank
        for form in forms:
            left = self.reduce(form)
            if left:
                self._substitute(left)
        return self.rank > before

    def _substitute(self, form: Form) -> None:
        """Write the variable that the fewest others need by means of the rest of this form."""
        pivot = min(form, key=lambda variable: (len(self._users[variable]), variable))
        expression = self.field.scaled(form, -form[pivot])
        del expression[pivot]
        users = self._users.pop(pivot)
        self.field.effort.spend(len(users) * (1 + len(expression)))
        for user in users:
            row = self._written[user]
            self.field.add(row, expression, row.pop(pivot))
            for variable in expression:
                if variable in row:
                    self._users[variable].add(user)
                else:
                    self._users[variable].discard(user)
        self._written[pivot] = expression
        for variable in expression:
            self._users[variable].add(pivot)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """People who are described by the same combinations.

    Attributes:
        forms: Their numbers.
        people: How many they are.
        names: The caller's names for them.
    """

    forms: tuple[Form, ...]
    people: int
    names: tuple[int, ...]


def few_described(
    kinds: Iterable[Kind], *, variables: int, limit: int, field: Field
) -> frozenset[int] | None:
    """Names among which all lie whom some combination describes, at most `limit` people.

    Args:
        kinds: Everybody; taken one by one, best the numerous ones first, and not all of them if
            the first suffice for the proof.
        variables: How many variables occur in their forms.
        limit: The most people that count as few.
        field: The numbers to calculate with.

    Returns:
        None if every combination that describes somebody describes more than `limit` people.

    Raises:
        TooMuchEffort: If that could not be decided.
    """
    while True:
        undecided, last = _contract_forced(kinds, variables=variables, limit=limit, field=field)
        if not undecided:
            return None
        chosen = undecided.pop(last)
        others = Flat(field)
        for kind in undecided:
            others.add(kind.forms)
        if not others.spans(chosen.forms):
            return frozenset(chosen.names)
        # Either the chosen are described: then so is one of the others, as these span them ...
        if chosen.people < limit:
            found = few_described(
                undecided,
                variables=_variables(undecided),
                limit=limit - chosen.people,
                field=field,
            )
            if found is not None:
                return found.union(chosen.names)
        not_described = Flat(field)  # ... or they are not.
        not_described.add(chosen.forms)
        kinds = _merged(undecided, modulo=not_described)
        variables = _variables(kinds)


def _contract_forced(
    kinds: Iterable[Kind], *, variables: int, limit: int, field: Field
) -> tuple[list[Kind], int]:
    """The kinds that might be described, and the place of the one that was planted deepest."""
    while True:
        seen: list[Kind] = []
        forced = Flat(field)
        forests = [Flat(field) for _ in range(limit)]
        last, deepest = 0, 0
        for kind in kinds:
            seen.append(kind)
            depth = _plant(kind, forests)
            if depth > limit:
                forced.add(kind.forms)
                if forced.rank == variables:
                    return [], 0
            elif depth > deepest:
                last, deepest = len(seen) - 1, depth
        if not forced.rank:
            return seen, last
        kinds = _merged(seen, modulo=forced)
        variables = _variables(kinds)


def _plant(kind: Kind, forests: Sequence[Flat]) -> int:
    """Plant each of these people in the first forest that does not span them yet.

    Returns:
        The number of the last one, or one more than there are if some found no forest.
    """
    left = kind.people
    if left > len(forests):
        return len(forests) + 1
    for number, forest in enumerate(forests, start=1):
        left -= forest.add(kind.forms)
        if not left:
            return number
    return len(forests) + 1


def _variables(kinds: Iterable[Kind]) -> int:
    return len({variable for kind in kinds for form in kind.forms for variable in form})


def _merged(kinds: Iterable[Kind], *, modulo: Flat) -> list[Kind]:
    """The kinds once the flat's forms are zero; those with the same span are one. Largest first."""
    together: defaultdict[tuple[tuple[tuple[int, int], ...], ...], list[Kind]] = defaultdict(list)
    for kind in kinds:
        forms = _echelon((modulo.reduce(form) for form in kind.forms), field=modulo.field)
        if forms:
            together[forms].append(kind)
    merged = [
        Kind(
            forms=tuple(dict(form) for form in forms),
            people=sum(kind.people for kind in same),
            names=tuple(name for kind in same for name in kind.names),
        )
        for forms, same in together.items()
    ]
    return sorted(merged, key=lambda kind: -kind.people)


def _echelon(forms: Iterator[Form], *, field: Field) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The reduced echelon form, which forms with the same span have in common."""
    echelon: dict[int, Form] = {}
    for form in forms:
        for lead, row in echelon.items():
            if lead in form:
                field.add(form, row, -form[lead])
        if form:
            first = min(form)
            normal = field.scaled(form, form[first])
            for row in echelon.values():
                if first in row:
                    field.add(row, normal, -row[first])
            echelon[first] = normal
    return tuple(sorted(tuple(sorted(row.items())) for row in echelon.values()))
