"""A platform, outbound: the shape of its adapters and what they raise."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from survey.card import Card
from survey.delivery import MessageRef, Method, Pace
from survey.errors import VoxpopError
from survey.person import Address

NO_LIMITS: Mapping[Method, Pace] = {}
"""The paces of a platform that takes whatever comes."""


class RecipientUnreachable(VoxpopError):
    """The platform refuses this person for good; the message says why."""

    code = "recipient_unreachable"


class PlatformBusy(VoxpopError):
    """The platform asks for patience; nothing was delivered."""

    code = "platform_busy"

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RecipientBusy(VoxpopError):
    """The platform does not take it for this person just now; nothing was delivered.

    Others go on. It is tried for three days.
    """

    code = "recipient_busy"


class PlatformRefuses(VoxpopError):
    """The platform refuses us altogether: a token was revoked, a bot removed; the message says why.

    Nothing was delivered, and nothing will be before somebody mends it.
    """

    code = "platform_refuses"


class OutcomeUnknown(VoxpopError):
    """The platform may or may not have it: ask `find` before anything is sent again."""

    code = "outcome_unknown"


def require_fit(address: Address, card: Card) -> None:
    """Nothing, if a card may go there.

    Raises:
        RecipientUnreachable: If the address is a channel, and the card is one person's.
    """
    if address.channel is not None and not card.shared:
        raise RecipientUnreachable("What one person is told goes into no channel.")


class Messenger(Protocol):
    """One platform, outbound."""

    @property
    def paces(self) -> Mapping[Method, Pace]:
        """How fast one workspace takes what; a method that is not there has no limit of ours."""
        ...

    @property
    def repeats(self) -> bool:
        """Whether a message of unknown outcome is sent once more, under the same name.

        So where nobody can be asked what arrived, and whoever gets it twice shows it once.
        """
        ...

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        """Deliver a message.

        Raises:
            RecipientUnreachable: Refused for good.
            RecipientBusy: Not now for this person; nothing was delivered.
            PlatformBusy: Not now; nothing was delivered.
            PlatformRefuses: Not at all until somebody mends it; nothing was delivered.
            OutcomeUnknown: It may have arrived.
        """
        ...

    async def update(self, address: Address, ref: MessageRef, card: Card) -> None:
        """Change a message that was delivered; the same errors as `send`."""
        ...

    async def find(self, address: Address, delivery_id: UUID) -> MessageRef | None:
        """The message of this delivery if it arrived; None if it surely did not.

        Raises:
            OutcomeUnknown: If the platform can't tell.
        """
        ...
