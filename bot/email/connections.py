"""Kept connections to one SMTP server; with `smtp.py` the only files that know aiosmtplib."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiosmtplib

from bot.email.providers import MailServer, Security

AT_ONCE = 10
"""Connections at most: no more than a worker sends at once."""
IDLE = 30.0
"""Seconds that a connection is kept for the next mail; many servers hang up after a minute."""
TIMEOUT = 10.0
"""Seconds for one answer of the server's."""


class Connections:
    """Connections that are signed in, each for one mail at a time. Closed, it can be used again.

    Args:
        server: Which.
        tls: What its certificate is checked against; None for what the system trusts, or what
            `SSL_CERT_FILE` names.
        timeout: Seconds for an answer.
        idle: Seconds for which an unused connection is kept.
    """

    def __init__(
        self,
        server: MailServer,
        *,
        tls: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
        idle: float = IDLE,
    ) -> None:
        self._server = server
        self._tls = tls
        self._timeout = timeout
        self._idle_for = idle
        self._free = asyncio.Semaphore(AT_ONCE)
        self._idle: dict[aiosmtplib.SMTP, asyncio.TimerHandle] = {}
        self._parting: set[asyncio.Task[None]] = set()
        self._called: str | None = None

    @asynccontextmanager
    async def one(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection on which nothing was said yet; kept only if nothing is raised.

        Raises:
            aiosmtplib.SMTPException, OSError: If none comes about.
        """
        async with self._free:
            connection = await self._kept() or await self._new()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._keep(connection)

    async def close(self) -> None:
        """Say goodbye on all that are idle."""
        for connection in list(self._idle):
            self._part(connection)
        await asyncio.gather(*self._parting, return_exceptions=True)

    async def _kept(self) -> aiosmtplib.SMTP | None:
        """The connection that was used last, if it still answers."""
        while self._idle:
            connection, timer = self._idle.popitem()
            timer.cancel()
            try:
                await connection.rset()
            except (aiosmtplib.SMTPException, OSError):
                connection.close()
            else:
                return connection
        return None

    async def _new(self) -> aiosmtplib.SMTP:
        if self._tls is None and self._server.security is not Security.OPEN:
            self._tls = ssl.create_default_context()
        user, password = self._server.user, self._server.password
        connection = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            username=None if user is None else user.encode(),
            password=None if password is None else password.encode(),
            local_hostname=self._called,
            timeout=self._timeout,
            use_tls=self._server.security is Security.TLS,
            start_tls=self._server.security is Security.STARTTLS,
            tls_context=self._tls,
        )
        await connection.connect()
        try:
            # What it can do is told after signing in, and to whoever asks.
            await connection.ehlo()
        except BaseException:
            connection.close()
            raise
        self._called = connection.local_hostname
        return connection

    def _keep(self, connection: aiosmtplib.SMTP) -> None:
        if connection.is_connected:
            loop = asyncio.get_running_loop()
            self._idle[connection] = loop.call_later(self._idle_for, self._part, connection)

    def _part(self, connection: aiosmtplib.SMTP) -> None:
        if (timer := self._idle.pop(connection, None)) is not None:
            timer.cancel()
        parting = asyncio.get_running_loop().create_task(_goodbye(connection))
        self._parting.add(parting)
        parting.add_done_callback(self._parting.discard)


async def _goodbye(connection: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError):
        await connection.quit(timeout=1)
    connection.close()
