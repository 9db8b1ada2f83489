"""Silence, information and erasure."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.consents import read_consents
from storage.engine import Database
from storage.erasure import erase_person
from storage.erasure_journal import FORGOTTEN, READMITTED, ErasureJournal
from storage.invitations import Ballots
from storage.locks import Lock, wait_for
from storage.occasions.held import erase_happened, read_happened
from storage.own_answers import every_round, latest_answers
from storage.rows import PERSON, person_of
from storage.tables import (
    addresses,
    administrator_pins,
    audit_log,
    erasures,
    opt_outs,
    people,
    suppressions,
)
from storage.tombstones import Tombstones
from storage.troubles import Contended
from survey.audit import somebody
from survey.errors import NotFound
from survey.localtime import local_date
from survey.person import EMAIL, Address, Person
from survey.rights import Erased, Held, Standing

TRIES = 3
"""How often erasing is tried: whoever sends them a message just then locks the other way round."""


_NO_JOURNAL = ErasureJournal(None)


class SqlRights:
    """The port `Rights` on a database."""

    def __init__(
        self,
        database: Database,
        ballots: Ballots,
        tombstones: Tombstones,
        journal: ErasureJournal = _NO_JOURNAL,
    ) -> None:
        self._database = database
        self._ballots = ballots
        self._tombstones = tombstones
        self._journal = journal

    async def snooze(self, person: Person, *, until: date) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                people.update().where(people.c.id == person.id).values(snoozed_until=until)
            )

    async def held(self, person: Person) -> Held:
        """See the port."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(people).where(people.c.id == person.id, people.c.erased_at.is_(None))
                )
            ).one_or_none()
            if row is None:
                raise NotFound("There is nobody of this number on the roster.")
            where = await connection.execute(
                select(addresses)
                .where(addresses.c.person_id == person.id)
                .order_by(addresses.c.platform, addresses.c.workspace)
            )
            stopped = await connection.scalars(
                select(opt_outs.c.survey)
                .where(opt_outs.c.person_id == person.id)
                .order_by(opt_outs.c.survey)
            )
            pins = await connection.execute(
                select(administrator_pins).where(administrator_pins.c.email == row.email)
            )
            return Held(
                email=row.email,
                name=row.name,
                timezone=row.timezone,
                locale=row.locale,
                language=row.language,
                channel=row.channel,
                attributes=json.loads(row.attributes),
                source=row.source,
                addresses=tuple(
                    Address(platform=one.platform, workspace=one.workspace, user_id=one.user_id)
                    for one in where
                ),
                opt_outs=tuple(stopped),
                consents=await read_consents(connection, person.id),
                mailbox_refuses=await _refusal(connection, person.id, row.email),
                compact=row.compact,
                snoozed_until=row.snoozed_until,
                away_from=row.away_from,
                away_until=row.away_until,
                rounds=await every_round(connection, self._ballots, person.id),
                happened=await read_happened(connection, person.id, row.email),
                administrator_accounts=tuple(f"{pin.platform}:{pin.user_id}" for pin in pins),
                audit_entries=await connection.scalar(
                    select(func.count()).where(
                        audit_log.c.actor.in_([row.email, somebody(person.id)])
                    )
                )
                or 0,
            )

    async def standing(self, person: Person, *, at: datetime, latest: int) -> Standing:
        """See the port."""
        today = local_date(at, person.zone)
        async with self._database.read() as connection:
            stopped = await connection.scalars(
                select(opt_outs.c.survey)
                .where(opt_outs.c.person_id == person.id)
                .order_by(opt_outs.c.survey)
            )
            asleep = select(people.c.snoozed_until).where(
                people.c.id == person.id, people.c.snoozed_until > today
            )
            return Standing(
                opt_outs=tuple(stopped),
                snoozed_until=await connection.scalar(asleep),
                answered=await latest_answers(
                    connection, self._ballots, person.id, at=at, limit=latest
                ),
            )

    async def forget(self, person: Person, *, at: datetime) -> Erased:
        """See the port."""
        await self._note(person.email)
        erased = await self._try_forgetting(people.c.id == person.id, at=at)
        return Erased() if erased is None else erased

    async def forget_email(self, email: str, *, at: datetime) -> Erased | None:
        """See the port."""
        await self._note(email)
        return await self._try_forgetting(people.c.email == email, at=at, even_unknown=email)

    async def _note(self, email: str) -> None:
        """Noted first: a restored backup may forget that it was done, never that it was asked."""
        row = self._tombstones.row(email)
        await asyncio.to_thread(
            self._journal.note, FORGOTTEN, [row["digest"]], key_mark=row["key_mark"]
        )

    async def _try_forgetting(
        self, who: ColumnElement[bool], *, at: datetime, even_unknown: str = ""
    ) -> Erased | None:
        for _ in range(TRIES - 1):
            with suppress(Contended):
                return await self._forget(who, at=at, even_unknown=even_unknown)
        return await self._forget(who, at=at, even_unknown=even_unknown)

    async def _forget(
        self, who: ColumnElement[bool], *, at: datetime, even_unknown: str
    ) -> Erased | None:
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        async with self._database.write() as connection:
            await wait_for(connection, Lock.ROSTER)
            known = (
                await connection.execute(
                    select(people.c.id, people.c.email).where(who, people.c.erased_at.is_(None))
                )
            ).one_or_none()
            email = even_unknown if known is None else known.email
            if email:
                await connection.execute(
                    insert(erasures)
                    .values(**self._tombstones.row(email), at=at)
                    .on_conflict_do_nothing()
                )
                await connection.execute(suppressions.delete().where(suppressions.c.email == email))
            if known is None:
                if email:
                    await erase_happened(connection, email, person_id=None, at=at)
                return None
            return await erase_person(
                connection, known.id, self._ballots, shards=self._database.shards, at=at
            )

    async def forgotten(self, emails: Iterable[str]) -> set[str]:
        """See the port."""
        async with self._database.read() as connection:
            return await self._tombstones.find(connection, emails)

    async def replay(self, *, at: datetime) -> int:
        """Forget again whom the journal names and this database, an older one, still knows.

        Returns:
            How many were forgotten.
        """
        standing = await asyncio.to_thread(self._journal.standing)
        if not standing:
            return 0
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        async with self._database.write() as connection:
            await connection.execute(
                insert(erasures).on_conflict_do_nothing(),
                [
                    {"digest": digest, "key_mark": mark, "at": at}
                    for digest, mark in sorted(standing.items())
                ],
            )
            rows = await connection.execute(
                select(*PERSON).where(people.c.erased_at.is_(None)).order_by(people.c.id)
            )
            back = [
                person_of(dict(row), timezone="UTC")
                for row in rows.mappings()
                if not standing.keys().isdisjoint(self._tombstones.digests(row["email"]))
            ]
        for person in back:
            await self.forget(person, at=at)
        return len(back)

    async def readmit(self, email: str) -> bool:
        """See the port."""
        digests = self._tombstones.digests(email)
        await asyncio.to_thread(self._journal.note, READMITTED, digests)
        async with self._database.write() as connection:
            lifted = await connection.execute(
                erasures.delete().where(erasures.c.digest.in_(digests))
            )
            return bool(lifted.rowcount)

    async def readmit_unreadable(self) -> int:
        """See the port."""
        async with self._database.write() as connection:
            lifted = await connection.execute(
                erasures.delete().where(erasures.c.key_mark.not_in(self._tombstones.marks))
            )
            return lifted.rowcount


async def _refusal(connection: AsyncConnection, person_id: int, email: str) -> str | None:
    """What the server of their mailbox said, if nothing is sent there for it."""
    mailboxes = select(addresses.c.user_id).where(
        addresses.c.platform == EMAIL, addresses.c.person_id == person_id
    )
    found: str | None = await connection.scalar(
        select(suppressions.c.reason)
        .where(or_(suppressions.c.email == email, suppressions.c.email.in_(mailboxes)))
        .order_by(suppressions.c.at)
        .limit(1)
    )
    return found
