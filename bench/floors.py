"""Floors: the least that a press could cost. Bare Starlette, the bare driver, one INSERT."""

import asyncio
import gc
import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

KEY = b"the floor's key"
CREATE = "CREATE TABLE IF NOT EXISTS floor (id {serial}, person TEXT NOT NULL, score INTEGER)"


def signature(person: str) -> str:
    """What the floor's requests are signed with."""
    return hmac.new(KEY, person.encode(), hashlib.sha256).hexdigest()


async def _checked(request: Request) -> tuple[str, int] | None:
    body = await request.json()
    if not hmac.compare_digest(signature(body["person"]), body["signature"]):
        return None
    return body["person"], body["score"]


def postgresql(dsn: str) -> Starlette:
    """Floor a1: check an HMAC, one INSERT in one transaction, asyncpg with its reset off."""
    pool: Any = None

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal pool

        class NoReset(asyncpg.Connection):  # type: ignore[misc]
            async def reset(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
                """The floor keeps no session state."""

        pool = await asyncpg.create_pool(dsn, min_size=10, max_size=10, connection_class=NoReset)
        async with pool.acquire() as connection:
            await connection.execute(CREATE.format(serial="BIGSERIAL PRIMARY KEY"))
        gc.collect()
        gc.freeze()
        yield
        await pool.close()

    async def press(request: Request) -> JSONResponse:
        checked = await _checked(request)
        if checked is None:
            return JSONResponse({"error": "signature"}, status_code=401)
        async with pool.acquire() as connection:
            await connection.execute("INSERT INTO floor (person, score) VALUES ($1, $2)", *checked)
        return JSONResponse({"update": "You said it."})

    return Starlette(routes=[Route("/press", press, methods=["POST"])], lifespan=lifespan)


def sqlite(path: str) -> Starlette:
    """The floor on SQLite: bare aiosqlite, one immediate transaction a press, FULL."""
    connection: aiosqlite.Connection | None = None
    lock = asyncio.Lock()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal connection
        connection = await aiosqlite.connect(path, isolation_level=None)
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=FULL")
        await connection.execute(CREATE.format(serial="INTEGER PRIMARY KEY"))
        gc.collect()
        gc.freeze()
        yield
        await connection.close()

    async def press(request: Request) -> JSONResponse:
        checked = await _checked(request)
        if checked is None or connection is None:
            return JSONResponse({"error": "signature"}, status_code=401)
        async with lock:
            await connection.execute("BEGIN IMMEDIATE")
            await connection.execute("INSERT INTO floor (person, score) VALUES (?, ?)", checked)
            await connection.execute("COMMIT")
        return JSONResponse({"update": "You said it."})

    return Starlette(routes=[Route("/press", press, methods=["POST"])], lifespan=lifespan)


def app() -> Starlette:
    """The floor that the environment names."""
    where = os.environ["BENCH_DATABASE"]
    return postgresql(where) if where.startswith("postgresql") else sqlite(where)
