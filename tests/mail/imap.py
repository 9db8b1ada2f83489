"""A real IMAP server in a process of its own, with one account on an empty folder."""

import asyncio
import imaplib
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from pysasl.hashing import BuiltinHash

from bot.email.providers import MailServer, Security
from tests.installation import free_port

USER, PASSWORD = "bounces@acme.example", 'p"a\\ss: ä'
KEYWORD = "VoxpopLookedAt"


class ImapServer:
    """pymap on a folder of mails; what its account sees can be looked at and added to.

    Args:
        folder: Where it keeps everything.
        keywords: Whether messages may have the keyword that we use.
        certificate: Its certificate and the key of that; with them it offers STARTTLS and asks
            for it before anybody says who they are.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keywords: bool = True,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.port = free_port()
        self._certificate = certificate
        base = folder / "imap"
        base.mkdir()
        hashed = BuiltinHash(rounds=1_000).hash(PASSWORD)
        (base / "pymap-etc-passwd").write_text(f"{USER}:x::::ours:\n")
        (base / "pymap-etc-shadow").write_text(f"{USER}:{hashed}:::::::\n")
        for part in ("cur", "new", "tmp"):
            (base / "ours" / part).mkdir(parents=True)
        if keywords:
            (base / "ours" / "dovecot-keywords").write_text(f"0 {KEYWORD}\n")
        self._base = base
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        tls = ["--no-tls"]
        if self._certificate is not None:
            cert, key = self._certificate
            tls = ["--cert", str(cert), "--key", str(key)]
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            [
                *(str(Path(sys.executable).with_name("pymap")), "--host", "127.0.0.1"),
                *("--port", str(self.port), *tls, "maildir", str(self._base)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore"},
        )
        self._wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def server(self, security: Security = Security.OPEN, **changes: str) -> MailServer:
        """Where it is, and who may read."""
        given = {"host": "127.0.0.1", "user": USER, "password": PASSWORD, **changes}
        return MailServer(port=self.port, security=security, **given)

    def arrive(self, *raw: bytes) -> None:
        """Mail comes in."""
        with self._signed_in() as imap:
            for one in raw:
                kind, told = imap.append("INBOX", "", "", one)
                assert kind == "OK", told

    def flags(self) -> list[set[str]]:
        """What each message is marked with, in the order of their arrival."""
        with self._signed_in() as imap:
            imap.select("INBOX", readonly=True)
            _, told = imap.fetch("1:*", "(FLAGS)")
        found = [line for line in told if isinstance(line, bytes)]
        words = [line.partition(b"FLAGS (")[2].partition(b")")[0].decode() for line in found]
        return [set(word.split()) - {r"\Recent"} for word in words]

    @contextmanager
    def _signed_in(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=5) as imap:
            if self._certificate is not None:
                imap.starttls(ssl.create_default_context(cafile=str(self._certificate[0])))
            imap.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            yield imap

    def _wait(self) -> None:
        for _ in range(200):
            try:
                imaplib.IMAP4("127.0.0.1", self.port, timeout=5).shutdown()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("The IMAP server did not start.")


class Wrapped:
    """TLS from the first byte, in front of a server that speaks in the open."""

    def __init__(self, port: int, certificate: tuple[Path, Path]) -> None:
        self._behind = port
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*certificate)
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _pass_on(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, on = await asyncio.open_connection("127.0.0.1", self._behind)
        await asyncio.gather(_copy(near, on), _copy(far, back), return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
