"""Which account an administrator's e-mail is tied to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from survey.person import Address


@dataclass(frozen=True, kw_only=True)
class Pin:
    """An e-mail and the account that came with it first.

    Attributes:
        email: Lower case.
        address: The account.
        pinned_at: Since when (UTC).
        claimed_by: The id of another account in the same workspace that has come with this e-mail
            since; None if none has.
    """

    email: str
    address: Address
    pinned_at: datetime
    claimed_by: str | None = None


class Pins(Protocol):
    """The pins of administrators. What changes is in the audit log with the same commit."""

    async def present(self, email: str, address: Address, *, at: datetime) -> Pin:
        """An account comes with this e-mail: the first one is pinned; the pin that stands.

        Another account than the pinned one is noted as the claimant, once.
        """
        ...

    async def all(self) -> Sequence[Pin]:
        """Every pin, by e-mail."""
        ...

    async def confirm(
        self, email: str, *, platform: str, user_id: str, actor: str, at: datetime
    ) -> Sequence[Pin]:
        """Pin this account, if it is what claims this e-mail, in place of the one before.

        Args:
            email: Whose.
            platform: Of the account.
            user_id: The account's id there.
            actor: Who confirms, for the audit log.
            at: Now.

        Returns:
            The new pins; none if another account claims the e-mail by now, or none does.
        """
        ...
