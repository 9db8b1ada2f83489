"""Interactions at 64 connections: none is lost, and what one costs beside a bare UPDATE.

`python -m bench.increments [--calls N] [--only sqlite|postgresql]`. The floor is Starlette with the
bare driver: it reads JSON and counts one row up. Ours looks up the key, counts, and judges. Each is
measured with users of their own and with one user that everybody is.
"""

import argparse
import asyncio
import gc
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
from fastapi import FastAPI
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bench import load
from bench.press import sqlite_databases
from bench.servers import postgresql_databases, serving
from runtime.parts import Part
from runtime.serving import create_server_app
from runtime.settings import load_settings
from runtime.wiring import Product, put_together
from storage.schema import upgrade
from storage.tables import interactions
from survey.ports import Role

CONNECTIONS = 64
USERS = 2_000
KEY = "the-key-of-the-bench-is-long-enough"
TOML = """
[surveys.features]
after = "features"
subject = "our products"
[products.suite]
name = "The suite"
[products.suite.features.dashboard]
interaction_threshold = 1000000
"""
PATH = "/api/csat/v1/products/suite/features/dashboard/increment"
CREATE = "CREATE TABLE floor (email TEXT PRIMARY KEY, n INTEGER NOT NULL)"
Count = Callable[[str], Awaitable[int]]


@asynccontextmanager
async def _postgresql(dsn: str) -> AsyncIterator[Count]:
    class NoReset(asyncpg.Connection):  # type: ignore[misc]
        async def reset(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
            """The floor keeps no session state."""

    pool: Any = await asyncpg.create_pool(dsn, min_size=10, max_size=10, connection_class=NoReset)
    async with pool.acquire() as connection:
        await connection.execute(CREATE)
        rows = [(_user(place), 0) for place in range(USERS)]
        await connection.copy_records_to_table("floor", records=rows)

    async def count(email: str) -> int:
        async with pool.acquire() as connection:
            n: int = await connection.fetchval(
                "UPDATE floor SET n = n + 1 WHERE email = $1 RETURNING n", email
            )
            return n

    yield count
    await pool.close()


@asynccontextmanager
async def _sqlite(path: str) -> AsyncIterator[Count]:
    connection = await aiosqlite.connect(path, isolation_level=None)
    await connection.execute("PRAGMA journal_mode=WAL")
    await connection.execute("PRAGMA synchronous=FULL")
    await connection.execute(CREATE)
    await connection.execute("BEGIN")
    rows = [(_user(place), 0) for place in range(USERS)]
    await connection.executemany("INSERT INTO floor VALUES (?, ?)", rows)
    await connection.execute("COMMIT")
    lock = asyncio.Lock()

    async def count(email: str) -> int:
        async with lock:
            await connection.execute("BEGIN IMMEDIATE")
            found = await connection.execute_fetchall(
                "UPDATE floor SET n = n + 1 WHERE email = ? RETURNING n", (email,)
            )
            await connection.execute("COMMIT")
            return int(next(iter(found))[0])

    yield count
    await connection.close()


def floor() -> Starlette:
    """A bare UPDATE on the database that the environment names."""
    where = os.environ["BENCH_DATABASE"]
    count: Count | None = None

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal count
        opened = _postgresql(where) if where.startswith("postgresql") else _sqlite(where)
        async with opened as count:
            gc.collect()
            gc.freeze()
            yield

    async def increment(request: Request) -> JSONResponse:
        assert count is not None
        return JSONResponse({"n": await count((await request.json())["user_email"])})

    return Starlette(routes=[Route(PATH, increment, methods=["POST"])], lifespan=lifespan)


def _product() -> Product:
    folder = Path(os.environ["BENCH_FOLDER"])
    (folder / "voxpop.toml").write_text(TOML)
    environ = {
        "VOXPOP_DATABASE_URL": os.environ["BENCH_DATABASE"],
        "VOXPOP_SECRET_KEY": KEY,
        "VOXPOP_LOG_LEVEL": "warning",
    }
    return put_together(load_settings(environ, folder=folder))


def ours() -> FastAPI:
    """The product on the database that the environment names."""
    return create_server_app(_product(), frozenset({Part.WEB}))


async def _prepared() -> str:
    """A migrated database, and a key for it."""
    product = _product()
    try:
        await upgrade(product.database)
        return await product.keys.make("bench", Role.INGEST, at=datetime.now(UTC))
    finally:
        await product.let_go()


async def _counted() -> int:
    product = _product()
    try:
        async with product.database.read() as connection:
            total = select(func.sum(interactions.c.total_interaction_count))
            return int(await connection.scalar(total) or 0)
    finally:
        await product.let_go()


def _user(place: int) -> str:
    return f"user{place}@example.org"


def _requests(number: int, *, users: int, headers: Mapping[str, str]) -> Sequence[bytes]:
    return [
        load.post(
            PATH,
            json.dumps({"user_email": _user(place % users)}).encode(),
            headers={**load.IN_JSON, **headers},
        )
        for place in range(number)
    ]


def _turn(
    ports: tuple[int, int], key: str, number: int, *, users: int
) -> tuple[load.Outcome, load.Outcome]:
    """The floor, then ours."""
    carried = {"Authorization": f"Bearer {key}"}
    plain = _requests(number, users=users, headers={})
    whole = _requests(number, users=users, headers=carried)
    return (
        asyncio.run(load.run(ports[0], plain, connections=CONNECTIONS)),
        asyncio.run(load.run(ports[1], whole, connections=CONNECTIONS)),
    )


def compare(fresh: Callable[[], str], *, calls: int) -> None:
    """The floor and ours in turns, one after the other, and what was counted in the end."""
    with tempfile.TemporaryDirectory() as folder:
        bare, url = fresh(), fresh()
        os.environ |= {"BENCH_DATABASE": url, "BENCH_FOLDER": folder}
        key = asyncio.run(_prepared())
        sent = 0
        floor_at = {"BENCH_DATABASE": bare.removeprefix("sqlite:///")}
        ours_at = {"BENCH_DATABASE": url, "BENCH_FOLDER": folder}
        with (
            serving("bench.increments:floor", floor_at) as bottom,
            serving("bench.increments:ours", ours_at) as server,
        ):
            ports = (bottom.port, server.port)
            for users in (USERS, 1):
                _turn(ports, key, calls // 10, users=users)  # to warm up
                least, found = _turn(ports, key, calls, users=users)
                sent += calls + calls // 10 - found.refused
                print(
                    f"{users:>6,} users: bare UPDATE {least.rate:,.0f}/s "
                    f"(p99 {least.percentile(0.99):.1f} ms), increment {found.rate:,.0f}/s "
                    f"(p99 {found.percentile(0.99):.1f} ms), {found.rate / least.rate:.0%}; "
                    f"{found.refused} refused"
                )
        counted = asyncio.run(_counted())
        print(f"{sent:,} answered, {counted:,} counted: {sent - counted:,} lost")


def main() -> None:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(prog="python -m bench.increments", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="calls a row")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    for name, databases in (("postgresql", postgresql_databases), ("sqlite", sqlite_databases)):
        if chosen.only in {None, name}:
            with tempfile.TemporaryDirectory() as folder:
                print(f"\n== {name}")
                compare(databases(folder), calls=chosen.calls)


if __name__ == "__main__":
    main()
