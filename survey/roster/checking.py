"""What the rows of a roster say: people, or a reason and a mend per row that can't be taken."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from survey.contact import HOLIDAYS
from survey.errors import InvalidValue
from survey.person import Address
from survey.roster.columns import Column, Meaning, Row
from survey.roster.entry import Entry, Place, Refused
from survey.signs import unseen

LONGEST_CELL = 200
LONGEST_ID = 320
TOLD_EVERY = 1_000
"""After so many rows progress is told."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLATFORMS = (Meaning.MATTERMOST, Meaning.SLACK)
_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a row is checked by, beside its own form.

    Attributes:
        email: The address in the one way that it is written; a ValueError tells why it is none.
        locale: The locale as we write it (`pt_BR`); a ValueError if there is no such.
        region: The region of public holidays as we write it (`DE-BE`); a ValueError if there is no
            such.
        zones: The IANA zones there are.
    """

    email: Callable[[str], str]
    locale: Callable[[str], str]
    region: Callable[[str], str]
    zones: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """All rows of a roster.

    Attributes:
        entries: Those that are in order.
        refused: Those that are not.
    """

    entries: list[Entry]
    refused: list[Refused]


@dataclass(frozen=True, kw_only=True)
class _Fault:
    reason: str
    mend: str


def check_rows(
    columns: Sequence[Column],
    rows: Iterable[Row],
    rules: Rules,
    *,
    told: Callable[[int], None] | None = None,
) -> Checked:
    """Check row by row; whoever comes twice stands where they came first.

    Raises:
        InvalidValue: If the rows can't be read on.
    """
    checker = _Checker(columns=columns, rules=rules)
    checked = Checked(entries=[], refused=[])
    number = 0
    for number, row in enumerate(rows, 1):
        found = checker.check(row)
        if isinstance(found, Entry):
            checked.entries.append(found)
        else:
            checked.refused.append(found)
        if told is not None and number % TOLD_EVERY == 0:
            told(number)
    if told is not None:
        told(number)
    return checked


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")


@dataclass(kw_only=True)
class _Checker:
    """Knows which rows came before."""

    columns: Sequence[Column]
    rules: Rules
    emails: dict[str, Place] = field(default_factory=dict)
    ids: dict[tuple[Meaning, str], Place] = field(default_factory=dict)
    zones: dict[str, str | _Fault] = field(default_factory=dict)
    locales: dict[str, str | _Fault] = field(default_factory=dict)
    regions: dict[str, str | _Fault] = field(default_factory=dict)
    shared: dict[tuple[str, ...], Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._at = {column.means: place for place, column in enumerate(self.columns)}
        self._attributes = tuple(
            (place, column.name)
            for place, column in enumerate(self.columns)
            if column.means is Meaning.ATTRIBUTE
        )

    def check(self, row: Row) -> Entry | Refused:
        """The row as a person, or all that is wrong with it."""
        wanted, given = len(self.columns), len(row.cells)
        if given != wanted:
            mend = (
                "put cells that have the delimiter in them into quotes"
                if given > wanted
                else "write a delimiter for empty cells as well"
            )
            fault = _Fault(
                reason=f"{given} cells where the header has {wanted}",
                mend=f"{mend}, so that there are {wanted}",
            )
            return self._refused(row, "", [fault])
        cells = [cell.strip() for cell in row.cells]
        faults: list[_Fault] = []
        for column, cell in zip(self.columns, cells, strict=True):
            # Almost every cell is in order, and this is asked of each.
            if (len(cell) > LONGEST_CELL or not cell.isprintable()) and (
                odd := _form_fault(column, cell)
            ):
                faults.append(odd)
        email = self._email(row.place, cells, faults)
        timezone = self._zone(self._cell(cells, Meaning.TIMEZONE), faults)
        locale = self._locale(self._cell(cells, Meaning.LOCALE), faults)
        region = self._region(self._cell(cells, Meaning.HOLIDAYS), faults)
        away = self._away(cells, faults)
        addresses = self._addresses(row.place, cells, faults)
        if faults:
            return self._refused(row, email, faults)
        return Entry(
            place=row.place,
            email=email,
            name=_composed(self._cell(cells, Meaning.NAME)) or email,
            timezone=timezone,
            locale=locale,
            attributes=self._attributes_of(cells, region),
            addresses=addresses,
            away_from=away[0],
            away_until=away[1],
        )

    def _refused(self, row: Row, email: str, faults: Sequence[_Fault]) -> Refused:
        return Refused(
            place=row.place,
            email=email,
            reason="; ".join(dict.fromkeys(fault.reason for fault in faults)),
            mend="; ".join(dict.fromkeys(fault.mend for fault in faults)),
        )

    def _cell(self, cells: Sequence[str], means: Meaning) -> str:
        place = self._at.get(means)
        return "" if place is None else cells[place]

    def _email(self, place: Place, cells: Sequence[str], faults: list[_Fault]) -> str:
        text = self._cell(cells, Meaning.EMAIL)
        if not text:
            faults.append(_Fault(reason="no e-mail", mend="give them one, or leave them out"))
            return ""
        try:
            email = self.rules.email(text).lower()
        except ValueError as error:
            why = str(error).strip().rstrip(".")
            faults.append(
                _Fault(
                    reason=f"{_shown(text)} is no e-mail address: {why}",
                    mend="write it as name@example.org",
                )
            )
            return ""
        first = self.emails.setdefault(email, place)
        if first != place:
            faults.append(
                _Fault(
                    reason=f"{_shown(email)} stands in {told_place(first)} already",
                    mend="keep one of the rows",
                )
            )
        return email

    def _zone(self, name: str, faults: list[_Fault]) -> str | None:
        if not name or name in self.rules.zones:
            return name or None
        if name not in self.zones:
            near = near_zone(name, self.rules.zones)
            self.zones[name] = _Fault(
                reason=f"there is no time zone {_shown(name)}",
                mend=f"did you mean {near}?" if near else "write an IANA name: Europe/Berlin",
            )
        return _known(self.zones[name], faults)

    def _locale(self, name: str, faults: list[_Fault]) -> str | None:
        if not name:
            return None
        if name not in self.locales:
            try:
                self.locales[name] = self.rules.locale(name)
            except ValueError:
                self.locales[name] = _Fault(
                    reason=f"there is no locale {_shown(name)}",
                    mend="write a language such as de or pt_BR",
                )
        return _known(self.locales[name], faults)

    def _region(self, name: str, faults: list[_Fault]) -> str | None:
        if not name:
            return None
        if name not in self.regions:
            try:
                self.regions[name] = self.rules.region(name)
            except ValueError:
                self.regions[name] = _Fault(
                    reason=f"nobody knows the public holidays of {_shown(name)}",
                    mend="write a country or one of its parts, such as DE, DE-BE or US-CA",
                )
        return _known(self.regions[name], faults)

    def _away(self, cells: Sequence[str], faults: list[_Fault]) -> tuple[date | None, date | None]:
        try:
            return parse_absence(
                self._cell(cells, Meaning.AWAY_FROM), self._cell(cells, Meaning.AWAY_UNTIL)
            )
        except InvalidValue as error:
            reason, _, mend = str(error).rstrip(".").partition(": ")
            faults.append(_Fault(reason=reason, mend=mend))
            return None, None

    def _addresses(
        self, place: Place, cells: Sequence[str], faults: list[_Fault]
    ) -> tuple[Address, ...]:
        found = []
        for platform in _PLATFORMS:
            user = self._cell(cells, platform).removeprefix("@")
            if not user:
                continue
            first = self.ids.setdefault((platform, user.lower()), place)
            if first != place:
                faults.append(
                    _Fault(
                        reason=f"{platform.value} {_shown(user)} is in {told_place(first)} already",
                        mend="an account belongs to one person",
                    )
                )
            found.append(Address(platform=platform.value, workspace="", user_id=user))
        return tuple(found)

    def _attributes_of(self, cells: Sequence[str], region: str | None) -> Mapping[str, str]:
        # Many people have the same ones; what is the same is kept once.
        values = (region or "", *(cells[place] for place, _ in self._attributes))
        found = self.shared.get(values)
        if found is None:
            found = {
                name: _composed(cells[place]) for place, name in self._attributes if cells[place]
            } | ({HOLIDAYS: region} if region else {})
            self.shared[values] = found
        return found


def _known(found: str | _Fault, faults: list[_Fault]) -> str | None:
    if isinstance(found, str):
        return found
    faults.append(found)
    return None


def _form_fault(column: Column, cell: str) -> _Fault | None:
    limit = LONGEST_ID if column.means in {Meaning.EMAIL, *_PLATFORMS} else LONGEST_CELL
    if len(cell) > limit:
        return _Fault(
            reason=f"{column.name} has {len(cell)} characters", mend=f"at most {limit} fit"
        )
    if unseen(cell):
        return _Fault(
            reason=f"{column.name} has line breaks or signs that can't be seen",
            mend="type it anew, on one line",
        )
    return None


def _composed(text: str) -> str:
    """In one way of writing, so that the same word is the same group."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def told_place(place: Place) -> str:
    """Where a row stands, in words."""
    return f"line {place}" if isinstance(place, int) else place


def near_zone(name: str, zones: frozenset[str]) -> str | None:
    """The zone that was probably meant: by its case, its city, or its letters."""
    word = name.strip().lower().replace(" ", "_")
    lower = {zone.lower(): zone for zone in sorted(zones, reverse=True)}
    if word in lower:
        return lower[word]
    cities = [zone for zone in sorted(zones) if zone.lower().rpartition("/")[2] == word]
    if cities:
        return cities[0]
    near = difflib.get_close_matches(word, lower, n=1, cutoff=0.75)
    return lower[near[0]] if near else None


def parse_absence(begins: str, ends: str) -> tuple[date | None, date | None]:
    """From which local day until which somebody is away; either may be left open.

    Raises:
        InvalidValue: If one is no date as in 2026-12-24, or the end comes before the beginning.
    """
    first, last = _day("away_from", begins), _day("away_until", ends)
    if first and last and last < first:
        raise InvalidValue(f"away_until {last} comes before away_from {first}: change one of them.")
    return first, last


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidValue(f"{name} {_shown(text)} is no date: write it as 2026-12-24.")
