"""What wakes up when. APScheduler only knocks; what is due stands in the database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from survey.errors import StorageUnavailable

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Something that looks into the database for what is due.

    Attributes:
        name: For the log.
        every: How often it is woken up, give or take a tenth.
        run: Does it; running it twice at once, here or elsewhere, does no harm.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[object]]


class Knocker:
    """Runs sweeps until it is stopped, and at once when somebody knocks."""

    def __init__(self, sweeps: tuple[Sweep, ...]) -> None:
        self._sweeps = {sweep.name: sweep for sweep in sweeps}
        # In memory on purpose: replicas that share a job store stop each other for good.
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._mine: frozenset[str] = frozenset()
        self._running: set[asyncio.Task[None]] = set()

    def start(self, *, only: frozenset[str]) -> None:
        """Begin to knock on these sweeps; needs a running event loop."""
        self._mine = only
        chosen = [sweep for name, sweep in self._sweeps.items() if name in only]
        for sweep in chosen:
            self._scheduler.add_job(
                self._run,
                IntervalTrigger(
                    seconds=sweep.every.total_seconds(),
                    jitter=sweep.every.total_seconds() / 10,
                    timezone="UTC",
                ),
                args=[sweep.name],
                id=sweep.name,
                coalesce=True,
                misfire_grace_time=None,
                max_instances=1,
            )
        self._scheduler.start()
        for sweep in chosen:
            self.knock(sweep.name)

    def knock(self, name: str) -> None:
        """Run a sweep now rather than at its time, if it is run here."""
        if name not in self._mine:
            return
        task = asyncio.get_running_loop().create_task(self._run(name))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Knock no more, and wait for what has begun."""
        self._scheduler.shutdown(wait=False)
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, name: str) -> None:
        me = asyncio.current_task()
        if me is not None:
            self._running.add(me)
            me.add_done_callback(self._running.discard)
        try:
            await self._sweeps[name].run()
        except StorageUnavailable:
            log.warning("sweep_waits_for_database", sweep=name)
        except Exception:
            log.exception("sweep_broke", sweep=name)
