"""What was refused, for the log: a flood of forgeries is one line a minute, with a count."""

from collections import Counter
from datetime import datetime, timedelta

import structlog

from survey.ports import Clock

log = structlog.get_logger()
TOLD_EVERY = timedelta(minutes=1)


class Tally:
    """Counts refusals by why."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._told: dict[str, datetime] = {}

    def count(self, why: str) -> None:
        """One more; `why` is a word of ours, never something that came in."""
        self._counts[why] += 1
        now = self._clock()
        if why not in self._told or now - self._told[why] >= TOLD_EVERY:
            self._told[why] = now
            log.warning("callback_refused", why=why, times=self._counts.pop(why))
