"""Schedules: how far each has been dealt with."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.tables import schedules
from survey.schedule import CLOCK_WENT_BACK, STARTED, Schedule


class SqlSchedules:
    """The port `Schedules` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[Schedule]:
        """See the port."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(schedules))).mappings()
            return [Schedule(**row) for row in rows]

    async def define(self, crons: Mapping[str, str], *, timezone: str, at: datetime) -> None:
        """See the port."""
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        wanted = insert(schedules)
        upsert = wanted.on_conflict_do_update(
            index_elements=[schedules.c.survey],
            set_={
                "cron": wanted.excluded.cron,
                "timezone": wanted.excluded.timezone,
                "handled_until": wanted.excluded.handled_until,
                "outcome": None,
            },
            where=or_(
                schedules.c.cron != wanted.excluded.cron,
                schedules.c.timezone != wanted.excluded.timezone,
                schedules.c.handled_until > at + CLOCK_WENT_BACK,
            ),
        )
        async with self._database.write() as connection:
            await connection.execute(
                schedules.delete().where(schedules.c.survey.not_in(list(crons)))
            )
            if crons:
                await connection.execute(
                    upsert,
                    [
                        {"survey": survey, "cron": cron, "timezone": timezone, "handled_until": at}
                        for survey, cron in sorted(crons.items())
                    ],
                )

    async def pass_over(self, survey: str, *, due: datetime, outcome: str) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            return await take_due(connection, survey, due=due, outcome=outcome)


async def take_due(
    connection: AsyncConnection, survey: str, *, due: datetime, outcome: str = STARTED
) -> bool:
    """Move a schedule on to `due`, in the caller's transaction; one of many callers succeeds."""
    moved = await connection.execute(
        schedules.update()
        .where(schedules.c.survey == survey, schedules.c.handled_until < due)
        .values(handled_until=due, outcome=outcome)
    )
    return bool(moved.rowcount)
