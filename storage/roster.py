"""The port `Roster` on a database: whole rosters at once, and only what differs is written."""

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.departures import deactivate
from storage.engine import Database
from storage.locks import Lock, wait_for
from storage.occasions.met import of_a_roster
from storage.roster_conditions import (
    address_of,
    compared,
    gone_from,
    not_on_roster,
    not_staged,
    same_address,
)
from storage.roster_staging import Verdict, clear, stage, staged, staged_addresses
from storage.tables import addresses, people
from storage.tombstones import Tombstones
from storage.troubles import translated
from survey.errors import TooManyWouldLeave
from survey.roster import Changes, Entry, Listed, Meaning, Prune

_ALWAYS = ("email", "name", "timezone", "locale", "attributes", "away_from", "away_until")
_PLATFORMS = (Meaning.MATTERMOST, Meaning.SLACK)
_TO_WRITE = or_(
    staged.c.verdict.is_(None),
    staged.c.verdict.in_([Verdict.CHANGED.value, Verdict.REACTIVATED.value]),
)


class SqlRoster:
    """The port `Roster` on a database.

    Args:
        tombstones: Who asked to be forgotten; nobody of them comes back.
        by_email: Platforms, each with a workspace, that know everybody by their e-mail: who has no
            address on such a platform gets this one.
    """

    def __init__(
        self,
        database: Database,
        tombstones: Tombstones,
        *,
        by_email: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._database = database
        self._tombstones = tombstones
        self._by_email = by_email

    async def bring_in(
        self,
        entries: Sequence[Entry],
        *,
        columns: frozenset[Meaning],
        kept: Collection[str] = (),
        source: str,
        prune: Prune = Prune.NOBODY,
        at: datetime,
        dry_run: bool = False,
        told: Callable[[int], None] | None = None,
    ) -> Changes:
        """See the port."""
        platforms = [platform.value for platform in _PLATFORMS if platform in columns]
        async with self._database.read() as connection:
            known = await self._tombstones.read(connection)
        gone = self._tombstones.among((entry.email for entry in entries), known)
        async with self._staged(entries, kept, told=told) as connection:
            if self._database.is_sqlite:
                # A dry run only reads; the other one begins as the one writer.
                await connection.execution_options(sqlite_deferred=dry_run)
            async with connection.begin():
                if not dry_run:
                    await wait_for(connection, Lock.ROSTER)
                # Whoever was forgotten since; from here on nobody can be.
                since = await self._tombstones.read(connection) - known
                gone |= self._tombstones.among((entry.email for entry in entries), since)
                await _leave_out(connection, gone)
                await self._judge(connection, compared(columns), platforms)
                changes = await _count(connection, source=source, prune=prune)
                if not dry_run:
                    await self._write(connection, compared(columns), platforms, source=source)
                    if changes.deactivated:
                        await deactivate(connection, not_on_roster(source), at=at)
            return changes

    @asynccontextmanager
    async def _staged(
        self,
        entries: Sequence[Entry],
        kept: Collection[str],
        *,
        told: Callable[[int], None] | None,
    ) -> AsyncIterator[AsyncConnection]:
        """A connection that holds the roster, and no lock; presses do not wait for it."""
        with translated():
            async with self._database.readers.connect() as connection:
                options = {"sqlite_deferred": True} if self._database.is_sqlite else {}
                await connection.execution_options(**options)
                try:
                    async with connection.begin():
                        await stage(connection, entries, kept, told=told)
                    yield connection
                finally:
                    await connection.execution_options(**options)
                    async with connection.begin():
                        await clear(connection)

    async def _judge(
        self, connection: AsyncConnection, compared: Sequence[str], platforms: Sequence[str]
    ) -> None:
        """Find out what each entry means; only the temporary tables are written."""
        differs = or_(
            ~of_a_roster(named=True),
            *(people.c[name].is_distinct_from(staged.c[name]) for name in compared),
        )
        await connection.execute(
            update(staged)
            .where(staged.c.email == people.c.email, staged.c.verdict.is_(None))
            .values(
                person_id=people.c.id,
                verdict=case(
                    (people.c.erased_at.is_not(None), Verdict.FORGOTTEN.value),
                    (not_(people.c.active), Verdict.REACTIVATED.value),
                    (differs, Verdict.CHANGED.value),
                    else_=Verdict.UNCHANGED.value,
                ),
            )
        )
        if self._by_email:
            await self._give_addresses(connection)
        moved = (
            select(staged_addresses.c.email)
            .outerjoin(addresses, same_address())
            .where(
                staged_addresses.c.email == staged.c.email,
                addresses.c.person_id.is_distinct_from(staged.c.person_id),
            )
            .correlate(staged)
        )
        await connection.execute(
            update(staged)
            .where(staged.c.verdict == Verdict.UNCHANGED.value)
            .where(or_(exists(moved), gone_from(staged.c.person_id, platforms)))
            .values(verdict=Verdict.CHANGED.value)
        )

    async def _give_addresses(self, connection: AsyncConnection) -> None:
        await connection.execute(
            staged_addresses.insert().from_select(
                [column.name for column in staged_addresses.columns],
                union_all(*(_by_email(*where) for where in self._by_email)),
            )
        )

    async def _write(
        self,
        connection: AsyncConnection,
        compared: Sequence[str],
        platforms: Sequence[str],
        *,
        source: str,
    ) -> None:
        insert: Any = sqlite_insert if self._database.is_sqlite else pg_insert
        await connection.execute(
            insert(people)
            .from_select(
                [*_ALWAYS, "active", "source"],
                select(*(staged.c[name] for name in _ALWAYS), true(), literal(source))
                .where(staged.c.verdict.is_(None))
                .order_by(staged.c.position),
            )
            .on_conflict_do_nothing(index_elements=["email"])
        )
        theirs = and_(people.c.active, of_a_roster(named=True))
        await connection.execute(
            update(people)
            .where(
                people.c.id == staged.c.person_id,
                staged.c.verdict.in_([Verdict.CHANGED.value, Verdict.REACTIVATED.value]),
                people.c.erased_at.is_(None),
            )
            .values(
                active=True,
                left_at=None,
                source=case((theirs, people.c.source), else_=literal(source)),
                **{name: staged.c[name] for name in compared},
            )
        )
        if platforms:
            await connection.execute(
                addresses.delete().where(
                    addresses.c.person_id.in_(select(staged.c.person_id).where(_TO_WRITE)),
                    not_staged(platforms),
                )
            )
        put = insert(addresses).from_select(
            ["platform", "workspace", "user_id", "person_id"],
            select(*address_of(staged_addresses), people.c.id)
            .join(staged, staged.c.email == staged_addresses.c.email)
            .join(people, people.c.email == staged.c.email)
            .where(_TO_WRITE, people.c.erased_at.is_(None)),
        )
        await connection.execute(
            put.on_conflict_do_update(
                index_elements=["platform", "workspace", "user_id"],
                set_={"person_id": put.excluded.person_id},
                where=addresses.c.person_id != put.excluded.person_id,
            )
        )

    async def listing(
        self, *, attributes: Mapping[str, str], inactive: bool = False
    ) -> Sequence[Listed]:
        """See the port."""
        shown = not_(people.c.active) if inactive else people.c.active
        found = []
        async with self._database.read() as connection:
            rows = await connection.stream(
                select(people).where(shown, people.c.erased_at.is_(None)).order_by(people.c.email)
            )
            async for row in rows:
                theirs = json.loads(row.attributes)
                if all(theirs.get(name) == value for name, value in attributes.items()):
                    found.append(_listed(row, theirs))
        return found

    async def set_away(self, email: str, *, begins: date | None, ends: date | None) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            changed = await connection.execute(
                people.update()
                .where(people.c.email == email.strip().lower(), people.c.erased_at.is_(None))
                .values(away_from=begins, away_until=ends)
            )
            return bool(changed.rowcount)


def _by_email(platform: str, workspace: str) -> Select[Any]:
    """Their e-mail as an address, for all who have none on the platform."""
    there = exists().where(
        addresses.c.person_id == staged.c.person_id, addresses.c.platform == platform
    )
    return select(literal(platform), literal(workspace), staged.c.email, staged.c.email).where(
        or_(
            staged.c.verdict.is_(None),
            staged.c.verdict.not_in([Verdict.KEPT.value, Verdict.FORGOTTEN.value]),
        ),
        ~there,
    )


async def _leave_out(connection: AsyncConnection, emails: set[str]) -> None:
    """A roster does not bring back who asked to be forgotten."""
    if emails:
        await connection.execute(
            update(staged)
            .where(staged.c.email == bindparam("forgotten"))
            .values(verdict=Verdict.FORGOTTEN.value),
            [{"forgotten": email} for email in sorted(emails)],
        )


async def _count(connection: AsyncConnection, *, source: str, prune: Prune) -> Changes:
    """What would change.

    Raises:
        TooManyWouldLeave: If more than half of the source's people would.
    """
    told = await connection.execute(
        select(staged.c.verdict, func.count().label("people")).group_by(staged.c.verdict)
    )
    n: dict[str | None, int] = {row.verdict: row.people for row in told}
    forgotten = await connection.scalars(
        select(staged.c.email).where(staged.c.verdict == Verdict.FORGOTTEN.value)
    )
    missing = await connection.scalar(select(func.count()).where(not_on_roster(source))) or 0
    if prune is Prune.MISSING and missing:
        known = await connection.scalar(
            select(func.count()).where(people.c.active, people.c.source == source)
        )
        if missing * 2 > (known or 0):
            raise TooManyWouldLeave(missing=missing, of=known or 0)
    return Changes(
        new=n.get(None, 0),
        changed=n.get(Verdict.CHANGED.value, 0),
        unchanged=n.get(Verdict.UNCHANGED.value, 0),
        reactivated=n.get(Verdict.REACTIVATED.value, 0),
        deactivated=0 if prune is Prune.NOBODY else missing,
        missing=missing,
        forgotten=tuple(forgotten),
    )


def _listed(row: Any, attributes: Mapping[str, str]) -> Listed:
    return Listed(
        email=row.email,
        name=row.name,
        timezone=row.timezone,
        locale=row.locale,
        attributes=attributes,
        active=row.active,
        source=row.source,
        away_from=row.away_from,
        away_until=row.away_until,
    )
