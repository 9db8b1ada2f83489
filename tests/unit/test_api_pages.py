"""Lists, a page at a time."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.errors import InvalidValue
from webapp.api.pages import cursor_of, id_in, instant_in, number_in, page, parts_of

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


def sealed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@given(st.lists(WORDS, min_size=1, max_size=3))
def test_a_cursor_stands_for_the_place_that_went_into_it(parts: list[str]) -> None:
    assert parts_of(cursor_of(*parts), len(parts)) == parts


@given(st.text())
def test_whatever_else_comes_is_refused(bent: str) -> None:
    try:
        [part] = parts_of(bent, 1)
    except InvalidValue:
        return
    assert cursor_of(part) == bent


@pytest.mark.parametrize(
    "bent",
    [
        "",
        cursor_of("one"),
        cursor_of("one", "two") + "=",
        sealed('["one", "two"]'),
        sealed('["one",2]'),
        sealed('{"one":"two"}'),
        sealed('["one","\\u0000"]'),
        sealed('["one","\\ud800"]'),
        sealed("[" * 900),
    ],
)
def test_a_cursor_of_another_list_or_a_bent_one_is_refused(bent: str) -> None:
    with pytest.raises(InvalidValue, match="next_cursor"):
        parts_of(bent, 2)


def test_parts_are_read_as_what_they_were() -> None:
    at = datetime(2026, 11, 16, 9, tzinfo=UTC)
    assert instant_in(at.isoformat()) == at
    assert id_in(str(UUID(int=7))) == UUID(int=7)
    assert number_in("42") == 42


@pytest.mark.parametrize("bent", ["", "yesterday", "2026-11-16", "2026-11-16T09:00:00+01:00"])
def test_no_other_instant_is_taken(bent: str) -> None:
    with pytest.raises(InvalidValue):
        instant_in(bent)


@pytest.mark.parametrize("bent", ["", "-1", "1.5", "²", "9" * 19])
def test_no_other_number_is_taken(bent: str) -> None:
    with pytest.raises(InvalidValue):
        number_in(bent)


def test_no_other_id_is_taken() -> None:
    with pytest.raises(InvalidValue):
        id_in("7")


@given(st.sets(st.integers(0, 50)), st.integers(1, 7))
def test_page_after_page_tells_everything_once_and_in_order(things: set[int], limit: int) -> None:
    told: list[int] = []
    behind = -1
    while True:
        found = sorted(one for one in things if one > behind)[: limit + 1]
        got = page(found, limit, tell=int, place=lambda one: [str(one)])
        told += got.data
        if got.next_cursor is None:
            break
        assert len(got.data) == limit
        [place] = parts_of(got.next_cursor, 1)
        behind = number_in(place)
    assert told == sorted(things)
