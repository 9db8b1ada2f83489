"""The rules of features: when somebody is asked, and ratings as figures."""

from dataclasses import replace
from datetime import timedelta
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.errors import InvalidValue
from survey.features import (
    Counted,
    Feature,
    Ratings,
    Source,
    Suppressed,
    Use,
    by_month,
    by_quarter,
    feature_of,
    in_words,
    occasion_key,
)
from survey.occasion import LONGEST_KEY
from tests.world import MONDAY

REST = timedelta(days=180)
DASHBOARD = Feature(
    product="suite", key="dashboard", interaction_threshold=5, rejection_threshold=3
)
READY = Use(
    feature=DASHBOARD,
    email="ann@example.org",
    interaction_count=5,
    total_interaction_count=9,
    rejection_count=2,
    created_at=MONDAY,
    updated_at=MONDAY,
)
KEYS = st.from_regex(r"\A[A-Za-z0-9\-_.+]{1,64}\Z")


def why(use: Use) -> Suppressed | None:
    return use.suppressed_by(rest=REST, at=MONDAY)


def test_whoever_has_reached_the_threshold_is_asked() -> None:
    assert why(READY) is None


def test_one_interaction_less_is_too_few() -> None:
    assert why(replace(READY, interaction_count=4)) is Suppressed.THRESHOLD


def test_one_rejection_more_ends_it() -> None:
    assert why(replace(READY, rejection_count=3)) is Suppressed.REJECTIONS


def test_nobody_is_asked_within_the_rest_and_everybody_after_it() -> None:
    rested = MONDAY - REST
    within = replace(READY, last_feedback_at=rested + timedelta(seconds=1))
    assert why(within) is Suppressed.REST
    assert why(replace(READY, last_feedback_at=rested)) is None


def test_what_lasts_longest_is_told_first() -> None:
    use = replace(READY, interaction_count=0, rejection_count=3, last_feedback_at=MONDAY)
    assert why(use) is Suppressed.REJECTIONS
    assert why(replace(use, rejection_count=0)) is Suppressed.REST


@given(product=KEYS, key=KEYS, distinct=st.text())
def test_an_occasion_tells_which_feature_it_is_about(product: str, key: str, distinct: str) -> None:
    feature = Feature(product=product, key=key)
    occasion = occasion_key(feature, distinct)
    assert feature_of(occasion) == (product, key)
    assert len(occasion) <= LONGEST_KEY


@pytest.mark.parametrize("key", ["zammad:4711", "", "feature:a/b", "feature:a:b"])
def test_other_occasions_are_about_none(key: str) -> None:
    assert feature_of(key) is None


@pytest.mark.parametrize("key", ["", "a/b", "a:b", "ä", "a b", "x" * 65])
def test_a_key_stands_in_an_address_as_it_is(key: str) -> None:
    with pytest.raises(InvalidValue):
        Feature(product="suite", key=key)


def test_a_feature_without_a_name_is_called_by_its_key_in_words() -> None:
    assert Feature(product="suite", key="export-csv_v2.0").title == "export csv v2 0"
    assert in_words("--") == "--"


@given(st.lists(st.integers(1, 10), min_size=1, max_size=60))
def test_ratings_are_as_a_textbook_counts_them(ratings: list[int]) -> None:
    counted = Ratings(counts={rating: ratings.count(rating) for rating in set(ratings)})
    assert counted.n == len(ratings)
    assert counted.average == pytest.approx(fmean(ratings), abs=0.005001)
    assert counted.median == median(ratings)
    share = sum(rating > 5 for rating in ratings) / len(ratings)
    assert counted.positive == pytest.approx(share, abs=0.005001)


def test_without_ratings_figures_are_zero() -> None:
    nothing = Ratings(counts={})
    assert (nothing.n, nothing.average, nothing.median, nothing.positive) == (0, 0, 0, 0)


def test_months_and_quarters_come_the_latest_first() -> None:
    counted = [
        Counted(year=year, month=month, rating=8, source=Source.PROMPTED, n=n)
        for year, month, n in ((2026, 9, 1), (2026, 10, 2), (2026, 12, 3), (2027, 1, 4))
    ]
    months = {month: found.n for month, found in by_month(counted).items()}
    assert list(months.items()) == [
        ((2027, 1), 4),
        ((2026, 12), 3),
        ((2026, 10), 2),
        ((2026, 9), 1),
    ]
    quarters = {quarter: found.n for quarter, found in by_quarter(counted).items()}
    assert list(quarters.items()) == [((2027, 1), 4), ((2026, 4), 5), ((2026, 3), 1)]
