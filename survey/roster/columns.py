"""What the columns of a roster mean."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from survey.errors import InvalidValue
from survey.roster.entry import Place
from survey.signs import unseen

LONGEST_COLUMN = 64


class Meaning(StrEnum):
    """The columns that Voxpop knows; every other one is an attribute."""

    EMAIL = "email"
    NAME = "name"
    TIMEZONE = "timezone"
    LOCALE = "locale"
    MATTERMOST = "mattermost"
    SLACK = "slack"
    AWAY_FROM = "away_from"
    AWAY_UNTIL = "away_until"
    HOLIDAYS = "holidays"
    ATTRIBUTE = "attribute"


KNOWN = tuple(meaning for meaning in Meaning if meaning is not Meaning.ATTRIBUTE)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: As the roster writes it, without surrounding spaces.
        means: What it is taken for.
        near: A known column that an attribute's name looks like; None if it looks like none.
    """

    name: str
    means: Meaning
    near: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row as it stands there.

    Attributes:
        place: Where.
        cells: One per column, if the row is in order.
    """

    place: Place
    cells: Sequence[str]


def meaning_of(name: str) -> Meaning:
    """What a column of this name means; case and surrounding spaces do not matter."""
    word = name.strip().lower()
    return next((known for known in KNOWN if known.value == word), Meaning.ATTRIBUTE)


def name_columns(header: Sequence[str]) -> tuple[Column, ...]:
    """What each column of a header means.

    Raises:
        InvalidValue: If a name is missing, unreadable or there twice, or no column is `email`.
    """
    first: dict[str, int] = {}
    found = []
    for number, cell in enumerate(header, 1):
        name = cell.strip()
        if not name:
            raise InvalidValue(
                f"Column {number} has no name in the header: name it, or delete the column."
            )
        if len(name) > LONGEST_COLUMN or unseen(name):
            raise InvalidValue(
                f"The name of column {number} is longer than {LONGEST_COLUMN} characters or has "
                "signs that can't be seen: is the first line the header?"
            )
        before = first.setdefault(name.lower(), number)
        if before != number:
            raise InvalidValue(
                f"Columns {before} and {number} are both named {name!r}: rename or delete one."
            )
        found.append(_column(name))
    if Meaning.EMAIL not in {column.means for column in found}:
        raise InvalidValue(_without_email([column.name for column in found]))
    return tuple(found)


def _column(name: str) -> Column:
    means = meaning_of(name)
    if means is not Meaning.ATTRIBUTE:
        return Column(name=name, means=means)
    plain = name.lower().replace(" ", "").replace("-", "").replace("_", "")
    names = {known.value.replace("_", ""): known.value for known in KNOWN}
    near = difflib.get_close_matches(plain, names, n=1, cutoff=0.85)
    return Column(name=name, means=means, near=names[near[0]] if near else None)


def _without_email(names: Sequence[str]) -> str:
    there = ", ".join(repr(name[:30]) for name in names[:12])
    mail = [name for name in names if "mail" in name.lower()]
    mend = (
        f"rename {mail[0][:30]!r} to email"
        if mail
        else "the first line names the columns, and one of them is email"
    )
    return f"No column is named email; there is {there or 'none'}: {mend}."
