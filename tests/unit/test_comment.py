import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.comment import Comment, clean
from survey.errors import CommentTooLong, InvalidValue

anything = st.text(st.characters(), max_size=200)


def is_storable(character: str) -> bool:
    return character in "\n\t" or not (
        ord(character) < 0x20 or ord(character) == 0x7F or 0xD800 <= ord(character) <= 0xDFFF
    )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("a\0b", "ab", id="NUL"),
        pytest.param("a\ud83db", "ab", id="lone high surrogate"),
        pytest.param("\ude00ab", "ab", id="lone low surrogate"),
        pytest.param("a\x1b[31mb\x07", "a[31mb", id="terminal escapes"),
        pytest.param("one\r\ntwo\rthree", "one\ntwo\nthree", id="line breaks of all houses"),
        pytest.param("a\tb", "a\tb", id="tab"),
        pytest.param("  a  b \n", "a  b", id="blanks around"),
        pytest.param("\0 a \0", "a", id="blanks behind what is stripped"),
    ],
)
def test_what_cannot_be_stored_is_stripped(typed: str, kept: str) -> None:
    assert Comment(typed).text == kept


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("👩‍👩‍👧 👍🏽 🇩🇪", id="emoji with joiners, skin tone, flag"),
        pytest.param("שלום עולם", id="right-to-left"),
        pytest.param("abc\u202ecba\u202c", id="direction override"),
        pytest.param("zero\u200bwidth\u2060joiner\u200d", id="zero-width"),
        pytest.param("e\u0301 is not \u00e9", id="not normalised"),
        pytest.param("=HYPERLINK(1) '; DROP TABLE x; --", id="formula and SQL"),
        pytest.param("<script>{{ 7*7 }}</script> {0} %s", id="markup and templates"),
        pytest.param("@channel <!here>", id="mentions"),
    ],
)
def test_what_people_type_stays_as_typed(typed: str) -> None:
    assert Comment(typed).text == typed


@pytest.mark.parametrize("typed", ["", "   ", "\n\t", "\0", "\ud800", "\0 \x07 \r\n"])
def test_a_comment_of_nothing_is_refused(typed: str) -> None:
    with pytest.raises(InvalidValue, match="at least one character"):
        Comment(typed)


@pytest.mark.parametrize("character", ["x", "é", "👍", "א"])
def test_two_thousand_characters_fit_and_one_more_does_not(character: str) -> None:
    assert len(Comment(character * 2_000).text) == 2_000
    with pytest.raises(CommentTooLong) as refused:
        Comment(character * 2_001)
    assert (refused.value.length, refused.value.limit) == (2_001, 2_000)
    assert "2001 characters; at most 2000" in str(refused.value)


def test_what_is_stripped_does_not_count() -> None:
    assert len(Comment("  " + "x" * 2_000 + "\0\0\n").text) == 2_000


@given(anything)
def test_what_is_kept_can_be_stored_everywhere(typed: str) -> None:
    kept = clean(typed)
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert all(is_storable(character) for character in kept)
    assert kept == kept.strip()


@given(anything)
def test_nothing_else_is_lost(typed: str) -> None:
    before = [c for c in typed if is_storable(c) and not c.isspace()]
    assert [c for c in clean(typed) if not c.isspace()] == before


@given(anything)
def test_cleaning_twice_is_cleaning_once(typed: str) -> None:
    assert clean(clean(typed)) == clean(typed)
