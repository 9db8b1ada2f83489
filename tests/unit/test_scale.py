from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.errors import InvalidScore
from survey.scale import CSAT, NPS, SCALES, STARS, TEN, Category, Metric, Scale, Score

scales = st.sampled_from(sorted(SCALES.values(), key=lambda scale: scale.name))


@pytest.mark.parametrize(
    ("scale", "classes"),
    [
        pytest.param(NPS, "0:D 1:D 2:D 3:D 4:D 5:D 6:D 7:P 8:P 9:+ 10:+", id="nps"),
        pytest.param(CSAT, "1:D 2:D 3:P 4:+ 5:+", id="csat"),
        pytest.param(STARS, "1:D 2:D 3:P 4:+ 5:+", id="stars"),
        pytest.param(TEN, "1:D 2:D 3:D 4:D 5:D 6:D 7:P 8:P 9:+ 10:+", id="ten"),
    ],
)
def test_every_mark_has_the_class_of_the_books(scale: Scale, classes: str) -> None:
    signs = {Category.DETRACTOR: "D", Category.PASSIVE: "P", Category.PROMOTER: "+"}
    found = " ".join(f"{value}:{signs[scale.category(value)]}" for value in scale.values)
    assert found == classes


def test_only_nps_is_a_net_promoter_score() -> None:
    assert {scale.name for scale in SCALES.values() if scale.metric is Metric.NPS} == {"nps"}


def test_scales_are_found_by_the_names_of_the_settings() -> None:
    assert set(SCALES) == {"nps", "csat", "stars", "ten"}
    assert all(scale.name == name for name, scale in SCALES.items())


@given(scales, st.integers(-1_000, 1_000))
def test_a_score_is_on_its_scale_or_refused(scale: Scale, value: int) -> None:
    if scale.low <= value <= scale.high:
        assert Score(value, scale).category is scale.category(value)
    else:
        with pytest.raises(InvalidScore, match=rf"from {scale.low} to {scale.high}, not {value}\."):
            Score(value, scale)


@pytest.mark.parametrize("value", [True, False, 7.0, "7", None, float("nan"), 10**30, [7]])
def test_a_score_is_a_whole_number_and_nothing_like_one(value: Any) -> None:
    with pytest.raises(InvalidScore):
        Score(value, NPS)


@given(scales)
def test_a_better_mark_never_has_a_worse_class(scale: Scale) -> None:
    worst_first = [Category.DETRACTOR, Category.PASSIVE, Category.PROMOTER]
    places = [worst_first.index(scale.category(value)) for value in scale.values]
    assert places == sorted(places)
    assert set(places) == {0, 1, 2}
