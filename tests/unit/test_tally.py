"""Refusals in the log."""

import asyncio
from datetime import timedelta
from typing import Any

from structlog.testing import capture_logs

from bot.tally import Tally
from tests.examples import SetClock


def told(lines: Any) -> list[tuple[str, int]]:
    return [(line["why"], line["times"]) for line in lines if line["event"] == "callback_refused"]


async def test_the_first_is_told_at_once_and_the_others_with_the_next_after_the_minute() -> None:
    clock = SetClock()
    tally = Tally(clock=clock)
    with capture_logs() as lines:
        for why in ("replayed", "replayed", "not_yours", "replayed"):
            tally.count(why)
        assert told(lines) == [("replayed", 1), ("not_yours", 1)]
        clock.forward(minutes=1)
        tally.count("replayed")
    assert told(lines)[2:] == [("replayed", 3)]


async def test_the_rest_is_told_when_the_minute_is_over_though_nothing_follows() -> None:
    tally = Tally(clock=SetClock(), every=timedelta(milliseconds=10))
    with capture_logs() as lines:
        for why in ("replayed", "not_yours", "replayed", "not_yours", "replayed"):
            tally.count(why)
        await asyncio.sleep(0.05)
        assert told(lines)[2:] == [("replayed", 2), ("not_yours", 1)]
        tally.count("replayed")
        await asyncio.sleep(0.05)
        assert told(lines)[4:] == [("replayed", 1)]


async def test_the_rest_is_told_at_the_end_and_nothing_twice() -> None:
    tally = Tally(clock=SetClock())
    with capture_logs() as lines:
        tally.count("replayed")
        tally.count("replayed")
        tally.tell_rest()
        tally.tell_rest()
    assert told(lines) == [("replayed", 1), ("replayed", 1)]
