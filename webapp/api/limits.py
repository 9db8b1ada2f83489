"""How often each key may call; who calls within that only reads what is left."""

from dataclasses import dataclass
from math import ceil
from time import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

USUAL = "600/minute"
"""How often one key may call where the settings say nothing."""
OFTEN = "60000/minute"
"""How often it may tell what happens: programs do that for each click of their users."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One call, counted.

    Attributes:
        wait: For how many seconds to wait before the next one is taken; 0 if this one was.
        headers: What the answer tells of it (draft-ietf-httpapi-ratelimit-headers).
    """

    wait: int
    headers: dict[str, str]


class Allowance:
    """Counts the calls of each key, in this process's memory alone.

    Args:
        limit: How often a key may call, such as "600/minute".

    Raises:
        ValueError: If the limit can't be read.
    """

    def __init__(self, limit: str = USUAL) -> None:
        self._limit = parse(limit)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._window = self._limit.get_expiry()
        self._policy = f'"key";q={self._limit.amount};w={self._window}'

    def take(self, caller: str) -> Taken:
        """Count a call; one that is beyond the limit prolongs nothing."""
        taken = self._limiter.hit(self._limit, caller)
        ends, left = self._limiter.get_window_stats(self._limit, caller)
        seconds = min(self._window, max(1, ceil(ends - time())))
        told = {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"key";r={max(0, left)};t={seconds}',
        }
        return Taken(wait=0 if taken else seconds, headers=told)
