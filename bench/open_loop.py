"""A load that does not wait for the server: so many requests a second, whatever becomes of them.

A request counts from the moment at which it was meant to be sent. If the server is slow, or the
generator itself, what had to wait for it is slow as well: nothing is left out.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.load import Connection


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a load.

    Attributes:
        seconds: From the first request to the last answer.
        latencies: Of everything that was answered, from when it was due (seconds), sorted.
        acknowledged: The numbers of the requests that were answered as they should be.
        refused: Answered otherwise.
        unanswered: The connection was lost, or patience was.
        late: By how much the generator itself was late, in 1 of 100 cases or less (seconds).
    """

    seconds: float
    latencies: Sequence[float]
    acknowledged: Sequence[int]
    refused: int
    unanswered: int
    late: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """A latency in milliseconds: 0.99 for p99, 1 for the longest."""
        return 1_000 * _percentile(self.latencies, share)


def _percentile(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


@dataclass(kw_only=True)
class _Server:
    """Connections to one server, and what waits for one of them."""

    port: int
    free: deque["_Line"] = field(default_factory=deque)
    waiting: deque[int] = field(default_factory=deque)


class _Line(Connection):
    """One connection."""

    def __init__(self, load: "_Load", server: _Server) -> None:
        super().__init__()
        self._load, self._server = load, server
        self.number: int | None = None

    def opened(self) -> None:
        if self._server.waiting:
            self.send(self._server.waiting.popleft())
        else:
            self._server.free.append(self)

    def send(self, number: int) -> None:
        self.number = number
        self.write(self._load.requests[number])

    def answered(self, *, ok: bool, body: bytes) -> None:
        number, self.number = self.number, None
        assert number is not None
        self._load.answered(number, acknowledged=ok and self._load.word in body)
        self.opened()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - any will do
        if self in self._server.free:
            self._server.free.remove(self)
        if self.number is not None:
            self._load.lost(self.number)


class _Load:
    """What is known while it lasts; requests take turns over the servers."""

    def __init__(self, requests: Sequence[bytes], *, rate: float, word: bytes) -> None:
        self.requests, self.word = requests, word
        self._rate = rate
        self._begun = 0.0
        self._last = 0.0
        self._open = len(requests)
        self._done = asyncio.Event()
        self.latencies: list[float] = []
        self.acknowledged: list[int] = []
        self.late: list[float] = []
        self.refused = self.unanswered = 0

    def answered(self, number: int, *, acknowledged: bool) -> None:
        self._last = time.perf_counter()
        self.latencies.append(self._last - self._begun - number / self._rate)
        if acknowledged:
            self.acknowledged.append(number)
        else:
            self.refused += 1
        self._one_less()

    def lost(self, _number: int) -> None:
        self.unanswered += 1
        self._one_less()

    def _one_less(self) -> None:
        self._open -= 1
        if not self._open:
            self._done.set()

    async def send(self, servers: Sequence[_Server], *, patience: float) -> None:
        """Send each when its time has come, and wait for the answers."""
        self._begun = self._last = time.perf_counter()
        for number in range(len(self.requests)):
            due = self._begun + number / self._rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            self.late.append(max(0.0, time.perf_counter() - due))
            server = servers[number % len(servers)]
            if server.free:
                server.free.popleft().send(number)
            else:
                server.waiting.append(number)
        try:
            async with asyncio.timeout(patience):
                await self._done.wait()
        except TimeoutError:
            self.unanswered += self._open

    def outcome(self) -> Outcome:
        return Outcome(
            seconds=self._last - self._begun,
            latencies=sorted(self.latencies),
            acknowledged=self.acknowledged,
            refused=self.refused,
            unanswered=self.unanswered,
            late=_percentile(sorted(self.late), 0.99),
        )


async def arrive(
    ports: Sequence[int],
    requests: Sequence[bytes],
    *,
    rate: float,
    word: bytes,
    connections: int = 64,
    patience: float = 10.0,
) -> Outcome:
    """Send these requests at a constant rate.

    Args:
        ports: Of the servers, which take turns.
        requests: Each once, in this order.
        rate: How many a second, over all servers.
        word: What the body of an answer has in it if all went well.
        connections: To each server, kept open; what finds none free waits, and its time runs.
        patience: How long after the last request answers are waited for (seconds).
    """
    loop = asyncio.get_running_loop()
    load = _Load(requests, rate=rate, word=word)
    servers = [_Server(port=port) for port in ports]
    lines = []
    for server in servers:
        for _ in range(connections):
            line = _Line(load, server)
            await loop.create_connection(lambda line=line: line, "127.0.0.1", server.port)  # type: ignore[misc]
            lines.append(line)
    await load.send(servers, patience=patience)
    outcome = load.outcome()
    for line in lines:
        line.close()
    return outcome
