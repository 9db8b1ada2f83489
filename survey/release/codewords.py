"""Does any combination of released figures describe only a few people? Exact linear algebra.

A combination of figures gives each person a few numbers (one per score ever counted for them),
each a linear form in the combination's coefficients. A person is *described* if one of their
numbers is not zero. `few_described` finds a combination that describes somebody, but no more than
`limit` people, or proves that there is none: in the words of matroids, a cocircuit that meets 1
to `limit` people; for a graph, a small cut.

The proof contracts what is *forced*: a form that would describe more than `limit` people if it
were not zero. That is so if more than `limit` people share it, or if it is spanned by `limit`
disjoint sets of other people (each set would have to add one): the spanning forests of Nagamochi
and Ibaraki ("A linear-time algorithm for finding a sparse k-connected spanning subgraph",
Algorithmica 7, 1992), which hold for forms as for edges. Where nothing more is forced, both cases
are tried: the person is described (one fewer may follow) or is not (contract).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Form = dict[int, int]
"""A linear form: coefficients modulo a prime by variable, none of them zero."""

_MERSENNE = (61, 89, 127, 521, 607, 1279, 2203, 3217, 4423, 9689)


class TooMuchEffort(Exception):  # noqa: N818 - it says what happened; nobody but the gate sees it
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


def exact_prime(*, variables: int, terms: int) -> int:
    """A prime modulo which forms are independent exactly if they are so over the rationals.

    It exceeds every minor of a matrix whose rows have at most `terms` entries of 1 or -1
    (Hadamard's bound), so that none but zero vanishes.

    Raises:
        TooMuchEffort: If the list of primes ends too early.
    """
    for exponent in _MERSENNE:
        prime: int = 2**exponent - 1
        if prime**2 > terms**variables:
            return prime
    raise TooMuchEffort


class Flat:
    """The forms spanned by some forms, kept as substitutions of variables by free variables."""

    def __init__(self, *, prime: int, effort: Effort) -> None:
        self._prime = prime
        self._effort = effort
        self._written: dict[int, Form] = {}
        self._users: defaultdict[int, set[int]] = defaultdict(set)

    @property
    def rank(self) -> int:
        """The number of independent forms in it."""
        return len(self._written)

    def reduce(self, form: Form) -> Form:
        """What is left of a form if those of the flat are zero; empty if the flat spans it."""
        written = self._written
        left: Form = {}
        terms = len(form)
        for variable, coefficient in form.items():
            if variable in written:
                terms += len(written[variable])
                _add(left, written[variable], coefficient, self._prime)
            else:
                _add(left, {variable: 1}, coefficient, self._prime)
        self._effort.spend(terms)
        return left

    def spans(self, forms: Iterable[Form]) -> bool:
        """Whether all of them are zero wherever those of the flat are."""
        return not any(self.reduce(form) for form in forms)

    def add(self, forms: Iterable[Form]) -> bool:
        """Span these too; tells whether that is more than before."""
        return any([self._add_one(form) for form in forms])

    def _add_one(self, form: Form) -> bool:
        left = self.reduce(form)
        if not left:
            return False
        pivot = min(left, key=lambda variable: (len(self._users[variable]), variable))
        scale = -pow(left.pop(pivot), -1, self._prime)
        expression = {v: c * scale % self._prime for v, c in left.items()}
        users = self._users.pop(pivot)
        self._effort.spend(len(users) * (1 + len(expression)))
        for user in users:
            row = self._written[user]
            _add(row, expression, row.pop(pivot), self._prime)
            for variable in expression:
                if variable in row:
                    self._users[variable].add(user)
                else:
                    self._users[variable].discard(user)
        self._written[pivot] = expression
        for variable in expression:
            self._users[variable].add(pivot)
        return True


def _add(form: Form, other: Form, factor: int, prime: int) -> None:
    for variable, coefficient in other.items():
        total = (form.get(variable, 0) + coefficient * factor) % prime
        if total:
            form[variable] = total
        else:
            form.pop(variable, None)


def few_described(
    kinds: Sequence[Kind], *, limit: int, prime: int, effort: Effort
) -> frozenset[int] | None:
    """Names among which all lie whom some combination describes, at most `limit` people.

    Returns:
        None if every combination that describes somebody describes more than `limit` people.

    Raises:
        TooMuchEffort: If that could not be decided.
    """
    while True:
        kinds, last = _contract_forced(kinds, limit=limit, prime=prime, effort=effort)
        if not kinds:
            return None
        chosen = kinds[last]
        rest = [*kinds[:last], *kinds[last + 1 :]]
        others = Flat(prime=prime, effort=effort)
        for kind in rest:
            others.add(kind.forms)
        if not others.spans(chosen.forms):
            return frozenset(chosen.names)
        if chosen.people < limit:
            found = few_described(rest, limit=limit - chosen.people, prime=prime, effort=effort)
            if found is not None:
                return found.union(chosen.names)
        contracted = Flat(prime=prime, effort=effort)
        contracted.add(chosen.forms)
        kinds = _merged(rest, modulo=contracted, prime=prime)


def _contract_forced(
    kinds: Sequence[Kind], *, limit: int, prime: int, effort: Effort
) -> tuple[Sequence[Kind], int]:
    """The kinds that may be described, and which of them the forests reached last."""
    while True:
        kinds = sorted(kinds, key=lambda kind: -kind.people)
        variables = len({v for kind in kinds for form in kind.forms for v in form})
        forced = Flat(prime=prime, effort=effort)
        forests = [Flat(prime=prime, effort=effort) for _ in range(limit)]
        last, depth = 0, -1
        for index, kind in enumerate(kinds):
            if forced.rank == variables:
                return [], 0
            people = kind.people
            if people <= limit and forced.rank and forced.spans(kind.forms):
                continue
            for place, forest in enumerate(forests if people <= limit else ()):
                if forest.add(kind.forms):
                    people -= 1
                    if place > depth:
                        last, depth = index, place
                    if not people:
                        break
            if people:
                forced.add(kind.forms)
        if not forced.rank:
            return kinds, last
        kinds = _merged(kinds, modulo=forced, prime=prime)


def _merged(kinds: Iterable[Kind], *, modulo: Flat, prime: int) -> list[Kind]:
    """The kinds after the flat's forms became zero; those that span the same are one."""
    together: defaultdict[tuple[tuple[tuple[int, int], ...], ...], list[Kind]] = defaultdict(list)
    for kind in kinds:
        forms = _canonical([modulo.reduce(form) for form in kind.forms], prime=prime)
        if forms:
            together[forms].append(kind)
    return [
        Kind(
            forms=tuple(dict(form) for form in forms),
            people=sum(kind.people for kind in same),
            names=tuple(name for kind in same for name in kind.names),
        )
        for forms, same in together.items()
    ]


def _canonical(forms: Iterable[Form], *, prime: int) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The reduced echelon form of one or two forms."""
    echelon: dict[int, Form] = {}
    for form in forms:
        for lead, row in echelon.items():
            if lead in form:
                _add(form, row, -form[lead], prime)
        if not form:
            continue
        lead = min(form)
        inverse = pow(form[lead], -1, prime)
        normal = {v: c * inverse % prime for v, c in form.items()}
        for row in echelon.values():
            if lead in row:
                _add(row, normal, -row[lead], prime)
        echelon[lead] = normal
    return tuple(sorted(tuple(sorted(row.items())) for row in echelon.values()))
