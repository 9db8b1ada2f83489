"""What a distribution comes to: its figures, their band, and how they changed."""

from dataclasses import dataclass
from enum import StrEnum

from survey.errors import InvalidValue
from survey.report.distribution import Distribution
from survey.scale import Metric
from survey.statistics import (
    Interval,
    Verdict,
    compare_nps,
    compare_shares,
    net_promoter_score,
    nps_interval,
    share_interval,
)

_GOOD_FROM, _GREAT_FROM, _EXCELLENT_FROM = 0, 30, 70
_FIVE_MARKS = 5
_PERCENT_PER_MARK = 20


class Band(StrEnum):
    """What a net promoter score is worth (seed 000)."""

    NEEDS_IMPROVEMENT = "needs_improvement"
    GOOD = "good"
    GREAT = "great"
    EXCELLENT = "excellent"


def band(nps: float) -> Band:
    """The band of a net promoter score: below 0, below 30, below 70, or from 70 up."""
    if nps < _GOOD_FROM:
        return Band.NEEDS_IMPROVEMENT
    if nps < _GREAT_FROM:
        return Band.GOOD
    return Band.GREAT if nps < _EXCELLENT_FROM else Band.EXCELLENT


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one group's answers come to.

    Attributes:
        n: How many answers are in these figures.
        metric: What the headline figure is.
        value: The headline figure: NPS in points, -100 to 100; CSAT as the share of the two best
            marks (top-two box; 9 and 10 of the scale `ten`), a fraction of 1. None if n is 0.
        interval: Its 95 % interval, in the same unit. None if n is 0.
        promoters: Their share of the answers, a fraction of 1; 0 if n is 0. For CSAT: satisfied.
        passives: Likewise. For CSAT: neutral.
        detractors: Likewise. For CSAT: dissatisfied.
        mean: The mean mark, in marks of the scale. None if n is 0.
        csat_percentage: The mean mark times 20 (seed 003), 20 to 100, on scales of five marks
            only. None on others, or if n is 0.
    """

    n: int
    metric: Metric
    value: float | None
    interval: Interval | None
    promoters: float
    passives: float
    detractors: float
    mean: float | None
    csat_percentage: float | None

    @property
    def top_two(self) -> float | None:
        """The share of the two best marks, a fraction of 1; None for NPS, or if n is 0."""
        return self.value if self.metric is Metric.CSAT else None

    @property
    def band(self) -> Band | None:
        """The band of a net promoter score; None for CSAT, or if n is 0."""
        if self.metric is not Metric.NPS or self.value is None:
            return None
        return band(self.value)


def figures(distribution: Distribution) -> Figures:
    """The figures of a group; formulas and their sources stand in `survey.statistics`."""
    n, classes, mean = distribution.n, distribution.classes, distribution.mean
    return Figures(
        n=n,
        metric=distribution.scale.metric,
        value=_value(distribution),
        interval=_interval(distribution) if n else None,
        promoters=classes.promoters / n if n else 0.0,
        passives=classes.passives / n if n else 0.0,
        detractors=classes.detractors / n if n else 0.0,
        mean=mean,
        csat_percentage=(
            mean * _PERCENT_PER_MARK
            if mean is not None and distribution.scale.high == _FIVE_MARKS
            else None
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Change:
    """How the headline figure moved since an earlier round.

    Attributes:
        since: That round's period: `2026Q3`.
        difference: This round's figure less that one's: NPS in points, CSAT a fraction of 1.
        verdict: Whether that is more than noise, at 95 % confidence.
    """

    since: str
    difference: float
    verdict: Verdict


def change(now: Distribution, before: Distribution, *, since: str) -> Change | None:
    """How the headline figure moved; None if either round has no answers.

    The rounds are taken as independent. Where many of the same people answer both times, the
    figures vary less than that, so that a verdict errs towards noise.

    Raises:
        InvalidValue: If the rounds were answered on different scales.
    """
    if now.scale != before.scale:
        raise InvalidValue(
            f"Answers on the scales {now.scale.name} and {before.scale.name} do not compare."
        )
    value_now, value_before = _value(now), _value(before)
    if value_now is None or value_before is None:
        return None
    if now.scale.metric is Metric.NPS:
        verdict = compare_nps(now.classes, before.classes)
    else:
        verdict = compare_shares(
            hits=now.classes.promoters,
            n=now.n,
            hits_before=before.classes.promoters,
            n_before=before.n,
        )
    return Change(since=since, difference=value_now - value_before, verdict=verdict)


def _value(distribution: Distribution) -> float | None:
    classes = distribution.classes
    if distribution.scale.metric is Metric.NPS:
        return net_promoter_score(classes)
    return classes.promoters / classes.n if classes.n else None


def _interval(distribution: Distribution) -> Interval:
    classes = distribution.classes
    if distribution.scale.metric is Metric.NPS:
        return nps_interval(classes)
    return share_interval(hits=classes.promoters, n=classes.n)
