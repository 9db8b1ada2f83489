"""The schema's version: SQLite upgrades itself, PostgreSQL is upgraded by its operator.

A revision that the release before it can go on with says so in its name: `0005_serves_0003` is
served by every Voxpop whose own latest revision is 0003 or later. The database holds that name, so
an old process can read it without knowing the migration.
"""

from enum import StrEnum

from sqlalchemy import Connection, column, func, inspect, select, table

from storage.engine import Database
from storage.locks import Lock
from storage.troubles import translated
from survey.errors import SchemaMismatch

SERVES = "_serves_"
"""Stands between a revision's number and the oldest one whose Voxpop can go on with it."""
REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004_serves_0003",
    "0005_serves_0003",
    "0006_serves_0003",
    "0007_serves_0003",
    "0008_serves_0003",
)
"""Every revision that this version knows, as its migrations name them, the latest last.

Every start compares them with the database. Alembic, which finds them by running the migrations'
modules, takes longer to load than most commands to run.
"""
_VERSION = table("alembic_version", column("version_num"))


class SchemaState(StrEnum):
    """How the database's schema relates to this version of Voxpop."""

    CURRENT = "current"
    EMPTY = "empty"
    OLDER = "older"
    AHEAD = "ahead"
    NEWER = "newer"

    @property
    def serves(self) -> bool:
        """Whether this version works with it: it is ours, or newer and still fits us."""
        return self in {SchemaState.CURRENT, SchemaState.AHEAD}


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.scalar(select(_VERSION.c.version_num))
    return found


async def schema_state(database: Database) -> tuple[SchemaState, str]:
    """The state, and the revision found ("" if none).

    Raises:
        StorageUnavailable: If the database is away.
    """
    with translated():
        async with database.read() as connection:
            found = await connection.run_sync(_revision)
    if found is None:
        return SchemaState.EMPTY, ""
    if found == REVISIONS[-1]:
        return SchemaState.CURRENT, found
    if found in REVISIONS:
        return SchemaState.OLDER, found
    _, serves = compatibility(found)
    return (SchemaState.AHEAD if serves in map(_number, REVISIONS) else SchemaState.NEWER), found


def compatibility(revision: str) -> tuple[str, str]:
    """A revision's number, and the oldest one whose Voxpop can go on with it: by default itself."""
    number, _, serves = revision.partition(SERVES)
    return number, serves or number


def _number(revision: str) -> str:
    return compatibility(revision)[0]


def _refuse_newer(state: SchemaState, found: str) -> None:
    if state is SchemaState.NEWER:
        raise SchemaMismatch(
            f"The database's schema ({found}) is newer than this Voxpop and no longer serves it; "
            "start the newer version."
        )


async def upgrade(database: Database) -> str:
    """Bring the schema to this version; the revision it has then.

    A schema that is ahead and serves this version is left as it is.

    Raises:
        StorageUnavailable: If the database is away.
        SchemaMismatch: If a newer Voxpop made it.
    """
    state, found = await schema_state(database)
    _refuse_newer(state, found)
    if state is SchemaState.AHEAD:
        return found
    from storage.migrating import migrate  # noqa: PLC0415 - it brings Alembic

    def run(connection: Connection) -> None:
        if not database.is_sqlite:
            # Two who upgrade at once: the second waits, and finds it done.
            connection.execute(select(func.pg_advisory_xact_lock(Lock.UPGRADE)))
        migrate(connection, REVISIONS[-1])

    async with database.write(rebuilds=True) as connection:
        await connection.run_sync(run)
    return (await schema_state(database))[1]


async def require_current(database: Database) -> None:
    """Refuse a schema that is older than needed, or too new; SQLite is upgraded first.

    Raises:
        SchemaMismatch: The message says what to run.
    """
    state, found = await schema_state(database)
    if state.serves:
        return
    if database.is_sqlite:
        await upgrade(database)
        return
    if state in {SchemaState.EMPTY, SchemaState.OLDER}:
        raise SchemaMismatch(
            f"The database's schema is {found or 'empty'}; run `voxpop db upgrade` first."
        )
    _refuse_newer(state, found)
