"""Who fails too often has to wait; who does not fail never notices."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from math import ceil
from time import time

from limits import parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import Scope

Networks = Sequence[IPv4Network | IPv6Network]
_Address = IPv4Address | IPv6Address

FAILURES = "20/minute; 200/hour"
"""How often one client may fail before it is told to wait."""
NOBODY = "unknown"
"""The client of requests that say nothing of where they came from, as through a Unix socket."""
_MOST_COUNTERS = 200_000
_NETWORK_BITS = 64
"""What one household or office has of IPv6: it can take any address in there."""


class Throttle:
    """Counts failures by client, in this process's memory alone.

    What is genuine is let through before anybody asks here: whole offices share one address, and
    one of them who guesses must not lock out the others.

    Args:
        failures: How many are taken, such as "20/minute; 200/hour".
    """

    def __init__(self, failures: str = FAILURES) -> None:
        self._limits = parse_many(failures)
        self._storage = MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)

    def failed(self, client: str) -> int:
        """Count a failure.

        Args:
            client: As `client_of` tells it.

        Returns:
            0 if it is one of those that are taken; else for how many seconds to wait before the
            next one is. Failures beyond the limit prolong nothing.
        """
        if len(self._storage.storage) > _MOST_COUNTERS:
            # Somebody fails from very many addresses: forget them all rather than fill the memory.
            self._storage.reset()
        over = [limit for limit in self._limits if not self._limiter.test(limit, client)]
        if not over:
            for limit in self._limits:
                self._limiter.hit(limit, client)
            return 0
        ends = max(self._limiter.get_window_stats(limit, client).reset_time for limit in over)
        return max(1, ceil(ends - time()))


def client_of(scope: Scope, proxies: Networks = ()) -> str:
    """Where a request came from, as a key to count by.

    It is the peer; where that is a proxy of ours, the last address in `X-Forwarded-For` that is
    none. What stands before that one was written by the client, and nobody believes it. Of an IPv6
    address its network of 64 bits is told.

    Args:
        scope: Of the request.
        proxies: Whom we believe what they say of others.
    """
    peer = _address((scope.get("client") or (NOBODY,))[0])
    if peer is None:
        return NOBODY
    found = peer
    if _among(peer, proxies):
        for said in _forwarded(scope):
            before = _address(said)
            if before is None:
                break
            found = before
            if not _among(before, proxies):
                break
    return _told(found)


def _forwarded(scope: Scope) -> Iterator[str]:
    """The addresses of `X-Forwarded-For`, the nearest first."""
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    for part in reversed(b",".join(lines).split(b",")):
        yield part.decode("latin-1").strip()


def _address(text: str) -> _Address | None:
    """An address, with or without a port behind it."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _among(address: _Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


def _told(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), _NETWORK_BITS), strict=False))
