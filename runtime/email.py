"""E-mail as a platform: what goes out, what comes back, and that everybody has a mailbox."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp

from bot.email.inbound import create_http
from bot.email.mailbox import READ_EVERY, Mailbox, MailboxSweep
from bot.email.messenger import EmailMessenger
from bot.email.providers import Provider
from bot.email.returns import Returns
from bot.email.sendgrid import SendGrid
from bot.email.sendgrid_events import EventSignatures
from bot.email.smtp import SmtpProvider
from bot.tally import Tally
from runtime.platforms import Inside
from runtime.settings.email import EmailSettings
from runtime.tying import Tying
from scheduler.knocker import Sweep
from survey.brand import Brand
from survey.ports import Clock, Keys, Links, Suppressions, Tied, Ties


@dataclass(frozen=True, kw_only=True)
class GiveMailboxes:
    """Everybody active can be reached at their e-mail, unless it refuses our mail."""

    ties: Ties

    async def __call__(self, *, after: str = "") -> tuple[Tied, str]:  # noqa: ARG002 - all at once
        """Give them to those who have none; nobody is told of it, as nobody was looked for."""
        await self.ties.give_mailboxes()
        return Tied(), ""


@dataclass(frozen=True, kw_only=True)
class Email:
    """Our side of e-mail."""

    settings: EmailSettings
    messenger: EmailMessenger
    tying: Tying
    returns: Returns
    keys: Keys
    clock: Clock

    def sweeps(self) -> Sequence[Sweep]:
        """What came back is read, where there is a mailbox for it."""
        inbox = self.settings.inbox
        if inbox is None:
            return ()
        mailbox = Mailbox(server=inbox.server, folder=inbox.folder)
        run = MailboxSweep(mailbox=mailbox, returns=self.returns)
        return (Sweep(name="returned", every=READ_EVERY, run=run),)

    def answering(self, inside: Inside) -> "Answering":  # noqa: ARG002 - nobody talks to us by mail
        """What we are told of mails that came back."""
        key, tally = self.settings.sendgrid_webhook_key, Tally(clock=self.clock)
        return Answering(
            app=create_http(
                self.returns,
                signatures=None if key is None else EventSignatures(key, clock=self.clock),
                keys=self.keys,
                tally=tally,
            ),
            tally=tally,
        )

    async def close(self) -> None:
        """Let go of the connections; they are opened again when they are needed."""
        await self.tying.stop()
        await self.messenger.close()


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What comes in.

    Attributes:
        app: Where reports and events are brought.
    """

    app: ASGIApp
    tally: Tally

    async def listen(self, leads: Callable[[], bool]) -> None:  # noqa: ARG002 - all are called
        """Nothing is listened to: whoever has something for us calls."""
        try:
            await asyncio.Event().wait()
        finally:
            self.tally.tell_rest()


def connect(
    settings: EmailSettings,
    *,
    brand: Brand,
    links: Links,
    suppressions: Suppressions,
    keys: Keys,
    ties: Ties,
    clock: Clock,
) -> Email:
    """E-mail as it is set; nobody is called yet."""
    return Email(
        settings=settings,
        messenger=EmailMessenger(
            _providers(settings),
            links=links,
            suppressions=suppressions,
            brand=brand,
            sender=settings.sender,
            clock=clock,
        ),
        tying=Tying(tie=GiveMailboxes(ties=ties), clock=clock),
        returns=Returns(suppressions=suppressions, clock=clock),
        keys=keys,
        clock=clock,
    )


def _providers(settings: EmailSettings) -> Sequence[Provider]:
    """Who carries it, in the order in which they are tried."""
    found: list[Provider] = []
    if settings.smtp is not None:
        found.append(SmtpProvider(settings.smtp))
    if settings.sendgrid_key is not None:
        found.append(SendGrid(settings.sendgrid_key, settings.sender, url=settings.sendgrid_url))
    if settings.fallback is not None:
        found.append(SmtpProvider(settings.fallback))
    return found
