"""The database: SQLite by default, PostgreSQL by its URL."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, event, func, literal, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.troubles import OUTCOME_UNKNOWN, READ_ONLY, Writes, sqlstate, translated
from survey.errors import CommitUnknown, InvalidValue, NotWritable

PRESS_TIMEOUT_SECONDS = 2
"""A press is cut off after this long; a closing round waits at least as long for the last ones."""
POOL = 10
BUSY_SECONDS = 1.8
"""How long SQLite waits for another process that writes; then people are told to try again."""
_AT_ONCE = 0.05
"""Seconds: who got a connection within them still has all of the patience with SQLite."""
_CUT_OFF = ("08", "57P")
"""How PostgreSQL begins what it says to those whose connection it ends."""


def database_url(text: str) -> URL:
    """The URL with the driver that Voxpop uses.

    Raises:
        InvalidValue: If it is neither SQLite nor PostgreSQL.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:  # its words may hold the password
        raise InvalidValue(
            "VOXPOP_DATABASE_URL is no database URL; it looks like sqlite:///voxpop.db or "
            "postgresql://user:password@host/database."
        ) from error
    match url.get_backend_name():
        case "sqlite":
            return url.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+asyncpg")
        case other:
            raise InvalidValue(f"VOXPOP_DATABASE_URL names {other}; use sqlite or postgresql.")


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database and its two pools.

    Attributes:
        url: With the driver.
        engine: For everything that is not a press.
        presses: For presses: autocommit, cut off after two seconds. On SQLite, which has one
            writer, it is the same engine.
        readers: For reading. On SQLite they have connections of their own and see what was
            committed, whoever is writing; on PostgreSQL it is the same engine.
        writes: Whether writes are taken.
    """

    url: URL
    engine: AsyncEngine
    presses: AsyncEngine
    readers: AsyncEngine
    writes: Writes = field(default_factory=Writes)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @property
    def shards(self) -> int:
        """How many rows share one count."""
        return 1 if self.is_sqlite else 8

    @asynccontextmanager
    async def write(
        self, *, snapshot: bool = False, rebuilds: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """One transaction; on SQLite it holds the write lock from its begin.

        Args:
            snapshot: See one moment throughout. SQLite always does.
            rebuilds: Make tables anew that others refer to, which SQLite would refuse: whoever does
                so looks at the references before the end.

        Raises:
            StorageUnavailable: If the database is away or busy.
            NotWritable: If it is full or read-only.
            CommitUnknown: If it went away while it was saving.
            Contended: With `snapshot`, if somebody else changed the same rows meanwhile.
        """
        options: dict[str, Any] = {}
        if snapshot and not self.is_sqlite:
            options = {"isolation_level": "REPEATABLE READ"}
        if rebuilds:
            options["sqlite_rebuilds"] = True
        begun, saving = time.monotonic(), False
        with self.writes.watched(), translated():
            try:
                async with self.engine.connect() as connection:
                    options["sqlite_patience"] = _patience(since=begun)
                    try:
                        async with (await connection.execution_options(**options)).begin():
                            yield connection
                            saving = True
                    finally:
                        if rebuilds and self.is_sqlite:
                            pooled: Any = await connection.get_raw_connection()
                            await pooled.driver_connection.execute("PRAGMA foreign_keys=ON")
            except DBAPIError as error:
                if saving and error.connection_invalidated:
                    raise CommitUnknown(OUTCOME_UNKNOWN) from error
                raise

    async def try_writing(self) -> None:
        """Commit something that changes nothing, to learn whether writes are taken.

        Raises:
            StorageUnavailable: If the database is away or busy, which tells nothing about that.
        """
        with suppress(NotWritable):  # `writes` has it
            async with self.write() as connection:
                if self.is_sqlite:
                    await connection.execute(text("PRAGMA application_id = 0"))
                else:
                    if await connection.scalar(text("SHOW transaction_read_only")) == "on":
                        raise NotWritable(READ_ONLY)
                    note = func.pg_logical_emit_message(literal(value=True), "voxpop", "")
                    await connection.execute(select(note))
            self.writes.taken()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One read-only transaction; it never waits for a writer.

        Raises:
            StorageUnavailable: If the database is away.
        """
        with translated():
            async with self.readers.connect() as connection:
                options = {"sqlite_deferred": True} if self.is_sqlite else {}
                async with (await connection.execution_options(**options)).begin():
                    yield connection

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Any]:
        """The driver's own connection, for the one statement that must be fast.

        Raises:
            StorageUnavailable: If the database is away, or busy for two seconds.
            NotWritable: If it is full or read-only.
            CommitUnknown: If it went away meanwhile.
        """
        with self.writes.watched(), translated():
            if self.is_sqlite:
                async with self._only_writer() as connection:
                    yield connection
                return
            pooled = await self.presses.raw_connection()
            while _hung_up(pooled.driver_connection):
                # The server has hung up on it since: away with it, and with the next such one.
                pooled.invalidate()
                pooled = await self.presses.raw_connection()
            try:
                yield pooled.driver_connection
            except BaseException as error:
                lost = _hung_up(pooled.driver_connection) or sqlstate(error).startswith(_CUT_OFF)
                pooled.invalidate()
                if lost and isinstance(error, Exception):
                    raise CommitUnknown(OUTCOME_UNKNOWN) from error
                raise
            finally:
                pooled.close()

    @asynccontextmanager
    async def _only_writer(self) -> AsyncIterator[Any]:
        """SQLite's one connection for writing; waiting for it is part of the patience."""
        begun = time.monotonic()
        async with asyncio.timeout(BUSY_SECONDS):
            pooled: Any = await self.presses.raw_connection()
        left = _patience(since=begun)
        try:
            if left is not None:
                await pooled.driver_connection.execute(_busy_timeout(left))
            yield pooled.driver_connection
        finally:
            if left is not None:
                await pooled.driver_connection.execute(_busy_timeout(BUSY_SECONDS))
            pooled.close()

    async def close(self) -> None:
        """Let go of all connections."""
        await self.presses.dispose()
        await self.readers.dispose()
        await self.engine.dispose()


def _hung_up(connection: Any) -> bool:
    return bool(connection.is_closed())


def _patience(*, since: float) -> float | None:
    """Seconds left for another process that writes, if the wait for a connection took some."""
    waited = time.monotonic() - since
    return max(0.0, BUSY_SECONDS - waited) if waited > _AT_ONCE else None


def _busy_timeout(seconds: float) -> str:
    return f"PRAGMA busy_timeout={int(seconds * 1_000)}"


def open_database(text: str) -> Database:
    """Prepare the pools; nothing is connected yet.

    Raises:
        InvalidValue: If the URL is none, or PostgreSQL's driver is not installed.
    """
    url = database_url(text)
    if url.get_backend_name() == "sqlite":
        _make_private(url.database)
        # Every transaction here is ended by whoever began it: nothing is reset on return.
        engine = create_async_engine(
            url, pool_size=1, max_overflow=0, pool_timeout=30, pool_reset_on_return=None
        )
        readers = create_async_engine(url, pool_size=4, max_overflow=0)
        for pool in (engine, readers):
            event.listen(pool.sync_engine, "connect", _prepare_sqlite)
            event.listen(pool.sync_engine, "begin", _begin_sqlite)
        return Database(url=url, engine=engine, presses=engine, readers=readers)
    try:
        engine = create_async_engine(url, pool_size=POOL, max_overflow=POOL, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise InvalidValue(
            "PostgreSQL needs its driver: install voxpop with the extra, voxpop[postgres]."
        ) from error
    presses = create_async_engine(
        url,
        pool_size=POOL,
        max_overflow=0,
        pool_timeout=PRESS_TIMEOUT_SECONDS,
        pool_reset_on_return=None,
        connect_args={
            "command_timeout": PRESS_TIMEOUT_SECONDS + 1,
            "server_settings": {
                "statement_timeout": f"{PRESS_TIMEOUT_SECONDS}s",
                # One row by its key in every table: planning it anew would cost more than it.
                "plan_cache_mode": "force_generic_plan",
                "jit": "off",
            },
        },
    )
    return Database(url=url, engine=engine, presses=presses, readers=engine)


def _make_private(path: str | None) -> None:
    """What people say is nobody else's to read; the files beside it take over its rights."""
    if path and path != ":memory:" and not path.startswith("file:"):
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return
        except OSError as error:
            raise InvalidValue(
                f"I can't make the database {path}: {error.strerror}. VOXPOP_DATABASE_URL names "
                "its place."
            ) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Without these, half of all writes fail under load with "database is locked".
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(_busy_timeout(BUSY_SECONDS))
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    options = connection.get_execution_options()
    left = options.get("sqlite_patience")
    if options.get("sqlite_rebuilds", False):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    if options.get("sqlite_deferred", False):
        connection.exec_driver_sql("BEGIN")
    elif left is None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(_busy_timeout(left))
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            connection.exec_driver_sql(_busy_timeout(BUSY_SECONDS))
