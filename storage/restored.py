"""Whether this database is an older one put back, and what is set right before anything is sent.

A database carries a mark of where it lives. A restored one has the mark of another place:

- SQLite: `user_version` is the file's number on its disk; `voxpop db backup` writes `COPIED`.
- PostgreSQL: a comment on an index names the database, the table and the time line, which dumps
  carry along, and which a restored dump, a point in time and a failover change.
"""

import asyncio
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.lanes import database_now
from storage.locks import Lock, wait_for
from storage.tables import deliveries, schedules
from survey.errors import StorageUnavailable
from survey.states import DeliveryKind, DeliveryState

COPIED = 1
"""The mark of a copy that `voxpop db backup` made; no file has this number."""
RESTORED = "a backup was restored; if this round was not held, start it by hand"
"""What becomes of a schedule's times that passed between the backup and the restore."""
_PLACE = text(
    """SELECT d.oid || '/' || 'deliveries'::regclass::oid || '/' ||
       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)
       FROM pg_database d WHERE d.datname = current_database()"""
)
_MARK = text("SELECT obj_description('pk_deliveries'::regclass, 'pg_class')")

log = structlog.get_logger()


async def was_restored(database: Database) -> bool:
    """Whether the mark is of another place; a database without one is as good as where it is."""
    try:
        async with database.read() as connection:
            mark, place = await _mark(connection, database), await _place(connection, database)
    except StorageUnavailable:
        log.warning("restores_go_unnoticed")
        return False
    return mark is not None and mark != place


async def settle(database: Database, *, at: datetime, told: bool = False) -> int:
    """Set right what might go out twice, and mark the database as belonging here, in one go.

    Whatever was due by now may have been sent before the database was put back: it is looked up
    on its platform, and sent only if it is not there. Times of schedules that have passed start
    nothing.

    Args:
        database: Which.
        at: Now.
        told: Whether it is done even where the mark says that nothing was restored.

    Returns:
        How many messages will be looked up.
    """
    async with database.write() as connection:
        if not database.is_sqlite:
            await wait_for(connection, Lock.RESTORE)
            same = await _mark(connection, database) == await _place(connection, database)
            if same and not told:
                return 0  # somebody was quicker
        looked_up = await connection.execute(
            deliveries.update()
            .where(
                deliveries.c.state == DeliveryState.PLANNED.value,
                deliveries.c.kind != DeliveryKind.UPDATE.value,
                deliveries.c.due_at <= at,
            )
            .values(
                state=DeliveryState.UNKNOWN.value,
                lease_until=database_now(database),
                reason="a backup was restored",
            )
        )
        await connection.execute(
            schedules.update()
            .where(schedules.c.handled_until < at)
            .values(handled_until=at, outcome=RESTORED)
        )
        await _write_mark(connection, database)
    return looked_up.rowcount


async def mark(database: Database) -> None:
    """Mark a database that has no mark yet as belonging here; one that may not be marked stays."""
    try:
        async with database.write() as connection:
            if await _mark(connection, database) is None:
                await _write_mark(connection, database)
    except StorageUnavailable:
        log.warning("restores_go_unnoticed")


async def _mark(connection: AsyncConnection, database: Database) -> str | None:
    if not database.is_sqlite:
        found = await connection.scalar(_MARK)
        return None if found is None else str(found)
    number = await connection.scalar(text("PRAGMA user_version"))
    return str(number) if number else None


async def _place(connection: AsyncConnection, database: Database) -> str:
    if not database.is_sqlite:
        return str(await connection.scalar(_PLACE))
    return await asyncio.to_thread(_number_of, Path(database.url.database or ""))


def _number_of(path: Path) -> str:
    return str(path.stat().st_ino % 2**31 or COPIED + 1)


async def _write_mark(connection: AsyncConnection, database: Database) -> None:
    place = await _place(connection, database)
    command = "PRAGMA user_version = {}" if database.is_sqlite else _COMMENT
    # Neither takes parameters; a place is made of digits, hexadecimal ones and slashes.
    await connection.exec_driver_sql(command.format(place))


_COMMENT = "COMMENT ON INDEX pk_deliveries IS '{}'"
