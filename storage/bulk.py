"""Many rows at once, by the fastest way that each database has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Date, Table, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.instants import SQLITE_FORMAT, Instant

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
        connection: In whose transaction.
        table: Where to.
        columns: Their names, in the order of the values.
        rows: Values as Python has them: UUIDs, aware instants, dates, words, numbers.

    Raises:
        IntegrityError: If a row is there already; the transaction is lost.
    """
    if connection.dialect.name == "sqlite":
        written = _for_sqlite(table, columns, rows)
        if not written:
            return
        places = ", ".join("?" * len(columns))
        await connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of ours
            written,
        )
        return
    # The transaction begins with a statement of SQLAlchemy's: it does not see the driver's own.
    await connection.execute(select(1))
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    try:
        await driver.copy_records_to_table(table.name, records=rows, columns=list(columns))
    except Exception as error:
        if getattr(error, "sqlstate", None) == _UNIQUE_VIOLATION:
            raise IntegrityError("COPY", None, error) from error
        raise


def among(column: Column[Any], name: str, *, sqlite: bool) -> ColumnElement[bool]:
    """Whether the column has one of the values of a parameter, in the same words for any number.

    A statement for each number of them would be prepared anew each time.
    """
    if sqlite:
        return column.in_(bindparam(name, expanding=True))
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def _for_sqlite(
    table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """As the column types write it; past SQLAlchemy's own handling, which doubles the time."""
    values = list(zip(*rows, strict=True))
    if not values:
        return []
    for place, name in enumerate(columns):
        write = _WRITERS.get(type(table.c[name].type))
        if write is not None:
            values[place] = tuple(None if one is None else write(one) for one in values[place])
    return list(zip(*values, strict=True))


@lru_cache(maxsize=10_000)
def _instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime(SQLITE_FORMAT)


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    Uuid: lambda value: value.hex,
    Instant: _instant,
    Date: lambda value: value.isoformat(),
}
