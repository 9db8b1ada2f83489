"""The roster."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, null, or_, select, true
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.channels import written_to
from storage.consents import note, read_consents, stop
from storage.engine import Database
from storage.ledger import ALL_SURVEYS, read_candidates, read_ledger
from storage.occasions.met import of_a_roster
from storage.returning import bring_back, send_after_all
from storage.rows import PERSON, attributes_text, person_of
from storage.tables import addresses, opt_outs, people
from survey.campaign import Campaign
from survey.consent import Consent, How
from survey.contact import Ledger
from survey.delivery import MessageRef
from survey.eligibility import Candidate
from survey.localtime import local_date
from survey.person import Address, Channels, Enrolment, Person
from survey.rights import Lifted
from survey.survey import Survey

BATCH = 1_000
"""How many people one statement brings in."""
_PERSON = (*PERSON, people.c.active)


class SqlPeople:
    """The port `People` on a database.

    Args:
        timezone: The organisation's zone; it stands in for people who have none.
    """

    def __init__(self, database: Database, *, timezone: str) -> None:
        self._database = database
        self._timezone = timezone

    async def by_address(self, address: Address) -> Person | None:
        """See the port."""
        return await self._one(
            select(*_PERSON)
            .join(addresses)
            .where(
                addresses.c.platform == address.platform,
                addresses.c.workspace == address.workspace,
                addresses.c.user_id == address.user_id,
            )
        )

    async def by_accounts(
        self, platform: str, workspace: str, accounts: Collection[str]
    ) -> Mapping[str, Person]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(*_PERSON, addresses.c.user_id)
                .join(addresses)
                .where(
                    addresses.c.platform == platform,
                    addresses.c.workspace == workspace,
                    addresses.c.user_id.in_(accounts),
                )
            )
            return {
                row.user_id: person_of(dict(row._mapping), timezone=self._timezone)  # noqa: SLF001
                for row in rows
            }

    async def by_email(self, email: str) -> Person | None:
        """See the port."""
        return await self._one(select(*_PERSON).where(people.c.email == email.strip().lower()))

    async def by_names(self, names: Collection[str]) -> Mapping[str, Person]:
        """See the port."""
        wanted = {name.strip().lower() for name in names}
        at = func.strpos if not self._database.is_sqlite else func.instr
        handle = func.substr(people.c.email, 1, at(people.c.email, "@") - 1)
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(*_PERSON).where(
                    people.c.active, or_(people.c.email.in_(wanted), handle.in_(wanted))
                )
            )
            found = [person_of(dict(row._mapping), timezone=self._timezone) for row in rows]  # noqa: SLF001
        handles = Counter(person.email.partition("@")[0] for person in found)
        return {
            name: person
            for person in found
            for name in (person.email, person.email.partition("@")[0])
            if name in wanted and (name == person.email or handles[name] == 1)
        }

    async def reachable(self, platform: str, workspace: str) -> Sequence[Person]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(*_PERSON)
                .join(addresses)
                .where(
                    people.c.active,
                    addresses.c.platform == platform,
                    addresses.c.workspace == workspace,
                )
                .order_by(people.c.id)
            )
            return [person_of(dict(row._mapping), timezone=self._timezone) for row in rows]  # noqa: SLF001

    async def enrol(self, enrolments: Sequence[Enrolment]) -> None:
        """See the port."""
        async with self._database.write() as connection:
            for place in range(0, len(enrolments), BATCH):
                await self._enrol(connection, enrolments[place : place + BATCH])

    async def _enrol(self, connection: AsyncConnection, enrolments: Sequence[Enrolment]) -> None:
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        one = insert(people)
        known = ("name", "timezone", "locale", "attributes", "active")
        upsert = one.on_conflict_do_update(
            index_elements=["email"],
            set_={
                **{name: one.excluded[name] for name in known},
                # Whom only an event has told of so far is one of them from now on.
                "source": case((of_a_roster(), people.c.source), else_=null()),
            },
        )
        rows = [
            {
                "email": enrolment.email.strip().lower(),
                "name": enrolment.name,
                "timezone": enrolment.timezone,
                "locale": enrolment.locale,
                "attributes": attributes_text(enrolment.attributes),
                "active": True,
            }
            for enrolment in enrolments
        ]
        await connection.execute(upsert, rows)
        found = await connection.execute(
            select(people.c.email, people.c.id).where(
                people.c.email.in_([row["email"] for row in rows])
            )
        )
        numbers = {row.email: row.id for row in found}
        where = [
            {
                "platform": address.platform,
                "workspace": address.workspace,
                "user_id": address.user_id,
                "person_id": numbers[enrolment.email.strip().lower()],
            }
            for enrolment in enrolments
            for address in enrolment.addresses
        ]
        if where:
            place = insert(addresses)
            await connection.execute(
                place.on_conflict_do_update(
                    index_elements=["platform", "workspace", "user_id"],
                    set_={"person_id": place.excluded.person_id},
                ),
                where,
            )

    async def candidates(
        self, survey: Survey, *, platforms: Sequence[str], year_from: datetime
    ) -> Sequence[Candidate]:
        """See the port."""
        async with self._database.read() as connection:
            return await read_candidates(
                connection,
                survey.name,
                platforms=platforms,
                year_from=year_from,
                timezone=self._timezone,
            )

    async def ledger(self, person: Person, campaign: Campaign, *, year_from: datetime) -> Ledger:
        """See the port."""
        async with self._database.read() as connection:
            return await read_ledger(
                connection,
                person,
                survey=campaign.survey.name,
                before=campaign.started_at,
                year_from=year_from,
            )

    async def opt_out(
        self,
        person: Person,
        *,
        survey: str | None,
        at: datetime,
        message: MessageRef | None = None,
        how: How = How.CHAT,
        reason: str = "",
    ) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await stop(
                connection, person.id, survey=survey, at=at, how=how, reason=reason, but=message
            )

    async def consents(self, person: Person) -> Sequence[Consent]:
        """See the port."""
        async with self._database.read() as connection:
            return await read_consents(connection, person.id)

    async def prefer(self, person: Person, *, compact: bool) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                people.update().where(people.c.id == person.id).values(compact=compact)
            )

    async def channels(self, person: Person) -> Channels:
        """See the port."""
        mine = people.c.id == person.id
        async with self._database.read() as connection:
            there = await connection.scalars(
                select(addresses.c.platform)
                .where(addresses.c.person_id == person.id, written_to())
                .distinct()
                .order_by(addresses.c.platform)
            )
            return Channels(
                platforms=tuple(there),
                first=await connection.scalar(select(people.c.channel).where(mine)),
            )

    async def ask_first(self, person: Person, *, platform: str | None) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                people.update().where(people.c.id == person.id).values(channel=platform)
            )

    async def opt_in(
        self, person: Person, *, survey: str | None = None, at: datetime, how: How = How.CHAT
    ) -> Lifted:
        """See the port."""
        stops = opt_outs.c.person_id == person.id
        async with self._database.write() as connection:
            lifted = await connection.scalars(
                opt_outs.delete()
                .where(stops, true() if survey is None else opt_outs.c.survey == survey)
                .returning(opt_outs.c.survey)
            )
            names = sorted(lifted)
            await note(connection, person.id, names, may_ask=True, how=how, at=at)
            asleep = and_(
                people.c.id == person.id, people.c.snoozed_until > local_date(at, person.zone)
            )
            woken = 0
            if survey is None:
                awake = people.update().where(asleep).values(snoozed_until=None)
                woken = (await connection.execute(awake)).rowcount
            still = await connection.scalars(
                select(opt_outs.c.survey).where(stops).order_by(opt_outs.c.survey)
            )
            left = tuple(still)
            if ALL_SURVEYS not in left:
                await bring_back(connection, person, survey=survey, at=at)
            return Lifted(
                anything=bool(names or woken),
                still_stopped=left,
                snoozed_until=await connection.scalar(select(people.c.snoozed_until).where(asleep)),
            )

    async def wake(self, person: Person, *, at: datetime) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                people.update().where(people.c.id == person.id).values(snoozed_until=None)
            )
            await send_after_all(connection, person, at=at)

    async def speak(self, person: Person, *, language: str) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                people.update().where(people.c.id == person.id).values(language=language)
            )

    async def opted_out(self, person: Person) -> Sequence[str]:
        """See the port."""
        async with self._database.read() as connection:
            names = await connection.scalars(
                select(opt_outs.c.survey)
                .where(opt_outs.c.person_id == person.id)
                .order_by(opt_outs.c.survey)
            )
            return list(names)

    async def _one(self, query: Select[Any]) -> Person | None:
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            return person_of(dict(row._mapping), timezone=self._timezone)  # noqa: SLF001
