"""What was answered to requests that carry a key of their own; asked again, it is told again."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.engine import Database
from storage.tables_moments import idempotency
from survey.errors import IdempotencyInProgress, IdempotencyKeyReused
from survey.ports import Kept

KEPT_FOR = timedelta(hours=24)
"""How long the same request gets the same answer."""
LOST_AFTER = timedelta(minutes=2)
"""What is under way for longer was cut off: no request takes half of that."""


class SqlKeptAnswers:
    """The port `KeptAnswers` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, caller: str, key: str, *, request: str, at: datetime) -> Kept | None:
        """See the port."""
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        mine = _mine(caller, key)
        async with self._database.write() as connection:
            # Of several at once one inserts; the others wait for it here, and find its line.
            begun = await connection.execute(
                insert(idempotency)
                .values(caller=caller, key=key, request=request, at=at)
                .on_conflict_do_nothing()
            )
            if begun.rowcount:
                return None
            found = (
                await connection.execute(select(idempotency).where(mine).with_for_update())
            ).one_or_none()
            if found is None:  # dropped at this very moment
                raise IdempotencyInProgress
            if not _over(found, at):
                return _told(found, request)
            await connection.execute(
                idempotency.update()
                .where(mine)
                .values(
                    request=request, at=at, status=None, body=None, media_type=None, location=None
                )
            )
            return None

    async def keep(self, caller: str, key: str, kept: Kept) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                idempotency.update()
                .where(_mine(caller, key), idempotency.c.status.is_(None))
                .values(
                    status=kept.status,
                    body=kept.body,
                    media_type=kept.media_type,
                    location=kept.location,
                )
            )

    async def drop(self, caller: str, key: str) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                idempotency.delete().where(_mine(caller, key), idempotency.c.status.is_(None))
            )

    async def forget(self, *, before: datetime) -> int:
        """See the port."""
        async with self._database.write() as connection:
            gone = await connection.execute(idempotency.delete().where(idempotency.c.at < before))
            return gone.rowcount


def _mine(caller: str, key: str) -> ColumnElement[bool]:
    return and_(idempotency.c.caller == caller, idempotency.c.key == key)


def _over(found: Row[Any], at: datetime) -> bool:
    since: datetime = found.at
    return since <= at - (LOST_AFTER if found.status is None else KEPT_FOR)


def _told(found: Row[Any], request: str) -> Kept:
    if found.request != request:
        raise IdempotencyKeyReused
    if found.status is None:
        raise IdempotencyInProgress
    return Kept(
        status=found.status,
        body=found.body,
        media_type=found.media_type,
        location=found.location,
    )
