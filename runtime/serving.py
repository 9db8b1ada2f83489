"""Serve HTTP, work through the outbox, or both; stop cleanly."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from runtime import moments
from runtime.parts import ALL_PARTS, Part
from runtime.platforms import Platform
from runtime.web import access_of, forgetting, pages, rest
from runtime.wiring import Product
from scheduler.knocker import Sweep
from storage.leadership import Leadership
from storage.locks import Lock
from storage.schema import schema_state
from survey.errors import InvalidValue, StorageUnavailable
from survey.report import Distribution, figures
from survey.scale import NPS, Category
from survey.schedule import Handled
from survey.usecases.count_doubtful import CountDoubtful
from webapp.app import WebParts, create_app
from webapp.metrics import NpsMetrics
from webapp.throttle import Throttle

log = structlog.get_logger()

GRACE_SECONDS = 4
"""How long requests under way may take after a stop was asked for."""
LAST_WORK = timedelta(seconds=4)
"""How long worker and scheduler may take after that to finish what they have begun."""
LOOKS_EVERY = timedelta(seconds=0.5)
"""How often a scheduler looks whether it leads, and so how soon another one takes over."""

TRIES_WRITING = timedelta(seconds=10)
"""How often each process looks whether the database takes writes."""


def create_server_app(product: Product, parts: frozenset[Part] = ALL_PARTS) -> FastAPI:
    """The whole HTTP side, with everything that runs beside it in its lifespan."""

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with working(product, parts):
            # What lives now lives long: without it in the way, collections are short.
            gc.collect()
            gc.freeze()
            yield

    throttle = Throttle()
    access = access_of(product, throttle)
    return create_app(
        WebParts(
            ready=lambda: readiness(product),
            metrics=Metrics(product),
            metrics_token=product.settings.metrics_token,
            mounts=product.apps if Part.BOT in parts else {},
            routes=[*pages(product, throttle), *moments.routes(product, access, throttle)],
            routers=[
                *rest(product, access, throttle),
                *moments.routers(product, access, throttle),
            ],
            cors_origins=product.settings.cors_origins,
            version=version("voxpop"),
            lifespan=lifespan,
        )
    )


@asynccontextmanager
async def working(product: Product, parts: frozenset[Part]) -> AsyncIterator[None]:
    """Worker and scheduler run; what they have begun is finished before this ends.

    What takes too long is cut off: its lease runs out, and another worker looks what arrived.
    """
    leadership, ears = Leadership(product.database), Leadership(product.database, Lock.LISTENER)
    sweeps = _sweeps(product, parts, leadership)
    listening: set[asyncio.Task[None]] = set()
    if Part.BOT in parts and product.answering:
        sweeps.append(Sweep(name="ears", every=LOOKS_EVERY, run=ears.ask))
        listening = {
            asyncio.create_task(answering.listen(lambda: ears.leads))
            for answering in product.answering
        }
    product.knocker.start(sweeps)
    try:
        yield
    finally:
        for task in listening:
            task.cancel()
        ended = await product.knocker.stop(within=LAST_WORK)
        if listening:
            await asyncio.wait(listening)
        if not ended:
            log.warning("work_cut_off", after_seconds=LAST_WORK.total_seconds())
        await leadership.resign()
        await ears.resign()
        await product.let_go()


def _sweeps(product: Product, parts: frozenset[Part], leadership: Leadership) -> list[Sweep]:
    """What this process looks after, and how often."""
    writes = Sweep(name="writes", every=TRIES_WRITING, run=product.database.try_writing)
    sweeps = [writes]
    if Part.WORKER in parts:
        sweeps.append(Sweep(name="send", every=timedelta(seconds=1), run=product.worker))
    if Part.SCHEDULER in parts:
        led = _scheduling(product)
        sweeps.extend(replace(sweep, run=_led(leadership, sweep.run)) for sweep in led)
        lead = _leading(product, leadership, [sweep.name for sweep in led])
        sweeps.append(Sweep(name="lead", every=LOOKS_EVERY, run=lead))
    return sweeps


def _led(
    leadership: Leadership, run: Callable[[], Awaitable[object]]
) -> Callable[[], Awaitable[None]]:
    """Only where this process leads."""

    async def run_if_leading() -> None:
        if leadership.leads:
            await run()

    return run_if_leading


def _leading(
    product: Product, leadership: Leadership, led: Sequence[str]
) -> Callable[[], Awaitable[None]]:
    """Looks whether this process leads; one that begins to looks at everything at once."""

    async def look() -> None:
        before = leadership.leads
        leads = await leadership.ask()
        if leads and not before:
            log.info("scheduler_leads")
            for name in led:
                product.knocker.knock(name)
        elif before and not leads:
            log.warning("scheduler_leads_no_more")

    return look


def _scheduling(product: Product) -> list[Sweep]:
    """What one scheduler does for all."""
    return [
        *_of_platforms(list(product.platforms.values())),
        *moments.sweeps(product),
        *_of_rounds(product),
        Sweep(name="idempotency", every=timedelta(hours=1), run=forgetting(product)),
        Sweep(name="figures", every=timedelta(minutes=1), run=product.close.move_figures),
    ]


def _of_rounds(product: Product) -> list[Sweep]:
    """Rounds and questions begin, end and are reminded of."""
    count_doubtful = CountDoubtful(
        answers=product.answers, doubtful=product.doubtful, clock=product.clock
    )

    async def start_due() -> None:
        async for handled in product.start_due():
            tell(handled)
            if handled.campaign is not None:
                product.knocker.knock("send")

    async def count_and_tell() -> None:
        if counted := await count_doubtful():
            log.info("answers_count_by_themselves", count=counted)

    def sending(run: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """What it planned goes out at once."""

        async def run_and_send() -> None:
            if await run():
                product.knocker.knock("send")

        return run_and_send

    def expire() -> Awaitable[int]:
        return product.occasions.expire(at=product.clock())

    return [
        Sweep(name="doubtful", every=timedelta(minutes=1), run=count_and_tell),
        Sweep(name="close", every=timedelta(seconds=2), run=sending(product.close.settle)),
        Sweep(name="expire", every=timedelta(minutes=1), run=sending(expire)),
        Sweep(name="remind", every=timedelta(minutes=5), run=sending(product.remind)),
        Sweep(name="start", every=timedelta(seconds=20), run=start_due),
    ]


def _of_platforms(platforms: Sequence[Platform]) -> list[Sweep]:
    """Accounts come, go and change their e-mails without a word."""
    if not platforms:
        return []

    async def tie() -> None:
        await asyncio.gather(*(one.tying.sweep() for one in platforms))

    own = [sweep for one in platforms for sweep in one.sweeps()]
    return [Sweep(name="tie", every=timedelta(hours=1), run=tie), *own]


def tell(handled: Handled) -> None:
    """What became of a time of a schedule, for the log."""
    events = log.bind(survey=handled.survey, due=handled.due.isoformat())
    if handled.campaign is None:
        events.warning("scheduled_round_not_started", reason=handled.outcome)
    else:
        round_ = handled.campaign
        events.info("scheduled_round_started", campaign=round_.name, invited=round_.invited)


async def readiness(product: Product) -> Mapping[str, str]:
    """What must be right before requests are taken: a name and "ok", or what is wrong."""
    try:
        state, revision = await schema_state(product.database)
    except StorageUnavailable as error:
        return {"database": str(error)}
    refused = product.database.writes.refused
    return {
        "database": "ok",
        "schema": "ok" if state.serves else f"{state.value} {revision}",
        "writes": f"none are taken: {refused}" if refused else "ok",
    }


class Metrics:
    """Figures for `/metrics`, through the same release gate as everything else."""

    def __init__(self, product: Product) -> None:
        self._product = product

    async def figures(self) -> NpsMetrics:
        """The latest round and all rounds together, of everything asked on the NPS scale."""
        rounds = [found for found in await self._product.rounds.all() if found.survey.scale == NPS]
        shown = await self._product.report.shown(rounds)
        overall = Distribution(scale=NPS, counts={})
        for counts in shown.values():
            overall += counts
        latest = shown.get(rounds[0].id) if rounds else None
        return NpsMetrics(
            quarterly=None if latest is None else figures(latest).value,
            overall=figures(overall).value,
            responses={category: overall.count(category) for category in Category}
            if overall.n
            else {},
        )


async def work(product: Product, parts: frozenset[Part]) -> None:
    """Worker or scheduler without HTTP, until the process is asked to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with working(product, parts):
        log.info("working", parts=sorted(parts))
        await stop.wait()


class _Server(uvicorn.Server):
    """Tells when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InvalidValue: If the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise InvalidValue(
            f"I can't listen on {host}:{port} ({error}): choose another with --port."
        ) from error
    sock.listen(2048)
    sock.set_inheritable(True)
    return sock


def serve(app: Any, sock: socket.socket, *, announce: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
        lifespan="on",
    )
    server = _Server(config, announce)
    with contextlib.closing(sock):
        server.run(sockets=[sock])
    if not server.started:
        raise InvalidValue("The server did not start; the log says why.")
