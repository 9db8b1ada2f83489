"""Where everything stands in the picture, in pixels of a sheet of 1200 by 520."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor

from survey.report import Distribution, RoundPoint
from survey.scale import Category, Metric, Scale

WIDTH, HEIGHT = 1200, 520
MARGIN = 56
RIGHT = WIDTH - MARGIN
FLOOR = 390
"""The line that bars stand on and the trend ends at."""
ROOM, ROOM_BESIDE_TREND = RIGHT - MARGIN, 640
"""How wide the bars may run."""
TREND_LEFT, TREND_LEFT_ALONE = 800, 116
"""Where the trend begins: beside the bars, and on a sheet of its own."""
_BARS_TOP = 242
_BAR_SHARE, _BAR_WIDEST, _BAR_LOWEST = 0.7, 60, 2
_BRACKET_INSET = 0.15
_TREND_TOP, _TREND_INSET, _TREND_INSET_ALONE = 160, 24, 64
_STEPS = (5, 10, 20, 25, 50)
_STEPS_AT_MOST = 4
_SPAN_AT_LEAST = 20
_QUARTER = re.compile(r"(?P<year>\d{4})(?P<part>Q.+)")


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One mark, and how many people gave it.

    Attributes:
        mark: The mark.
        count: How many people.
        category: Its class.
        x: Its middle.
        width: From edge to edge.
        top: Its upper end; the lower one is `FLOOR`.
    """

    mark: int
    count: int
    category: Category
    x: float
    width: float
    top: float


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """The line under the marks of one class, from left to right."""

    category: Category
    left: float
    right: float

    @property
    def x(self) -> float:
        """Its middle."""
        return (self.left + self.right) / 2


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A height that the trend's scale names, in NPS points or per cent."""

    value: int
    y: float


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One round of the trend.

    Attributes:
        x: Where it stands.
        y: The height of its figure.
        low: The height of its interval's lower end.
        high: The height of its interval's upper end.
        label: The quarter, or whatever the period is.
        year: The quarter's year where it differs from the one before; else empty.
    """

    x: float
    y: float
    low: float
    high: float
    label: str
    year: str


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The rounds as a line with a band.

    Attributes:
        dots: Oldest first; two or more.
        ticks: Lowest first.
        step: How far one dot stands from the next.
    """

    dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]
    step: float


def bars(distribution: Distribution, *, room: float) -> tuple[Bar, ...]:
    """A bar per mark, lowest mark first; a mark that nobody gave keeps a sliver."""
    slot = room / len(distribution.counts)
    most = max(*distribution.counts.values(), 1)
    return tuple(
        Bar(
            mark=mark,
            count=count,
            category=distribution.scale.category(mark),
            x=MARGIN + slot * (index + 0.5),
            width=min(slot * _BAR_SHARE, _BAR_WIDEST),
            top=FLOOR - max((FLOOR - _BARS_TOP) * count / most, _BAR_LOWEST),
        )
        for index, (mark, count) in enumerate(distribution.counts.items())
    )


def brackets(scale: Scale, *, room: float) -> tuple[Bracket, ...]:
    """A bracket per class, lowest marks first."""
    slot = room / len(scale.values)
    bounds = (scale.low, scale.passive_from, scale.promoter_from, scale.high + 1)
    return tuple(
        Bracket(
            category=scale.category(start),
            left=MARGIN + slot * (start - scale.low + _BRACKET_INSET),
            right=MARGIN + slot * (end - scale.low - _BRACKET_INSET),
        )
        for start, end in pairwise(bounds)
    )


def trend(
    points: Sequence[RoundPoint], *, metric: Metric, left: float = TREND_LEFT
) -> Trend | None:
    """The rounds that have answers, as a line from `left`; None if there are fewer than two."""
    unit = 1 if metric is Metric.NPS else 100
    told = [
        (point.period, unit * f.value, unit * f.interval.low, unit * f.interval.high)
        for point in points
        if (f := point.figures).value is not None and f.interval is not None
    ]
    if len(told) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    lowest = -100 if metric is Metric.NPS else 0
    values = _scale(min(low for *_, low, _ in told), max(high for *_, high in told), lowest)
    bottom, top = values[0], values[-1]

    def height(value: float) -> float:
        return FLOOR - (FLOOR - _TREND_TOP) * (value - bottom) / (top - bottom)

    inset = _TREND_INSET if left == TREND_LEFT else _TREND_INSET_ALONE
    step = (RIGHT - left - 2 * inset) / (len(told) - 1)
    labels = _labels([period for period, *_ in told])
    return Trend(
        dots=tuple(
            Dot(
                x=left + inset + step * index,
                y=height(value),
                low=height(low),
                high=height(high),
                label=label,
                year=year,
            )
            for index, ((_, value, low, high), (label, year)) in enumerate(
                zip(told, labels, strict=True)
            )
        ),
        ticks=tuple(Tick(value=value, y=height(value)) for value in values),
        step=step,
    )


def _scale(low: float, high: float, lowest: int) -> range:
    """Round values that enclose low to high, not so close that noise would look like a mountain."""
    missing = max(_SPAN_AT_LEAST - (high - low), 0)
    low, high = max(low - missing / 2, lowest), min(high + missing / 2, 100)
    step = next(s for s in _STEPS if ceil(high / s) - floor(low / s) <= _STEPS_AT_MOST)
    return range(floor(low / step) * step, ceil(high / step) * step + 1, step)


def _labels(periods: Sequence[str]) -> list[tuple[str, str]]:
    """Quarters as Q4 over 2026, the year only where it begins; other periods as they are."""
    labels, latest = [], ""
    for period in periods:
        quarter = _QUARTER.fullmatch(period)
        year = quarter["year"] if quarter else ""
        labels.append((quarter["part"] if quarter else period, year if year != latest else ""))
        latest = year
    return labels
