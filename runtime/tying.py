"""Roster and chat held against each other, often enough and never for long."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from survey.errors import VoxpopError
from survey.ports import Clock, Tied

log = structlog.get_logger()

STILL_FRESH = timedelta(minutes=5)
"""What is no older than this is not looked at again before somebody asks who can be reached."""
PATIENCE = timedelta(seconds=2)
"""How long whoever asks that is kept waiting."""

AFTER_IMPORT = timedelta(seconds=30)
"""How long a command waits for it that has brought people in; the scheduler does the rest."""


class Tie(Protocol):
    """`TieAccounts`, for one workspace or for several."""

    async def __call__(self, *, after: str = "") -> tuple[Tied, str]:
        """What was changed, and where the next run goes on."""
        ...


@dataclass(kw_only=True)
class Tying:
    """Runs it, once at a time in this process.

    Attributes:
        tie: What is run.
        clock: What time it is.
    """

    tie: Tie
    clock: Clock
    _after: str = ""
    _done_at: datetime | None = None
    _under_way: asyncio.Task[Tied] | None = field(default=None, repr=False)

    async def run(self) -> Tied:
        """Go through the whole team now; whoever comes meanwhile waits for the same run.

        Raises:
            VoxpopError: If the chat can't be asked, or the database did not take it.
        """
        task = self._begin()
        return await asyncio.shield(task)

    async def sweep(self) -> None:
        """The same, unless it was done lately; trouble is told to the log alone."""
        if not self._is_fresh():
            with contextlib.suppress(VoxpopError):
                await self.run()

    async def refresh(self, *, within: timedelta = PATIENCE) -> None:
        """Do it if it was not done lately, and wait for that a little; it goes on by itself."""
        if self._is_fresh():
            return
        await asyncio.wait({self._begin()}, timeout=within.total_seconds())

    async def after_import(self) -> Tied | None:
        """The same for whoever came in just now; None if it took too long or could not be done."""
        with contextlib.suppress(VoxpopError, TimeoutError):
            return await asyncio.wait_for(self.run(), AFTER_IMPORT.total_seconds())
        return None

    async def stop(self) -> None:
        """Cut off what is under way; each page that was written stays. It can begin again."""
        task = self._under_way
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def _is_fresh(self) -> bool:
        return self._done_at is not None and self.clock() - self._done_at < STILL_FRESH

    def _begin(self) -> asyncio.Task[Tied]:
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._run())
            self._under_way.add_done_callback(self._ended)
        return self._under_way

    async def _run(self) -> Tied:
        changed, self._after = await self.tie(after=self._after)
        self._done_at = self.clock()
        if changed != Tied():
            log.info("accounts_tied", tied=changed.tied, freed=changed.freed)
        return changed

    def _ended(self, task: asyncio.Task[Tied]) -> None:
        self._under_way = None
        if task.cancelled():
            return
        # Asked for here, so that nobody has to: a run that nobody waits for fails as well.
        error = task.exception()
        if isinstance(error, VoxpopError):
            log.warning("accounts_not_tied", reason=type(error).__name__)
        elif error is not None:
            log.error("accounts_not_tied", exc_info=error)
