"""What a score is: scales, their classes, and a value that checks itself."""

from dataclasses import dataclass
from enum import StrEnum

from survey.errors import InvalidScore


class Category(StrEnum):
    """The class of a score.

    NPS (and 1-10) names them promoter, passive, detractor (Reichheld, "The One Number You Need to
    Grow", HBR 12/2003); CSAT and stars use the same three places for satisfied (the two best
    marks, "top-two-box"), neutral (the middle mark) and dissatisfied.
    """

    PROMOTER = "promoter"
    PASSIVE = "passive"
    DETRACTOR = "detractor"


class Metric(StrEnum):
    """The headline figure of a scale."""

    NPS = "nps"
    CSAT = "csat"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """A range of whole numbers and the bounds of its classes.

    Attributes:
        name: The word for it in `voxpop.toml`.
        low: The lowest mark.
        high: The highest mark.
        passive_from: The lowest mark that is no detractor.
        promoter_from: The lowest mark that is a promoter (for CSAT: in the top-two box).
        metric: The headline figure.
    """

    name: str
    low: int
    high: int
    passive_from: int
    promoter_from: int
    metric: Metric

    @property
    def values(self) -> range:
        """All marks, lowest first."""
        return range(self.low, self.high + 1)

    def category(self, value: int) -> Category:
        """The class of a mark."""
        if value >= self.promoter_from:
            return Category.PROMOTER
        return Category.PASSIVE if value >= self.passive_from else Category.DETRACTOR


NPS = Scale(name="nps", low=0, high=10, passive_from=7, promoter_from=9, metric=Metric.NPS)
CSAT = Scale(name="csat", low=1, high=5, passive_from=3, promoter_from=4, metric=Metric.CSAT)
STARS = Scale(name="stars", low=1, high=5, passive_from=3, promoter_from=4, metric=Metric.CSAT)
TEN = Scale(name="ten", low=1, high=10, passive_from=7, promoter_from=9, metric=Metric.CSAT)

SCALES = {scale.name: scale for scale in (NPS, CSAT, STARS, TEN)}


@dataclass(frozen=True)
class Score:
    """One mark on a scale.

    Raises:
        InvalidScore: If the value is no whole number of the scale (`True` is none either).
    """

    value: int
    scale: Scale

    def __post_init__(self) -> None:
        """Refuse what is not on the scale."""
        if type(self.value) is not int or self.value not in self.scale.values:
            raise InvalidScore(
                f"A score is a whole number from {self.scale.low} to {self.scale.high}, "
                f"not {self.value!r}."
            )

    @property
    def category(self) -> Category:
        """The class of this score."""
        return self.scale.category(self.value)
