"""The mailbox to which undeliverable mail comes back, read over IMAP.

It is read by a thread, as the standard library's client waits for the server. Nothing is deleted.
What was a report about a mail of ours is marked as read; everything else stays unread for people,
with a keyword that says that we have looked at it.
"""

import asyncio
import base64
import imaplib
import re
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import structlog

from bot.email.providers import MailServer, Security
from bot.email.reports import LONGEST, Returned, read_report
from bot.email.returns import Returns
from survey.errors import VoxpopError

READ_EVERY = timedelta(minutes=5)
AT_ONCE = 200
LOOKED_AT = "VoxpopLookedAt"
"""The keyword of what is no report about a mail of ours."""
PATIENCE_SECONDS = 10.0
_READ = r"\Seen"
_LETTERS = re.compile(r"[^\x20-\x7e]+")

log = structlog.get_logger()
Result = TypeVar("Result")


class MailboxUnavailable(VoxpopError):
    """The mailbox can't be read: the message says why, without what we are known by."""

    code = "mailbox_unavailable"


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """Where undeliverable mail comes back to.

    Attributes:
        server: Speaks IMAP, and asks who we are.
        folder: Such as `INBOX`.
        patience: Seconds that it may take over each answer.
    """

    server: MailServer
    folder: str = "INBOX"
    patience: float = PATIENCE_SECONDS

    async def unread(self) -> int:
        """How many messages nobody has looked at yet; nothing is changed.

        Raises:
            MailboxUnavailable: Why it can't be told.
        """
        session = Session(self)
        try:
            await _in_thread(session.open, self.server)
            found = await _in_thread(session.waiting, self.server)
            await _in_thread(session.leave, self.server)
        finally:
            session.drop()
        return len(found)


@dataclass(frozen=True, kw_only=True)
class MailboxSweep:
    """Looks what has come back.

    Attributes:
        at_once: Messages that one look takes in; the rest waits for the next.
    """

    mailbox: Mailbox
    returns: Returns
    at_once: int = AT_ONCE

    async def __call__(self) -> int:
        """Take in what waits; what can't be read now is read the next time.

        Returns:
            How many reports about mails of ours there were.

        Raises:
            StorageUnavailable: If the database did not take one; that one waits.
        """
        try:
            return await self._read()
        except MailboxUnavailable as error:
            log.warning("returned_messages_not_read", reason=str(error))
            return 0

    async def _read(self) -> int:
        session, server, ours = Session(self.mailbox), self.mailbox.server, 0
        try:
            await _in_thread(session.open, server)
            for uid in (await _in_thread(session.waiting, server))[: self.at_once]:
                returned = await _in_thread(partial(session.report, uid), server)
                known = returned is not None and await self.returns(returned)
                # Only now: whoever dies before reads it again, which does no harm.
                await _in_thread(partial(session.mark, uid, known), server)
                ours += known
            await _in_thread(session.leave, server)
        finally:
            session.drop()
        return ours


async def _in_thread(work: Callable[[], Result], server: MailServer) -> Result:
    """Do it where waiting holds up nobody.

    Raises:
        MailboxUnavailable: In place of all that imaplib and the network raise.
    """
    try:
        return await asyncio.to_thread(work)
    except ssl.SSLCertVerificationError as error:
        raise MailboxUnavailable(
            f"{server} shows a certificate that is not believed ({error.verify_message})"
        ) from error
    except (imaplib.IMAP4.error, OSError, EOFError, ValueError) as error:
        raise MailboxUnavailable(f"{server} does not answer ({type(error).__name__})") from error


class Session:
    """One visit to a mailbox; for threads, one at a time.

    Each method raises what imaplib and the network raise, and `MailboxUnavailable` where it knows
    more.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._imap: imaplib.IMAP4 | None = None
        self._keywords = False

    def open(self) -> None:
        """Connect, say who we are, choose the folder."""
        self._imap = self._connected()
        self._say_who()
        self._choose()

    def waiting(self) -> Sequence[str]:
        """What nobody has looked at, the oldest first."""
        unseen = ("UNSEEN", "UNKEYWORD", LOOKED_AT) if self._keywords else ("UNSEEN",)
        (found,) = self._said("SEARCH", *unseen)[:1] or [b""]
        numbers = found.split() if isinstance(found, bytes) else []
        return [uid.decode("ascii") for uid in sorted(numbers, key=int)]

    def report(self, uid: str) -> Returned | None:
        """What a message says of a mail of ours; it stays as unread as it was."""
        said = self._said("FETCH", uid, f"(BODY.PEEK[]<0.{LONGEST}>)")
        raw = next((part[1] for part in said if isinstance(part, tuple)), b"")
        return read_report(raw)

    def mark(self, uid: str, ours: bool) -> None:
        """Note that it was looked at; where there are no keywords it can only be marked as read."""
        flag = _READ if ours or not self._keywords else LOOKED_AT
        self._said("STORE", uid, "+FLAGS.SILENT", f"({flag})")

    def leave(self) -> None:
        """Say goodbye."""
        self._on().logout()
        self._imap = None

    def drop(self) -> None:
        """Let go of the connection, whatever it was doing."""
        if self._imap is not None:
            _let_go(self._imap)
            self._imap = None

    def _connected(self) -> imaplib.IMAP4:
        server, seconds = self._mailbox.server, self._mailbox.patience
        if server.security is Security.TLS:
            context = ssl.create_default_context()
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=context, timeout=seconds)
        imap = imaplib.IMAP4(server.host, server.port, timeout=seconds)
        if server.security is Security.STARTTLS:
            try:
                imap.starttls(ssl.create_default_context())
            except imaplib.IMAP4.error as error:
                _let_go(imap)
                raise MailboxUnavailable(f"{server} offers no STARTTLS: use imaps://") from error
            except OSError:
                _let_go(imap)
                raise
        return imap

    def _say_who(self) -> None:
        imap, server = self._on(), self._mailbox.server
        user, password = server.user or "", server.password or ""
        try:
            if "AUTH=PLAIN" in imap.capabilities:
                said = f"\0{user}\0{password}".encode()
                imap.authenticate("PLAIN", lambda _: said)
            else:
                imap.login(_quoted(user), password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise MailboxUnavailable(f"{server} does not take the user and the password") from error

    def _choose(self) -> None:
        imap, folder = self._on(), self._mailbox.folder
        try:
            kind, _ = imap.select(_quoted(_modified_utf7(folder)))
        except imaplib.IMAP4.readonly as error:
            raise MailboxUnavailable(f"the folder {folder} can be read only") from error
        if kind != "OK":
            raise MailboxUnavailable(f"there is no folder {folder}")
        _, told = imap.response("PERMANENTFLAGS")
        flags = b" ".join(part for part in told if isinstance(part, bytes))
        self._keywords = rb"\*" in flags or LOOKED_AT.encode().lower() in flags.lower()

    def _on(self) -> imaplib.IMAP4:
        if self._imap is None:
            raise MailboxUnavailable("the connection was let go of")
        return self._imap

    def _said(self, command: str, *words: str) -> list[Any]:
        """What the server says to a command on messages by their own numbers."""
        kind, told = self._on().uid(command, *words)
        if kind != "OK":
            raise MailboxUnavailable(f"{self._mailbox.server} refuses {command}")
        return list(told)


def _let_go(imap: imaplib.IMAP4) -> None:
    with suppress(OSError):  # where TLS did not come about its socket is gone already
        imap.shutdown()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _modified_utf7(name: str) -> str:
    """A folder's name as IMAP writes it (RFC 3501, 5.1.3)."""

    def shifted(found: re.Match[str]) -> str:
        letters = base64.b64encode(found[0].encode("utf-16-be")).rstrip(b"=").decode()
        return f"&{letters.replace('/', ',')}-"

    return _LETTERS.sub(shifted, name.replace("&", "&-"))
