"""What comes out of a roster: people, refused rows, and what bringing them in has changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from survey.person import Address

Place = int | str
"""Where a row stands: a line of a file, or the name that a catalogue has for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One person as a roster has them, checked.

    Attributes:
        place: Where it stands.
        email: Lower case.
        name: As they are addressed; their e-mail where the roster has no name.
        timezone: An IANA zone, or None for the organisation's.
        locale: Such as `pt_BR`, or None for English.
        attributes: Every other column that has something in it.
        addresses: Where chats know them.
        away_from: The first local day on which they are away; None without a beginning.
        away_until: The last one; None without an end.
    """

    place: Place
    email: str
    name: str
    timezone: str | None
    locale: str | None
    attributes: Mapping[str, str]
    addresses: tuple[Address, ...]
    away_from: date | None
    away_until: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A row that can't be taken.

    Attributes:
        place: Where it stands.
        email: Whose row it is, lower case; empty if that can't be told.
        reason: What is wrong with it.
        mend: What would make it right.
        faulty: False if nothing is wrong with the row, and its person must not come back.
    """

    place: Place
    email: str
    reason: str
    mend: str
    faulty: bool = True


class Prune(StrEnum):
    """Who is deactivated because a new roster of the same source has them no more."""

    NOBODY = "nobody"
    MISSING = "missing"
    EVEN_MOST = "even_most"
    """Also if that is more than half of the source's people."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a roster changes, or would.

    Attributes:
        new: People who were not known.
        changed: Known people of whom something is different now.
        unchanged: Known people of whom nothing is; their rows are not touched.
        reactivated: People who had left and are back.
        deactivated: People who are no longer on the roster and leave now.
        missing: Active people of this source who are not on the roster, pruned or not.
        forgotten: E-mails of people who asked to be forgotten; they are left out.
    """

    new: int
    changed: int
    unchanged: int
    reactivated: int
    deactivated: int
    missing: int
    forgotten: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A line of `people list`."""

    email: str
    name: str
    timezone: str | None
    locale: str | None
    attributes: Mapping[str, str]
    active: bool
    source: str | None
    away_from: date | None
    away_until: date | None
