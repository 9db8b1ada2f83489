"""Answer through the HTTP interface, by the link of an invitation."""

from dataclasses import dataclass

from survey.comment import Comment
from survey.errors import (
    AlreadyAnswered,
    CommitUnknown,
    InvitationClosed,
    LinkExpired,
    LinkNotValid,
    OutOfDate,
    StorageUnavailable,
    TicketNotFound,
)
from survey.invitation import Invitation
from survey.occasion import Trigger
from survey.ports import Answers, Clock, Links, Press, Purpose
from survey.states import InvitationState


@dataclass(frozen=True, kw_only=True)
class SubmitAnswer:
    """A score and what goes with it, from a program that speaks to us on purpose.

    Nothing is kept aside here as on the page: what checks mails follows links and presses buttons,
    and no mail leads here.
    """

    links: Links
    answers: Answers
    clock: Clock

    async def __call__(self, token: str, score: int, comment: str | None = None) -> Invitation:
        """Count it; the invitation as it stands then. Sending the same again changes nothing.

        Args:
            token: Of the link to the question.
            score: The mark, in place of one that was given before.
            comment: Words in place of those before; None leaves those.

        Raises:
            LinkNotValid: If it is none of ours, or there is no such invitation.
            TicketNotFound: If whoever opened the request that it is about was forgotten.
            LinkExpired: If its time is over.
            InvitationClosed: If the round or the invitation takes no answers any more.
            AlreadyAnswered: If the survey takes one answer and has another one.
            InvalidScore: If the score is not on the scale.
            CommentTooLong: If the comment is; nothing is saved then.
            InvalidValue: If nothing is left of the comment; nothing is saved then.
            StorageUnavailable: If the database did not take it.
            CommitUnknown: If the score was saved, and perhaps not the comment.
        """
        words = None if comment is None else Comment(comment)
        now = self.clock()
        link = self.links.read(token, Purpose.ANSWER)
        if now >= link.expires_at:
            raise LinkExpired
        press = Press(subject=link.subject, by=None, at=now)
        try:
            if words is not None:
                found = await self.answers.show(press)
                words.require(found.campaign.survey.comment_limit)
            answered = await self._record(press, score, words)
        except OutOfDate:
            raise LinkNotValid from None
        except InvitationClosed:
            await self._require_request(press)
            raise
        if words is not None:
            answered = await self._add(press, words)
        return answered

    async def _require_request(self, press: Press) -> None:
        found = await self.answers.show(press)
        about_tickets = found.campaign.survey.after is Trigger.TICKETS
        if about_tickets and found.state is InvitationState.WITHDRAWN:
            raise TicketNotFound

    async def _record(self, press: Press, score: int, words: Comment | None) -> Invitation:
        try:
            return await self.answers.record(press, score)
        except AlreadyAnswered:
            if words is None:
                raise
            # Perhaps the same was sent before, and the database went away between the two.
            known = await self.answers.show(press)
            if known.response.score != score or known.response.comment is not None:
                raise
            return known

    async def _add(self, press: Press, words: Comment) -> Invitation:
        try:
            return await self.answers.comment(press, words)
        except StorageUnavailable as error:
            raise CommitUnknown("The score was saved, and perhaps not the comment.") from error
