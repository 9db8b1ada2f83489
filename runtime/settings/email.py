"""What the environment says of e-mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address as Written
from urllib.parse import SplitResult, unquote, urlsplit

from bot.email.providers import MailServer, Security, Sender, as_dns_knows_it, is_this_machine
from runtime.roster_rules import email_address
from survey.signs import unseen

SENDGRID_URL = "https://api.sendgrid.com"
_SMTP_LOOKS = "it looks like smtp://user:password@mail.example.org:587 or smtps://…"
_IMAP_LOOKS = "it looks like imaps://user:password@mail.example.org/INBOX"


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """Where mail that came back is read.

    Attributes:
        server: Speaks IMAP.
        folder: Such as `INBOX`.
    """

    server: MailServer
    folder: str


@dataclass(frozen=True, kw_only=True)
class EmailSettings:
    """E-mail, once there is somebody to carry it.

    Attributes:
        smtp: The server that is tried first; None where SendGrid is.
        fallback: The server that is tried last; None for none.
        sendgrid_key: Of SendGrid's API; None if it is not used.
        sendgrid_url: Where that API is, without a slash at its end.
        sender: Whose mail it is.
        inbox: Where mail that came back is read; None where nobody looks.
        sendgrid_webhook_key: With which it proves that an event is from SendGrid: the public key,
            as its page shows it; None takes no events.
        base_url: Where people's browsers reach us: the links in the mails.
    """

    smtp: MailServer | None
    fallback: MailServer | None
    sendgrid_key: str | None = field(repr=False)
    sendgrid_url: str
    sender: Sender
    inbox: Inbox | None
    sendgrid_webhook_key: str | None = field(repr=False)
    base_url: str


def email_settings(given: Mapping[str, str | None], *, base_url: str) -> EmailSettings | None:
    """E-mail as it is set; None where it is off.

    Args:
        given: What stands behind `VOXPOP_EMAIL__`, in lower case; each was checked by itself.
        base_url: Where people's browsers reach us.
    """
    sender = given["from"]
    if sender is None or not (given["smtp_url"] or given["sendgrid_key"]):
        return None
    name, address = written_address(sender)
    return EmailSettings(
        smtp=_server(given["smtp_url"]),
        fallback=_server(given["fallback_smtp_url"]),
        sendgrid_key=given["sendgrid_key"],
        sendgrid_url=given["sendgrid_url"] or SENDGRID_URL,
        sender=Sender(
            name=name,
            address=address,
            reply_to=given["reply_to"],
            return_path=given["return_path"],
        ),
        inbox=imap_inbox(given["bounces_imap_url"]) if given["bounces_imap_url"] else None,
        sendgrid_webhook_key=given["sendgrid_webhook_key"],
        base_url=base_url,
    )


def problems_of(given: Mapping[str, str | None]) -> list[str]:
    """What can't be meant, a sentence each; no secret is in them."""
    named = [f"VOXPOP_EMAIL__{name.upper()}" for name, value in given.items() if value is not None]
    if not named:
        return []
    if not (given["smtp_url"] or given["sendgrid_key"]):
        lacking = (
            f"{', '.join(named)} is set, and nobody is there to carry the mail: set "
            "VOXPOP_EMAIL__SMTP_URL, such as smtp://user:password@mail.example.org:587, or "
            "VOXPOP_EMAIL__SENDGRID_KEY."
        )
        return [lacking]
    problems = []
    if given["from"] is None:
        problems.append(
            "VOXPOP_EMAIL__FROM is needed to send e-mail: whose mail it is, such as "
            '"Acme surveys <surveys@example.org>".'
        )
    if given["sendgrid_key"] is None:
        problems += [
            f"VOXPOP_EMAIL__{name.upper()} is set and VOXPOP_EMAIL__SENDGRID_KEY is not."
            for name in ("sendgrid_url", "sendgrid_webhook_key")
            if given[name] is not None
        ]
    address = urlsplit(given["sendgrid_url"] or SENDGRID_URL)
    if address.scheme != "https" and not is_this_machine(address.hostname or ""):
        problems.append(
            "VOXPOP_EMAIL__SENDGRID_URL goes over the network in the open, and the key with it: "
            f"it begins with https:// ({SENDGRID_URL} if left out)."
        )
    return problems


def smtp_server(text: str) -> MailServer:
    """The server of an `smtp://`, `smtps://` or `smtp+insecure://` address.

    Raises:
        ValueError: Why it is none, without quoting it: there is a password in it.
    """
    parts = _parts(text, _SMTP_LOOKS)
    if parts.path not in ("", "/"):
        raise ValueError(f"behind the host and the port there is nothing; {_SMTP_LOOKS}")
    match parts.scheme:
        case "smtps":
            return _of(parts, Security.TLS, 465, _SMTP_LOOKS)
        case "smtp" if not is_this_machine(parts.hostname or ""):
            return _of(parts, Security.STARTTLS, 587, _SMTP_LOOKS)
        case "smtp":
            return _of(parts, Security.OPEN, 25, _SMTP_LOOKS)
        case "smtp+insecure":
            return _of(parts, Security.OPEN, 25, _SMTP_LOOKS)
    raise ValueError(f"it begins with smtp:// or smtps://; {_SMTP_LOOKS}")


def imap_inbox(text: str) -> Inbox:
    """The folder of an `imaps://`, `imap://` (STARTTLS) or, on this machine, open address.

    Raises:
        ValueError: Why it is none, without quoting it: there is a password in it.
    """
    parts = _parts(text, _IMAP_LOOKS)
    local = is_this_machine(parts.hostname or "")
    match parts.scheme:
        case "imaps":
            server = _of(parts, Security.TLS, 993, _IMAP_LOOKS)
        case "imap":
            security = Security.OPEN if local else Security.STARTTLS
            server = _of(parts, security, 143, _IMAP_LOOKS)
        case _:
            raise ValueError(f"it begins with imaps:// or imap://; {_IMAP_LOOKS}")
    if server.user is None:
        raise ValueError(f"a user and a password are needed to read mail; {_IMAP_LOOKS}")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    if unseen(folder):
        raise ValueError("the folder's name has characters that can't be seen")
    return Inbox(server=server, folder=folder)


def written_address(text: str) -> tuple[str, str]:
    """The name (empty for none) and the address of `Acme surveys <surveys@example.org>`.

    Raises:
        ValueError: If it is neither that nor an address alone.
    """
    word = text.strip()
    name, bracket, rest = word.rpartition("<")
    address = rest.removesuffix(">") if bracket and rest.endswith(">") else word
    name = name.strip().removeprefix('"').removesuffix('"').strip() if bracket else ""
    try:
        address = email_address(address)
    except ValueError as error:
        raise ValueError(
            f"write one sender, such as Acme surveys <surveys@example.org> ({error})"
        ) from error
    if unseen(name) or any(sign in name for sign in '<>"\\'):
        raise ValueError("the sender's name is one line, without quotes and angle brackets")
    try:
        Written(display_name=name, addr_spec=address)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise ValueError("no mail can have this sender") from error
    return name, address


def _server(text: str | None) -> MailServer | None:
    return None if text is None else smtp_server(text)


def _parts(text: str, looks: str) -> SplitResult:
    """The address in parts. A password with signs of its own is written percent-encoded."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # it quotes what stands where a port should, such as a password
        raise ValueError(
            "that is no address of a server (in a password, write / as %2F, @ as %40, # as %23); "
            + looks
        ) from None
    if not host or port == 0:
        raise ValueError(f"it names no host; {looks}")
    if parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise ValueError(f"it has no ? and no # (write %3F and %23 in a password); {looks}")
    return parts


def _of(parts: SplitResult, security: Security, port: int, looks: str) -> MailServer:
    user, password = parts.username, parts.password
    if (not user) != (not password):
        raise ValueError(f"it has a user and a password, or neither; {looks}")
    try:
        host = as_dns_knows_it(f"@{parts.hostname}").removeprefix("@")
        found = [None if not one else unquote(one, errors="strict") for one in (user, password)]
    except UnicodeError:
        raise ValueError(f"it has letters that no such address has; {looks}") from None
    return MailServer(
        host=host,
        port=parts.port or port,
        security=security,
        user=found[0],
        password=found[1],
    )
