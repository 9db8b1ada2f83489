"""A brand's colour is any colour; what stands on it can always be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.brand import Brand, contrast
from survey.errors import InvalidValue

COLORS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(color=COLORS)
def test_whatever_the_colour_is_its_words_have_the_contrast_of_wcag_aa(color: str) -> None:
    assert contrast(Brand(color=color).on_color, color) >= 4.5


@given(one=COLORS, other=COLORS)
def test_contrast_has_no_sides(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one)


def test_contrast_is_what_wcag_says_it_is() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#123456", "#123456") == pytest.approx(1)


@pytest.mark.parametrize("color", ["red", "#fff", "#FFFFFF", "#12345g", "#0b6670\n"])
def test_what_is_no_colour_is_refused(color: str) -> None:
    with pytest.raises(InvalidValue):
        Brand(color=color)


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "two\nlines", "tur\u202ened"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        Brand(name=name)
