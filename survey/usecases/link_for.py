"""A link for one person, made for a program that brings it to them by its own way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from survey.audit import Entry, plain
from survey.campaign import Campaign
from survey.card import Subject
from survey.errors import HasStopped, NoRoundRunning, NotFound
from survey.person import Person
from survey.ports import AuditLog, Clock, Link, Links, People, Purpose, Rounds
from survey.survey import Survey
from survey.usecases.start_campaign import survey_named


@dataclass(frozen=True, kw_only=True)
class MadeLink:
    """A link to the question.

    Attributes:
        campaign: The round that it belongs to.
        link: What it says.
        token: What stands in it.
        address: The whole of it, as a browser opens it.
    """

    campaign: Campaign
    link: Link
    token: str
    address: str


@dataclass(frozen=True, kw_only=True)
class LinkFor:
    """Whoever holds the link answers as that person; so it is noted who had it made."""

    surveys: Mapping[str, Survey]
    people: People
    rounds: Rounds
    links: Links
    audit: AuditLog
    clock: Clock

    async def __call__(self, email: str, *, survey: str, by: str) -> MadeLink:
        """A new link; those that were made before stay good.

        Somebody who was not asked in this round gets an invitation, and no message of ours.

        Args:
            email: Whose.
            survey: Its name.
            by: Who wants it, for the audit log.

        Raises:
            NotFound: If there is no such survey, or nobody active has this e-mail.
            NoRoundRunning: If none of its rounds takes answers now.
            HasStopped: If they want no such surveys.
            InvitationClosed: If the round is being closed at this moment.
            StorageUnavailable: If the database did not take it.
        """
        survey_named(self.surveys, survey)
        campaign = await self._running(survey)
        person = await self._person(email)
        if {"", survey} & set(await self.people.opted_out(person)):
            raise HasStopped(survey)
        now = self.clock()
        about = f"{campaign.name} for person {person.id}"
        await self.audit.append(
            Entry(at=now, actor=plain(by), action="link.made", about=plain(about))
        )
        invitation_id = await self.rounds.invite(campaign, person, at=now)
        issued = now.replace(microsecond=0)
        link = Link(
            subject=Subject(campaign_id=campaign.id, invitation_id=invitation_id),
            locale=person.locale,
            issued_at=issued,
            expires_at=issued + timedelta(days=campaign.survey.link_days),
        )
        return MadeLink(
            campaign=campaign,
            link=link,
            token=self.links.token(link, Purpose.ANSWER),
            address=self.links.address(link, Purpose.ANSWER),
        )

    async def _running(self, survey: str) -> Campaign:
        now = self.clock()
        for campaign in await self.rounds.all(survey):
            if campaign.takes_answers(now) and not campaign.rolls:
                return campaign
        raise NoRoundRunning(survey)

    async def _person(self, email: str) -> Person:
        person = await self.people.by_email(email)
        if person is None or not person.active:
            raise NotFound("Nobody active on the roster has this e-mail.")
        return person
