"""Who carries mail for us: what all of them have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from enum import StrEnum
from ipaddress import ip_address
from typing import Protocol

import idna

from survey.errors import VoxpopError


class Security(StrEnum):
    """How a connection to a server is kept from others."""

    TLS = "TLS"
    STARTTLS = "STARTTLS"
    OPEN = "none"


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """A server that takes mail, or keeps it.

    Attributes:
        host: Its name; its certificate must be for that.
        port: Where it listens.
        security: How we speak with it; there is no falling back to less.
        user: Whom it knows us as; None where it does not ask.
        password: The same.
    """

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """How it is named in logs and reasons: without what it knows us by."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Whose mail it is.

    Attributes:
        name: Shown as the sender; empty for the address alone.
        address: The sender's.
        reply_to: Where answers go; None for the sender.
        return_path: Where what can't be delivered goes; None for the sender.
    """

    name: str
    address: str
    reply_to: str | None = None
    return_path: str | None = None

    @property
    def envelope(self) -> str:
        """What `MAIL FROM` says."""
        return self.return_path or self.address

    @property
    def domain(self) -> str:
        """What stands behind the @ of every Message-ID; the name that DNS knows."""
        return as_dns_knows_it(self.address).rpartition("@")[2]


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One mail on its way.

    Attributes:
        name: What its Message-ID has before the @.
        to: The mailbox.
        sender: What `MAIL FROM` says.
        message: All of it.
        beyond_ascii: Whether some address in it has a local part that ASCII can't write
            (RFC 6531); not all servers take such.
    """

    name: str
    to: str
    sender: str
    message: EmailMessage
    beyond_ascii: bool


class MailboxRefused(VoxpopError):
    """There is no such mailbox, its server says; there never will be."""

    code = "mailbox_refused"


class MailRefused(VoxpopError):
    """This mail is not taken for this mailbox; that says nothing about the mailbox."""

    code = "mail_refused"


class MailboxBusy(VoxpopError):
    """Not now for this mailbox: it is full, or its server puts strangers off for a while."""

    code = "mailbox_busy"


class ProviderBusy(VoxpopError):
    """This provider takes nothing just now, and has taken nothing: another may."""

    code = "provider_busy"

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderRefuses(VoxpopError):
    """This provider does not let us in, or not with this sender: another may."""

    code = "provider_refuses"


class Provider(Protocol):
    """Somebody who carries mail."""

    @property
    def name(self) -> str:
        """How it is named in logs and reasons."""
        ...

    async def send(self, parcel: Parcel) -> None:
        """Hand one mail over.

        Raises:
            MailboxRefused, MailRefused, MailboxBusy: It is about the recipient.
            ProviderBusy, ProviderRefuses: It is about the provider; nothing was handed over.
            OutcomeUnknown: It may have been handed over.
        """
        ...

    async def close(self) -> None:
        """Let go of what is open; it is opened again when needed."""
        ...


Providers = Sequence[Provider]
"""The preferred first."""


def is_this_machine(host: str) -> bool:
    """Whether what goes there never leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def as_dns_knows_it(address: str) -> str:
    """The address with its domain in ASCII (IDNA 2008): `jörg@xn--bcher-kva.example`."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return address
