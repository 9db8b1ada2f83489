"""Silence, information and erasure."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Contended, Database
from storage.erasure import erase_person
from storage.erasure_journal import FORGOTTEN, READMITTED, ErasureJournal
from storage.invitations import Ballots
from storage.rows import PERSON, person_of
from storage.tables import (
    addresses,
    administrator_pins,
    audit_log,
    campaigns,
    deliveries,
    erasures,
    invitations,
    opt_outs,
    people,
    responses,
)
from survey.audit import somebody
from survey.errors import NotFound
from survey.person import Address, Person
from survey.rights import Asked, Erased, Held
from survey.states import DeliveryKind

BATCH = 10_000
"""How many digests one statement looks up."""
TRIES = 3
"""How often erasing is tried: whoever sends them a message just then locks the other way round."""


_NO_JOURNAL = ErasureJournal(None)


class Tombstones:
    """What stands for an e-mail that was forgotten: a digest that only the key's holder can make.

    Args:
        secrets: The settings' keys, newest first: the newest writes, any of them finds.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [
            hmac.digest(secret.encode(), b"voxpop erasures", hashlib.sha256) for secret in secrets
        ]

    def digests(self, email: str) -> list[str]:
        """The digests that an e-mail may stand under, that of the newest key first."""
        known = email.strip().lower().encode()
        return [hmac.digest(key, known, hashlib.sha256).hex() for key in self._keys]


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
                attributes=json.loads(row.attributes),
                source=row.source,
                addresses=tuple(
                    Address(platform=one.platform, workspace=one.workspace, user_id=one.user_id)
                    for one in where
                ),
                opt_outs=tuple(stopped),
                snoozed_until=row.snoozed_until,
                away_from=row.away_from,
                away_until=row.away_until,
                rounds=await self._asked(connection, person.id),
                administrator_accounts=tuple(f"{pin.platform}:{pin.user_id}" for pin in pins),
                audit_entries=await connection.scalar(
                    select(func.count()).where(
                        audit_log.c.actor.in_([row.email, somebody(person.id)])
                    )
                )
                or 0,
            )

    async def forget(self, person: Person, *, at: datetime) -> Erased:
        """See the port."""
        # Noted first: a restored backup may forget that it was done, and never that it was asked.
        digest = self._tombstones.digests(person.email)[0]
        await asyncio.to_thread(self._journal.note, FORGOTTEN, [digest])
        for _ in range(TRIES - 1):
            with suppress(Contended):
                return await self._forget(person, at=at)
        return await self._forget(person, at=at)

    async def _forget(self, person: Person, *, at: datetime) -> Erased:
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        async with self._database.write() as connection:
            erased = await erase_person(
                connection, person.id, self._ballots, shards=self._database.shards, at=at
            )
            if erased is None:
                return Erased()
            await connection.execute(
                insert(erasures)
                .values(digest=self._tombstones.digests(person.email)[0], at=at)
                .on_conflict_do_nothing()
            )
            return erased

    async def forgotten(self, emails: Iterable[str]) -> set[str]:
        """See the port."""
        given: dict[str, set[str]] = {}
        for email in emails:
            for digest in self._tombstones.digests(email):
                given.setdefault(digest, set()).add(email)
        digests = list(given)
        found: set[str] = set()
        async with self._database.read() as connection:
            for place in range(0, len(digests), BATCH):
                known = await connection.scalars(
                    select(erasures.c.digest).where(
                        erasures.c.digest.in_(digests[place : place + BATCH])
                    )
                )
                found |= {email for digest in known for email in given[digest]}
        return found

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
                [{"digest": digest, "at": at} for digest in sorted(standing)],
            )
            rows = await connection.execute(
                select(*PERSON).where(people.c.erased_at.is_(None)).order_by(people.c.id)
            )
            back = [
                person_of(dict(row), timezone="UTC")
                for row in rows.mappings()
                if standing.intersection(self._tombstones.digests(row["email"]))
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

    async def _asked(self, connection: AsyncConnection, person_id: int) -> tuple[Asked, ...]:
        """The rounds that asked them, each with the answer that the round's key leads to."""
        sent = (
            select(func.count())
            .where(
                deliveries.c.invitation_id == invitations.c.id,
                deliveries.c.kind != DeliveryKind.UPDATE.value,
                deliveries.c.sent_at.is_not(None),
            )
            .scalar_subquery()
        )
        rows = (
            await connection.execute(
                select(
                    invitations.c.id,
                    invitations.c.campaign_id,
                    invitations.c.state,
                    invitations.c.asked_at,
                    invitations.c.pressed_at,
                    sent.label("messages"),
                )
                .join(campaigns)
                .where(invitations.c.person_id == person_id)
                .order_by(campaigns.c.started_at.desc(), campaigns.c.id.desc())
            )
        ).all()
        await self._ballots.learn(connection, [row.campaign_id for row in rows])
        ballots = {
            row.campaign_id: await self._ballots.of(connection, row.campaign_id) for row in rows
        }
        names = {row.id: ballots[row.campaign_id].respondent(row.id) for row in rows}
        given = await connection.execute(
            select(responses.c.respondent, responses.c.score, responses.c.comment).where(
                responses.c.campaign_id.in_(list(ballots)),
                responses.c.respondent.in_(list(names.values())),
            )
        )
        answers = {row.respondent: (row.score, row.comment) for row in given}
        found = []
        for row in rows:
            campaign = ballots[row.campaign_id].campaign
            score, comment = answers.get(names[row.id], (None, None))
            found.append(
                Asked(
                    campaign=campaign.name,
                    mode=campaign.survey.mode.value,
                    state=row.state,
                    asked_at=row.asked_at,
                    messages=row.messages,
                    answered_at=row.pressed_at,
                    score=score,
                    comment=comment,
                )
            )
        return tuple(found)
