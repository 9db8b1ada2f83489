"""The real product in a process of its own, with the peer as its platform, to be killed.

Time runs faster here: a lease is over after seconds, and nobody waits minutes for another try.
`python -m tests.peer.product` takes everything from the environment: what Voxpop reads, and
PEER_URL, CONTROL (the path of a socket), LEASE (seconds), FAIL (`after:outbox.sent:3`).
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from aiohttp import web

import scheduler.batch
import scheduler.worker
import storage.claims
from runtime.parts import ALL_PARTS
from runtime.serving import working
from runtime.settings import load_settings
from runtime.wiring import Product, put_together
from survey.card import Subject
from survey.delivery import retry_after
from survey.errors import VoxpopError
from survey.person import Address
from survey.ports import Press
from tests.peer.fail_points import FailPoint, mined
from tests.peer.messenger import PLATFORM, PeerMessenger

WORKSPACE = "acme"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a process is started with.

    Attributes:
        environ: What Voxpop reads.
        folder: Where its settings are.
        peer: The peer's URL.
        control: The path of the socket on which it is told what to do.
        lease: How long a claim holds (seconds).
        fail: Where it ends itself, or None.
        timeout: How long the peer may take over an answer (seconds).
        platform: What the peer is called in people's addresses.
    """

    environ: Mapping[str, str]
    folder: Path
    peer: str
    control: Path
    lease: float = 2.0
    fail: str | None = None
    timeout: float = 0.5
    platform: str = PLATFORM


def compose(options: Options) -> Product:
    """The product on the peer."""
    settings = load_settings(options.environ, folder=options.folder)
    messenger = PeerMessenger(options.peer, timeout=options.timeout)
    product = put_together(settings, others={options.platform: messenger})
    if options.fail is None:
        return product
    return mined(product, FailPoint.named(options.fail))


def hurry(lease: float) -> None:
    """Let everything that waits wait for seconds."""
    storage.claims.LEASE = timedelta(seconds=lease)  # type: ignore[attr-defined]
    scheduler.batch.BEGINS_WITHIN = timedelta(seconds=lease / 2)
    scheduler.worker.SENDS_WITHIN = timedelta(seconds=lease / 4)
    scheduler.worker.SETTLES_AFTER = timedelta(seconds=lease / 4)

    def soon(attempt: int, *, jitter: float) -> timedelta:
        return min(retry_after(attempt, jitter=jitter) / 10, timedelta(seconds=lease))

    scheduler.worker.retry_after = soon  # type: ignore[attr-defined]


def address(user: str) -> Address:
    return Address(platform=PLATFORM, workspace=WORKSPACE, user_id=user)


class Control:
    """What the process is told; everything answers after its commit."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/press", self.press)
        app.router.add_post("/start", self.start)
        app.router.add_post("/close", self.close)
        return app

    async def press(self, request: web.Request) -> web.StreamResponse:
        told = await request.json()
        press = Press(
            subject=Subject(campaign_id=told["campaign"], invitation_id=UUID(told["invitation"])),
            by=replace(address(told["user"]), **told.get("address", {})),
            at=datetime.fromisoformat(told["at"]),
        )
        return await self._answer(self._product.answers.record(press, told["score"]))

    async def start(self, request: web.Request) -> web.StreamResponse:
        told = await request.json()
        answer = await self._answer(self._product.start(told["survey"], at_once=True))
        self._product.knocker.knock("send")
        return answer

    async def close(self, request: web.Request) -> web.StreamResponse:
        campaign = await self._product.rounds.by_id((await request.json())["campaign"])
        return await self._answer(self._product.close(campaign))

    async def _answer(self, under_way: Any) -> web.StreamResponse:
        try:
            await under_way
        except VoxpopError as error:
            return web.json_response({"ok": False, "code": error.code}, status=409)
        return web.json_response({"ok": True})


def run(options: Options) -> None:
    """Be the product until SIGTERM, or until killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    said = (options.folder / "said.txt").open("a")
    structlog.configure(
        logger_factory=structlog.WriteLoggerFactory(said),
        wrapper_class=structlog.make_filtering_bound_logger(40),
    )
    hurry(options.lease)
    asyncio.run(_run(options))


async def _run(options: Options) -> None:
    product = compose(options)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    runner = web.AppRunner(Control(product).app(), access_log=None)
    async with working(product, ALL_PARTS):
        await runner.setup()
        # Bound aside and renamed: whoever sees the path can connect.
        aside = options.control.with_suffix(f".{os.getpid()}")
        await web.UnixSite(runner, str(aside)).start()
        aside.rename(options.control)
        await stop.wait()
        await runner.cleanup()


if __name__ == "__main__":
    told = dict(os.environ)
    run(
        Options(
            environ={name: value for name, value in told.items() if name.startswith("VOXPOP")},
            folder=Path.cwd(),
            peer=told["PEER_URL"],
            control=Path(told["CONTROL"]),
            lease=float(told.get("LEASE", "2")),
            fail=told.get("FAIL"),
        )
    )
