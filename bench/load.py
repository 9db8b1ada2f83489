"""A load on one server on this machine: bounded, over kept connections, with little CPU of its own.

Every request is prepared before the clock starts. A worker is one connection that sends its next
request when the answer to the last one is there (closed loop).
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

IN_JSON = {"Content-Type": "application/json"}


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


class Connection(asyncio.Protocol):
    """One connection that stays open; answers are told when they are whole."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.opened()

    def opened(self) -> None:
        """It can be written to."""

    def answered(self, *, ok: bool, body: bytes) -> None:
        """The answer to the last request; `ok` with status 200."""
        raise NotImplementedError

    def write(self, request: bytes) -> None:
        assert self._transport is not None
        self._transport.write(request)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

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
        self._buffer = b""
        self.answered(ok=head.startswith(b"HTTP/1.1 200"), body=body)


class _Client(Connection):
    """One after the other."""

    def __init__(self, requests: list[bytes], done: asyncio.Future[None]) -> None:
        super().__init__()
        self.requests, self.done = requests, done
        self.latencies: list[float] = []
        self.refused = 0
        self._sent = 0.0

    def opened(self) -> None:
        if not self.requests:
            self.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self.write(self.requests.pop())

    def answered(self, *, ok: bool, body: bytes) -> None:  # noqa: ARG002 - its status is enough
        self.latencies.append(time.perf_counter() - self._sent)
        self.refused += not ok
        self.opened()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("The server hung up."))


def post(path: str, body: bytes, *, headers: Mapping[str, str] = IN_JSON) -> bytes:
    """A request, ready to be sent."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def run(port: int, requests: Sequence[bytes], *, connections: int) -> Outcome:
    """Send these requests over so many connections."""
    loop = asyncio.get_running_loop()
    clients = []
    shares = [list(requests[place::connections]) for place in range(connections)]
    began = time.perf_counter()
    for share in shares:
        client = _Client(share, loop.create_future())
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    seconds = time.perf_counter() - began
    latencies = sorted(latency for client in clients for latency in client.latencies)
    return Outcome(
        seconds=seconds, latencies=latencies, refused=sum(client.refused for client in clients)
    )
