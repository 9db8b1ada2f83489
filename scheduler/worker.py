"""The worker: claims what is due, sends it outside of any transaction, records the outcome."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from scheduler.batch import Batch, lane_of
from survey.card import Card
from survey.contact import QuietDay, never_quiet
from survey.delivery import (
    ATTEMPTS,
    LEASE,
    Delivery,
    MessageRef,
    Method,
    Postpone,
    Skip,
    retry_after,
    sending,
    wait_for_recipient,
)
from survey.invitation import Invitation
from survey.messenger import (
    Messenger,
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientBusy,
    RecipientUnreachable,
)
from survey.person import EMAIL
from survey.ports import Clock, Outbox
from survey.states import DeliveryKind
from survey.usecases.compose_card import ComposeCard

BATCH = 50
"""How many deliveries one claim takes."""
AT_ONCE = 10
"""How many of them are under way at the same time."""
SENDS_WITHIN = LEASE / 4
"""A platform that takes longer over a message has not told what became of it."""
LOOKS_EVERY = timedelta(seconds=1)
"""How soon after a look for what others have lost the next one is due."""
SETTLES_AFTER = timedelta(seconds=10)
"""What a platform may still be busy with is not looked up before: it would be sent again."""

SOFT_TRIES = 17
"""How often one is tried whose mailbox or chat does not take it just now: for three days."""

log = structlog.get_logger()


async def nobody_is_alerted(invitation: Invitation) -> Card:
    """Where low marks alert no channel."""
    raise RecipientUnreachable(f"There is no alert about {invitation.id}.")


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """What the platform has.

    Attributes:
        ref: What it calls it.
        adopted: Whether it was looked up.
    """

    ref: MessageRef
    adopted: bool = False


@dataclass(frozen=True, kw_only=True)
class Worker:
    """Empties the outbox.

    Attributes:
        messengers: By platform.
        alert: Composes what a channel is told about an answer; nothing else ever goes there.
        keep_going: Whether to begin with more; what was claimed is finished in any case.
        quiet: Which days are nobody's to write on.
    """

    outbox: Outbox
    messengers: Mapping[str, Messenger]
    compose: ComposeCard
    clock: Clock
    alert: Callable[[Invitation], Awaitable[Card]] = nobody_is_alerted
    keep_going: Callable[[], bool] = lambda: True
    quiet: QuietDay = never_quiet

    async def __call__(self) -> int:
        """Send everything that is due; how many deliveries were handled.

        Raises:
            Exception: The first failure, after everything that was begun was handled.
        """
        handled, look_at = 0, 0.0
        writing: Sequence[asyncio.Task[None]] = ()
        try:
            while self.keep_going():
                lost: Sequence[Delivery] = ()
                # First what others have lost, and then now and again: a large round takes long.
                if time.monotonic() >= look_at:
                    lost = await self.outbox.claim_unknown(at=self.clock(), limit=BATCH)
                    look_at = time.monotonic() + (0.0 if lost else LOOKS_EVERY.total_seconds())
                adopted = await self._each(self._resolve, lost)
                claimed = await self.outbox.claim(at=self.clock(), limit=BATCH)
                sent = await self._each(self._deliver, claimed)
                handled += len(lost) + len(claimed)
                # One batch is written down while the next one is sent.
                before, writing = writing, (*adopted, *sent)
                await _end_of(before)
                if not (lost or claimed or before):
                    break
        finally:
            await _end_of(writing)
        return handled

    async def _each(
        self,
        handle: Callable[[Delivery, Batch], Awaitable[Arrived | None]],
        deliveries: Sequence[Delivery],
    ) -> Sequence[asyncio.Task[None]]:
        """Handle them side by side, a few at a time; one that fails does not hold up the others.

        Returns:
            A task each; what arrived is being written down.
        """
        slots, all_handled = asyncio.Semaphore(AT_ONCE), asyncio.Event()
        batch = Batch(open=len(deliveries))

        async def in_turn(delivery: Delivery) -> None:
            try:
                async with slots:
                    arrived = await handle(delivery, batch)
            finally:
                batch.open -= 1
                if not batch.open:
                    all_handled.set()
            if arrived is not None:
                # The platform need not wait until it is written down, together with others.
                await self._arrived(delivery, arrived, more=batch.open > 0)

        handled = [asyncio.create_task(in_turn(delivery)) for delivery in deliveries]
        try:
            if handled:
                await all_handled.wait()
        except asyncio.CancelledError:
            for task in handled:
                task.cancel()
            await asyncio.gather(*handled, return_exceptions=True)
            raise
        return handled

    async def _arrived(self, delivery: Delivery, arrived: Arrived, *, more: bool) -> None:
        await self.outbox.sent(delivery, arrived.ref, at=self.clock(), more=more)
        if arrived.adopted:
            log.info("delivery_adopted", delivery=str(delivery.id))
            return
        log.info(
            "delivery_sent",
            delivery=str(delivery.id),
            kind=delivery.kind.value,
            attempt=delivery.attempt,
        )
        if delivery.probe and await self.outbox.well(delivery):
            log.info("platform_is_well_again", **_where(delivery))

    async def _deliver(self, delivery: Delivery, batch: Batch) -> Arrived | None:
        now = self.clock()
        if reason := batch.put_back(delivery):
            await self.outbox.postponed(delivery, until=now, reason=reason)
            return None
        match sending(delivery, at=now, quiet=self.quiet):
            case Skip(reason=reason):
                await self.outbox.skipped(delivery, reason=reason)
                log.info("delivery_skipped", delivery=str(delivery.id), reason=reason)
                return None
            case Postpone(until=until):
                await self.outbox.postponed(delivery, until=until, reason="outside of the window")
                return None
        messenger = self.messengers.get(delivery.address.platform)
        if messenger is None:
            # Perhaps somebody started us without its settings: it waits until they are back.
            off = PlatformRefuses(f"{delivery.address.platform} is not switched on")
            await self._went_wrong(delivery, off, batch)
            return None
        try:
            ref = await self._in_time(self._send(messenger, delivery))
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises, the row must not hang
            await self._went_wrong(delivery, error, batch)
            return None
        batch.went_well(delivery)
        return Arrived(ref=ref)

    async def _went_wrong(self, delivery: Delivery, error: Exception, batch: Batch) -> None:
        reason = str(error)
        match error:
            case RecipientUnreachable():
                await self.outbox.failed(delivery, reason=reason)
                log.warning("delivery_failed", delivery=str(delivery.id), reason=reason)
            case RecipientBusy() if delivery.tries + 1 >= SOFT_TRIES:
                await self.outbox.failed(delivery, reason=f"given up after three days: {reason}")
                log.warning("delivery_failed", delivery=str(delivery.id))
            case RecipientBusy():
                pause = wait_for_recipient(delivery.tries)
                await self.outbox.postponed(
                    delivery, until=self.clock() + pause, reason=reason, tried=True
                )
                log.info("delivery_put_off", delivery=str(delivery.id), reason=reason)
            case PlatformBusy(retry_after=wait):
                batch.shut.add(lane_of(delivery))
                await self.outbox.busy(delivery, wait=wait, reason=reason)
                log.info("platform_busy", **_where(delivery))
            case PlatformRefuses():
                batch.shut.update((*lane_of(delivery)[:2], method) for method in Method)
                if await self.outbox.refused(delivery, reason=reason):
                    log.error("platform_refuses_us", reason=reason, **_where(delivery))
            case OutcomeUnknown():
                # Before anything is written: those behind it are about to begin.
                shuts = batch.in_trouble(delivery)
                await self._not_known(delivery, reason=reason, sent=True)
                if shuts:
                    await self.outbox.trouble(delivery, reason=reason)
                    log.warning("platform_in_trouble", reason=reason, **_where(delivery))
            case _:
                log.error("delivery_broke", delivery=str(delivery.id), exc_info=error)
                await self._not_known(delivery, reason=type(error).__name__, sent=True)

    async def _in_time(self, under_way: Awaitable[MessageRef]) -> MessageRef:
        limit = asyncio.timeout(SENDS_WITHIN.total_seconds())
        try:
            async with limit:
                return await under_way
        except TimeoutError as error:
            if limit.expired():
                raise OutcomeUnknown("The platform did not answer in time.") from error
            raise

    async def _send(self, messenger: Messenger, delivery: Delivery) -> MessageRef:
        card = await self._card(delivery)
        if delivery.kind is DeliveryKind.UPDATE:
            if delivery.target is None:
                raise RecipientUnreachable("There is no message to update.")
            await messenger.update(delivery.address, delivery.target, card)
            return delivery.target
        return await messenger.send(delivery.address, card, delivery_id=delivery.id)

    async def _card(self, delivery: Delivery) -> Card:
        """What is shown where it goes: in a channel the alert, and never what one person sees."""
        if delivery.address.channel is not None:
            return await self.alert(delivery.invitation)
        reminder = delivery.ordinal if delivery.kind is DeliveryKind.REMINDER else None
        letter = delivery.address.platform == EMAIL
        return await self.compose(
            delivery.invitation, reminder=reminder, first=delivery.begins if letter else None
        )

    async def _resolve(self, delivery: Delivery, batch: Batch) -> Arrived | None:
        messenger = self.messengers.get(delivery.address.platform)
        if messenger is None:
            # Whatever that platform has, it will tell when it is switched on again.
            reason = f"{delivery.address.platform} is not switched on"
            await self._not_known(delivery, reason=reason)
            return None
        if delivery.kind is DeliveryKind.UPDATE:
            # An update leads to the same message however often it is made.
            return await self._deliver(delivery, batch)
        if not_now := batch.put_back(delivery):
            await self._not_known(delivery, reason=not_now)
            return None
        try:
            async with asyncio.timeout(SENDS_WITHIN.total_seconds()):
                found = await messenger.find(delivery.address, delivery.id)
        except RecipientUnreachable as error:
            await self.outbox.failed(delivery, reason=str(error))
            return None
        except OutcomeUnknown as error:
            # Better twice in a channel than never: somebody waits for its readers.
            repeats = messenger.repeats or delivery.address.channel is not None
            if repeats and not delivery.tries:
                await self._again(delivery, reason=f"sent once more: {error}")
                return None
            batch.in_trouble(delivery)
            await self._not_known(delivery, reason=str(error))
            return None
        except (PlatformBusy, PlatformRefuses) as error:
            batch.in_trouble(delivery)
            await self._not_known(delivery, reason=str(error))
            return None
        except Exception as error:
            log.exception("look_up_broke", delivery=str(delivery.id))
            await self._not_known(delivery, reason=type(error).__name__)
            return None
        batch.went_well(delivery)
        if found is not None:
            return Arrived(ref=found, adopted=True)
        await self._again(delivery, reason="it had not arrived")
        return None

    async def _again(self, delivery: Delivery, *, reason: str) -> None:
        """It surely did not arrive: try again, a few times."""
        if delivery.tries + 1 >= ATTEMPTS:
            await self.outbox.failed(delivery, reason=f"given up after {ATTEMPTS} tries: {reason}")
            return
        pause = retry_after(delivery.tries + 1, jitter=random.random())  # noqa: S311
        until = self.clock() + pause
        await self.outbox.postponed(delivery, until=until, reason=reason, tried=True)

    async def _not_known(self, delivery: Delivery, *, reason: str, sent: bool = False) -> None:
        """Look it up later: soon where it was just sent, ever more seldom where nobody tells."""
        just_sent = sent and delivery.kind is not DeliveryKind.UPDATE
        times = delivery.tries + 1 if just_sent else delivery.attempt
        pause = retry_after(times, jitter=random.random())  # noqa: S311
        if just_sent:
            pause = max(pause, SETTLES_AFTER)
        await self.outbox.unknown(delivery, until=self.clock() + pause, reason=reason)
        log.warning("delivery_unknown", delivery=str(delivery.id), reason=reason)


async def _end_of(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all of them; then raise what went wrong first."""
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _where(delivery: Delivery) -> dict[str, str]:
    """For the log."""
    return {"platform": delivery.address.platform, "workspace": delivery.address.workspace}
