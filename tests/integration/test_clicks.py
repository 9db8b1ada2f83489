"""P4 in short: clicks at a constant rate over real processes; every acknowledged one is there."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from bench.clicks import Step, measure, missing
from bench.load import post
from bench.open_loop import arrive


def test_every_click_that_was_acknowledged_is_in_the_database(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.clicks.WARM_UP", 10)
    steps: list[Step] = []

    def each(step: Step) -> bool:
        steps.append(step)
        return False

    webs = 1 if database_url.startswith("sqlite") else 2
    told, lost = measure(database_url, webs=webs, rates=(60, 30), seconds=1, server=None, each=each)

    assert [len(step.outcome.latencies) for step in steps] == [60, 30]
    assert {(step.outcome.refused, step.outcome.unanswered) for step in steps} == {(0, 0)}
    assert (told, lost) == (100, 0)
    assert asyncio.run(missing(database_url, {"nobody": 7})) == 1


class Answering(asyncio.Protocol):
    """A server of few words: each request is answered after so many seconds."""

    def __init__(self, delays: Iterator[float], *, hangs_up: bool) -> None:
        self._delays = delays
        self._hangs_up = hangs_up

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert data.endswith(b"\r\n\r\n")
        asyncio.get_running_loop().call_later(next(self._delays, 0.0), self._answer)

    def _answer(self) -> None:
        if self._hangs_up:
            self._transport.abort()
        else:
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@asynccontextmanager
async def server(*, holds: float = 0.0, hangs_up: bool = False) -> AsyncIterator[int]:
    """Holds the first request for so many seconds; its port."""
    delays = iter([holds])
    loop = asyncio.get_running_loop()
    running = await loop.create_server(lambda: Answering(delays, hangs_up=hangs_up), "127.0.0.1", 0)
    async with running:
        yield running.sockets[0].getsockname()[1]
        await asyncio.sleep(0.05)  # until those who left are seen to have left


async def test_what_waits_for_a_slow_server_counts_from_when_it_was_due() -> None:
    async with server(holds=0.5) as port:
        outcome = await arrive([port], [post("/", b"")] * 10, rate=100, word=b"ok", connections=1)
    # All were due in the first tenth of a second, and none could be answered for half a second.
    assert len(outcome.latencies) == 10
    assert outcome.latencies[0] > 0.35


async def test_what_is_not_answered_as_it_should_be_is_not_acknowledged() -> None:
    requests = [post("/", b"")] * 4
    async with server() as port:
        other = await arrive([port], requests, rate=1_000, word=b"saved")
    assert (other.refused, list(other.acknowledged)) == (4, [])

    async with server(hangs_up=True) as port:
        lost = await arrive([port], requests, rate=1_000, word=b"ok")
    assert (lost.unanswered, list(lost.acknowledged)) == (4, [])
