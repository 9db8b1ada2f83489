"""A load on one server on this machine: bounded, over kept connections, with little CPU of its own.

Every request is prepared before the clock starts. A worker is one connection that sends its next
request when the answer to the last one is there (closed loop).
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a load measured.

    Attributes:
        seconds: From the first request to the last answer.
        latencies: Of each request in seconds, sorted.
        refused: Answers other than 200.
    """

    seconds: float
    latencies: Sequence[float]
    refused: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """A latency in milliseconds, such as 0.99 for p99."""
        return (
            1_000 * self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]
        )


@dataclass
class _Client(asyncio.Protocol):
    """One connection."""

    requests: list[bytes]
    done: asyncio.Future[None]
    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    _sent: float = 0.0
    _buffer: bytes = b""
    _transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        if not self.requests:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(self.requests.pop())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(body) < length:
            return
        self.latencies.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 200"):
            self.refused += 1
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("The server hung up."))


def post(path: str, body: bytes) -> bytes:
    """A request, ready to be sent."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def run(port: int, requests: Sequence[bytes], *, connections: int) -> Outcome:
    """Send these requests over so many connections."""
    loop = asyncio.get_running_loop()
    clients = []
    shares = [list(requests[place::connections]) for place in range(connections)]
    began = time.perf_counter()
    for share in shares:
        client = _Client(requests=share, done=loop.create_future())
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    seconds = time.perf_counter() - began
    latencies = sorted(latency for client in clients for latency in client.latencies)
    return Outcome(
        seconds=seconds, latencies=latencies, refused=sum(client.refused for client in clients)
    )
