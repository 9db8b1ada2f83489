"""Mail by SMTP (RFC 5321), and what a server's refusals mean."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aiosmtplib

from bot.email.connections import IDLE, TIMEOUT, Connections
from bot.email.providers import (
    MailboxBusy,
    MailboxRefused,
    MailRefused,
    MailServer,
    Parcel,
    ProviderBusy,
    ProviderRefuses,
)
from survey.messenger import OutcomeUnknown

LAST_ANSWER = 25.0
"""Seconds for the answer to a whole mail: filters look at it meanwhile. RFC 5321 allows them ten
minutes; a worker has half of one for a message."""
_LOWEST = 200
_DONE = 2
_GO_ON = 354
_CLOSES = 421
_NOT_NOW = range(400, 500)
_NO_MAILBOX = (550, 551, 553)
_NEEDS_AUTH = 530
_ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_RELAYS_NOT = re.compile(r"\brelay", re.IGNORECASE)
_BEGINS_WITH_DOT = re.compile(rb"(?m)^\.")
_LONGEST_REASON = 200


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said, its code and its words.

    Attributes:
        code: Three digits (RFC 5321).
        enhanced: Subject and detail of the code behind it (RFC 3463): (1, 1) of `5.1.1`.
        text: One line, without the address it was about.
    """

    code: int
    enhanced: tuple[int, int] | None
    text: str

    @classmethod
    def of(cls, error: aiosmtplib.SMTPResponseException, *, about: str = "") -> "Answer":
        """What an error of the package's says."""
        text = " ".join(error.message.split())
        found = _ENHANCED.match(text)
        if about:
            text = re.sub(re.escape(about), "…", text, flags=re.IGNORECASE)
        return cls(
            code=error.code,
            enhanced=(int(found[2]), int(found[3])) if found else None,
            text=text[:_LONGEST_REASON],
        )

    def __str__(self) -> str:
        """As operators read it."""
        return f"{self.code} {self.text}".strip()

    @property
    def no_mailbox(self) -> bool:
        """Whether it says that there is no such mailbox: a word on policy says nothing of that.

        5.1.x is the recipient's address (7 and 8 the sender's), 5.2.2 a full mailbox and 5.2.3 a
        long mail, 5.3.x, 5.5.x, 5.6.x and 5.7.x are the system, the protocol, the content, policy.
        """
        if self.enhanced is None:
            return self.code in _NO_MAILBOX
        subject, detail = self.enhanced
        if subject == 1:
            return detail not in (7, 8)
        return (
            self.code in _NO_MAILBOX
            and subject in (0, 2, 4)
            and self.enhanced not in ((2, 2), (2, 3))
        )

    @property
    def about_us(self) -> bool:
        """Whether it refuses us as senders, whoever the mail is for."""
        return (
            self.code == _NEEDS_AUTH
            or self.enhanced in ((1, 7), (1, 8))
            or _RELAYS_NOT.search(self.text) is not None
        )


class SmtpProvider:
    """The port `Provider`.

    Args:
        server: Which.
        tls: What its certificate is checked against; None for what the system trusts.
        timeout: Seconds for one answer.
        last_answer: Seconds for the answer to a whole mail.
        idle: Seconds for which an unused connection is kept.
    """

    def __init__(
        self,
        server: MailServer,
        *,
        tls: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
        last_answer: float = LAST_ANSWER,
        idle: float = IDLE,
    ) -> None:
        self._server = server
        self._last_answer = last_answer
        self._connections = Connections(server, tls=tls, timeout=timeout, idle=idle)

    @property
    def name(self) -> str:
        """See the port."""
        return str(self._server)

    async def send(self, parcel: Parcel) -> None:
        """See the port."""
        with self._trouble():
            async with self._connections.one() as connection:
                refusal = await self._hand_over(connection, parcel)
        if refusal is not None:
            raise refusal

    async def check(self) -> None:
        """Connect, sign in and send nothing.

        Raises:
            ProviderBusy, ProviderRefuses: If that does not work.
        """
        with self._trouble():
            async with self._connections.one() as connection:
                await connection.noop()

    async def close(self) -> None:
        """See the port."""
        await self._connections.close()

    async def _hand_over(
        self, connection: aiosmtplib.SMTP, parcel: Parcel
    ) -> MailboxRefused | MailRefused | MailboxBusy | None:
        """Hand the mail over; what it is refused for if that is about its recipient."""
        if parcel.beyond_ascii and not connection.supports_extension("smtputf8"):
            return MailRefused(f"{self.name} takes no addresses with letters beyond ASCII.")
        encoding = "utf-8" if parcel.beyond_ascii else "ascii"
        # What comes back is small then, and says which mail it was.
        reports = connection.supports_extension("dsn")
        await connection.mail(
            parcel.sender,
            options=[
                *(["SMTPUTF8"] if parcel.beyond_ascii else []),
                *(["RET=HDRS", f"ENVID={parcel.name}"] if reports else []),
            ],
            encoding=encoding,
        )
        try:
            await connection.rcpt(
                parcel.to, options=["NOTIFY=FAILURE"] if reports else [], encoding=encoding
            )
            await self._data(connection, parcel)
        except (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError) as error:
            return self._refusal(error, about=parcel.to)
        return None

    async def _data(self, connection: aiosmtplib.SMTP, parcel: Parcel) -> None:
        """The mail itself. Once it is on its way, nobody knows before the server says."""
        body = _BEGINS_WITH_DOT.sub(b"..", parcel.message.as_bytes())
        begun = await connection.execute_command(b"DATA")
        if begun.code != _GO_ON or (protocol := connection.protocol) is None:
            raise aiosmtplib.SMTPDataError(begun.code, begun.message)
        try:
            protocol.write(body + b".\r\n")
            done = await protocol.read_response(timeout=self._last_answer)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise OutcomeUnknown(
                f"{self.name} has not said whether it took the mail: "
                f"{str(error) or type(error).__name__}"
            ) from error
        if done.code // 100 != _DONE:
            raise aiosmtplib.SMTPDataError(done.code, done.message)

    def _refusal(
        self, error: aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError, *, about: str
    ) -> MailboxRefused | MailRefused | MailboxBusy:
        """What it means for the recipient.

        Raises:
            ProviderBusy, ProviderRefuses: If it is about us.
        """
        answer = Answer.of(error, about=about)
        told = f"{self.name}: {answer}"
        if answer.code == _CLOSES:
            raise ProviderBusy(told) from error
        if answer.code in _NOT_NOW:
            return MailboxBusy(told)
        if isinstance(error, aiosmtplib.SMTPDataError):
            return MailRefused(told)
        if answer.about_us:
            raise ProviderRefuses(told) from error
        return MailboxRefused(told) if answer.no_mailbox else MailRefused(told)

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        """What goes wrong between us and the server.

        Raises:
            ProviderBusy: If it may go better soon.
            ProviderRefuses: If somebody has to mend it.
        """
        try:
            yield
        except aiosmtplib.SMTPResponseException as error:
            answer = Answer.of(error)
            told = f"{self.name}: {answer}"
            # Codes below 200 are the package's own: the answer could not be read.
            if answer.code in _NOT_NOW or answer.code < _LOWEST:
                raise ProviderBusy(told) from error
            raise ProviderRefuses(told) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            told = f"{self.name}: {str(error) or type(error).__name__}"
            # What a server can't do at all is told by errors that are none of the network.
            if not isinstance(error, OSError) or _is_of_tls(error):
                raise ProviderRefuses(told) from error
            raise ProviderBusy(told) from error


def _is_of_tls(error: BaseException | None) -> bool:
    """Whether the connection would not have been safe: its certificate is not trusted."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__
    return False
