"""Feedback about a visit by the customer's link, for programs with forms of their own."""

from dataclasses import dataclass
from datetime import datetime

from survey.errors import (
    AlreadyAnswered,
    InvitationClosed,
    LinkExpired,
    LinkNotValid,
    OutOfDate,
)
from survey.invitation import Invitation
from survey.ports import Answers, Clock, Links, Press, Purpose, Visits
from survey.states import ANSWERABLE, COUNTED
from survey.usecases.submit_answer import SubmitAnswer
from survey.visits import Visit


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a customer is asked.

    Attributes:
        visit: About which visit.
        invitation: The question.
        until: From when on their link is good no more (UTC).
    """

    visit: Visit
    invitation: Invitation
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """Whoever holds the link is the customer; one answer, and looking at the form is none."""

    links: Links
    visits: Visits
    answers: Answers
    submit: SubmitAnswer
    clock: Clock

    async def form(self, token: str) -> Form:
        """What is asked; nothing is recorded by it.

        Raises:
            LinkNotValid: If it is none of ours, or asks about no visit.
            LinkExpired: If its time is over.
            AlreadyAnswered: If it was used.
            InvitationClosed: If it takes no answer any more.
            StorageUnavailable: If the database did not tell.
        """
        now = self.clock()
        link = self.links.read(token, Purpose.ANSWER)
        visit = await self._visit(token)
        if now >= link.expires_at:
            raise LinkExpired
        try:
            found = await self.answers.show(Press(subject=link.subject, by=None, at=now))
        except OutOfDate:
            raise LinkNotValid from None
        if found.state in COUNTED:
            raise AlreadyAnswered("We've already received your feedback for this visit.")
        if found.state not in ANSWERABLE or not found.campaign.takes_answers(now):
            raise InvitationClosed("This question takes no answers any more.")
        return Form(visit=visit, invitation=found, until=link.expires_at)

    async def give(self, token: str, stars: int, words: str) -> Invitation:
        """Keep an answer; the same once more, before words came with it, changes nothing.

        Raises:
            LinkNotValid: If it is none of ours, or asks about no visit.
            CommentTooLong: If the words are; nothing is saved then.
            LinkExpired, AlreadyAnswered, InvitationClosed, InvalidScore, InvalidValue,
            StorageUnavailable, CommitUnknown: As `SubmitAnswer` tells.
        """
        await self._visit(token)
        return await self.submit(token, stars, words.strip() or None)

    async def _visit(self, token: str) -> Visit:
        link = self.links.read(token, Purpose.ANSWER)
        found = await self.visits.of(link.subject.invitation_id)
        if found is None:
            raise LinkNotValid
        return found
