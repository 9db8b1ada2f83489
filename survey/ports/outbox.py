"""What goes out, as the worker needs it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from survey.delivery import Delivery, MessageRef


class Outbox(Protocol):
    """The deliveries as a queue."""

    async def claim(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """Take what is due under a lease; what others hold is left to them."""
        ...

    async def sent(self, delivery: Delivery, ref: MessageRef, *, at: datetime) -> bool:
        """It arrived; False if the lease was lost meanwhile and nothing was written."""
        ...

    async def postponed(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """Not delivered; try again then."""
        ...

    async def unknown(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """It may have arrived: look it up from then on."""
        ...

    async def failed(self, delivery: Delivery, *, reason: str) -> bool:
        """It can't be delivered."""
        ...

    async def skipped(self, delivery: Delivery, *, reason: str) -> bool:
        """It need not be delivered any more."""
        ...

    async def claim_unknown(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """Deliveries of unknown outcome, those whose worker was lost among them."""
        ...
