"""What makes a staged row differ, belong to an address, or miss: conditions of the roster's SQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    tuple_,
)

from storage.roster_staging import staged, staged_addresses
from storage.tables import addresses, people
from survey.roster import Meaning


def compared(columns: frozenset[Meaning]) -> list[str]:
    """The columns of `people` that the roster has a word on."""
    simple = [
        meaning.value
        for meaning in (Meaning.NAME, Meaning.TIMEZONE, Meaning.LOCALE)
        if meaning in columns
    ]
    if columns & {Meaning.ATTRIBUTE, Meaning.HOLIDAYS}:
        simple.append("attributes")
    return [
        *simple,
        *(day.value for day in (Meaning.AWAY_FROM, Meaning.AWAY_UNTIL) if day in columns),
    ]


def address_of(table: Any) -> tuple[ColumnElement[Any], ...]:
    """The three words of an address."""
    return table.c.platform, table.c.workspace, table.c.user_id


def same_address() -> ColumnElement[bool]:
    """The staged address is this one."""
    return tuple_(*address_of(addresses)) == tuple_(*address_of(staged_addresses))


def not_staged(platforms: Sequence[str]) -> ColumnElement[bool]:
    """Addresses on platforms that the roster knows, which it does not have for this person."""
    again = (
        exists()
        .where(
            same_address(),
            staged_addresses.c.email == people.c.email,
            people.c.id == addresses.c.person_id,
        )
        .correlate(addresses)
    )
    return and_(addresses.c.platform.in_(platforms), addresses.c.workspace == "", ~again)


def gone_from(person_id: ColumnElement[Any], platforms: Sequence[str]) -> ColumnElement[bool]:
    """The person has an address there that the roster no longer has."""
    return exists().where(addresses.c.person_id == person_id, not_staged(platforms))


def not_on_roster(source: str) -> ColumnElement[bool]:
    """Active people of a source who are not on the roster."""
    there = exists().where(staged.c.email == people.c.email).correlate(people)
    return and_(people.c.active, people.c.source == source, people.c.erased_at.is_(None), ~there)
