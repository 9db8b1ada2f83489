"""How sure a figure is: 95 % intervals, and whether a change is more than noise.

Everything here is a pure function of counts. Nets of promoters and detractors are in NPS points
(-100 to 100), shares are fractions of 1.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import comb, sqrt
from statistics import NormalDist

from survey.errors import InvalidValue

CONFIDENCE = 0.95
"""The two-sided confidence of every interval, and 1 minus the error rate of every verdict."""
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_POINTS = 100
_PSEUDO_EXTREMES = 0.75
_PSEUDO_ANSWERS = 3
_FISHER_BELOW = 1


class Verdict(StrEnum):
    """What the difference between two rounds means."""

    REAL = "real"
    NOISE = "noise"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Where the true figure lies, at 95 % confidence.

    Attributes:
        low: The lower end, in the unit of the figure.
        high: The upper end, likewise.

    Raises:
        InvalidValue: If the ends are the wrong way round.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse what encloses nothing (NaN among it)."""
        if not self.low <= self.high:
            raise InvalidValue(f"An interval runs upwards, not from {self.low} to {self.high}.")

    def __contains__(self, figure: float) -> bool:
        """Whether a figure lies inside, ends included."""
        return self.low <= figure <= self.high

    @property
    def width(self) -> float:
        """From end to end."""
        return self.high - self.low


@dataclass(frozen=True, kw_only=True)
class ClassCounts:
    """How many people answered in each class.

    Raises:
        InvalidValue: If a count is negative.
    """

    promoters: int
    passives: int
    detractors: int

    def __post_init__(self) -> None:
        """Refuse negative people."""
        if min(self.promoters, self.passives, self.detractors) < 0:
            raise InvalidValue(f"People are counted from 0 up, not {self}.")

    @property
    def n(self) -> int:
        """All of them."""
        return self.promoters + self.passives + self.detractors


def net_promoter_score(counts: ClassCounts) -> float | None:
    """The share of promoters minus the share of detractors, -100 to 100; None of nobody.

    Source: Reichheld, "The One Number You Need to Grow", Harvard Business Review 12/2003.
    """
    if counts.n == 0:
        return None
    return _POINTS * (counts.promoters - counts.detractors) / counts.n


def nps_interval(counts: ClassCounts) -> Interval:
    """The adjusted Wald interval of a net promoter score, -100 to 100.

    An answer scores +1, 0 or -1. Three pseudo answers are added, 3/4 of a promoter, 3/2 of a
    passive and 3/4 of a detractor; with the adjusted shares p and d of n + 3 answers the
    interval is p - d ± z sqrt((p + d - (p - d)²) / (n + 3)), cut off at the ends of the scale.

    Source: Rocks, "Interval Estimation for the Net Promoter Score", The American Statistician
    70(4), 2016; Lewis and Sauro, "Confidence Intervals for Net Promoter Scores", MeasuringU, 2021.

    It pulls towards 0, so a single promoter or detractor would lie outside of it (from two
    answers on none does): the interval is stretched to hold the score that was observed. Answers
    that are all equal still leave an interval of some width, and no answers the whole scale.
    """
    score = net_promoter_score(counts)
    if score is None:
        return Interval(low=-_POINTS, high=_POINTS)
    mean, variance = _adjusted(counts)
    reach = _Z * sqrt(variance)
    return Interval(
        low=min(max(_POINTS * (mean - reach), -_POINTS), score),
        high=max(min(_POINTS * (mean + reach), _POINTS), score),
    )


def share_interval(*, hits: int, n: int) -> Interval:
    """The Wilson score interval of a share, such as the top-two box of CSAT; fractions of 1.

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
    Journal of the American Statistical Association 22, 1927.

    Answers that are all equal leave an interval of some width; no answers leave 0 to 1.

    Raises:
        InvalidValue: Unless 0 ≤ hits ≤ n.
    """
    _check_share(hits, n)
    if n == 0:
        return Interval(low=0.0, high=1.0)
    share = hits / n
    weight = _Z**2 / n
    centre = (share + weight / 2) / (1 + weight)
    reach = _Z * sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return Interval(
        low=min(max(centre - reach, 0.0), share),
        high=max(min(centre + reach, 1.0), share),
    )


def compare_nps(now: ClassCounts, before: ClassCounts) -> Verdict:
    """Whether two net promoter scores of independent rounds differ by more than noise.

    A two-sided z test of the difference of the adjusted means over the root of the sum of their
    variances, both adjusted as in `nps_interval`.

    Source: Lewis and Sauro, "How to Statistically Compare Two Net Promoter Scores", MeasuringU,
    2021, on the interval of Rocks, 2016.

    Without answers on either side there is nothing to tell apart: noise. So is a shift that the
    pseudo answers alone make: one promoter after ten thousand of them.
    """
    score_now, score_before = net_promoter_score(now), net_promoter_score(before)
    if score_now is None or score_before is None:
        return Verdict.NOISE
    mean_now, variance_now = _adjusted(now)
    mean_before, variance_before = _adjusted(before)
    z = (mean_now - mean_before) / sqrt(variance_now + variance_before)
    return _verdict(real=abs(z) > _Z and (score_now - score_before) * z > 0)


def compare_shares(*, hits: int, n: int, hits_before: int, n_before: int) -> Verdict:
    """Whether two shares of independent rounds differ by more than noise.

    The two-sided "N-1" two-proportion test: z = (p1 - p2) sqrt((N - 1) / N) over
    sqrt(P (1 - P) (1/n1 + 1/n2)), P being the share of both rounds together and N their answers.
    Where fewer than one hit or miss is to be expected in a round, Fisher and Irwin's exact test.

    Source: Campbell, "Chi-squared and Fisher-Irwin tests of two-by-two tables with small sample
    recommendations", Statistics in Medicine 26, 2007.

    Without answers on either side, or with equal answers throughout, it is noise.

    Raises:
        InvalidValue: Unless 0 ≤ hits ≤ n on both sides.
    """
    _check_share(hits, n)
    _check_share(hits_before, n_before)
    total = n + n_before
    hits_total = hits + hits_before
    if n == 0 or n_before == 0 or hits_total in {0, total}:
        return Verdict.NOISE
    if min(n, n_before) * min(hits_total, total - hits_total) < _FISHER_BELOW * total:
        chance = _fisher(hits, n, hits_total, total)
        return _verdict(real=chance < 1 - CONFIDENCE)
    together = hits_total / total
    error = sqrt(together * (1 - together) * (1 / n + 1 / n_before))
    z = (hits / n - hits_before / n_before) / error * sqrt((total - 1) / total)
    return _verdict(real=abs(z) > _Z)


def _adjusted(counts: ClassCounts) -> tuple[float, float]:
    """The mean of the scores +1, 0, -1 with the pseudo answers, and the variance of that mean."""
    n = counts.n + _PSEUDO_ANSWERS
    promoters = (counts.promoters + _PSEUDO_EXTREMES) / n
    detractors = (counts.detractors + _PSEUDO_EXTREMES) / n
    mean = promoters - detractors
    return mean, (promoters + detractors - mean**2) / n


def _fisher(hits: int, n: int, hits_total: int, total: int) -> float:
    """The two-sided chance of a table as unlikely as this one, its margins being given.

    Whole numbers throughout, so that equally likely tables compare as equal. Rows and columns are
    turned until the smallest margin is drawn, which keeps the binomials small.
    """
    if n > total - n:
        hits, n = hits_total - hits, total - n
    if hits_total > total - hits_total:
        hits, hits_total = n - hits, total - hits_total
    drawn, marked = min(n, hits_total), max(n, hits_total)
    ways = [comb(marked, k) * comb(total - marked, drawn - k) for k in range(drawn + 1)]
    return sum(way for way in ways if way <= ways[hits]) / comb(total, drawn)


def _check_share(hits: int, n: int) -> None:
    if not 0 <= hits <= n:
        raise InvalidValue(f"A share has from 0 to n hits, not {hits} of {n}.")


def _verdict(*, real: bool) -> Verdict:
    return Verdict.REAL if real else Verdict.NOISE
