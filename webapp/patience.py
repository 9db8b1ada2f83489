"""Waiting for somebody else, but not for ever."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

_T = TypeVar("_T")
_abandoned: set[asyncio.Future[Any]] = set()


async def within(seconds: float, work: Awaitable[_T]) -> _T:
    """What the work comes to.

    `asyncio.timeout` waits until a cancelled task has ended, and a driver that tidies up a dead
    connection may take its time over that; this does not.

    Args:
        seconds: How long to wait.
        work: Is cancelled when the time is over.

    Raises:
        TimeoutError: If it took longer.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            _abandoned.add(task)
            task.add_done_callback(_forget)
            task.cancel()
    if task in _abandoned:
        raise TimeoutError
    return task.result()


def _forget(task: asyncio.Future[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # has been looked at, so that asyncio does not complain
