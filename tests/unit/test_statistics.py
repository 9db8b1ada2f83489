from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from survey.errors import InvalidValue
from survey.statistics import (
    CONFIDENCE,
    ClassCounts,
    Interval,
    Verdict,
    compare_nps,
    compare_shares,
    net_promoter_score,
    nps_interval,
    share_interval,
)


def counts(promoters: int, passives: int, detractors: int) -> ClassCounts:
    return ClassCounts(promoters=promoters, passives=passives, detractors=detractors)


def mirrored(answers: ClassCounts) -> ClassCounts:
    return counts(answers.detractors, answers.passives, answers.promoters)


def all_outcomes(n: int) -> list[ClassCounts]:
    return [counts(p, n - p - d, d) for p in range(n + 1) for d in range(n - p + 1)]


def chances(n: int, promoters: float, detractors: float) -> NDArray[np.float64]:
    outcomes = [(o.promoters, o.passives, o.detractors) for o in all_outcomes(n)]
    rates = [promoters, 1 - promoters - detractors, detractors]
    return np.asarray(stats.multinomial.pmf(outcomes, n, rates))


def score_of(answers: ClassCounts) -> float:
    score = net_promoter_score(answers)
    assert score is not None
    return score


people = st.integers(0, 5_000)
some_answers = st.builds(counts, people, people, people).filter(lambda answers: answers.n > 0)
n_and_hits = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


# The score


def test_the_score_is_promoters_less_detractors_in_points() -> None:
    assert net_promoter_score(counts(48, 36, 16)) == 32.0


def test_nobody_has_no_score() -> None:
    assert net_promoter_score(counts(0, 0, 0)) is None


@given(some_answers)
def test_the_score_stays_within_its_scale_and_mirrors(answers: ClassCounts) -> None:
    assert -100 <= score_of(answers) <= 100
    assert score_of(mirrored(answers)) == -score_of(answers)


def test_people_are_never_negative() -> None:
    with pytest.raises(InvalidValue):
        counts(-1, 3, 0)


def test_an_interval_runs_upwards() -> None:
    with pytest.raises(InvalidValue):
        Interval(low=1.0, high=0.0)
    with pytest.raises(InvalidValue):
        Interval(low=float("nan"), high=0.0)


# The interval of a net promoter score


def test_the_interval_is_the_adjusted_wald_of_rocks() -> None:
    # 7 promoters, 1 passive, 2 detractors, by hand: 7.75/13, 2.75/13, z = 1.959964
    mean, variance = 5 / 13, 10.5 / 13 - (5 / 13) ** 2
    reach = 1.959963984540054 * sqrt(variance / 13)

    interval = nps_interval(counts(7, 1, 2))

    assert interval.low == pytest.approx(100 * (mean - reach))
    assert interval.high == pytest.approx(100 * (mean + reach))


@given(some_answers)
@example(counts(1, 0, 0))
@example(counts(0, 0, 1))
@example(counts(5_000, 0, 0))
def test_the_interval_holds_the_score_within_the_scale(answers: ClassCounts) -> None:
    interval = nps_interval(answers)
    assert score_of(answers) in interval
    assert -100 <= interval.low < interval.high <= 100


def test_only_a_single_answer_needs_its_interval_stretched() -> None:
    stretched = [
        answers
        for n in range(1, 41)
        for answers in all_outcomes(n)
        if score_of(answers) in {nps_interval(answers).low, nps_interval(answers).high}
        and abs(score_of(answers)) < 100
    ]
    assert stretched == []
    assert nps_interval(counts(1, 0, 0)).high == 100
    assert nps_interval(counts(0, 0, 1)).low == -100


@given(some_answers)
def test_swapping_promoters_and_detractors_mirrors_the_interval(answers: ClassCounts) -> None:
    interval, other = nps_interval(answers), nps_interval(mirrored(answers))
    assert other.low == pytest.approx(-interval.high)
    assert other.high == pytest.approx(-interval.low)


@given(some_answers, st.integers(2, 50))
def test_the_same_answers_many_times_over_narrow_the_interval(
    answers: ClassCounts, times: int
) -> None:
    many = counts(answers.promoters * times, answers.passives * times, answers.detractors * times)
    assert nps_interval(many).width < nps_interval(answers).width


def test_no_answers_leave_the_whole_scale_open() -> None:
    assert nps_interval(counts(0, 0, 0)) == Interval(low=-100, high=100)


def test_equal_answers_still_leave_some_doubt() -> None:
    assert nps_interval(counts(20, 0, 0)).low < 100
    assert nps_interval(counts(0, 20, 0)).width > 0


@pytest.mark.parametrize(
    ("n", "on_average", "at_worst"), [(5, 0.95, 0.89), (10, 0.95, 0.93), (25, 0.95, 0.93)]
)
def test_the_interval_covers_the_truth_as_often_as_it_says(
    n: int, on_average: float, at_worst: float
) -> None:
    """Exact: all outcomes of n answers, over a grid of true shares from 5 to 90 per cent."""
    intervals = [nps_interval(outcome) for outcome in all_outcomes(n)]
    low = np.array([interval.low for interval in intervals])
    high = np.array([interval.high for interval in intervals])
    coverage = []
    for p, d in product(range(1, 19), repeat=2):
        if p + d < 20:
            truth = 100 * (p - d) / 20
            holds = (low <= truth + 1e-9) & (high >= truth - 1e-9)
            coverage.append(float((chances(n, p / 20, d / 20) * holds).sum()))

    assert np.mean(coverage) == pytest.approx(on_average, abs=0.006)
    assert min(coverage) > at_worst


# The interval of a share


@given(n_and_hits)
@example((1, 0))
@example((1, 1))
def test_the_share_has_scipys_wilson_interval(case: tuple[int, int]) -> None:
    n, hits = case
    expected = stats.binomtest(hits, n).proportion_ci(CONFIDENCE, method="wilson")
    interval = share_interval(hits=hits, n=n)
    assert interval.low == pytest.approx(expected.low, abs=1e-12)
    assert interval.high == pytest.approx(expected.high, abs=1e-12)


@given(n_and_hits)
def test_the_interval_holds_its_share_and_mirrors(case: tuple[int, int]) -> None:
    n, hits = case
    interval, misses = share_interval(hits=hits, n=n), share_interval(hits=n - hits, n=n)
    assert hits / n in interval
    assert 0 <= interval.low < interval.high <= 1
    assert misses.low == pytest.approx(1 - interval.high, abs=1e-12)


@given(n_and_hits, st.integers(2, 50))
def test_more_of_the_same_narrow_the_interval_of_a_share(case: tuple[int, int], times: int) -> None:
    n, hits = case
    many = share_interval(hits=hits * times, n=n * times)
    assert many.width < share_interval(hits=hits, n=n).width


def test_no_answers_leave_a_share_open() -> None:
    assert share_interval(hits=0, n=0) == Interval(low=0, high=1)


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 2)])
def test_a_share_has_no_more_hits_than_answers(hits: int, n: int) -> None:
    with pytest.raises(InvalidValue):
        share_interval(hits=hits, n=n)
    with pytest.raises(InvalidValue):
        compare_shares(hits=1, n=2, hits_before=hits, n_before=n)


# Two net promoter scores


def test_the_same_shift_is_noise_among_few_and_real_among_many() -> None:
    assert compare_nps(counts(12, 8, 5), counts(10, 8, 7)) is Verdict.NOISE
    assert compare_nps(counts(1_200, 800, 500), counts(1_000, 800, 700)) is Verdict.REAL


@given(some_answers, some_answers)
def test_the_comparison_is_a_z_test_on_adjusted_variances(
    now: ClassCounts, before: ClassCounts
) -> None:
    def adjusted(answers: ClassCounts) -> tuple[float, float]:
        scores = np.array([1.0, 0.0, -1.0])
        weights = np.array([answers.promoters, answers.passives, answers.detractors])
        weights = weights + np.array([0.75, 1.5, 0.75])
        mean = np.average(scores, weights=weights)
        return mean, np.average((scores - mean) ** 2, weights=weights) / weights.sum()

    (mean_now, variance_now), (mean_before, variance_before) = adjusted(now), adjusted(before)
    z = (mean_now - mean_before) / sqrt(variance_now + variance_before)
    chance = 2 * float(stats.norm.sf(abs(z)))
    assume(abs(chance - 0.05) > 1e-9 and min(now.n, before.n) > 1)

    assert compare_nps(now, before) is (Verdict.REAL if chance < 0.05 else Verdict.NOISE)


@given(some_answers, some_answers)
def test_the_verdict_does_not_depend_on_which_round_came_first(
    one: ClassCounts, other: ClassCounts
) -> None:
    assert compare_nps(one, other) is compare_nps(other, one)
    assert compare_nps(mirrored(one), mirrored(other)) is compare_nps(one, other)


@given(some_answers)
def test_a_round_never_differs_from_itself(answers: ClassCounts) -> None:
    assert compare_nps(answers, answers) is Verdict.NOISE


def test_a_single_promoter_after_ten_thousand_is_no_fall() -> None:
    assert compare_nps(counts(1, 0, 0), counts(10_000, 0, 0)) is Verdict.NOISE
    assert compare_nps(counts(1, 0, 0), counts(9_999, 1, 0)) is Verdict.NOISE


def test_nothing_is_real_without_answers() -> None:
    nobody = counts(0, 0, 0)
    assert compare_nps(nobody, nobody) is Verdict.NOISE
    assert compare_nps(counts(50, 0, 0), nobody) is Verdict.NOISE
    assert compare_nps(nobody, counts(0, 0, 50)) is Verdict.NOISE


@pytest.mark.parametrize(("n_now", "n_before"), [(5, 5), (10, 10), (8, 15)])
def test_unchanged_opinions_are_called_real_one_time_in_twenty_at_most(
    n_now: int, n_before: int
) -> None:
    """Exact: all pairs of outcomes of two rounds in which people think the same."""
    called = np.array(
        [
            [compare_nps(now, before) is Verdict.REAL for before in all_outcomes(n_before)]
            for now in all_outcomes(n_now)
        ]
    )
    false_alarms = [
        float(chances(n_now, p / 10, d / 10) @ called @ chances(n_before, p / 10, d / 10))
        for p, d in product(range(1, 9), repeat=2)
        if p + d < 10
    ]
    assert max(false_alarms) < 0.055
    assert max(false_alarms) > 0.01  # it does call some, or it would be of no use


# Two shares


def expected_at_least_one(hits: int, n: int, hits_before: int, n_before: int) -> bool:
    """Cochran's condition as Campbell softened it, on SciPy's expected counts."""
    table = [[hits, n - hits], [hits_before, n_before - hits_before]]
    return bool(stats.contingency.expected_freq(table).min() >= 1)


def called_by_scipy(hits: int, n: int, hits_before: int, n_before: int) -> float:
    table = [[hits, n - hits], [hits_before, n_before - hits_before]]
    if not expected_at_least_one(hits, n, hits_before, n_before):
        return float(stats.fisher_exact(table).pvalue)
    total = n + n_before
    pearson = stats.chi2_contingency(table, correction=False).statistic
    return float(stats.chi2.sf(pearson * (total - 1) / total, df=1))


@given(
    n_and_hits | st.tuples(st.just(5), st.integers(0, 5)),
    n_and_hits | st.tuples(st.just(60), st.integers(50, 60)),
)
@example((7, 6), (4, 1))  # Pearson's own statistic would call it
@example((5, 4), (60, 60))
@example((1, 0), (20, 20))
@example((3, 3), (400, 2))
def test_shares_are_compared_as_scipy_would(now: tuple[int, int], before: tuple[int, int]) -> None:
    (n, hits), (n_before, hits_before) = now, before
    assume(0 < hits + hits_before < n + n_before)
    chance = called_by_scipy(hits, n, hits_before, n_before)
    assume(abs(chance - 0.05) > 1e-9)

    verdict = compare_shares(hits=hits, n=n, hits_before=hits_before, n_before=n_before)

    assert verdict is (Verdict.REAL if chance < 0.05 else Verdict.NOISE)


def test_one_unhappy_customer_in_five_is_noise_where_the_normal_curve_would_call_it() -> None:
    assert compare_shares(hits=4, n=5, hits_before=60, n_before=60) is Verdict.NOISE


@given(n_and_hits, n_and_hits)
def test_the_verdict_on_shares_is_the_same_from_either_side(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    (n, hits), (n_other, hits_other) = one, other
    verdict = compare_shares(hits=hits, n=n, hits_before=hits_other, n_before=n_other)
    assert verdict is compare_shares(hits=hits_other, n=n_other, hits_before=hits, n_before=n)
    assert verdict is compare_shares(
        hits=n - hits, n=n, hits_before=n_other - hits_other, n_before=n_other
    )


@pytest.mark.parametrize(
    ("hits", "n", "hits_before", "n_before"),
    [(0, 0, 0, 0), (5, 5, 0, 0), (0, 0, 5, 5), (9, 9, 70, 70), (0, 9, 0, 70)],
)
def test_nobody_or_equal_answers_throughout_are_noise(
    hits: int, n: int, hits_before: int, n_before: int
) -> None:
    assert (
        compare_shares(hits=hits, n=n, hits_before=hits_before, n_before=n_before) is Verdict.NOISE
    )
