"""A low mark that somebody looks after: open until it is taken, taken until it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from survey.comment import clean
from survey.delivery import MessageRef
from survey.errors import AlreadyTaken, CommentTooLong, OutOfDate
from survey.invitation import Invitation
from survey.person import Address, Person
from survey.survey import COMMENT_LIMIT


class FollowUpState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"


WAITING = frozenset({FollowUpState.OPEN, FollowUpState.TAKEN})
"""States in which something is still to be done."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A message in a channel that tells of it."""

    address: Address
    ref: MessageRef


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """A low mark, and what became of it.

    Attributes:
        invitation: With who gave the mark, about what, and what they wrote. The mark there is the
            one that stands by now.
        state: Where it stands.
        mark: The mark that alerted; the lowest, if it fell further.
        opened_at: When it was found, or last found again (UTC).
        taken_by: Who looks after it; None if nobody does.
        taken_at: Since when (UTC).
        done_at: When it was done (UTC).
        note: What was written down about it; empty for nothing.
        groups: Attribute → value: category, branch.
        alerts: Where a channel was told of it, the latest first.
    """

    invitation: Invitation
    state: FollowUpState
    mark: int
    opened_at: datetime
    taken_by: Person | None = None
    taken_at: datetime | None = None
    done_at: datetime | None = None
    note: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()

    def taken(self, by: Person | None, *, at: datetime) -> "FollowUp":
        """Somebody looks after it. Whoever does so already keeps it, and since when.

        Args:
            by: Who; None where a program does not say.
            at: When.

        Raises:
            AlreadyTaken: If somebody else does.
            OutOfDate: If it is done.
        """
        if self.state is FollowUpState.DONE:
            raise OutOfDate("It is done already.")
        if self.state is FollowUpState.TAKEN:
            if self.taken_by is not None and by is not None and by.id != self.taken_by.id:
                raise AlreadyTaken(self.taken_by.name or self.taken_by.email)
            if by is None or self.taken_by is not None:
                return self
        return replace(self, state=FollowUpState.TAKEN, taken_by=by, taken_at=at)

    def done(self, *, at: datetime) -> "FollowUp":
        """Nothing is left to do; who took it stays written down."""
        if self.state is FollowUpState.DONE:
            return self
        return replace(self, state=FollowUpState.DONE, done_at=at)

    def given_back(self) -> "FollowUp":
        """Nobody looks after it any more, or it was not done after all."""
        return replace(self, state=FollowUpState.OPEN, taken_by=None, taken_at=None, done_at=None)

    def noted(self, words: str) -> "FollowUp":
        """Written down in place of what was there; no words take it away.

        Raises:
            CommentTooLong: Beyond 2,000 characters.
        """
        note = clean(words)
        if len(note) > COMMENT_LIMIT:
            raise CommentTooLong(length=len(note), limit=COMMENT_LIMIT)
        return replace(self, note=note)

    def fallen(self, mark: int, *, at: datetime) -> "FollowUp":
        """Their mark changed: where it is worse than what alerted, what was done is open again."""
        if mark >= self.mark:
            return self
        if self.state is not FollowUpState.DONE:
            return replace(self, mark=mark)
        return replace(self.given_back(), mark=mark, opened_at=at)
