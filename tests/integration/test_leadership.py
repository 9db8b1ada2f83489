"""One process at a time leads, and another takes over when it ends, however it ends."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.engine import Database, open_database
from storage.leadership import Leadership
from storage.locks import Lock

TAKEOVER = 5.0
"""Seconds; a second is what is promised, and a busy machine is no reason to fail."""
HOLDER = """
import asyncio, sys
from storage.engine import open_database
from storage.leadership import Leadership

async def hold():
    assert await Leadership(open_database(sys.argv[1])).ask()
    print("held", flush=True)
    await asyncio.sleep(600)

asyncio.run(hold())
"""
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    found = open_database(database_url)
    yield found
    await found.close()


def holder_on(database_url: str) -> subprocess.Popen[bytes]:
    """A process of its own that leads."""
    return subprocess.Popen(  # noqa: S603 - our own lines
        [sys.executable, "-c", HOLDER, database_url],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )


async def seconds_until_it_leads(leadership: Leadership) -> float:
    begun = time.monotonic()
    while not await leadership.ask():
        assert time.monotonic() < begun + TAKEOVER
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_on_sqlite_everybody_leads(database: Database) -> None:
    one, two = Leadership(database), Leadership(database)
    assert one.leads
    assert await two.ask()
    await one.resign()
    assert one.leads


@on_postgresql
async def test_fault_9_of_two_schedulers_one_leads(database: Database) -> None:
    both = [Leadership(database), Leadership(database)]
    assert not any(one.leads for one in both)
    assert sorted([await one.ask() for one in both]) == [False, True]
    assert sorted([await one.ask() for one in both]) == [False, True]
    for one in both:
        await one.resign()
        assert not one.leads


@on_postgresql
async def test_who_resigns_makes_way(database: Database) -> None:
    first, second = Leadership(database), Leadership(database)
    assert await first.ask()
    assert not await second.ask()
    await first.resign()
    assert await seconds_until_it_leads(second) < TAKEOVER
    assert not await first.ask()
    await second.resign()


@on_postgresql
async def test_a_leader_that_is_killed_makes_way(database_url: str, database: Database) -> None:
    with holder_on(database_url) as holder:
        assert holder.stdout is not None
        assert await asyncio.to_thread(holder.stdout.readline) == b"held\n"
        heir = Leadership(database)
        assert not await heir.ask()
        holder.send_signal(signal.SIGKILL)
        assert await seconds_until_it_leads(heir) < TAKEOVER
    await heir.resign()


@on_postgresql
async def test_a_leader_whose_connection_is_cut_knows_it_and_may_lead_again(
    database: Database,
) -> None:
    leader = Leadership(database)
    assert await leader.ask()
    async with database.engine.connect() as connection:
        cut = await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks "
                "WHERE locktype = 'advisory' AND objid = :number"
            ),
            {"number": int(Lock.LEADER)},
        )
        assert cut.all() == [(True,)]
    assert not await leader.ask()
    assert not leader.leads
    assert await seconds_until_it_leads(leader) < TAKEOVER
    await leader.resign()


async def test_nobody_leads_while_the_database_is_away(tmp_path: Path) -> None:
    away = open_database(f"postgresql://postgres@/voxpop?host={tmp_path}")
    leader = Leadership(away)
    assert not await leader.ask()
    await leader.resign()
    await away.close()
