"""What was refused, for the log: a flood of forgeries is one line a minute, with a count."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import structlog

from survey.ports import Clock

log = structlog.get_logger()
TOLD_EVERY = timedelta(minutes=1)


class Tally:
    """Counts refusals by why: the first is told at once, the rest when the minute is over.

    Args:
        clock: What time it is.
        every: For how long is only counted what comes after a line.
    """

    def __init__(self, *, clock: Clock, every: timedelta = TOLD_EVERY) -> None:
        self._clock = clock
        self._every = every
        self._counts: Counter[str] = Counter()
        self._told: dict[str, datetime] = {}
        self._minute: asyncio.TimerHandle | None = None

    def count(self, why: str) -> None:
        """One more; `why` is a word of ours, never something that came in."""
        self._counts[why] += 1
        if why not in self._told or self._clock() - self._told[why] >= self._every:
            self._tell(why)
        elif self._minute is None:
            # One timer, however many are refused and for however many reasons.
            seconds = self._every.total_seconds()
            self._minute = asyncio.get_running_loop().call_later(seconds, self.tell_rest)

    def tell_rest(self) -> None:
        """Tell what was only counted so far: the minute is over, or nothing more will come."""
        if self._minute is not None:
            self._minute.cancel()
            self._minute = None
        for why in list(self._counts):
            self._tell(why)

    def _tell(self, why: str) -> None:
        self._told[why] = self._clock()
        log.warning("callback_refused", why=why, times=self._counts.pop(why))
