"""Many rows at once, by the fastest way that each database has."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import SQLITE_FORMAT

_UNIQUE_VIOLATION = "23505"


async def insert_many(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Insert rows inside of the connection's transaction.

    COPY does it on PostgreSQL, one prepared statement on SQLite.

    Args:
        connection: One on which the transaction has begun with a statement already.
        table: Where to.
        columns: Their names, in the order of the values.
        rows: Values as Python has them: UUIDs, aware instants, words, numbers; a column has one
            type.

    Raises:
        IntegrityError: If a row is there already; the transaction is lost.
    """
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        await connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of ours
            _for_sqlite(list(rows)),
        )
        return
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    try:
        await driver.copy_records_to_table(table.name, records=rows, columns=list(columns))
    except Exception as error:
        if getattr(error, "sqlstate", None) == _UNIQUE_VIOLATION:
            raise IntegrityError("COPY", None, error) from error
        raise


def _for_sqlite(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """As the column types of `storage.tables` write it."""
    if not rows:
        return []
    writers: dict[type, Callable[[Any], Any]] = {UUID: _hex, datetime: _instant}
    columns = list(zip(*rows, strict=True))
    for place, value in enumerate(rows[0]):
        if type(value) in writers:
            columns[place] = tuple(map(writers[type(value)], columns[place]))
    return list(zip(*columns, strict=True))


def _hex(value: UUID) -> str:
    return value.hex


@lru_cache(maxsize=10_000)
def _instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime(SQLITE_FORMAT)
