"""P9: a migration that is cut off at any statement recovers by being run again.

`python -m bench.migrations` takes every migration on SQLite and PostgreSQL and cuts it off before
and after each of its statements, and before its commit: once by an error (the statement never
comes back), once by SIGKILL of the process. After each cut the database must be as it was before
or as it is afterwards, and running the upgrade again must lead to the same schema. Prints cuts and
failures; exit 1 if there is a failure.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text

from bench.press import sqlite_databases
from bench.servers import postgresql_databases
from storage.engine import Database, open_database
from storage.migrating import config, migrate
from storage.schema import upgrade
from storage.tables import metadata

EVERY = sys.maxsize


class Cut(Exception):
    """The upgrade was cut off here."""


@dataclass(eq=False)
class Scissors:
    """Counts what a migration sends to the database, and cuts before the n-th of it."""

    at: int
    kill: bool
    seen: int = 0

    def __call__(self, *_: Any) -> None:
        if self.seen == self.at:
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise Cut
        self.seen += 1


async def _to(database: Database, revision: str, scissors: Scissors | None = None) -> None:
    """Bring the schema to a revision, as `voxpop db upgrade` does it, in one transaction."""
    engine = database.engine.sync_engine
    if scissors is not None:
        event.listen(engine, "before_cursor_execute", scissors)
        event.listen(engine, "commit", scissors)
    try:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: migrate(sync, revision))
    finally:
        if scissors is not None:
            event.remove(engine, "before_cursor_execute", scissors)
            event.remove(engine, "commit", scissors)


def _revision(connection: Connection) -> str:
    return MigrationContext.configure(connection).get_current_revision() or "base"


def _differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def _revision_of(url: str) -> str:
    database = open_database(url)
    try:
        async with database.read() as connection:
            return await connection.run_sync(_revision)
    finally:
        await database.close()


async def _tables(url: str) -> int:
    """How many tables there are, besides alembic's own."""
    database = open_database(url)
    query = (
        "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
        if database.is_sqlite
        else "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    )
    try:
        async with database.read() as connection:
            return int(await connection.scalar(text(query)) or 0)
    finally:
        await database.close()


async def _run(url: str, revision: str, scissors: Scissors | None = None) -> bool:
    """Whether it came to its end."""
    database = open_database(url)
    try:
        await _to(database, revision, scissors)
    except Cut:
        return False
    finally:
        await database.close()
    return True


async def _recovers(url: str, before: str, after: str, tables: int) -> str:
    """What is wrong after a cut; empty if all is well."""
    found = await _revision_of(url)
    if found not in {before, after}:
        return f"it was left at {found}"
    if found == before and await _tables(url) != tables:
        return f"it was left between {before} and {after}"
    database = open_database(url)
    try:
        await upgrade(database)
        async with database.write() as connection:
            wrong = await connection.run_sync(_differences)
    finally:
        await database.close()
    return f"it differs by {wrong}" if wrong else ""


def _killed(url: str, revision: str, at: int) -> bool:
    """Whether SIGKILL ended a process of its own that ran the upgrade."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # no thread of ours is left here
        child = os.fork()
    if child == 0:
        try:
            asyncio.run(_run(url, revision, Scissors(at, kill=True)))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def steps() -> list[tuple[str, str]]:
    """Every migration, as the revision before and the one that it leads to."""
    scripts = list(ScriptDirectory.from_config(config()).walk_revisions())
    return [(str(one.down_revision or "base"), one.revision) for one in reversed(scripts)]


def cut_everywhere(
    fresh: Callable[[], str], before: str, after: str, *, kill: bool, limit: int = EVERY
) -> tuple[int, list[str]]:
    """Cut one migration off at each place in turn.

    Args:
        fresh: Makes an empty database.
        before: From which revision.
        after: To which.
        kill: By SIGKILL of a process of its own; else by an error in this one.
        limit: At so many places at most, spread over all of them.

    Returns:
        How many cuts there were, and what went wrong.
    """
    places = asyncio.run(_places(fresh(), before, after))
    step = max(1, places // limit)
    cuts, failures = 0, []
    for place in range(0, places, step):
        url = fresh()
        tables = asyncio.run(_prepare(url, before))
        if kill:
            cut = _killed(url, after, place)
        else:
            cut = not asyncio.run(_run(url, after, Scissors(place, kill=False)))
        if not cut:
            failures.append(f"{before} → {after}: nothing was cut at {place}")
        cuts += 1
        if wrong := asyncio.run(_recovers(url, before, after, tables)):
            failures.append(f"{before} → {after}, cut at {place} of {places}: {wrong}")
    return cuts, failures


async def _prepare(url: str, before: str) -> int:
    if before != "base":
        await _run(url, before)
    return await _tables(url)


async def _places(url: str, before: str, after: str) -> int:
    """How many statements and commits there are; each is a place to cut before."""
    await _prepare(url, before)
    counting = Scissors(EVERY, kill=False)
    await _run(url, after, counting)
    return counting.seen


def main() -> int:
    """Cut everything off everywhere, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.migrations", description=__doc__)
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    parser.add_argument("--places", type=int, default=EVERY, help="at most, a migration")
    chosen = parser.parse_args()
    failed = 0
    print(f"{'database':12} {'migration':14} {'errors':>8} {'SIGKILLs':>9} {'failures':>9}")
    for name in ("sqlite", "postgresql"):
        if chosen.only not in {None, name}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            make = sqlite_databases if name == "sqlite" else postgresql_databases
            fresh = make(folder)
            for before, after in steps():
                counts, found = [], []
                for kill in (False, True):
                    cuts, failures = cut_everywhere(
                        fresh, before, after, kill=kill, limit=chosen.places
                    )
                    counts.append(cuts)
                    found.extend(failures)
                told = f"{before} → {after}"
                print(f"{name:12} {told:14} {counts[0]:8} {counts[1]:9} {len(found):9}", flush=True)
                for failure in found:
                    print(f"  {failure}")
                failed += len(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
