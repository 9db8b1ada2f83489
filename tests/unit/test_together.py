"""Group commit: calls that are made together, and what each caller is told."""

import asyncio
from collections.abc import Sequence

import pytest

from storage.together import Together
from storage.troubles import Contended
from survey.errors import StorageUnavailable

FOREVER = 3_600.0


class Written:
    """Doubles what it is given, and keeps what came together."""

    def __init__(self, *, bad: int | None = None, down: bool = False) -> None:
        self.groups: list[list[int]] = []
        self.bad = bad
        self.down = down
        self.begun, self.may_go_on = asyncio.Event(), asyncio.Event()
        self.may_go_on.set()

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.groups.append(list(items))
        self.begun.set()
        await self.may_go_on.wait()
        if self.down:
            raise StorageUnavailable("away")
        if self.bad in items:
            raise Contended("gave way")
        return [2 * item for item in items]


async def test_what_others_are_expected_after_waits_for_them() -> None:
    written = Written()
    together = Together(written, linger=FOREVER, most=50)
    told = await asyncio.gather(*(together(item, more=item < 4) for item in range(5)))
    assert told == [0, 2, 4, 6, 8]
    assert written.groups == [[0, 1, 2, 3, 4]]


async def test_nobody_waits_for_others_that_never_come() -> None:
    written = Written()
    assert await Together(written, linger=0.01, most=50)(1, more=True) == 2


async def test_so_many_and_no_more_wait() -> None:
    written = Written()
    together = Together(written, linger=FOREVER, most=3)
    await asyncio.gather(*(together(item, more=True) for item in range(3)))
    assert written.groups == [[0, 1, 2]]


async def test_what_comes_while_one_group_is_written_is_the_next_group() -> None:
    written = Written()
    together = Together(written, linger=FOREVER, most=50)
    written.may_go_on.clear()
    first = asyncio.create_task(together(1, more=False))
    await written.begun.wait()
    rest = [asyncio.create_task(together(item, more=False)) for item in (2, 3)]
    await asyncio.sleep(0)
    written.may_go_on.set()
    assert await asyncio.gather(first, *rest) == [2, 4, 6]
    assert written.groups == [[1], [2, 3]]


async def test_one_that_cannot_be_written_takes_nobody_along() -> None:
    written = Written(bad=2)
    together = Together(written, linger=FOREVER, most=3)
    calls = (together(item, more=True) for item in (1, 2, 3))
    first, second, third = await asyncio.gather(*calls, return_exceptions=True)
    assert (first, third) == (2, 6)
    assert isinstance(second, Contended)
    assert written.groups == [[1, 2, 3], [1], [2], [3]]


async def test_a_database_that_is_away_is_not_asked_for_each_of_them() -> None:
    written = Written(down=True)
    together = Together(written, linger=FOREVER, most=2)
    calls = (together(item, more=True) for item in (1, 2))
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in told] == [StorageUnavailable, StorageUnavailable]
    assert written.groups == [[1, 2]]


async def test_who_is_cut_off_takes_nobody_along_and_is_written_all_the_same() -> None:
    written = Written()
    together = Together(written, linger=FOREVER, most=2)
    cut_off = asyncio.create_task(together(1, more=True))
    await asyncio.sleep(0)
    cut_off.cancel()
    assert await together(2, more=True) == 4
    assert written.groups == [[1, 2]]
    with pytest.raises(asyncio.CancelledError):
        await cut_off


def test_it_works_in_one_event_loop_after_another() -> None:
    written = Written()
    together = Together(written, linger=0.01, most=50)
    for item in (1, 2):
        assert asyncio.run(together(item, more=True)) == 2 * item
