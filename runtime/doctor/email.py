"""`voxpop doctor` on e-mail: whether somebody carries it, and whether what comes back is read."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from bot.email.inbound import EVENTS_PATH
from bot.email.mailbox import Mailbox, MailboxUnavailable
from bot.email.providers import MailServer, ProviderBusy, ProviderRefuses, Security, Sender
from bot.email.sendgrid_events import EventSignatures
from bot.email.smtp import SmtpProvider
from runtime import clock
from runtime.doctor.findings import Finding
from runtime.settings.email import EmailSettings, Inbox
from survey.errors import InvalidValue

_SECONDS = 10
_SCOPES_PATH = "/v3/scopes"
_MAY_SEND = "mail.send"


async def examine_email(settings: EmailSettings) -> list[Finding]:
    """A line for each thing that must be right; nothing is sent."""
    return [one async for one in _examined(settings)]


async def _examined(settings: EmailSettings) -> AsyncIterator[Finding]:
    for name, server in (("server", settings.smtp), ("second server", settings.fallback)):
        if server is not None:
            yield await _server(name, server)
    if settings.sendgrid_key is not None:
        yield await _sendgrid(settings.sendgrid_url, settings.sendgrid_key)
    yield _sender(settings.sender)
    yield _links(settings.base_url)
    if settings.inbox is not None:
        yield await _inbox(settings.inbox)
    if settings.sendgrid_webhook_key is not None:
        yield _webhook(settings.sendgrid_webhook_key)
    yield _returns(settings)


async def _server(name: str, server: MailServer) -> Finding:
    """Whether it lets us in, up to where a mail would begin."""
    lost = await _not_found(server.host)
    if lost is not None:
        return _missing(name, lost, "is the host's name right, and does this machine reach DNS?")
    provider = SmtpProvider(server, timeout=_SECONDS)
    try:
        await provider.check()
    except ProviderBusy as error:
        return _missing(name, str(error), "is the port right, and does a firewall let us out?")
    except ProviderRefuses as error:
        return _missing(name, str(error), _how_to_get_in(server))
    finally:
        await provider.close()
    if server.security is Security.OPEN:
        return _fine(name, f"{server}, without encryption")
    who = "and knows us" if server.user else "and does not ask who we are"
    return _fine(name, f"{server} by {server.security.value}, {who}")


def _how_to_get_in(server: MailServer) -> str:
    if server.security is Security.STARTTLS:
        return "check user and password; smtps:// is for servers with TLS from the first byte"
    return "check user and password, and its certificate; SSL_CERT_FILE names one of your own"


async def _not_found(host: str) -> str | None:
    """What is wrong with a host's name; None if DNS knows it."""
    try:
        await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return f"{host} is not found ({type(error).__name__})"
    return None


async def _sendgrid(url: str, key: str) -> Finding:
    """Whether the key may send; asking for that needs no right of its own."""
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    headers = {"Authorization": f"Bearer {key}"}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(f"{url}{_SCOPES_PATH}", headers=headers, allow_redirects=False) as answer,
        ):
            status, said = answer.status, await answer.json(content_type=None)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        return _missing(
            "SendGrid",
            f"{urlsplit(url).netloc} can't be reached ({type(error).__name__})",
            "does this machine reach it, if need be by HTTPS_PROXY?",
        )
    if status != HTTPStatus.OK:
        return _missing(
            "SendGrid",
            f"the key is not taken ({status})",
            "VOXPOP_EMAIL__SENDGRID_KEY is one of Settings > API Keys, with the right Mail Send",
        )
    scopes = said.get("scopes") if isinstance(said, dict) else None
    if isinstance(scopes, list) and _MAY_SEND not in scopes:
        return _missing("SendGrid", "the key may not send", "give it the right Mail Send")
    return _fine("SendGrid", urlsplit(url).netloc)


def _sender(sender: Sender) -> Finding:
    """Whether mail that comes back goes to the sender's own domain: DMARC wants that of SPF."""
    own = sender.domain.lower()
    back = replace(sender, address=sender.envelope).domain.lower()
    hint = f"a hint: receivers look for SPF and DKIM of {own}; whoever carries the mail tells how"
    aligned = own == back or own.endswith(f".{back}") or back.endswith(f".{own}")
    if aligned:
        return Finding(name="email sender", fine=True, mend=hint)
    return Finding(
        name="email sender",
        fine=True,
        mend=f"VOXPOP_EMAIL__RETURN_PATH is at {back}, and the sender at {own}: then DKIM of {own} "
        "alone must prove to receivers that the mail is yours",
    )


def _links(base_url: str) -> Finding:
    if urlsplit(base_url).scheme == "https":
        return _fine("links", base_url)
    return Finding(
        name="email links",
        fine=True,
        mend=f"they begin with {base_url}: set VOXPOP_BASE_URL to where people reach Voxpop, by "
        "https; mail programs offer to unsubscribe for https alone",
    )


async def _inbox(inbox: Inbox) -> Finding:
    mailbox = Mailbox(server=inbox.server, folder=inbox.folder, patience=_SECONDS)
    lost = await _not_found(inbox.server.host)
    if lost is not None:
        return _missing("returned", lost, "mend VOXPOP_EMAIL__BOUNCES_IMAP_URL")
    try:
        waiting = await mailbox.unread()
    except MailboxUnavailable as error:
        return _missing("returned", str(error), "mend VOXPOP_EMAIL__BOUNCES_IMAP_URL")
    return _fine("returned", f"{waiting} messages are new in {inbox.folder}")


def _webhook(key: str) -> Finding:
    try:
        EventSignatures(key, clock=clock.now)
    except InvalidValue as error:
        return _missing("SendGrid events", "the verification key is none", str(error))
    return _fine("SendGrid events", EVENTS_PATH)


def _returns(settings: EmailSettings) -> Finding:
    """Whether we ever hear of mail that a server took, and then could not deliver."""
    carried_by_smtp = settings.smtp is not None or settings.fallback is not None
    if settings.inbox is None and carried_by_smtp:
        return Finding(
            name="email bounces",
            fine=True,
            mend="VOXPOP_EMAIL__BOUNCES_IMAP_URL is not set: refusals are seen that come at once, "
            "and others if you hand reports over to /email/reports",
        )
    if settings.sendgrid_key is not None and settings.sendgrid_webhook_key is None:
        return Finding(
            name="email bounces",
            fine=True,
            mend="VOXPOP_EMAIL__SENDGRID_WEBHOOK_KEY is not set: nobody hears what SendGrid could "
            "not deliver",
        )
    return _fine("bounces")


def _fine(name: str, says: str = "") -> Finding:
    return Finding(name=f"email {name}", fine=True, says=says)


def _missing(name: str, says: str, mend: str) -> Finding:
    return Finding(name=f"email {name}", fine=False, says=says, mend=mend)
