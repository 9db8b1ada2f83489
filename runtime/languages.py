"""Languages by Babel and gettext: the port `Language`."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import DateTimePattern, format_time, match_skeleton, parse_pattern
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "voxpop"
KEPT = 1_000
_WEEKDAY, _LONG_MONTH = re.compile("[Ec]+"), re.compile("M{3,}|L{3,}")
_RUNS_LEFT, _RUNS_RIGHT = "\u200f", "\u200e"
_COMMAND = re.compile("(?<!\u200e)(?=`/)")
_HARDLY = 0.005
"""A share so near to none or all that it would be rounded to it."""


class BabelLanguage:
    """One locale."""

    def __init__(self, locale: Locale, translations: NullTranslations) -> None:
        self._locale = locale
        self._translations = translations
        # Formatting one costs as much as the rest of a card, and most cards have the same few.
        self._numbers: dict[tuple[float, int, bool], str] = {}

    @property
    def locale(self) -> str:
        """See the port."""
        return str(self._locale)

    @property
    def right_to_left(self) -> bool:
        """See the port."""
        return self._locale.text_direction == "rtl"

    def text(self, sentence: str, /, **fields: object) -> str:
        """See the port."""
        return self._shown(self._translations.gettext(sentence).format(**fields))

    def plural(self, one: str, many: str, /, n: int, **fields: object) -> str:
        """See the port."""
        sentence = self._translations.ngettext(one, many, n)
        return self._shown(sentence.format(n=self.number(n), **fields))

    def _shown(self, said: str) -> str:
        """With the marks that keep Latin words in their places, where lines run to the left."""
        if not self.right_to_left:
            return said
        strong = [kind for kind in map(bidirectional, said) if kind in {"L", "R", "AL"}]
        # Else a line that begins with a name would run to the right, whatever follows.
        lead = _RUNS_LEFT if strong[:1] == ["L"] and "AL" in strong else ""
        # Else the slash of a command would stand behind it.
        return f"{lead}{_COMMAND.sub(_RUNS_RIGHT, said)}"

    def number(self, value: float, *, decimals: int = 0, signed: bool = False) -> str:
        """See the port."""
        key = (value, decimals, signed)
        known = self._numbers.get(key)
        if known is None:
            known = self._format_number(value, decimals=decimals, signed=signed)
            if len(self._numbers) < KEPT:
                self._numbers[key] = known
        return known

    def _format_number(self, value: float, *, decimals: int, signed: bool) -> str:
        digits = "#,##0" + ("." + "0" * decimals if decimals else "")
        rounded = round(value, decimals) + 0.0  # no minus before a zero
        pattern = f"+{digits};-{digits}" if signed and rounded else digits
        told = format_decimal(rounded, format=pattern, locale=self._locale).replace("-", "\u2212")
        # Else its sign would stand behind it.
        return f"{_RUNS_RIGHT}{told}" if self.right_to_left and told[0] in "+\u2212" else told

    def percent(self, share: float, *, decimals: int = 0) -> str:
        """See the port."""
        if not decimals and (0 < share < _HARDLY or 1 - _HARDLY < share < 1):
            decimals = 1
        digits = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_percent(share, format=f"{digits}\u00a0%", locale=self._locale)

    def day(self, day: date) -> str:
        """See the port."""
        return _day(self._locale, day)

    def moment(self, instant: datetime, tz: ZoneInfo, *, now: datetime) -> str:
        """See the port."""
        local, today = instant.astimezone(tz), now.astimezone(tz).date()
        clock = _clock(self._locale, local.time().replace(second=0, microsecond=0))
        if local.date() == today:
            return self.text("today at {clock}", clock=clock)
        if local.date() == today + timedelta(days=1):
            return self.text("tomorrow at {clock}", clock=clock)
        return self.text("{day}, {clock}", day=self.day(local.date()), clock=clock)

    def listing(self, items: Sequence[str]) -> str:
        """See the port."""
        return format_list(list(items), locale=self._locale)


# A round closes at one moment: its messages say the same day and time over and over.
@lru_cache(maxsize=KEPT)
def _day(locale: Locale, day: date) -> str:
    return str(_day_pattern(locale).apply(day, locale))


@lru_cache(maxsize=32)
def _day_pattern(locale: Locale) -> DateTimePattern:
    """A day with its weekday and month, both in full: most languages name only the short form."""
    known = locale.datetime_skeletons
    found: str = known[match_skeleton("MMMMEEEEd", known) or "MMMEd"].pattern
    # What stands between quotes is said as it is.
    said = [
        part if place % 2 else _LONG_MONTH.sub("MMMM", _WEEKDAY.sub("EEEE", part))
        for place, part in enumerate(found.split("'"))
    ]
    return parse_pattern("'".join(said))


@lru_cache(maxsize=KEPT)
def _clock(locale: Locale, clock: time) -> str:
    return str(format_time(clock, "HH:mm", locale=locale))


@lru_cache(maxsize=1)
def spoken() -> Mapping[str, str]:
    """The languages that people can choose, each with its own name for itself, by their codes."""
    files = LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po")
    codes = sorted({"en", *(file.parent.parent.name for file in files)})
    return {code: _own_name(Locale.parse(code)) for code in codes}


def _own_name(locale: Locale) -> str:
    name = locale.get_display_name(locale) or str(locale)
    return name[0].upper() + name[1:]


@lru_cache(maxsize=256)
def language(locale: str) -> BabelLanguage:
    """The language of a locale such as `pt_BR` or `pt-BR`; English where we have no better."""
    try:
        wanted = Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        wanted = Locale("en")
    translations = _sentences(str(wanted)) or _sentences(wanted.language)
    if translations is None and wanted.language != "en":
        wanted = Locale("en")
    if wanted == Locale("en"):
        wanted = Locale("en", "GB")
    return BabelLanguage(wanted, translations or NullTranslations())


@lru_cache(maxsize=32)
def _sentences(code: str) -> Translations | None:
    """The sentences in one language, read as their translators wrote them; None if nobody did."""
    file = LOCALES / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    try:
        text = file.read_bytes()
    except OSError:
        return None
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text), locale=code))
    compiled.seek(0)
    return Translations(compiled, DOMAIN)
