"""Low marks that somebody looks after."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from survey.delivery import MessageRef
from survey.follow_ups import FollowUp, FollowUpState
from survey.person import Address, Person


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a look for low marks came to.

    Attributes:
        opened: How many were new.
        reopened: How many were done, and fell further since.
    """

    opened: int = 0
    reopened: int = 0


class FollowUps(Protocol):
    """Low marks of identified surveys; every method is one transaction."""

    async def find(self, channels: Sequence[Address], *, since: datetime, at: datetime) -> Found:
        """Open one for each low mark that has none, and plan its alerts. Set-based.

        Done ones whose mark has become worse are open again, and alert once more.

        Args:
            channels: Where alerts go; none is as good: the low marks are found all the same.
            since: Presses from then on are looked at (UTC).
            at: Now.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def show(self, invitation_id: UUID) -> FollowUp:
        """One of them.

        Raises:
            NotFound: If there is none about this invitation.
        """
        ...

    async def change(
        self,
        invitation_id: UUID,
        rule: Callable[[FollowUp], FollowUp],
        *,
        at: datetime,
        message: MessageRef | None = None,
    ) -> FollowUp:
        """Apply a rule to it while nobody else can, and plan updates of what tells of it.

        Args:
            invitation_id: Which.
            rule: What it becomes; what the rule raises is raised, and nothing changes.
            at: Now.
            message: The message that was pressed: the answer changes that one.

        Raises:
            NotFound: If there is none about this invitation.
        """
        ...

    async def all(
        self,
        states: Collection[FollowUpState],
        *,
        taken_by: Person | None = None,
        after: tuple[datetime, UUID] | None = None,
        limit: int,
    ) -> Sequence[FollowUp]:
        """Those in these states, what waits longest first.

        Args:
            states: Which.
            taken_by: Only those that this person looks after, or did.
            after: Those behind this one, by when it was opened and its invitation.
            limit: At most so many.
        """
        ...

    async def count(self, states: Collection[FollowUpState]) -> int:
        """How many there are in these states."""
        ...
