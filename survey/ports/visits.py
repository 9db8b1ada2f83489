"""Visits, and where they take place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from survey.visits import Branch, Capture, Visit


@dataclass(frozen=True, kw_only=True)
class Captured:
    """What was kept of a visit.

    Attributes:
        id: Of the customer: each visit has its own.
        person_id: Whom it belongs to; None for somebody who gave no consent and is not known
            otherwise, and for whoever asked to be forgotten.
        unwanted: Under which keys questions about earlier visits of theirs wait that they want no
            more.
    """

    id: int
    person_id: int | None
    unwanted: Sequence[str] = ()


class Visits(Protocol):
    """Visits, and where they take place."""

    async def capture(self, capture: Capture, *, survey: str, at: datetime) -> Captured:
        """Keep a visit, with what was said on being asked about it.

        Consent is a line of its own, with the time. A no holds for the survey from then on; a later
        yes at the desk lifts it. What somebody stopped by themselves stays stopped: only they can
        change that.

        Args:
            capture: What is written down.
            survey: By which they would be asked.
            at: Now.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def one(self, visit_id: int, *, survey: str) -> Visit | None:
        """The visit of this number; None if there is none, or it was forgotten."""
        ...

    async def of(self, invitation_id: UUID) -> Visit | None:
        """The visit that an invitation asks about; None if it asks about no visit."""
        ...

    async def asked(self, visit_id: int, *, key: str, survey: str) -> None:
        """Note which question is asked about a visit: the one of this key, if there is one."""
        ...

    async def mend(self, *, survey: str) -> int:
        """Note what `asked` did not come to note, as its process ended before; how many."""
        ...

    async def branches(self) -> Sequence[Branch]:
        """Every branch with who works there, by name."""
        ...
