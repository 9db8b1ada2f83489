"""Every measure by one command: `python -m bench [press] [report] [start]`."""

import argparse
import asyncio
import tempfile

import asyncpg

from bench import press, report, start
from bench.servers import postgresql_databases


def main() -> None:
    """Run what was asked for, on both databases."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what", nargs="*", default=["press", "report", "start"], help="press, report, start"
    )
    parser.add_argument("--presses", type=int, default=8_000, help="presses a row")
    parser.add_argument("--answers", type=int, default=1_000_000, help="the report's larger size")
    parser.add_argument("--people", type=int, default=100_000, help="asked in a round")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    for name in ("postgresql", "sqlite"):
        if chosen.only not in {None, name}:
            continue
        with tempfile.TemporaryDirectory() as folder:
            fresh = (
                postgresql_databases(folder)
                if name == "postgresql"
                else press.sqlite_databases(folder)
            )
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
            if "start" in chosen.what:
                start.compare(fresh, people=chosen.people)
            if "report" in chosen.what:
                smaller = (size for size in (1_000, 1_000_000) if size < chosen.answers)
                report.compare(fresh, sizes=(*smaller, chosen.answers))


async def _version(url: str) -> str:
    connection = await asyncpg.connect(url)
    version = await connection.fetchval("SHOW server_version")
    await connection.close()
    return f"PostgreSQL {version}"


if __name__ == "__main__":
    main()
