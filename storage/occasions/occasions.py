"""Invitations of campaigns that have no end: who is asked about what has just happened."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from storage.engine import Database
from storage.invitations import Ballots
from storage.ledger import read_candidates
from storage.occasions.asking import known_keys, plan, who_may_be_asked
from storage.occasions.expiry import expire
from storage.occasions.met import meet
from storage.occasions.rolling import begin, hold_open, renew, running
from storage.occasions.unasked import answer, withdraw
from storage.tables import invitations
from storage.tombstones import Tombstones
from survey.campaign import Campaign
from survey.eligibility import Candidate
from survey.errors import CommitUnknown
from survey.occasion import Occasion, Trigger
from survey.person import Enrolment
from survey.ports import Asking, Given
from survey.survey import Survey

BATCH = 5_000
"""How many people one statement looks up."""


class SqlOccasions:
    """The port `Occasions` on a database.

    Args:
        by_email: Platforms, with their workspace, on which everybody has an address who has an
            e-mail.
    """

    def __init__(
        self,
        database: Database,
        ballots: Ballots,
        tombstones: Tombstones,
        *,
        by_email: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._database = database
        self._ballots = ballots
        self._tombstones = tombstones
        self._by_email = by_email

    async def campaign(self, survey: Survey, *, at: datetime) -> Campaign:
        """See the port.

        Raises:
            CampaignExists: If a round of the survey is still open, from before it waited.
        """
        async with self._database.read() as connection:
            found = await running(connection, survey)
        if found is None:
            async with self._database.write() as connection:
                return await begin(connection, survey, at=at, timezone=self._ballots.timezone)
        current = replace(found, survey=survey.in_keeping_with(found.survey))
        if current != found:
            async with self._database.write() as connection:
                await renew(connection, current)
        return current

    async def candidates(
        self,
        survey: Survey,
        occasions: Sequence[Occasion],
        *,
        platforms: Sequence[str],
        year_from: datetime,
        at: datetime,  # noqa: ARG002 - part of the port
    ) -> Mapping[str, Candidate]:
        """See the port."""
        told: dict[str, Enrolment] = {}
        for occasion in occasions:
            told.setdefault(occasion.who.email.strip().lower(), occasion.who)
        found: dict[str, Candidate] = {}
        emails = list(told)
        for place in range(0, len(emails), BATCH):
            part = emails[place : place + BATCH]
            await self._meet(survey, {email: told[email] for email in part})
            async with self._database.read() as connection:
                known = await read_candidates(
                    connection,
                    survey.name,
                    platforms=platforms,
                    year_from=year_from,
                    timezone=self._ballots.timezone,
                    emails=part,
                )
            found |= {candidate.person.email: candidate for candidate in known}
        return found

    async def ask(self, campaign: Campaign, askings: Sequence[Asking]) -> Mapping[str, UUID]:
        """See the port."""
        made: Mapping[str, UUID] = {}
        try:
            async with self._database.write() as connection:
                # The people before the campaign, as who forgets somebody locks them.
                people = await who_may_be_asked(
                    connection, campaign, {asking.person_id for asking in askings}
                )
                now = await hold_open(connection, campaign)
                before = await known_keys(
                    connection, now, [asking.occasion.key for asking in askings]
                )
                chosen: dict[str, Asking] = {}
                for asking in askings:
                    if asking.person_id in people and asking.occasion.key not in before:
                        chosen.setdefault(asking.occasion.key, asking)
                made = await plan(connection, now, list(chosen.values()))
        except CommitUnknown:
            if not await self._are_there(list(made.values())):
                raise
        return made

    async def withdraw(self, campaign: Campaign, keys: Sequence[str]) -> Sequence[str]:
        """See the port."""
        gone: Mapping[str, UUID] = {}
        try:
            async with self._database.write() as connection:
                gone = await withdraw(connection, campaign, keys)
        except CommitUnknown:
            if await self._are_there(list(gone.values())):
                raise
        return list(gone)

    async def answer(self, campaign: Campaign, given: Given) -> UUID:
        """See the port.

        Raises:
            InvitationClosed: Also if they asked to be forgotten.
        """
        who = given.occasion.who
        email = who.email.strip().lower()
        await self._meet(campaign.survey, {email: who})
        kept: UUID | None = None
        try:
            async with self._database.write() as connection:
                kept = await answer(
                    connection, campaign, given, self._ballots, shards=self._database.shards
                )
        except CommitUnknown:
            if kept is None or not await self._are_there([kept], at=given.at):
                raise
        return kept

    async def expire(self, *, at: datetime) -> int:
        """See the port."""
        closed = 0
        while True:
            async with self._database.write() as connection:
                found = await expire(connection, at=at)
            closed += found.closed
            if not found.more:
                return closed

    async def _meet(self, survey: Survey, told: Mapping[str, Enrolment]) -> None:
        await meet(
            self._database,
            self._tombstones,
            told,
            source=survey.after or Trigger.TICKETS,
            by_email=self._by_email,
        )

    async def _are_there(self, ids: Sequence[UUID], *, at: datetime | None = None) -> bool:
        """Whether these are kept; with `at`, whether they were answered then."""
        theirs = select(invitations.c.id).where(invitations.c.id.in_(ids))
        async with self._database.read() as connection:
            found = await connection.scalars(
                theirs if at is None else theirs.where(invitations.c.pressed_at == at)
            )
            return bool(ids) and len(found.all()) == len(ids)
