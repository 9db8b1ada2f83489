"""Mailboxes that are not written to any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Cause(StrEnum):
    """Why a mailbox is not written to."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """One mailbox.

    Attributes:
        email: Lower case.
        cause: Why.
        reason: What its server said, on one line.
        at: Since when (UTC).
    """

    email: str
    cause: Cause
    reason: str
    at: datetime


class Suppressions(Protocol):
    """Mailboxes that refuse our mail for good. Nobody is reached there before one is released."""

    async def find(self, email: str) -> Suppression | None:
        """Whether and why a mailbox is not written to."""
        ...

    async def all(self) -> Sequence[Suppression]:
        """Every one, by e-mail."""
        ...

    async def refused(self, email: str, *, reason: str, at: datetime) -> None:
        """Its server has said at once that there is no such mailbox.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def returned(
        self,
        name: str,
        email: str,
        *,
        cause: Cause,
        reason: str,
        at: datetime,
        for_good: bool = True,
    ) -> bool:
        """A mail of ours came back, or its reader complained.

        The delivery counts as failed, and as never reached. If it is for good, the mailbox is
        written to no more, and what was planned for it is skipped. A complaint stops all surveys
        as well. Twice has the effect of once.

        Args:
            name: What the mail's Message-ID has before its @: the invitation's or the delivery's
                id in hexadecimal.
            email: Whose mailbox; only that to which this very mail went is believed.
            cause: What happened.
            reason: What the server said.
            at: Now.
            for_good: Whether that says something of the mailbox, not of this mail alone.

        Returns:
            Whether there was such a mail to this mailbox.
        """
        ...

    async def release(self, email: str) -> bool:
        """Write to it again from the next round on; whether it was suppressed."""
        ...
