"""What is done when the answer is already on its way."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog

log = structlog.get_logger()


class Afterwards:
    """Work that nobody waits for, but that is finished before the process ends."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[None]] = set()

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin; what goes wrong is in the log."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._ended)

    async def finish(self, *, within: timedelta) -> bool:
        """Wait for what is under way; whether all of it ended. The rest is cut off."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                while self._under_way:
                    await asyncio.wait(set(self._under_way))
        except TimeoutError:
            for task in self._under_way:
                task.cancel()
            return False
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("afterwards_broke", exc_info=error)
