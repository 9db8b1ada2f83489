"""The worker: claims what is due, sends it outside of any transaction, records the outcome."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from survey.delivery import ATTEMPTS, Delivery, MessageRef, Postpone, Skip, retry_after, sending
from survey.messenger import (
    Messenger,
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientUnreachable,
)
from survey.ports import Clock, Outbox
from survey.states import DeliveryKind
from survey.usecases.compose_card import ComposeCard

BATCH = 50
"""How many deliveries one claim takes."""
AT_ONCE = 10
"""How many of them are under way at the same time."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Empties the outbox.

    Attributes:
        messengers: By platform.
        keep_going: Whether to begin with more; what was claimed is finished in any case.
    """

    outbox: Outbox
    messengers: Mapping[str, Messenger]
    compose: ComposeCard
    clock: Clock
    keep_going: Callable[[], bool] = lambda: True

    async def __call__(self) -> int:
        """Send everything that is due; how many deliveries were handled."""
        handled = await self._each(
            self._resolve, await self.outbox.claim_unknown(at=self.clock(), limit=BATCH)
        )
        while self.keep_going():
            claimed = await self.outbox.claim(at=self.clock(), limit=BATCH)
            if not claimed:
                break
            handled += await self._each(self._deliver, claimed)
        return handled

    async def _each(
        self, handle: Callable[[Delivery], Awaitable[None]], deliveries: Sequence[Delivery]
    ) -> int:
        """Handle them side by side, a few at a time; one that fails does not hold up the others.

        Raises:
            Exception: The first failure, after all of them were handled.
        """
        slots = asyncio.Semaphore(AT_ONCE)

        async def in_turn(delivery: Delivery) -> None:
            async with slots:
                await handle(delivery)

        outcomes = await asyncio.gather(
            *(in_turn(delivery) for delivery in deliveries), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return len(outcomes)

    async def _deliver(self, delivery: Delivery) -> None:
        events = log.bind(delivery=str(delivery.id), kind=delivery.kind.value)
        now = self.clock()
        match sending(delivery, at=now):
            case Skip(reason=reason):
                await self.outbox.skipped(delivery, reason=reason)
                events.info("delivery_skipped", reason=reason)
                return
            case Postpone(until=until):
                await self.outbox.postponed(delivery, until=until, reason="outside of the window")
                return
        messenger = self.messengers.get(delivery.address.platform)
        if messenger is None:
            await self.outbox.failed(
                delivery, reason=f"{delivery.address.platform} is not switched on"
            )
            return
        try:
            ref = await self._send(messenger, delivery)
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises, the row must not hang
            await self._went_wrong(delivery, error)
            return
        await self.outbox.sent(delivery, ref, at=self.clock())
        events.info("delivery_sent", attempt=delivery.attempt)
        if delivery.probe and await self.outbox.well(delivery):
            log.info("platform_is_well_again", **_where(delivery))

    async def _went_wrong(self, delivery: Delivery, error: Exception) -> None:
        reason = str(error)
        match error:
            case RecipientUnreachable():
                await self.outbox.failed(delivery, reason=reason)
                log.warning("delivery_failed", delivery=str(delivery.id), reason=reason)
            case PlatformBusy(retry_after=wait):
                await self.outbox.busy(delivery, wait=wait, reason=reason)
                log.info("platform_busy", **_where(delivery))
            case PlatformRefuses():
                if await self.outbox.refused(delivery, reason=reason):
                    log.error("platform_refuses_us", reason=reason, **_where(delivery))
            case OutcomeUnknown():
                await self._not_known(delivery, reason=reason)
            case _:
                log.error("delivery_broke", delivery=str(delivery.id), exc_info=error)
                await self._not_known(delivery, reason=type(error).__name__)

    async def _send(self, messenger: Messenger, delivery: Delivery) -> MessageRef:
        reminder = delivery.ordinal if delivery.kind is DeliveryKind.REMINDER else None
        card = await self.compose(delivery.invitation, reminder=reminder)
        if delivery.kind is DeliveryKind.UPDATE:
            if delivery.target is None:
                raise RecipientUnreachable("There is no message to update.")
            await messenger.update(delivery.address, delivery.target, card)
            return delivery.target
        return await messenger.send(delivery.address, card, delivery_id=delivery.id)

    async def _resolve(self, delivery: Delivery) -> None:
        messenger = self.messengers.get(delivery.address.platform)
        if messenger is None:
            return  # whatever that platform has, it will tell when it is switched on again
        if delivery.kind is DeliveryKind.UPDATE:
            # An update leads to the same message however often it is made.
            await self._deliver(delivery)
            return
        try:
            found = await messenger.find(delivery.address, delivery.id)
        except RecipientUnreachable as error:
            await self.outbox.failed(delivery, reason=str(error))
            return
        except (OutcomeUnknown, PlatformBusy, PlatformRefuses) as error:
            await self._not_known(delivery, reason=str(error))
            return
        except Exception as error:
            log.exception("look_up_broke", delivery=str(delivery.id))
            await self._not_known(delivery, reason=type(error).__name__)
            return
        if found is not None:
            await self.outbox.sent(delivery, found, at=self.clock())
            log.info("delivery_adopted", delivery=str(delivery.id))
            return
        await self._again(delivery, reason="it had not arrived")

    async def _again(self, delivery: Delivery, *, reason: str) -> None:
        """It surely did not arrive: try again, a few times."""
        if delivery.tries >= ATTEMPTS:
            await self.outbox.failed(delivery, reason=f"given up after {ATTEMPTS} tries: {reason}")
            return
        pause = retry_after(delivery.tries + 1, jitter=random.random())  # noqa: S311
        until = self.clock() + pause
        await self.outbox.postponed(delivery, until=until, reason=reason, tried=True)

    async def _not_known(self, delivery: Delivery, *, reason: str) -> None:
        pause = retry_after(delivery.tries + 1, jitter=random.random())  # noqa: S311
        await self.outbox.unknown(delivery, until=self.clock() + pause, reason=reason)
        log.warning("delivery_unknown", delivery=str(delivery.id), reason=reason)


def _where(delivery: Delivery) -> dict[str, str]:
    """For the log."""
    return {"platform": delivery.address.platform, "workspace": delivery.address.workspace}
