"""A roster from its file: seconds and peak memory of an import, on both databases.

`python -m bench.roster [--rows 100000] [--only sqlite|postgresql]`
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.ours import settings_for
from bench.press import sqlite_databases
from bench.servers import postgresql_databases
from runtime.wiring import put_together
from storage.schema import upgrade
from survey.roster import Prune, read_table

CHANGED = 100
"""Of so many rows one is changed."""
STEPS = (
    ("first import", "before.csv", False),
    ("dry run, unchanged", "before.csv", True),
    ("unchanged", "before.csv", False),
    ("1 % changed", "after.csv", False),
)


def _write(path: Path, rows: int, *, changed: bool) -> None:
    zones = ("Europe/Berlin", "Europe/Lisbon", "America/Toronto")
    with path.open("w", encoding="utf-8") as out:
        out.write("email,name,timezone,locale,team,site,badge\n")
        for place in range(rows):
            team = "Moved" if changed and place % CHANGED == 0 else f"Team {place % 200}"
            out.write(
                f"person{place}@example.org,Zoë Person {place},{zones[place % 3]},"
                f"{('de', 'en', 'pt-BR')[place % 3]},{team},Site {place % 9},B{place:06}\n"
            )


async def _import(url: str, folder: Path, file: Path, *, dry_run: bool) -> dict[str, float]:
    product = put_together(settings_for(url, folder))
    try:
        await upgrade(product.database)
        idle = _peak()
        began = time.perf_counter()
        table = read_table(file.read_bytes())  # noqa: ASYNC240 - nothing else is running
        done = await product.import_people(
            table.columns, table, source="csv", prune=Prune.MISSING, dry_run=dry_run
        )
        return {
            "seconds": time.perf_counter() - began,
            "idle": idle,
            "peak": _peak(),
            "new": done.changes.new,
            "changed": done.changes.changed,
            "unchanged": done.changes.unchanged,
        }
    finally:
        await product.let_go()


def _peak() -> float:
    """The most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_a_process(*words: str) -> dict[str, float]:
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bench.roster", "--child", *words],
        check=True,
        stdout=subprocess.PIPE,
    )
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def compare(fresh: Callable[[], str], *, rows: int) -> None:
    """Print every step, each in a process of its own."""
    print(f"{'':<20}{'seconds':>9}{'peak':>9}{'idle':>9}{'new':>9}{'changed':>9}{'unchanged':>11}")
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder) / "before.csv", rows, changed=False)
        _write(Path(folder) / "after.csv", rows, changed=True)
        url = fresh()
        for name, file, dry_run in STEPS:
            path = str(Path(folder) / file)
            found = _in_a_process(url, folder, path, "dry" if dry_run else "write")
            print(
                f"{name:<20}{found['seconds']:>8.2f}s{found['peak']:>6.0f} MB"
                f"{found['idle']:>6.0f} MB{found['new']:>9}{found['changed']:>9}"
                f"{found['unchanged']:>11}"
            )


def main() -> None:
    """Run it on both databases, or be the process of one step."""
    parser = argparse.ArgumentParser(prog="python -m bench.roster", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        url, folder, file, how = chosen.child
        done = _import(url, Path(folder), Path(file), dry_run=how == "dry")
        print(json.dumps(asyncio.run(done)))
        return
    for name in ("postgresql", "sqlite"):
        if chosen.only not in {None, name}:
            continue
        print(f"\n== {name}, {chosen.rows:,} rows")
        with tempfile.TemporaryDirectory() as folder:
            databases = postgresql_databases if name == "postgresql" else sqlite_databases
            compare(databases(folder), rows=chosen.rows)


if __name__ == "__main__":
    main()
