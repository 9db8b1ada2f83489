"""The schema's version: SQLite upgrades itself, PostgreSQL is upgraded by its operator."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from storage.engine import Database, translated
from storage.locks import Lock
from survey.errors import SchemaMismatch


class SchemaState(StrEnum):
    """How the database's schema relates to this version of Voxpop."""

    CURRENT = "current"
    EMPTY = "empty"
    OLDER = "older"
    NEWER = "newer"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def schema_state(database: Database) -> tuple[SchemaState, str]:
    """The state, and the revision found ("" if none).

    Raises:
        StorageUnavailable: If the database is away.
    """
    with translated():
        async with database.read() as connection:
            found = await connection.run_sync(_revision)
    scripts = ScriptDirectory.from_config(_config())
    if found is None:
        return SchemaState.EMPTY, ""
    if found == scripts.get_current_head():
        return SchemaState.CURRENT, found
    known = {script.revision for script in scripts.walk_revisions()}
    return (SchemaState.OLDER if found in known else SchemaState.NEWER), found


def _refuse_newer(state: SchemaState, found: str) -> None:
    if state is SchemaState.NEWER:
        raise SchemaMismatch(
            f"The database's schema ({found}) is newer than this Voxpop; start the newer version."
        )


async def upgrade(database: Database) -> str:
    """Bring the schema to this version; the revision it has then.

    Raises:
        StorageUnavailable: If the database is away.
        SchemaMismatch: If a newer Voxpop made it.
    """
    state, found = await schema_state(database)
    _refuse_newer(state, found)

    def run(connection: Connection) -> Any:
        if not database.is_sqlite:
            # Two who upgrade at once: the second waits, and finds it done.
            connection.execute(select(func.pg_advisory_xact_lock(Lock.UPGRADE)))
        command.upgrade(_config(connection), "head")

    async with database.write() as connection:
        await connection.run_sync(run)
    return (await schema_state(database))[1]


async def require_current(database: Database) -> None:
    """Refuse to serve a schema that does not fit; SQLite is upgraded first.

    Raises:
        SchemaMismatch: The message says what to run.
    """
    state, found = await schema_state(database)
    if state is SchemaState.CURRENT:
        return
    if database.is_sqlite:
        await upgrade(database)
        return
    if state in {SchemaState.EMPTY, SchemaState.OLDER}:
        raise SchemaMismatch(
            f"The database's schema is {found or 'empty'}; run `voxpop db upgrade` first."
        )
    _refuse_newer(state, found)
