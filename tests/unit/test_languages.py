"""Numbers, dates and sentences in a language; every sentence reaches the translators."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from runtime.languages import LOCALES, language

ROOT = Path(__file__).parents[2]
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_every_sentence_is_in_the_translators_template() -> None:
    keywords = {"text": (1,), "plural": (1, 2)}
    found = set()
    for room in ("bot", "survey", "webapp", "runtime"):
        for _, _, message, _, _ in extract_from_dir(
            ROOT / room, method_map=[("**.py", "python")], keywords=keywords
        ):
            found.add(message if isinstance(message, str) else tuple(message))
    with (LOCALES / "voxpop.pot").open("rb") as template:
        told = {
            message.id if isinstance(message.id, str) else tuple(message.id)
            for message in read_po(template)
            if message.id
        }
    assert found == told, "run `make messages`"


@pytest.mark.parametrize(
    ("value", "options", "expected"),
    [
        (32, {"signed": True}, "+32"),
        (-32, {"signed": True}, "\u221232"),
        (0, {"signed": True}, "0"),
        (-0.2, {"signed": True}, "0"),
        (1234.5, {"decimals": 1}, "1,234.5"),
    ],
)
def test_numbers_are_written_with_real_minus_signs(
    value: float, options: dict[str, int], expected: str
) -> None:
    assert language("en").number(value, **options) == expected  # type: ignore[arg-type]


def test_a_moment_is_told_on_the_persons_own_clock() -> None:
    english = language("en")
    assert english.moment(datetime(2026, 11, 20, 16, tzinfo=UTC), BERLIN, now=NOW) == (
        "today at 17:00"
    )
    assert english.moment(datetime(2026, 11, 21, 8, tzinfo=UTC), BERLIN, now=NOW) == (
        "tomorrow at 09:00"
    )
    assert english.moment(datetime(2026, 11, 27, 16, tzinfo=UTC), BERLIN, now=NOW) == (
        "Friday 27 November, 17:00"
    )


def test_an_unknown_locale_falls_back_to_english() -> None:
    for name in ("xx", "", "not a locale", "tlh-AQ"):
        assert language(name).day(date(2026, 11, 27)) == "Friday 27 November"


def test_fields_are_filled_in_and_never_read_as_sentences() -> None:
    assert language("en").text("You wrote: {comment}", comment="{score} %s {0}") == (
        "You wrote: {score} %s {0}"
    )
