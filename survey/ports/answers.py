"""What people answered, as the rules need it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from survey.card import Subject
from survey.comment import Comment
from survey.delivery import MessageRef
from survey.invitation import Invitation
from survey.person import Address, Person
from survey.ports.heard import Event


@dataclass(frozen=True, kw_only=True)
class Press:
    """What came in, before anything was checked against the database.

    Attributes:
        subject: The round and the invitation that the sealed button named.
        by: Who pressed, as the platform says; None where the invitation's own link was opened:
            whoever holds it is the one who was asked.
        at: When, by the platform's clock (UTC).
        message: Where, if the platform tells: the answer changes that message, and all other
            messages of the invitation are updated.
        event: What the platform told of, where it may do so again: what came with it once changes
            nothing when it comes again.
    """

    subject: Subject
    by: Address | None
    at: datetime
    message: MessageRef | None = None
    event: Event | None = None


class Answers(Protocol):
    """What people answered. Every method is one transaction and one round trip where it can be."""

    async def record(self, press: Press, score: int) -> Invitation:
        """Count a press; the invitation as it stands after it.

        Raises:
            NotYours: If somebody else was asked.
            InvitationClosed: If the round or the invitation takes no answers any more.
            AlreadyAnswered: If the survey takes one answer and has it.
            InvalidScore: If the score is of another scale.
            OutOfDate: If there is no such invitation.
            StorageUnavailable: If the database did not take it; nothing is saved.
        """
        ...

    async def undo(self, press: Press) -> Invitation:
        """Take the answer back; raises what `Invitation.undo` raises."""
        ...

    async def comment(self, press: Press, comment: Comment, *, added: bool = False) -> Invitation:
        """Keep a comment, in place of the one before or `added` below it.

        A press whose `event` was noted before changes nothing; it is noted with what it brought.
        It raises what `Invitation.comment` raises.
        """
        ...

    async def show(self, press: Press) -> Invitation:
        """The invitation as it stands, if it is theirs.

        Raises:
            NotYours: If somebody else was asked.
            OutOfDate: If there is no such invitation.
        """
        ...

    async def ask_later(self, press: Press, *, due_at: datetime) -> None:
        """Plan to ask again; an ask that is planned already moves to this time."""
        ...

    async def waiting(self, *, at: datetime) -> Mapping[int, int]:
        """How many questions wait for an answer, by the person's number; nobody has 0."""
        ...

    async def open_for(self, person: Person, *, at: datetime) -> Sequence[Invitation]:
        """Their invitations that still take an answer, newest first."""
        ...
