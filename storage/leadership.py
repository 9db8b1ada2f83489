"""Who looks after what one process does for all: the holder of a PostgreSQL advisory lock."""

import asyncio
from contextlib import suppress

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage.engine import Database
from storage.locks import Lock
from storage.troubles import translated
from survey.errors import StorageUnavailable

PATIENCE_SECONDS = 5
"""How long the database may take to answer before the lock counts as lost."""
FROZEN_SECONDS = 10
"""After so long without a word from a leader the database itself ends its hold."""


class Leadership:
    """One process at a time leads; when it ends, however it ends, another one takes over.

    The lock lives as long as the connection that took it, and that connection is used for nothing
    else. The database drops it when the process dies (at once), when its machine vanishes (the
    server's keepalives, about 11 s) and when it freezes (`FROZEN_SECONDS`). Nothing rests on there
    being only one: what the leader does may be done twice without harm, it would only be wasted.

    On SQLite, whose processes share a machine, everybody leads.

    Args:
        lock: Over what.
    """

    def __init__(self, database: Database, lock: Lock = Lock.LEADER) -> None:
        self._database = database
        self._lock = lock
        self._engine: AsyncEngine | None = None
        self._connection: AsyncConnection | None = None

    @property
    def leads(self) -> bool:
        """Whether this process led when it last asked."""
        return self._database.is_sqlite or self._connection is not None

    async def ask(self) -> bool:
        """Take the lock if it is free, or look whether it is still ours; one call at a time.

        While the database is away nobody leads.
        """
        if self._database.is_sqlite:
            return True
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if self._connection is None:
                    self._connection = await self._take()
                else:
                    with translated():
                        await self._connection.execute(text("SELECT 1"))
        except (StorageUnavailable, TimeoutError):
            await self.resign()
        return self.leads

    async def resign(self) -> None:
        """Let go of the lock; somebody else has it at their next look."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(StorageUnavailable, TimeoutError), translated():
                async with asyncio.timeout(1):
                    await connection.invalidate()
                    await connection.close()

    async def _take(self) -> AsyncConnection | None:
        if self._engine is None:
            self._engine = _engine_of_its_own(self._database)
        with translated():
            connection = await self._engine.connect()
            try:
                if await connection.scalar(select(func.pg_try_advisory_lock(self._lock))):
                    return connection
            except BaseException:
                await connection.invalidate()
                raise
            await connection.close()
            return None


def _engine_of_its_own(database: Database) -> AsyncEngine:
    return create_async_engine(
        database.url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "timeout": PATIENCE_SECONDS,
            "server_settings": {
                "application_name": "voxpop leader",
                "idle_session_timeout": f"{FROZEN_SECONDS}s",
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "3",
            },
        },
    )
