"""A way to PostgreSQL that breaks on demand: a failover as a client sees it."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url

SOCKET = ".s.PGSQL.5432"
CHUNK = 65_536


@dataclass(kw_only=True)
class Cut:
    """Where a connection ends.

    Attributes:
        at: What the client sends then.
        arrives: Whether the server still gets that, and does it; its answer never comes back.
        nth: At which of these; 1 for the first.
        stays: Whether all connections end then, and nobody gets through until it is mended.
    """

    at: bytes
    arrives: bool
    nth: int = 1
    stays: bool = False


@dataclass(kw_only=True)
class Way:
    """A socket before PostgreSQL's own.

    Attributes:
        real: The server's socket.
        folder: Where ours is.
        cut: What breaks next, or None.
        cuts: How often something broke.
        closed: Whether nobody gets through.
    """

    real: Path
    folder: Path
    cut: Cut | None = None
    cuts: int = 0
    closed: bool = False
    _answered: asyncio.Event = field(default_factory=asyncio.Event)
    _clients: list[asyncio.StreamWriter] = field(default_factory=list)

    def breaks(self, at: bytes, *, arrives: bool, nth: int = 1, stays: bool = False) -> None:
        """Break when this is sent."""
        self.cut = Cut(at=at, arrives=arrives, nth=nth, stays=stays)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until an end of it closes or it is cut."""
        if self.closed:
            writer.close()
            return
        from_server, to_server = await asyncio.open_unix_connection(str(self.real))
        self._clients.append(writer)
        silent = asyncio.Event()
        back = asyncio.create_task(self._back(from_server, writer, silent))
        with contextlib.suppress(ConnectionError):
            while sent := await reader.read(CHUNK):
                if self._ends(sent):
                    await self._end(sent, to_server, silent)
                    break
                to_server.write(sent)
                await to_server.drain()
        back.cancel()
        to_server.close()
        writer.close()

    def _ends(self, sent: bytes) -> bool:
        if self.cut is None or self.cut.at not in sent:
            return False
        self.cut.nth -= 1
        return self.cut.nth == 0

    async def _end(
        self, sent: bytes, to_server: asyncio.StreamWriter, silent: asyncio.Event
    ) -> None:
        assert self.cut is not None
        cut, self.cut = self.cut, None
        self.cuts += 1
        if cut.arrives:
            self._answered.clear()
            silent.set()
            to_server.write(sent)
            await asyncio.wait_for(self._answered.wait(), 10)
        self.closed = cut.stays
        for client in self._clients if cut.stays else ():
            client.close()

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while said := await reader.read(CHUNK):
                if silent.is_set():
                    self._answered.set()
                else:
                    writer.write(said)
        writer.close()


@asynccontextmanager
async def way_to(url: str) -> AsyncIterator[tuple[str, Way]]:
    """The URL of a database by a way that can break, and that way."""
    known = make_url(url)
    folder = Path(tempfile.mkdtemp(prefix="way-"))
    way = Way(real=Path(str(known.query["host"])) / SOCKET, folder=folder)
    server = await asyncio.start_unix_server(way.carry, str(folder / SOCKET))
    try:
        yield known.set(query={"host": str(folder)}).render_as_string(hide_password=False), way
    finally:
        server.close()
        shutil.rmtree(folder)
