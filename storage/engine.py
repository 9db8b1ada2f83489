"""The database: SQLite by default, PostgreSQL by its URL."""

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from survey.errors import InvalidValue, StorageUnavailable

PRESS_TIMEOUT_SECONDS = 2
"""A press is cut off after this long; a closing round waits at least as long for the last ones."""
POOL = 10
BUSY_MILLISECONDS = 1_800
"""How long SQLite waits for another process that writes; then people are told to try again."""
GAVE_WAY = frozenset({"40001", "40P01"})
"""What PostgreSQL says to one of two transactions that can't both go on."""
UNAVAILABLE = "I couldn't reach the database just now, and nothing was saved."


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
    """

    url: URL
    engine: AsyncEngine
    presses: AsyncEngine
    readers: AsyncEngine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @property
    def shards(self) -> int:
        """How many rows share one count."""
        return 1 if self.is_sqlite else 8

    @asynccontextmanager
    async def write(self, *, snapshot: bool = False) -> AsyncIterator[AsyncConnection]:
        """One transaction; on SQLite it holds the write lock from its begin.

        Args:
            snapshot: See one moment throughout. SQLite always does.

        Raises:
            StorageUnavailable: If the database is away, busy, full or read-only.
            Contended: With `snapshot`, if somebody else changed the same rows meanwhile.
        """
        options: dict[str, Any] = {}
        if snapshot and not self.is_sqlite:
            options = {"isolation_level": "REPEATABLE READ"}
        with translated():
            async with (
                self.engine.connect() as connection,
                (await connection.execution_options(**options)).begin(),
            ):
                yield connection

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
            StorageUnavailable: If the database is away.
        """
        with translated():
            pooled = await self.presses.raw_connection()
            while not self.is_sqlite and _hung_up(pooled.driver_connection):
                # The server has hung up on it since: away with it, and with the next such one.
                pooled.invalidate()
                pooled = await self.presses.raw_connection()
            try:
                yield pooled.driver_connection
            except BaseException:
                if not self.is_sqlite:
                    pooled.invalidate()
                raise
            finally:
                pooled.close()

    async def close(self) -> None:
        """Let go of all connections."""
        await self.presses.dispose()
        await self.readers.dispose()
        await self.engine.dispose()


def _hung_up(connection: Any) -> bool:
    return bool(connection.is_closed())


class Contended(StorageUnavailable):
    """Two transactions wanted the same rows at once, and this one gave way."""

    code = "contended"


class translated:  # noqa: N801 - reads as a word in a with statement
    """Turns what drivers raise into an error of the domain; broken rules pass as they are."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate."""
        if error is None:
            return
        if getattr(getattr(error, "orig", None), "sqlstate", None) in GAVE_WAY:
            raise Contended(UNAVAILABLE) from error
        if isinstance(error, IntegrityError):
            return
        if isinstance(error, DBAPIError | PoolTimeoutError | OSError | sqlite3.Error):
            raise StorageUnavailable(UNAVAILABLE) from error
        # While a server starts up, the raw connection raises the adapter's own errors.
        if type(error).__module__.startswith(("asyncpg", "sqlalchemy.dialects.postgresql.asyncpg")):
            raise StorageUnavailable(UNAVAILABLE) from error


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
        f"busy_timeout={BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    deferred = connection.get_execution_options().get("sqlite_deferred", False)
    connection.exec_driver_sql("BEGIN" if deferred else "BEGIN IMMEDIATE")
