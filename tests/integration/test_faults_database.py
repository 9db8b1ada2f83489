"""Faults 6 and 7: the database takes no writes, or somebody else is writing."""

import asyncio
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlalchemy import make_url, text

from bot.interactions import CommandTyped, Pressed
from runtime.parts import Part
from runtime.serving import readiness, working
from storage.engine import open_database
from survey.campaign import Campaign
from survey.card import Act, Card, Reply
from survey.comment import Comment
from survey.errors import NotWritable, StorageUnavailable
from tests.world import World, address, email

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SORRY = Card(headline="I couldn't save that just now, so please press again in a minute.")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def pressed(world: World, place: int, score: int) -> Reply:
    """A press as the desk gets it."""
    press = await world.press_of(place)
    interaction = Pressed(
        by=address(email(place)),
        at=press.at,
        act=Act.SCORE,
        value=str(score),
        subject=press.subject,
    )
    return await world.product.desk(interaction)


async def typed(world: World, place: int, words: str) -> Reply:
    return await world.product.desk(
        CommandTyped(by=address(email(place)), text=words, at=world.clock.at)
    )


# Read-only, full


async def _to_the_writer(world: World, pragma: str) -> None:
    pooled = await world.product.database.engine.raw_connection()
    await pooled.driver_connection.execute(f"PRAGMA {pragma}")  # type: ignore[union-attr]
    pooled.close()


@asynccontextmanager
async def _sqlite_read_only(world: World) -> AsyncIterator[None]:
    await _to_the_writer(world, "query_only=ON")
    yield
    await _to_the_writer(world, "query_only=OFF")


@asynccontextmanager
async def _sqlite_no_room(_world: World) -> AsyncIterator[None]:
    """This process can make no file larger than nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def _elsewhere(world: World, *statements: str) -> None:
    """Over a connection that may write."""
    database = open_database(world.environ["VOXPOP_DATABASE_URL"])
    async with database.engine.begin() as connection:
        await connection.execute(text("SET transaction_read_only = off"))
        for statement in statements:
            await connection.execute(text(statement))
    await database.close()


@asynccontextmanager
async def _postgresql_read_only(world: World) -> AsyncIterator[None]:
    name = make_url(world.environ["VOXPOP_DATABASE_URL"]).database
    await _elsewhere(
        world,
        f"ALTER DATABASE {name} SET default_transaction_read_only = on",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()",
    )
    yield
    await _elsewhere(
        world,
        f"ALTER DATABASE {name} RESET default_transaction_read_only",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND datname = current_database()",
    )


@asynccontextmanager
async def _postgresql_full(world: World) -> AsyncIterator[None]:
    """Whatever would be put into the table of answers finds no room."""
    await _elsewhere(
        world,
        """CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
           END $$""",
        """CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON responses
           EXECUTE FUNCTION no_room()""",
    )
    yield
    await _elsewhere(world, "DROP TRIGGER no_room ON responses", "DROP FUNCTION no_room")


Broken = Callable[[World], AbstractAsyncContextManager[None]]
breaks = pytest.mark.parametrize(
    ("database_url", "broken", "why"),
    [
        pytest.param("sqlite", _sqlite_read_only, "it is read-only", id="sqlite read-only"),
        pytest.param("sqlite", _sqlite_no_room, "its disk fails", id="sqlite full"),
        pytest.param("postgresql", _postgresql_read_only, "it is read-only", id="pg read-only"),
        pytest.param("postgresql", _postgresql_full, "its disk is full", id="pg full"),
    ],
    indirect=["database_url"],
)


@breaks
async def test_fault_6_read_only_or_full_rejects_is_not_ready_alerts_once_and_reads(
    world: World,
    running: Campaign,
    broken: Broken,
    why: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seconds = [0.0]
    world.product.database.writes.clock = lambda: seconds[0]
    chat = world.sandbox()
    for place in range(1, 7):
        await world.press(place, 8)
    async with chat.http as http:
        assert (await http.get("/health/ready")).status_code == 200
        async with broken(world):
            world.clock.forward(seconds=1)
            for place in (1, 2, 8):
                reply = await pressed(world, place, 3)
                assert (reply.private, reply.update) == (SORRY, None)
            for place in (1, 8):
                with pytest.raises(NotWritable, match=why):
                    await world.press(place, 3)

            ready, health = await http.get("/health/ready"), await http.get("/health")
            assert ready.status_code == 503
            assert ready.json()["reasons"] == [f"writes: none are taken: {why}"]
            assert health.json()["database_connected"] is True
            assert capsys.readouterr().out.count("database_refuses_writes") == 1

            assert (await world.invitation(1)).response.score == 8
            assert len(await chat.inbox(2)) == 1
            pending = (await typed(world, 8, "/nps pending")).private
            assert pending is not None
            assert "Acme" in pending.text
            assert (await world.product.report("nps")) is not None

        await world.product.database.try_writing()
        seconds[0] += 61
        await world.product.database.try_writing()
        assert (await http.get("/health/ready")).status_code == 200
        assert capsys.readouterr().out.count("database_takes_writes_again") == 1
        assert (await pressed(world, 1, 3)).private is None
    assert await world.scores(running) == {8: 5, 3: 1}


@pytest.mark.parametrize(
    ("database_url", "broken"),
    [("sqlite", _sqlite_no_room), ("postgresql", _postgresql_read_only)],
    indirect=["database_url"],
)
async def test_fault_6_it_is_noticed_before_anybody_presses(
    world: World, broken: Broken, capsys: pytest.CaptureFixture[str]
) -> None:
    async def says(word: str) -> None:
        deadline = time.monotonic() + 30
        while (await readiness(world.product))["writes"] != word:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

    async with broken(world), working(world.product, frozenset({Part.WEB})):
        reason = "its disk fails" if world.product.database.is_sqlite else "it is read-only"
        await says(f"none are taken: {reason}")
    assert capsys.readouterr().out.count("database_refuses_writes") == 1


@on_sqlite
async def test_fault_6_a_full_file_keeps_what_is_in_it_and_takes_nothing_by_halves(
    world: World, running: Campaign
) -> None:
    await world.press(1, 9)
    await _to_the_writer(world, "max_page_count=1")  # no more than there are
    words = Comment("Builds take an hour. " * 90)

    async def all_of_them() -> None:
        for place in range(1, 12):
            await world.product.answers.comment(await world.press_of(place), words)

    with pytest.raises(NotWritable, match="its disk is full"):
        await all_of_them()
    kept = [(await world.invitation(place)).response.comment for place in range(1, 12)]
    assert kept == sorted(kept, key=lambda comment: comment is None)
    assert kept[-1] is None
    assert await world.scores(running) == {9: 1}


# Busy


@pytest.fixture
def other_process(database_url: str) -> sqlite3.Connection:
    """Somebody else who writes to the same file."""
    path = make_url(database_url).database
    assert path is not None
    return sqlite3.connect(path, isolation_level=None, timeout=0)


@on_sqlite
async def test_fault_7_sqlite_busy_tells_to_try_again_within_two_seconds(
    world: World, running: Campaign, other_process: sqlite3.Connection
) -> None:
    await world.press(1, 9)
    world.clock.forward(seconds=1)
    presses = [await world.press_of(place) for place in range(1, 8)]

    async def seconds_until_told(number: int) -> float:
        answers, press = world.product.answers, presses[number]
        late = answers.record(press, 3) if number % 2 else answers.comment(press, Comment("Late."))
        begun = time.monotonic()
        with pytest.raises(StorageUnavailable):
            await late
        return time.monotonic() - begun

    other_process.execute("BEGIN IMMEDIATE")
    waits = await asyncio.gather(*(seconds_until_told(number) for number in range(7)))
    assert max(waits) < 2.2  # whoever queued behind the others does not wait longer than they
    assert min(waits) > 1.5  # it was tried for as long as there was time
    assert (await pressed(world, 1, 3)).private == SORRY
    assert (await world.invitation(1)).response.score == 9  # reading waits for nobody
    other_process.execute("ROLLBACK")

    assert await world.scores(running) == {9: 1}
    assert (await pressed(world, 1, 3)).private is None
    begun = time.monotonic()
    await asyncio.gather(*(world.product.answers.record(press, 4) for press in presses[1:]))
    assert time.monotonic() - begun < 1
    assert await world.scores(running) == {3: 1, 4: 6}


@on_sqlite
async def test_fault_7_who_is_busy_for_a_moment_is_waited_for(
    world: World, running: Campaign, other_process: sqlite3.Connection
) -> None:
    other_process.execute("BEGIN IMMEDIATE")

    async def done() -> None:
        await asyncio.sleep(0.7)
        other_process.execute("COMMIT")

    presses = [await world.press_of(place) for place in range(1, 8)]
    await asyncio.gather(done(), *(world.product.answers.record(press, 7) for press in presses))
    assert await world.scores(running) == {7: 7}
