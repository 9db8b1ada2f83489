"""A real SMTP server, aiosmtpd, that can be told to answer otherwise: once, at each step."""

import asyncio
import ssl
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self
from warnings import catch_warnings, simplefilter

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from bot.email.providers import MailServer, Security

USER, PASSWORD = "voxpop", "pä/ss: w@rd"
DROP = "drop"
"""In place of an answer: the connection is gone."""
HANG = "hang"
"""In place of an answer: there is none."""


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A mail that the server took.

    Attributes:
        sender: What `MAIL FROM` said.
        to: What `RCPT TO` said.
        content: All of it, as it came.
        tls: Whether the connection was kept from others.
        user: Who was signed in; None for nobody.
        options: Words behind the addresses of the envelope.
        connection: Which connection it came on; the first is 1.
    """

    sender: str
    to: str
    content: bytes
    tls: bool
    user: str | None
    options: tuple[str, ...]
    connection: int

    @property
    def message(self) -> EmailMessage:
        """As a mail program reads it."""
        read = message_from_bytes(self.content, policy=default)
        assert isinstance(read, EmailMessage)
        return read


class SmtpServer:
    """Listens on this machine while it is entered.

    Args:
        security: How it is spoken with.
        certificate: Its certificate, and the key of that; for TLS and STARTTLS.
        asks: Whether it wants to know who sends.
        extensions: What else it can do: `DSN`.
        utf8: Whether it takes addresses beyond ASCII.

    Attributes:
        port: Where; kept over a `stop` and a `start`.
        arrived: What it took, in order.
        steps: How often each step was asked for: `CONNECT`, `MAIL`, `RCPT`, `DATA`, `RSET`.
        answers: By step, what is answered in place of the usual, one after the other: `421 …`,
            `DROP` or `HANG`. `END` is the answer to a whole mail; `LOST` takes it and is gone.
    """

    def __init__(
        self,
        *,
        security: Security = Security.OPEN,
        certificate: tuple[Any, Any] | None = None,
        asks: bool = False,
        extensions: tuple[str, ...] = (),
        utf8: bool = False,
    ) -> None:
        self.port = 0
        self.arrived: list[Arrived] = []
        self.steps: Counter[str] = Counter()
        self.answers: defaultdict[str, deque[str]] = defaultdict(deque)
        self.security = security
        self.asks = asks
        self.extensions = extensions
        self.utf8 = utf8
        self.tls: ssl.SSLContext | None = None
        if certificate is not None:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(*certificate)
        self._server: asyncio.Server | None = None
        self.connections: set[_Connection] = set()

    def address(self, *, host: str = "127.0.0.1") -> MailServer:
        """It, for whoever sends."""
        return MailServer(
            host=host,
            port=self.port,
            security=self.security,
            user=USER if self.asks else None,
            password=PASSWORD if self.asks else None,
        )

    @property
    def url(self) -> str:
        """It, as the settings name it."""
        return f"smtp://127.0.0.1:{self.port}"

    def answer(self, step: str, *answers: str) -> None:
        """Answer otherwise, one time each."""
        self.answers[step].extend(answers)

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self),
            "127.0.0.1",
            self.port,
            ssl=self.tls if self.security is Security.TLS else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
            self.hang_up()
            await self._server.wait_closed()
            # What was cut off ends by itself, within the next turns.
            for _ in range(5):
                await asyncio.sleep(0)

    def hang_up(self) -> None:
        """Drop every connection, and go on listening."""
        for connection in list(self.connections):
            connection.drop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


class _Connection(SMTP):
    """One connection."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.options: list[str] = []
        self.greeted = False
        self.number = 0
        with catch_warnings():
            # Passwords go in the open where it is told to be open.
            simplefilter("ignore", UserWarning)
            super().__init__(
                _Taking(self),
                hostname="mail.test",
                enable_SMTPUTF8=server.utf8,
                tls_context=server.tls if server.security is Security.STARTTLS else None,
                require_starttls=server.security is Security.STARTTLS,
                auth_required=server.asks,
                auth_require_tls=server.security is Security.STARTTLS,
                authenticator=_signed_in,
                timeout=30,
            )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.number:
            self.server.steps["CONNECT"] += 1
            self.number = self.server.steps["CONNECT"]
        self.server.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.server.connections.discard(self)
        super().connection_lost(error)

    def drop(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    async def push(self, status: Any) -> None:
        """Answer; the greeting is the first answer of all."""
        if not self.greeted:
            self.greeted = True
            if await self.otherwise("CONNECT", counted=False):
                self.drop()
                return
        await super().push(status)

    async def otherwise(self, step: str, *, counted: bool = True) -> bool:
        """Whether something else was answered than usual."""
        self.server.steps[step] += counted
        if not (waiting := self.server.answers[step]):
            return False
        match waiting.popleft():
            case "drop":
                self.drop()
            case "hang":
                await asyncio.sleep(3600)
            case answer:
                await super().push(answer)
        return True

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        self.options = []
        if not await self.otherwise("MAIL"):
            await super().smtp_MAIL(self._without_reports(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        if not await self.otherwise("RCPT"):
            await super().smtp_RCPT(self._without_reports(arg))

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if not await self.otherwise("DATA"):
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        if not await self.otherwise("RSET"):
            await super().smtp_RSET(arg)

    def _without_reports(self, arg: str | None) -> str | None:
        """The words on delivery reports (RFC 3461) are noted: aiosmtpd does not know them."""
        if arg is None or "DSN" not in self.server.extensions:
            return arg
        first, *rest = arg.split()
        known = [word for word in rest if word.partition("=")[0] in ("RET", "ENVID", "NOTIFY")]
        self.options += known
        return " ".join([first, *(word for word in rest if word not in known)])


class _Taking:
    """What aiosmtpd asks while a mail comes."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def handle_EHLO(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,
        envelope: Envelope,  # noqa: ARG002
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        more = [f"250-{name}" for name in self._connection.server.extensions]
        return [*responses[:-1], *more, responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        connection, answers = self._connection, self._connection.server.answers
        if answers["END"]:
            if (told := answers["END"].popleft()) == HANG:
                await asyncio.sleep(3600)
            return told
        content, transport = envelope.original_content, connection.transport
        assert content is not None
        assert transport is not None
        login: LoginPassword | None = session.auth_data
        connection.server.arrived.append(
            Arrived(
                sender=envelope.mail_from or "",
                to=envelope.rcpt_tos[0],
                content=content,
                tls=transport.get_extra_info("ssl_object") is not None,
                user=None if login is None else login.login.decode(),
                options=tuple(connection.options),
                connection=connection.number,
            )
        )
        if answers["LOST"]:
            answers["LOST"].popleft()
            connection.drop()
        return "250 2.0.0 taken"


def _signed_in(
    server: SMTP,  # noqa: ARG001
    session: Session,  # noqa: ARG001
    envelope: Envelope,  # noqa: ARG001
    mechanism: str,  # noqa: ARG001
    login: Any,
) -> AuthResult:
    known = LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=login == known, handled=False, auth_data=login)
