"""Saying something to a platform that limits the rate: what it refuses it has not done."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from survey.errors import VoxpopError

TRIES = 5
"""How often something is said that nobody waits for."""
LONGEST_PAUSE = timedelta(seconds=10)
"""How long it is waited in between, at most."""


async def patiently(
    say: Callable[[], Awaitable[object]], *, pause: Callable[[VoxpopError], timedelta | None]
) -> None:
    """Say it, and again after a pause where the platform only asked for one.

    Args:
        say: Says it once.
        pause: How long the platform wants to be left alone; None where it refuses for good.

    Raises:
        VoxpopError: The last refusal, or the first that is for good.
    """
    for _ in range(TRIES - 1):
        try:
            await say()
        except VoxpopError as error:
            wanted = pause(error)
            if wanted is None:
                raise
        else:
            return
        await asyncio.sleep(min(wanted, LONGEST_PAUSE).total_seconds())
    await say()
