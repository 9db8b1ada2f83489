"""How many people gave which mark."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from survey.errors import InvalidValue
from survey.scale import Category, Scale
from survey.statistics import ClassCounts


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """The answers of a group of people, as counts.

    Attributes:
        scale: What could be answered.
        counts: Mark → how many people gave it. Marks that are left out count 0; read back, every
            mark of the scale is there, lowest first.

    Raises:
        InvalidValue: If a mark is not on the scale, or a count is no whole number from 0 up.
    """

    scale: Scale
    counts: Mapping[int, int]

    def __post_init__(self) -> None:
        """Refuse what nobody could have answered, and fill in the marks that nobody gave."""
        marks = self.scale.values
        for mark, count in self.counts.items():
            if type(mark) is not int or mark not in marks:
                raise InvalidValue(
                    f"The scale {self.scale.name} has the marks {self.scale.low} to "
                    f"{self.scale.high}, not {mark!r}."
                )
            if type(count) is not int or count < 0:
                raise InvalidValue(f"People are counted in whole numbers from 0 up, not {count!r}.")
        complete = {mark: self.counts.get(mark, 0) for mark in marks}
        object.__setattr__(self, "counts", MappingProxyType(complete))

    def __add__(self, other: "Distribution") -> "Distribution":
        """Both groups together.

        Raises:
            InvalidValue: If they answered on different scales.
        """
        if other.scale != self.scale:
            raise InvalidValue(
                f"Answers on the scales {self.scale.name} and {other.scale.name} do not add up."
            )
        merged = {mark: count + other.counts[mark] for mark, count in self.counts.items()}
        return Distribution(scale=self.scale, counts=merged)

    @property
    def n(self) -> int:
        """How many people answered."""
        return sum(self.counts.values())

    def count(self, category: Category) -> int:
        """How many people answered in a class."""
        return sum(
            count for mark, count in self.counts.items() if self.scale.category(mark) is category
        )

    @property
    def classes(self) -> ClassCounts:
        """How many people answered in each class."""
        return ClassCounts(
            promoters=self.count(Category.PROMOTER),
            passives=self.count(Category.PASSIVE),
            detractors=self.count(Category.DETRACTOR),
        )

    @property
    def mean(self) -> float | None:
        """The mean mark, in marks of the scale; None if nobody answered."""
        if self.n == 0:
            return None
        return sum(mark * count for mark, count in self.counts.items()) / self.n
