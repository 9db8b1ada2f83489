"""Wait for what becomes of a message, as long as its caller does."""

import asyncio
from datetime import timedelta

from survey.usecases.trigger_survey import TriggerSurvey
from survey.visits import Progress

LOOKS_EVERY = 0.1
"""Seconds between two looks."""


async def outcome(trigger: TriggerSurvey, visit_id: int, *, seconds: float) -> Progress:
    """How far the question has come once its message has ended, or as it stands after so long.

    What is planned for later is not waited for.

    Raises:
        NotFound: If there is no such visit, or nobody was asked about it.
        StorageUnavailable: If the database did not tell.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        found = await trigger.progress(visit_id)
        later = found.due_at > trigger.clock() + timedelta(seconds=seconds)
        if found.over or later or loop.time() >= deadline:
            return found
        await asyncio.sleep(LOOKS_EVERY)
