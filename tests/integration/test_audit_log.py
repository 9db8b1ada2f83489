"""The audit log on real databases: nothing in it can be changed unnoticed."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Executable, delete, insert, select, text, update

from storage.audit import BATCH
from storage.tables import audit_log
from survey.audit import BEFORE_THE_FIRST, Chain, Entry, Line, Verification
from survey.errors import InvalidValue
from tests.world import World


def entry(world: World, about: str = "nps/2026Q4") -> Entry:
    return Entry(at=world.clock(), actor="ada@example.org", action="report.read", about=about)


async def noted(world: World, number: int) -> list[Line]:
    for place in range(1, number + 1):
        await world.product.audit.append(entry(world, f"nps/2026Q4 by number{place}"))
    return list(await world.product.audit.latest(number))


async def test_an_empty_log_is_whole(world: World) -> None:
    found = await world.product.audit.verify()
    assert found == Verification(count=0, head=BEFORE_THE_FIRST)
    assert list(await world.product.audit.latest(5)) == []


async def test_lines_are_numbered_without_gaps_and_told_newest_first(world: World) -> None:
    lines = await noted(world, 4)
    assert [line.number for line in lines] == [4, 3, 2, 1]
    assert lines[0].entry == entry(world, "nps/2026Q4 by number4")
    assert await world.product.audit.verify() == Verification(count=4, head=lines[0].digest)
    assert [line.number for line in await world.product.audit.latest(2)] == [4, 3]


async def test_those_who_write_at_once_wait_their_turn(world: World) -> None:
    async def write(task: int) -> None:
        for place in range(10):
            await world.product.audit.append(entry(world, f"task{task} number{place}"))

    await asyncio.gather(*(write(task) for task in range(8)))
    found = await world.product.audit.verify()
    assert (found.count, found.whole) == (80, True)
    about = [line.entry.about for line in await world.product.audit.latest(80)]
    assert len(set(about)) == 80


async def test_two_processes_write_one_chain(world: World) -> None:
    other = world.restarted()
    try:
        await asyncio.gather(
            *(one.product.audit.append(entry(world)) for one in (world, other) * 10)
        )
        found = await other.product.audit.verify()
    finally:
        await other.close()
    assert (found.count, found.whole) == (20, True)


_row = audit_log.c
_FORGED = Chain(["a key that somebody else made up, long enough"])


@pytest.mark.parametrize(
    ("tampering", "first", "whole"),
    [
        (update(audit_log).where(_row.id == 4).values(actor="eve@example.org"), 4, 3),
        (update(audit_log).where(_row.id == 4).values(about="nothing"), 4, 3),
        (update(audit_log).where(_row.id == 4).values(action="not an action"), 4, 3),
        (update(audit_log).where(_row.id == 4).values(digest="0" * 64), 4, 3),
        (delete(audit_log).where(_row.id == 4), 5, 3),
        (delete(audit_log).where(_row.id == 1), 2, 0),
        (delete(audit_log).where(_row.id < 6), 6, 0),
        (update(audit_log).where(_row.id == 1).values(id=-1), -1, 0),
        (update(audit_log).where(_row.id == 4).values(id=40), 5, 3),
    ],
)
async def test_what_was_changed_or_taken_out_is_found(
    world: World, tampering: Executable, first: int, whole: int
) -> None:
    await noted(world, 6)
    await world.rows(tampering)
    found = await world.product.audit.verify()
    assert (found.broken_at, found.count) == (first, whole)


async def test_a_time_that_was_changed_is_found(world: World) -> None:
    await noted(world, 3)
    world.clock.forward(hours=1)
    await world.rows(update(audit_log).where(_row.id == 2).values(at=world.clock()))
    assert (await world.product.audit.verify()).broken_at == 2


async def test_a_time_that_is_none_is_found(world: World) -> None:
    if not world.product.database.is_sqlite:
        pytest.skip("PostgreSQL keeps no such time.")
    await noted(world, 3)
    await world.rows(text("UPDATE audit_log SET at = 'soon' WHERE id = 2"))
    found = await world.product.audit.verify()
    assert (found.count, found.broken_at) == (1, 2)


async def test_a_line_put_in_is_found_even_if_the_rest_is_moved_on(world: World) -> None:
    lines = await noted(world, 4)
    await world.rows(update(audit_log).where(_row.id == 4).values(id=5))
    forged = _FORGED.after(lines[1], entry(world, "nothing at all"))
    values: dict[str, Any] = {"id": 4, "digest": forged.digest, "at": world.clock()}
    values |= {"actor": "ada@example.org", "action": "report.read", "about": "nothing at all"}
    await world.rows(insert(audit_log).values(values))
    assert (await world.product.audit.verify()).broken_at == 4


async def test_two_lines_that_changed_places_are_found(world: World) -> None:
    await noted(world, 4)
    for before, after in ((2, 99), (3, 2), (99, 3)):
        await world.rows(update(audit_log).where(_row.id == before).values(id=after))
    assert (await world.product.audit.verify()).broken_at == 2


async def test_a_log_that_was_cut_off_tells_an_earlier_head(world: World) -> None:
    lines = await noted(world, 4)
    await world.rows(delete(audit_log).where(_row.id == 4))
    found = await world.product.audit.verify()
    assert found == Verification(count=3, head=lines[1].digest)


async def test_a_log_longer_than_one_batch_is_read_to_its_end(world: World) -> None:
    chain, line = Chain(world.settings.secret_keys), None
    rows = []
    for _ in range(BATCH + 2):
        line = chain.after(line, entry(world))
        what = {"actor": line.entry.actor, "action": line.entry.action, "about": line.entry.about}
        rows.append({"id": line.number, "at": line.entry.at, "digest": line.digest, **what})
    async with world.product.database.write() as connection:
        await connection.execute(audit_log.insert(), rows)
    assert (await world.product.audit.verify()).count == BATCH + 2
    await world.rows(update(audit_log).where(_row.id == BATCH + 2).values(about="x"))
    assert (await world.product.audit.verify()).broken_at == BATCH + 2


async def test_lines_of_an_older_key_still_fit_and_the_newest_key_writes(world: World) -> None:
    old = world.environ["VOXPOP_SECRET_KEY"]
    new = "another-key-for-tests-that-is-long-enough"
    await noted(world, 2)
    rotated = world.restarted(VOXPOP_SECRET_KEY=f"{new},{old}")
    only_new = world.restarted(VOXPOP_SECRET_KEY=new)
    try:
        await rotated.product.audit.append(entry(world))
        assert (await rotated.product.audit.verify()).count == 3
        assert (await world.product.audit.verify()).broken_at == 3
        assert (await only_new.product.audit.verify()).broken_at == 1
    finally:
        await rotated.close()
        await only_new.close()


async def test_what_is_no_entry_is_not_written(world: World) -> None:
    for wrong in (
        Entry(at=world.clock(), actor="ada@example.org", action="report", about="nps"),
        Entry(at=world.clock(), actor="ada@example.org", action="report.read", about="a\nb"),
        Entry(at=world.clock(), actor="ada@example.org", action="report.read", about="\0"),
        Entry(at=world.clock(), actor="x" * 300, action="report.read", about="nps"),
    ):
        with pytest.raises(InvalidValue):
            await world.product.audit.append(wrong)
    assert await world.rows(select(audit_log)) == []
