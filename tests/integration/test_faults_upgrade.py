"""Fault 12: the version before an upgrade and the one after it, side by side on one database."""

import asyncio
import os
import shutil
import socket
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

import storage
from runtime.serving import readiness
from storage.schema import (
    REVISIONS,
    SERVES,
    SchemaState,
    compatibility,
    require_current,
    schema_state,
    upgrade,
)
from survey.campaign import Campaign
from survey.errors import SchemaMismatch
from tests.world import Process, Script, World, email

HEAD = REVISIONS[-1]
OURS, _ = compatibility(HEAD)
NEXT = f"{int(OURS) + 1:04}"
MIGRATION = '''"""A migration of the release after this one."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    """Change."""
    {change}
'''
ADDS = """op.add_column("people", sa.Column("shoe_size", sa.Integer()))
    op.create_table("shoes", sa.Column("id", sa.Integer, primary_key=True))
    op.create_index("ix_invitations_asked", "invitations", ["asked_at"])"""
RENAMES = 'op.alter_column("people", "locale", new_column_name="tongue")'


class Release:
    """The release after this one: the same but for a migration."""

    def __init__(self, folder: Path, revision: str, change: str) -> None:
        ours = Path(next(iter(storage.__path__)))
        compiled = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ours, folder / "storage", ignore=compiled)
        text = MIGRATION.format(revision=revision, before=HEAD, change=change)
        (folder / "storage/migrations/versions" / f"{revision}.py").write_text(text)
        schema = folder / "storage/schema.py"
        listed = f'    "{HEAD}",\n'
        assert listed in schema.read_text()
        schema.write_text(schema.read_text().replace(listed, f'{listed}    "{revision}",\n'))
        self._path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])

    def process(self, world: World, *command: str) -> Process:
        return Script(world.folder, *command, PYTHONPATH=self._path, **world.environ)

    async def upgrade(self, world: World) -> str:
        with self.process(world, "db", "upgrade") as upgrading:
            assert await asyncio.to_thread(upgrading.process.wait, 60) == 0
            return upgrading.said.read_text()


@pytest.fixture
def compatible(tmp_path: Path) -> Release:
    return Release(tmp_path / "newer", f"{NEXT}{SERVES}{OURS}", ADDS)


@pytest.fixture
def incompatible(tmp_path: Path) -> Release:
    return Release(tmp_path / "newer", NEXT, RENAMES)


def this_release(world: World, *command: str) -> Process:
    return Process(world.folder, *command, **world.environ)


async def ended(process: Process) -> tuple[int, str]:
    with process:
        code = await asyncio.to_thread(process.process.wait, 60)
        return code, process.said.read_text()


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])


async def pressed(port: str, place: int, button: str) -> str:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.get("/health/ready")).json() == {"status": "ready", "reasons": []}
        inbox = (await http.get(f"/sandbox/api/inbox/{email(place)}")).json()["messages"]
        body = {"as": email(place), "message_id": inbox[-1]["id"], "button_id": button}
        answer = (await http.post("/sandbox/api/press", json=body)).json()
    return str(answer["messages"][-1]["text"])


async def test_fault_12_old_and_new_version_side_by_side(
    world: World, running: Campaign, compatible: Release
) -> None:
    ports = free_port(), free_port()
    with this_release(world, "run", "--port", ports[0]) as old:
        await asyncio.to_thread(old.until, "Voxpop answers")
        assert f"{NEXT}{SERVES}{OURS}" in await compatible.upgrade(world)
        with compatible.process(world, "run", "--port", ports[1]) as new:
            await asyncio.to_thread(new.until, "Voxpop answers")
            for place, port in ((1, ports[0]), (2, ports[1]), (3, ports[0])):
                assert (await pressed(port, place, "s9")).startswith("You said 9.")
    assert await world.scores(running) == {9: 3}


async def test_fault_12_the_old_version_starts_and_works_on_a_newer_schema_that_serves_it(
    world: World, compatible: Release
) -> None:
    await compatible.upgrade(world)
    database = world.product.database
    await database.close()

    assert await schema_state(database) == (SchemaState.AHEAD, f"{NEXT}{SERVES}{OURS}")
    await require_current(database)
    assert await upgrade(database) == f"{NEXT}{SERVES}{OURS}"
    assert (await readiness(world.product))["schema"] == "ok"
    campaign = await world.start()
    for place in range(1, 7):
        await world.press(place, 9)
    await world.close_round(campaign)
    assert (await world.product.report("nps")).figures is not None
    code, said = await ended(this_release(world, "db", "check"))
    assert (code, said.count("is newer and serves this version")) == (0, 1)
    _, said = await ended(this_release(world, "doctor"))
    assert f"ahead {NEXT}" not in said  # nothing is wrong with it


async def test_fault_12_a_schema_beyond_its_compatibility_is_refused_with_what_to_do(
    world: World, incompatible: Release
) -> None:
    await incompatible.upgrade(world)
    database = world.product.database
    await database.close()

    assert await schema_state(database) == (SchemaState.NEWER, NEXT)
    for refused in (require_current, upgrade):
        with pytest.raises(SchemaMismatch, match="no longer serves it; start the newer version"):
            await refused(database)
    assert (await readiness(world.product))["schema"] == f"newer {NEXT}"
    for command in (("run", "--port", free_port()), ("db", "check")):
        code, said = await ended(this_release(world, *command))
        assert code == 1
        assert "start the newer" in said
        assert "Traceback" not in said


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_fault_12_a_schema_older_than_needed_is_refused(
    world: World, compatible: Release
) -> None:
    code, said = await ended(compatible.process(world, "run", "--port", free_port()))
    assert code == 1
    assert f"The database's schema is {HEAD}; run `voxpop db upgrade` first." in said


@pytest.mark.parametrize(
    ("revision", "serves"),
    [
        (f"9002{SERVES}{OURS}", SchemaState.AHEAD),  # two migrations later
        (f"9002{SERVES}0001", SchemaState.AHEAD),
        (f"9002{SERVES}9001", SchemaState.NEWER),  # for the release between
        ("9002", SchemaState.NEWER),
        ("nonsense", SchemaState.NEWER),
    ],
)
async def test_a_schema_serves_whoever_has_the_revision_that_it_names(
    world: World, revision: str, serves: SchemaState
) -> None:
    named = text("UPDATE alembic_version SET version_num = :revision")
    await world.rows(named.bindparams(revision=revision))
    assert await schema_state(world.product.database) == (serves, revision)
    assert serves.serves is (serves is SchemaState.AHEAD)
