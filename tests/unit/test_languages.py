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


def test_a_line_of_arabic_that_begins_with_a_latin_name_still_runs_to_the_left() -> None:
    said = language("ar").text("{campaign}, paused; open until {day}", campaign="nps/2026Q4", day=1)
    assert said.startswith("\u200fnps/2026Q4")
    assert not language("ar").text("Done.").startswith("\u200f")
    assert language("ar").text("NPS") == "NPS"


def test_the_slash_of_a_command_stands_before_it_in_arabic_too() -> None:
    sentence = "`/nps resume` goes on with it."
    assert "\u200e`/nps resume`" in language("ar").text(sentence)
    assert "\u200e\u200e" not in language("ar").text("{name}", name="\u200e`/nps optin`")
    assert language("de").text(sentence).isprintable()


def test_a_sign_stands_before_its_number_in_arabic_too() -> None:
    assert language("ar").number(-32) == "\u200e\u221232"
    assert language("ar").number(32, signed=True) == "\u200e+32"
    assert language("ar").number(32) == "32"
