"""E-mail, outbound."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

import structlog

from bot.email.letters import name_of, parcel_of
from bot.email.providers import (
    MailboxBusy,
    MailboxRefused,
    MailRefused,
    Parcel,
    Provider,
    ProviderBusy,
    ProviderRefuses,
    Providers,
    Sender,
)
from survey.brand import Brand
from survey.card import Card
from survey.delivery import MessageRef, Method, Pace
from survey.errors import StorageUnavailable
from survey.messenger import (
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientBusy,
    RecipientUnreachable,
)
from survey.person import Address
from survey.ports import Clock, Links, Suppressions

PACES: Mapping[Method, Pace] = {Method.SEND: Pace(per_second=10, burst=20)}
"""What servers take of one sender without taking it for a flood."""
SPARED = timedelta(minutes=1)
"""For how long a provider that had trouble is tried after all others."""

log = structlog.get_logger()


class EmailMessenger:
    """The port `Messenger`. What was sent stays as it is, and nobody can be asked what arrived.

    Args:
        providers: Who carries it, the preferred first; the next where one does not.
        links: Makes the links that stand for buttons.
        suppressions: Who is not written to.
        brand: Whose surveys these are.
        sender: Whose mail it is.
        clock: Tells the time.
        paces: How fast mail goes out.
    """

    repeats = True

    def __init__(
        self,
        providers: Providers,
        *,
        links: Links,
        suppressions: Suppressions,
        brand: Brand,
        sender: Sender,
        clock: Clock,
        paces: Mapping[Method, Pace] = PACES,
    ) -> None:
        self.paces = paces
        self._providers = providers
        self._links = links
        self._suppressions = suppressions
        self._brand = brand
        self._sender = sender
        self._clock = clock
        self._spared: dict[str, datetime] = {}
        """Until when, by the provider's name."""

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        """See the port."""
        mailbox, now = address.user_id, self._clock()
        try:
            suppressed = await self._suppressions.find(mailbox)
        except StorageUnavailable as error:
            raise PlatformBusy("Whether the mailbox is written to could not be read.") from error
        if suppressed is not None:
            raise RecipientUnreachable(
                f"The mailbox is not written to ({suppressed.cause.value}): {suppressed.reason}"
            )
        try:
            parcel = parcel_of(
                card,
                to=address,
                sender=self._sender,
                links=self._links,
                brand=self._brand,
                name=name_of(card, delivery_id),
                now=now,
            )
            await self._carried(parcel, now)
        except MailboxRefused as error:
            await self._suppress(mailbox, str(error), now)
            raise RecipientUnreachable(str(error)) from error
        except MailRefused as error:
            raise RecipientUnreachable(str(error)) from error
        except MailboxBusy as error:
            raise RecipientBusy(str(error)) from error
        return MessageRef(channel="", message=parcel.name)

    async def update(self, address: Address, ref: MessageRef, card: Card) -> NoReturn:  # noqa: ARG002
        """See the port: a mail can't be changed."""
        raise RecipientUnreachable("A mail that was sent can't be changed.")

    async def find(self, address: Address, delivery_id: UUID) -> NoReturn:  # noqa: ARG002
        """See the port: a mail can't be looked for."""
        raise OutcomeUnknown("Nobody can be asked whether a mail has arrived.")

    async def close(self) -> None:
        """Let go of the connections; they are opened again when they are needed."""
        for provider in self._providers:
            await provider.close()

    async def _carried(self, parcel: Parcel, now: datetime) -> None:
        """Hand it to the first provider that takes it.

        Raises:
            PlatformBusy: If none does, and one may soon.
            PlatformRefuses: If none does until somebody mends it.
        """
        troubles: list[ProviderBusy | ProviderRefuses] = []
        for provider in sorted(self._providers, key=lambda one: self._has_trouble(one, now)):
            try:
                await provider.send(parcel)
            except (ProviderBusy, ProviderRefuses) as error:
                if not self._has_trouble(provider, now):  # several mails are under way at once
                    log.warning("mail_provider_trouble", provider=provider.name, trouble=error.code)
                self._spared[provider.name] = now + SPARED
                troubles.append(error)
            else:
                self._spared.pop(provider.name, None)
                return
        told = "; ".join(str(error) for error in troubles) or "There is nobody to carry mail."
        busy = [error for error in troubles if isinstance(error, ProviderBusy)]
        if not busy:
            raise PlatformRefuses(told)
        waits = [error.retry_after for error in busy if error.retry_after is not None]
        raise PlatformBusy(told, retry_after=min(waits, default=None))

    def _has_trouble(self, provider: Provider, now: datetime) -> bool:
        return self._spared.get(provider.name, now) > now

    async def _suppress(self, mailbox: str, reason: str, now: datetime) -> None:
        """Note it; if that can't be, the server says the same to the next mail."""
        try:
            await self._suppressions.refused(mailbox, reason=reason, at=now)
        except StorageUnavailable:
            log.warning("mailbox_not_suppressed")
