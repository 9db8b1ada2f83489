"""What wakes up when, and how it stops."""

import asyncio
from datetime import timedelta

from scheduler.knocker import Knocker, Sweep


class Work:
    """Takes as long as it is told to."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began = asyncio.Event()
        self.ended = False

    async def __call__(self) -> None:
        self.began.set()
        await asyncio.sleep(self.seconds)
        self.ended = True


async def stopped(work: Work, *, within: timedelta | None) -> bool:
    knocker = Knocker()
    knocker.start([Sweep(name="work", every=timedelta(hours=1), run=work)])
    await work.began.wait()
    return await knocker.stop(within=within)


async def test_what_has_begun_is_finished() -> None:
    work = Work(0.05)
    assert await stopped(work, within=timedelta(seconds=30))
    assert work.ended


async def test_what_takes_too_long_is_cut_off() -> None:
    work = Work(600)
    assert not await stopped(work, within=timedelta(seconds=0.05))
    assert not work.ended


async def test_without_a_limit_all_of_it_is_waited_for() -> None:
    work = Work(0.05)
    assert await stopped(work, within=None)
    assert work.ended
