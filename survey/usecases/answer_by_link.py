"""Answer on the page behind a link, where nobody has signed in and programs press buttons too."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from survey.comment import Comment
from survey.errors import LinkNotValid, OutOfDate, StorageUnavailable
from survey.invitation import Invitation
from survey.ports import Answers, Doubtful, Link, Press, Suspicion
from survey.scale import Score

TOO_SOON = timedelta(seconds=10)
"""Nobody gets a mail, reads it and answers within that; gateways that check mails do."""
WAITS = timedelta(minutes=15)
"""How long what the page sent by itself waits for a sign of a robot before it counts."""


class Became(StrEnum):
    """What became of a press."""

    COUNTED = "it stands"
    PROVISIONAL = "it counts by itself in a while, or as soon as somebody touches the page"
    DOUBTED = "it is kept aside until it is pressed once more"
    NOT_TAKEN = "the page may not send this by itself"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a press on the page.

    Attributes:
        became: That.
        invitation: As it stands now.
    """

    became: Became
    invitation: Invitation


@dataclass(frozen=True, kw_only=True)
class AnswerByLink:
    """Whoever holds the link of an invitation is the one who was asked.

    Every method raises `LinkNotValid` if there is no such invitation, `InvitationClosed` if it
    takes no answers any more, and `StorageUnavailable` if the database did not take it. That a
    link's time is over is for the caller to see.
    """

    answers: Answers
    doubtful: Doubtful

    async def __call__(
        self,
        link: Link,
        score: int,
        *,
        at: datetime,
        trapped: bool = False,
        by_itself: bool = False,
    ) -> Outcome:
        """Count a press; keep aside what a program may have sent.

        Args:
            link: Where it was pressed.
            score: The mark.
            at: When.
            trapped: Whether a field was filled in that people don't see.
            by_itself: Whether the page's script sent it, and nobody has touched the page yet.

        Raises:
            AlreadyAnswered: If the survey takes one answer and has it.
            InvalidScore: If the score is not on the scale.
        """
        press = Press(subject=link.subject, by=None, at=at)
        why = _suspicion(link, at, trapped=trapped, by_itself=by_itself)
        with _known():
            if why is not None:
                return await self._aside(press, score, why)
            # What was kept aside before counts no more: it is older than what the person said.
            invitation = await self.answers.record(press, score)
        if invitation.campaign.survey.one_press:
            # An undo on the page that sent by itself takes this back, once nothing is aside.
            with suppress(StorageUnavailable):
                await self.doubtful.drop(link.subject)
        return Outcome(became=Became.COUNTED, invitation=invitation)

    async def confirm(self, link: Link, score: int, *, at: datetime) -> None:
        """Count what the page sent by itself, as somebody has touched the page.

        What was answered meanwhile, in chat or on another page, stands: that was a press.

        Raises:
            InvalidScore: If the score is not on the scale.
        """
        if (await self.show(link, at=at)).response.score is None:
            await self(link, score, at=at)

    async def _aside(self, press: Press, score: int, why: Suspicion) -> Outcome:
        found = await self.answers.show(press)
        campaign = found.campaign
        found.answer(Score(score, campaign.survey.scale), by=found.person.id, at=press.at)
        counts_at = None
        if why is Suspicion.ONE_PRESS:
            counts_at = press.at + WAITS
            answered = found.response.score is not None
            if answered or not campaign.survey.one_press or not campaign.takes_answers(counts_at):
                return Outcome(became=Became.NOT_TAKEN, invitation=found)
        why = await self.doubtful.keep(
            press.subject, score, why=why, at=press.at, counts_at=counts_at
        )
        provisional = why is Suspicion.ONE_PRESS
        return Outcome(
            became=Became.PROVISIONAL if provisional else Became.DOUBTED, invitation=found
        )

    async def comment(self, link: Link, words: str, *, at: datetime) -> Invitation:
        """Keep what was written, in place of what was written before.

        Raises:
            CommentTooLong: Beyond 2,000 characters.
            InvalidValue: If nothing was written.
        """
        comment = Comment(words)
        with _known():
            return await self.answers.comment(Press(subject=link.subject, by=None, at=at), comment)

    async def undo(self, link: Link, *, at: datetime, provisional: bool = False) -> None:
        """Take it back; twice has the effect of once.

        Args:
            link: Where that was pressed.
            at: When.
            provisional: Whether it is what the page sent by itself that is taken back; what was
                answered before that stands then.

        Raises:
            AlreadyAnswered: If the survey takes one answer, and it stands.
        """
        if await self.doubtful.drop(link.subject) and provisional:
            return
        press = Press(subject=link.subject, by=None, at=at)
        try:
            await self.answers.undo(press)
        except OutOfDate:
            await self.show(link, at=at)  # there is nothing to take back, or no such invitation

    async def show(self, link: Link, *, at: datetime) -> Invitation:
        """The invitation as it stands; nothing of it may be shown to whoever only opens a link."""
        with _known():
            return await self.answers.show(Press(subject=link.subject, by=None, at=at))


def _suspicion(link: Link, at: datetime, *, trapped: bool, by_itself: bool) -> Suspicion | None:
    if trapped:
        return Suspicion.TRAP
    if at < link.issued_at + TOO_SOON:
        return Suspicion.TOO_SOON
    return Suspicion.ONE_PRESS if by_itself else None


@contextmanager
def _known() -> Iterator[None]:
    """An invitation that is not there looks like a link that is not ours."""
    try:
        yield
    except OutOfDate:
        raise LinkNotValid from None
