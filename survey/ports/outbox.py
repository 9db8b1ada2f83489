"""What goes out, as the worker needs it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from survey.delivery import Delivery, MessageRef


class Outbox(Protocol):
    """The deliveries as a queue."""

    async def claim(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """Take what is due under a lease; what others hold is left to them."""
        ...

    async def sent(
        self, delivery: Delivery, ref: MessageRef, *, at: datetime, more: bool = False
    ) -> bool:
        """It arrived; False if the lease was lost meanwhile and nothing was written.

        With `more` others are about to arrive: it may wait for them for a moment, to be written
        down together with them.
        """
        ...

    async def postponed(
        self, delivery: Delivery, *, until: datetime, reason: str, tried: bool = False
    ) -> bool:
        """Not delivered; try again then. `tried` counts it as one of the tries."""
        ...

    async def busy(self, delivery: Delivery, *, wait: timedelta | None, reason: str) -> None:
        """The platform wants patience: nothing of this method goes out there for so long.

        With None the pause is ours: two seconds, spread, and doubled from one time to the next.
        """
        ...

    async def trouble(self, delivery: Delivery, *, reason: str) -> None:
        """The platform tells nothing: of this method nothing goes out there but a probe.

        From time to time, as after `busy` without a time; the delivery itself is left as it is.
        """
        ...

    async def refused(self, delivery: Delivery, *, reason: str) -> bool:
        """The platform refuses us: nothing goes out there but a probe from time to time.

        Whether all was well there before: then somebody has to be told.
        """
        ...

    async def well(self, delivery: Delivery) -> bool:
        """A probe went well: no more probing there; whether there had been trouble."""
        ...

    async def unknown(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """It may have arrived: look it up from then on; that is no try."""
        ...

    async def failed(self, delivery: Delivery, *, reason: str) -> bool:
        """It can't be delivered there.

        A question or a reminder goes on to the next platform on which the person can be reached
        and nothing about the invitation was tried; without one the invitation is undeliverable,
        unless another message of it arrived.
        """
        ...

    async def skipped(self, delivery: Delivery, *, reason: str) -> bool:
        """It need not be delivered any more."""
        ...

    async def claim_unknown(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """Deliveries of unknown outcome, those whose worker was lost among them."""
        ...
