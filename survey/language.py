"""What the wording needs of a language; `runtime.languages` has them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Language(Protocol):
    """One person's language: sentences, plurals, numbers and dates.

    Sentences have named fields: `text("You said {score}.", score="6")`.
    """

    def __hash__(self) -> int:
        """What is the same in every card of a language is made once."""
        ...

    @property
    def locale(self) -> str:
        """Such as `en` or `pt_BR`."""
        ...

    @property
    def right_to_left(self) -> bool:
        """Which way it is read."""
        ...

    def text(self, sentence: str, /, **fields: object) -> str:
        """The sentence in this language, its fields filled in."""
        ...

    def plural(self, one: str, many: str, /, n: int, **fields: object) -> str:
        """One of two sentences, by the language's rules for `n` (also a field)."""
        ...

    def number(self, value: float, *, decimals: int = 0, signed: bool = False) -> str:
        """A number; `signed` shows a plus as well."""
        ...

    def percent(self, share: float, *, decimals: int = 0) -> str:
        """A share of 1 as a percentage."""
        ...

    def day(self, day: date) -> str:
        """A calendar day in words: Friday 27 November."""
        ...

    def moment(self, instant: datetime, tz: ZoneInfo, *, now: datetime) -> str:
        """An instant on somebody's clock: "tomorrow at 17:00", "Friday 27 November, 17:00"."""
        ...

    def listing(self, items: Sequence[str]) -> str:
        """A, B and C."""
        ...


class Languages(Protocol):
    """All languages there are."""

    def __call__(self, locale: str) -> Language:
        """The language for a locale, or the nearest there is; English at last."""
        ...
