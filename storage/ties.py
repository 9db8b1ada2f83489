"""The port `Ties` on a database: only what differs is written, and nothing takes no lock."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, literal, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.departures import GONE, REMOVED, withdraw_unsent
from storage.engine import Database
from storage.locks import Lock, wait_for
from storage.tables import addresses, people, suppressions
from survey.person import EMAIL
from survey.ports import Tied


class SqlTies:
    """The port `Ties` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tie(
        self,
        platform: str,
        workspace: str,
        *,
        accounts: Mapping[str, str],
        gone: Collection[str] = (),
    ) -> Tied:
        """See the port."""
        theirs = and_(
            addresses.c.platform == platform,
            addresses.c.workspace == workspace,
            addresses.c.user_id.in_(gone),
        )
        async with self._database.read() as connection:
            leave = await connection.scalar(select(exists().where(theirs)))
            if not leave and not await _without(connection, platform, accounts):
                return Tied()
        async with self._database.write() as connection:
            # A roster that comes in may name their accounts itself.
            await wait_for(connection, Lock.ROSTER)
            freed = await self._free(connection, theirs, reason=GONE) if leave else 0
            rows = [
                {
                    "platform": platform,
                    "workspace": workspace,
                    "user_id": accounts[row.email],
                    "person_id": row.id,
                }
                for row in await _without(connection, platform, accounts)
            ]
            return Tied(tied=await self._give(connection, rows), freed=freed)

    async def release(self, platform: str, workspace: str) -> int:
        """See the port."""
        theirs = and_(addresses.c.platform == platform, addresses.c.workspace == workspace)
        async with self._database.write() as connection:
            await wait_for(connection, Lock.ROSTER)
            return await self._free(connection, theirs, reason=REMOVED)

    async def untied(self, platform: str, *, after: str = "", limit: int) -> Sequence[str]:
        """See the port."""
        async with self._database.read() as connection:
            found = await connection.scalars(
                select(people.c.email)
                .where(_has_none(platform), people.c.email > after)
                .order_by(people.c.email)
                .limit(limit)
            )
            return list(found)

    async def give_mailboxes(self) -> int:
        """See the port."""
        refuses = exists().where(suppressions.c.email == people.c.email).correlate(people)
        lack = and_(_has_none(EMAIL), ~refuses)
        async with self._database.read() as connection:
            if not await connection.scalar(select(exists().where(lack))):
                return 0
        insert: Any = sqlite_insert if self._database.is_sqlite else pg_insert
        async with self._database.write() as connection:
            # Nobody is forgotten meanwhile.
            await wait_for(connection, Lock.ROSTER)
            given = await connection.execute(
                insert(addresses)
                .from_select(
                    ["platform", "workspace", "user_id", "person_id"],
                    select(literal(EMAIL), literal(""), people.c.email, people.c.id).where(lack),
                )
                .on_conflict_do_nothing(index_elements=["platform", "workspace", "user_id"])
            )
            return int(given.rowcount)

    async def _free(
        self, connection: AsyncConnection, theirs: ColumnElement[bool], *, reason: str
    ) -> int:
        gone = select(addresses).where(theirs).subquery()
        await withdraw_unsent(connection, gone, reason=reason)
        return (await connection.execute(addresses.delete().where(theirs))).rowcount

    async def _give(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> int:
        if not rows:
            return 0
        insert: Any = sqlite_insert if self._database.is_sqlite else pg_insert
        given = await connection.scalars(
            insert(addresses)
            .values(rows)
            .on_conflict_do_nothing(index_elements=["platform", "workspace", "user_id"])
            .returning(addresses.c.person_id)
        )
        return len(given.all())


def _has_none(platform: str) -> ColumnElement[bool]:
    """Whoever can be asked, and not on this platform."""
    there = exists().where(addresses.c.person_id == people.c.id, addresses.c.platform == platform)
    return and_(people.c.active, people.c.erased_at.is_(None), ~there.correlate(people))


async def _without(
    connection: AsyncConnection, platform: str, accounts: Mapping[str, str]
) -> Sequence[Any]:
    if not accounts:
        return []
    found = await connection.execute(
        select(people.c.id, people.c.email)
        .where(_has_none(platform), people.c.email.in_(accounts))
        .order_by(people.c.id)
    )
    return found.all()
