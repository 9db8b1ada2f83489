"""One person, one ask: what may become of it. These rules are what the SQL must do too."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from survey.campaign import Campaign
from survey.comment import Comment
from survey.errors import (
    AlreadyAnswered,
    InvalidScore,
    InvitationClosed,
    NotYours,
    OutOfDate,
)
from survey.occasion import Told
from survey.person import Person
from survey.scale import Score
from survey.states import ANSWERABLE, COUNTED, INVITATION_LIFE, InvitationState, move
from survey.survey import Answers


@dataclass(frozen=True, kw_only=True)
class Response:
    """What was answered: the latest score and, if given, a comment.

    Attributes:
        score: The mark; None after it was taken back.
        previous: The mark before the last press; None if there was none.
        comment: Word for word, or None.
    """

    score: int | None = None
    previous: int | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """One person's place in one campaign, with what they answered.

    Attributes:
        id: Ours; buttons carry it, sealed.
        pressed_at: The platform's time of the latest press or undo that counted; later wins.
        first_contact: Whether this is the first message the person ever gets from us.
        ask_number: Which question of the year it is to them; None where nobody asked for it.
        about: What brought it; None in a round.
    """

    id: UUID
    campaign: Campaign
    person: Person
    state: InvitationState = InvitationState.PENDING
    response: Response = Response()
    pressed_at: datetime | None = None
    first_contact: bool = False
    ask_number: int | None = None
    about: Told | None = None

    @property
    def alerts(self) -> bool:
        """Whether the mark is so low that somebody should look after it."""
        mark, limit = self.response.score, self.campaign.survey.alert_at
        return mark is not None and limit is not None and mark <= limit

    def _check(self, *, by: int, at: datetime) -> None:
        if by != self.person.id:
            raise NotYours("Somebody else was asked.")
        if not self.campaign.takes_answers(at):
            raise InvitationClosed(f"{self.campaign.name} no longer takes answers.")
        if self.state not in ANSWERABLE:
            raise InvitationClosed(f"This invitation is {self.state.value}.")

    def answer(self, score: Score, *, by: int, at: datetime) -> "Invitation":
        """Count a press.

        Args:
            score: What was pressed.
            by: The id of the person who pressed.
            at: When, by the platform's clock. A press older than the one that stands changes
                nothing.

        Raises:
            NotYours: If somebody else was asked.
            InvitationClosed: If the round or the invitation takes no answers any more.
            AlreadyAnswered: If the survey takes one answer and has it.
            InvalidScore: If the score is of another scale.
        """
        if score.scale != self.campaign.survey.scale:
            raise InvalidScore(f"{score.value} is no score on this survey's scale.")
        self._check(by=by, at=at)
        if self.campaign.survey.answers is Answers.ONCE and self.state in COUNTED:
            raise AlreadyAnswered("This survey takes one answer.")
        if self.pressed_at is not None and at < self.pressed_at:
            return self
        state = self.state if self.state is InvitationState.COMPLETED else InvitationState.ANSWERED
        return replace(
            self,
            state=move(INVITATION_LIFE, self.state, state),
            response=replace(self.response, score=score.value, previous=self.response.score),
            pressed_at=at,
        )

    def undo(self, *, by: int, at: datetime) -> "Invitation":
        """Take the score and the comment back.

        Raises:
            NotYours: If somebody else was asked.
            InvitationClosed: If the round no longer takes answers.
            AlreadyAnswered: If the survey takes one answer only.
            OutOfDate: If there is nothing to take back.
        """
        self._check(by=by, at=at)
        if self.state not in COUNTED:
            raise OutOfDate("There is no answer to take back.")
        if self.campaign.survey.answers is Answers.ONCE:
            raise AlreadyAnswered("This survey takes one answer, and it stays.")
        if self.pressed_at is not None and at < self.pressed_at:
            return self
        return replace(
            self,
            state=move(INVITATION_LIFE, self.state, InvitationState.SENT),
            response=Response(previous=self.response.score),
            pressed_at=at,
        )

    def comment(
        self, comment: Comment, *, by: int, at: datetime, added: bool = False
    ) -> "Invitation":
        """Keep what was written; what comes before the score waits for it.

        Args:
            comment: The words.
            by: The id of the person who wrote.
            at: When.
            added: Whether it goes below what was written before, rather than in its place.

        Raises:
            NotYours: If somebody else was asked.
            InvitationClosed: If the round no longer takes answers.
            CommentTooLong: If it does not fit what the survey takes, together with what was
                written before where it goes below that.
        """
        self._check(by=by, at=at)
        if added and self.response.comment:
            comment = Comment(f"{self.response.comment}\n{comment.text}")
        comment.require(self.campaign.survey.comment_limit)
        counted = self.state in COUNTED
        return replace(
            self,
            state=move(INVITATION_LIFE, self.state, InvitationState.COMPLETED)
            if counted
            else self.state,
            response=replace(self.response, comment=comment.text),
        )
