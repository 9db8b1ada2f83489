"""Voxpop as an operator has it beside a chat: commands, processes, a folder."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import aiohttp
from aiohttp import web
from sqlalchemy import Executable, update

from runtime.settings import load_settings
from runtime.wiring import put_together
from storage.engine import open_database
from storage.tables import deliveries, lanes
from survey.person import Enrolment
from tests.command_line import Ended, Office
from tests.world import Process, Script

ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
"""Where it is about noon: people may be written to, whenever the tests run."""
HOP_BY_HOP = {"connection", "content-length", "date", "host", "server", "transfer-encoding"}


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass(kw_only=True)
class Installed:
    """Voxpop's folder, its environment and its processes; they are killed at the end.

    Attributes:
        port: Where it is reached.
        environ: Settings.
        said: What the commands that prepared it had to say, by name.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    environ: dict[str, str] = field(default_factory=dict)
    said: dict[str, Ended] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def voxpop(self, *command: str, **environ: str) -> Ended:
        """A command that ends."""
        office = Office.__new__(Office)
        office.folder = self.folder
        return await asyncio.to_thread(office.voxpop, *command, **self.environ, **environ)

    async def bring_in(self, people: Iterable[tuple[str, str]]) -> Ended:
        """`voxpop people import` of names with their teams."""
        rows = [f"{name}@acme.test;{name.title()} Ode;{ZONE};{team}\n" for name, team in people]
        (self.folder / "people.csv").write_text("email;name;timezone;team\n" + "".join(rows))
        return await self.voxpop("people", "import", "people.csv")

    async def enrol(
        self, names: Iterable[str], *, platform: str, teams: Mapping[str, str] | None = None
    ) -> None:
        """The same without the command, for tests that are about something else."""
        product = put_together(load_settings(self.environ, folder=self.folder))
        people = [
            Enrolment(
                email=f"{name}@acme.test",
                name=f"{name.title()} Ode",
                timezone=ZONE,
                attributes={} if teams is None else {"team": teams[name]},
            )
            for name in names
        ]
        await product.people.enrol(people)
        await product.platforms[platform].tying.run()
        await product.let_go()

    async def run(
        self, *options: str, says: str = "Voxpop answers on", afresh: bool = False
    ) -> Process:
        """`voxpop run` in a process of its own, once it says that it is there."""
        kind = Script if afresh else Process
        process = self._stack.enter_context(kind(self.folder, "run", *options, **self.environ))
        await asyncio.to_thread(process.until, says)
        return process

    async def a_week_passes(self) -> None:
        """Since everything that was sent so far."""
        before = datetime.now(UTC) - timedelta(days=8)
        sent = deliveries.c.sent_at.is_not(None)
        await self._change(update(deliveries).where(sent).values(sent_at=before))

    async def minutes_pass(self) -> None:
        """Leases run out, what was put off is due, and whoever wanted to be left alone was."""
        before = datetime.now(UTC) - timedelta(minutes=1)
        leased, waits = deliveries.c.lease_until, deliveries.c.due_at
        await self._change(
            update(deliveries).where(leased.is_not(None)).values(lease_until=before),
            update(deliveries).where(waits > before).values(due_at=before),
            update(lanes).values(closed_until=None),
        )

    async def _change(self, *statements: Executable) -> None:
        url = self.environ.get("VOXPOP_DATABASE_URL", f"sqlite:///{self.folder / 'voxpop.db'}")
        database = open_database(url)
        try:
            async with database.write() as connection:
                for statement in statements:
                    await connection.execute(statement)
        finally:
            await database.close()


class Balancer:
    """In front of several processes: each request goes to the next one that is there."""

    def __init__(self, port: int, backends: list[int]) -> None:
        self.took: Counter[int] = Counter()
        self._port = port
        self._backends = backends
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = _passed_on(request.headers.items())
        for port in sorted(self._backends, key=lambda one: self.took[one]):
            self.took[port] += 1
            url = f"http://127.0.0.1:{port}{request.path_qs}"
            try:
                async with (
                    aiohttp.ClientSession() as http,
                    http.request(
                        request.method, url, data=body, headers=headers, allow_redirects=False
                    ) as answer,
                ):
                    return web.Response(
                        body=await answer.read(),
                        status=answer.status,
                        headers=_passed_on(answer.headers.items()),
                    )
            except aiohttp.ClientConnectorError:
                continue
        return web.Response(status=502)


def _passed_on(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in HOP_BY_HOP}


async def until(condition: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait for it.

    Raises:
        AssertionError: It didn't come in so many seconds.
    """
    late = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < late
        await asyncio.sleep(0.02)
