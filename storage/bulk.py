"""Many rows at once, by the fastest way that each database has."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import SQLITE_FORMAT


async def insert_many(
    connection: AsyncConnection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Insert rows inside of the connection's transaction.

    COPY does it on PostgreSQL, one prepared statement on SQLite.

    Args:
        connection: One on which the transaction has begun with a statement already.
        table: Where to.
        columns: Their names, in the order of the values.
        rows: Values as Python has them: UUIDs, aware instants, words, numbers.
    """
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        await connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608 - names of ours
            [tuple(_for_sqlite(value) for value in row) for row in rows],
        )
        return
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(table.name, records=rows, columns=list(columns))


def _for_sqlite(value: Any) -> Any:
    """As the column types of `storage.tables` write it."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(SQLITE_FORMAT)
    return value
