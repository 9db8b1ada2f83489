"""A roster on its way in: temporary tables of one connection, filled without any lock."""

from collections.abc import Callable, Collection, Iterator, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable, DropTable

from storage.bulk import insert_many
from storage.rows import attributes_text
from survey.roster import Entry

BATCH = 5_000
"""How many entries go over at once."""


class Verdict(StrEnum):
    """What a staged entry means for the person; NULL until it is found out, and for new ones."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    REACTIVATED = "reactivated"
    FORGOTTEN = "forgotten"
    KEPT = "kept"
    """On the roster, and nothing to bring in."""


_temporary = MetaData()
staged = Table(
    "staged_people",
    _temporary,
    Column("email", String(320), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("timezone", String(64)),
    Column("locale", String(35)),
    Column("attributes", Text, nullable=False),
    Column("away_from", Date),
    Column("away_until", Date),
    Column("verdict", String(16)),
    Column("person_id", BigInteger),
    prefixes=["TEMPORARY"],
)
staged_addresses = Table(
    "staged_addresses",
    _temporary,
    Column("platform", String(32), primary_key=True),
    Column("workspace", String(64), primary_key=True),
    Column("user_id", String(320), primary_key=True),
    Column("email", String(320), nullable=False),
    prefixes=["TEMPORARY"],
)
_BY_EMAIL = Index("ix_staged_addresses_email", staged_addresses.c.email)
_FILLED = tuple(column.name for column in staged.columns)[:-1]


async def stage(
    connection: AsyncConnection,
    entries: Sequence[Entry],
    kept: Collection[str],
    *,
    told: Callable[[int], None] | None,
) -> None:
    """Make the tables and fill them; the transaction is the caller's."""
    await clear(connection)
    for table in (staged, staged_addresses):
        await connection.execute(CreateTable(table))
    kept_rows = [(email, 0, "", None, None, "", None, None, Verdict.KEPT.value) for email in kept]
    await insert_many(connection, staged, _FILLED, kept_rows)
    texts: dict[int, str] = {}
    for first in range(0, len(entries), BATCH):
        part = entries[first : first + BATCH]
        await insert_many(connection, staged, _FILLED, list(_people(part, first, texts)))
        columns = [column.name for column in staged_addresses.columns]
        await insert_many(connection, staged_addresses, columns, list(_addresses(part)))
        if told is not None:
            told(first + len(part))
    await connection.run_sync(_BY_EMAIL.create)
    if connection.dialect.name == "postgresql":  # it would guess how many there are
        await connection.exec_driver_sql("ANALYZE staged_people")
        await connection.exec_driver_sql("ANALYZE staged_addresses")


async def clear(connection: AsyncConnection) -> None:
    """Drop the tables, if they are there."""
    for table in (staged_addresses, staged):
        await connection.execute(DropTable(table, if_exists=True))


def _people(
    entries: Sequence[Entry], first: int, texts: dict[int, str]
) -> Iterator[tuple[Any, ...]]:
    for position, entry in enumerate(entries, first):
        # Entries with the same attributes share them, and so their text is made once.
        text = texts.get(id(entry.attributes))
        if text is None:
            text = texts[id(entry.attributes)] = attributes_text(entry.attributes)
        yield (
            entry.email,
            position,
            entry.name,
            entry.timezone,
            entry.locale,
            text,
            entry.away_from,
            entry.away_until,
            None,
        )


def _addresses(entries: Sequence[Entry]) -> Iterator[tuple[Any, ...]]:
    for entry in entries:
        for address in entry.addresses:
            yield address.platform, address.workspace, address.user_id, entry.email
