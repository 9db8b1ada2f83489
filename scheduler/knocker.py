"""What wakes up when. APScheduler only knocks; what is due stands in the database."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
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
    """Runs sweeps until it is stopped, and at once when somebody knocks; each once at a time.

    Attributes:
        stopping: Whether it was asked to stop; a sweep that takes long looks at it.
    """

    def __init__(self) -> None:
        # In memory on purpose: replicas that share a job store stop each other for good.
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._sweeps: dict[str, Sweep] = {}
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self.stopping = False

    def start(self, sweeps: Iterable[Sweep]) -> None:
        """Begin to knock on these sweeps; needs a running event loop."""
        self.stopping = False
        self._sweeps = {sweep.name: sweep for sweep in sweeps}
        for sweep in self._sweeps.values():
            self._scheduler.add_job(
                self._wake,
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
            self.knock(sweep.name)
        self._scheduler.start()

    def knock(self, name: str) -> None:
        """Run a sweep now rather than at its time, or again if it is under way."""
        if name not in self._sweeps or self.stopping:
            return
        if name in self._under_way:
            self._again.add(name)
            return
        task = asyncio.get_running_loop().create_task(self._run(name))
        self._under_way[name] = task
        task.add_done_callback(lambda _: self._done(name))

    async def stop(self, *, within: timedelta | None = None) -> bool:
        """Knock no more, and wait for what has begun.

        Args:
            within: After this long what is still under way is cut off; None waits for all of it.

        Returns:
            Whether everything came to its own end.
        """
        self.stopping = True
        self._scheduler.shutdown(wait=False)
        late: set[asyncio.Task[None]] = set()
        if self._under_way:
            seconds = None if within is None else within.total_seconds()
            _, late = await asyncio.wait(self._under_way.values(), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._sweeps = {}
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        return not late

    async def _wake(self, name: str) -> None:
        # A task of our own: APScheduler would cancel one of its own when it is stopped.
        if name not in self._under_way:
            self.knock(name)

    def _done(self, name: str) -> None:
        del self._under_way[name]
        if name in self._again:
            self._again.discard(name)
            self.knock(name)

    async def _run(self, name: str) -> None:
        try:
            await self._sweeps[name].run()
        except StorageUnavailable:
            log.warning("sweep_waits_for_database", sweep=name)
        except Exception:
            log.exception("sweep_broke", sweep=name)
