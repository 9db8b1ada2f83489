"""What was heard in chats, so that nothing is heard twice or missed."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.tables import heard, listeners
from survey.ports import Event

KEPT = timedelta(days=7)
"""No platform delivers an event again after so long."""


class SqlHeard:
    """The port `Heard` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite_insert if database.is_sqlite else pg_insert

    async def mark(self, source: str) -> int | None:
        """See the port."""
        async with self._database.read() as connection:
            found: int | None = await connection.scalar(
                select(listeners.c.mark).where(listeners.c.source == source)
            )
            return found

    async def set_mark(self, source: str, mark: int) -> None:
        """See the port."""
        row = self._insert(listeners).values(source=source, mark=mark)
        async with self._database.write() as connection:
            await connection.execute(
                row.on_conflict_do_update(
                    index_elements=["source"],
                    set_={"mark": row.excluded.mark},
                    where=listeners.c.mark < row.excluded.mark,
                )
            )

    async def is_new(self, source: str, event: str) -> bool:
        """See the port."""
        async with self._database.read() as connection:
            return (
                await connection.scalar(
                    select(heard.c.event).where(heard.c.source == source, heard.c.event == event)
                )
            ) is None

    async def done(self, source: str, event: str, *, at: datetime) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            noted = await note(connection, Event(source=source, name=event), at=at)
            await connection.execute(heard.delete().where(heard.c.at < at - KEPT))
            return noted


async def note(connection: AsyncConnection, event: Event, *, at: datetime) -> bool:
    """Note an event within a transaction; whether nobody had."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    noted = await connection.execute(
        insert(heard).values(source=event.source, event=event.name, at=at).on_conflict_do_nothing()
    )
    return noted.rowcount == 1
