"""The schema: what migrations make is what the tables say, and nothing else is served."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.engine import Database, open_database
from storage.migrating import config
from storage.schema import (
    REVISIONS,
    SchemaState,
    compatibility,
    require_current,
    schema_state,
    upgrade,
)
from storage.tables import metadata
from survey.errors import SchemaMismatch, StorageUnavailable
from tests.world import Process, World

HEAD = "0008_serves_0003"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that nobody has ever touched."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    url: str = request.getfixturevalue("postgres").fresh(empty=True)
    return url


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    database = open_database(empty_url)
    yield database
    await database.close()


@pytest.fixture
async def migrated(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url)
    yield database
    await database.close()


def differences(connection: Connection) -> list[Any]:
    """What alembic would change to make the database what the tables say."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


POSTGRES_CATALOGUE = (
    """SELECT table_name, column_name, data_type, is_nullable, character_maximum_length,
       column_default FROM information_schema.columns WHERE table_schema = 'public'""",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace""",
    """SELECT relname, reloptions::text FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'""",
)
SQLITE_CATALOGUE = (
    """SELECT m.name, c.name, c.type, c."notnull", c.pk, trim(c.dflt_value, '()')
       FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'""",
    """SELECT m.name, f."table", f."from", f.on_delete
       FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'""",
    """SELECT m.name, i.name, i."unique", i.partial, i.origin
       FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'""",
    "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
)


async def catalogue(database: Database) -> set[tuple[Any, ...]]:
    """Every column, index, key and option, as the database itself tells them."""
    queries = SQLITE_CATALOGUE if database.is_sqlite else POSTGRES_CATALOGUE
    async with database.read() as connection:
        found = [tuple(row) for query in queries for row in await connection.execute(text(query))]
    return {row for row in found if not any("alembic_version" in str(cell) for cell in row)}


async def test_migrations_make_what_the_tables_say(migrated: Database) -> None:
    async with migrated.write() as connection:
        assert await connection.run_sync(differences) == []
        await connection.execute(text("DROP INDEX ix_deliveries_due"))
        await connection.execute(text("ALTER TABLE people ADD COLUMN shoe_size INTEGER"))
        assert len(await connection.run_sync(differences)) == 2  # it would have been seen


async def test_migrations_make_it_to_the_last_option(
    migrated: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/made.db"
    if not migrated.is_sqlite:
        url = request.getfixturevalue("postgres").fresh(empty=True)
    other = open_database(url)
    async with other.write() as connection:
        await connection.run_sync(metadata.create_all)
    told, made = await catalogue(other), await catalogue(migrated)
    await other.close()

    assert len(told) > 100
    assert made == told


def faults_of(names: list[str]) -> list[str]:
    """What is wrong with how revisions are named, in their order."""
    numbers, found, latest = [], [], ""
    for name in names:
        number, serves = compatibility(name)
        numbers.append(number)
        if number != f"{len(numbers):04}" or serves not in numbers:
            found.append(name)
        if serves < latest:  # whom the one before did not serve
            found.append(name)
        latest = serves
    return found


def test_every_migration_is_among_the_revisions() -> None:
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    assert [script.revision for script in scripts] == [*reversed(REVISIONS)]


def test_every_revision_says_rightly_whom_it_serves() -> None:
    assert faults_of([*REVISIONS]) == []
    assert faults_of(["0001", "0002_serves_0001", "0003_serves_0001", "0004"]) == []
    assert faults_of(["0001", "0002_serves_0003", "0003"]) == ["0002_serves_0003"]
    assert faults_of(["0001", "0002", "0003_serves_0001"]) == ["0003_serves_0001"]
    assert faults_of(["0001", "0003"]) == ["0003"]


async def test_an_empty_database_is_brought_up_to_date(empty: Database) -> None:
    assert await schema_state(empty) == (SchemaState.EMPTY, "")
    assert await upgrade(empty) == HEAD
    assert await schema_state(empty) == (SchemaState.CURRENT, HEAD)
    before = await catalogue(empty)

    assert await upgrade(empty) == HEAD
    await require_current(empty)

    assert await catalogue(empty) == before


async def test_an_upgrade_keeps_what_is_there(world: World) -> None:
    campaign = await world.start()
    await world.press(1, 9)
    assert await upgrade(world.product.database) == HEAD
    assert await world.scores(campaign) == {9: 1}


async def test_sqlite_upgrades_itself_and_postgresql_says_what_to_run(empty: Database) -> None:
    if empty.is_sqlite:
        await require_current(empty)
        assert await schema_state(empty) == (SchemaState.CURRENT, HEAD)
        return
    with pytest.raises(SchemaMismatch, match="run `voxpop db upgrade` first"):
        await require_current(empty)
    assert await schema_state(empty) == (SchemaState.EMPTY, "")


async def test_a_database_of_a_newer_voxpop_is_refused_and_left_alone(world: World) -> None:
    database = world.product.database
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = await catalogue(database)
    for refused in (require_current, upgrade):
        with pytest.raises(SchemaMismatch, match=r"\(9999\) is newer than this Voxpop"):
            await refused(database)
    chat = world.sandbox()
    async with chat.http as http:
        ready = await http.get("/health/ready")
    with Process(world.folder, "report", "nps", **world.environ) as report:
        code = await asyncio.to_thread(report.process.wait, 60)

    assert await schema_state(database) == (SchemaState.NEWER, "9999")
    assert await catalogue(database) == before
    assert ready.status_code == 503
    assert "schema: newer 9999" in ready.json()["reasons"]
    assert code == 1
    assert "newer than this Voxpop" in report.said.read_text()


async def test_an_upgrade_that_breaks_leaves_nothing_half_made(empty: Database) -> None:
    async with empty.write() as connection:
        await connection.execute(text("CREATE TABLE sandbox_messages (surprise INTEGER)"))
    with pytest.raises(StorageUnavailable):
        await upgrade(empty)

    assert await schema_state(empty) == (SchemaState.EMPTY, "")
    assert {row[0] for row in await catalogue(empty)} == {"sandbox_messages"}


async def test_two_upgrades_at_once_do_it_once(
    empty: Database, empty_url: str, tmp_path: Path
) -> None:
    environ = {"VOXPOP_DATABASE_URL": empty_url, "VOXPOP_SECRET_KEY": "long enough to pass " * 2}
    all_of_them = [Process(tmp_path, "db", "upgrade", **environ) for _ in range(3)]
    codes = [await asyncio.to_thread(one.process.wait, 60) for one in all_of_them]
    said = "".join(one.said.read_text() for one in all_of_them)

    assert codes == [0, 0, 0], said
    assert said == f"The schema is at {HEAD}.\n" * 3
    assert await schema_state(empty) == (SchemaState.CURRENT, HEAD)


async def test_a_file_that_is_no_database_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "voxpop.db").write_bytes(b"hello, I am a text " * 100)
    database = open_database(f"sqlite:///{tmp_path}/voxpop.db")
    with pytest.raises(StorageUnavailable) as told:
        await schema_state(database)
    await database.close()
    assert isinstance(getattr(told.value.__cause__, "orig", told.value.__cause__), sqlite3.Error)
