"""Floors: the least that a press could cost. Bare Starlette, the bare driver, one INSERT."""

import asyncio
import gc
import hashlib
import hmac
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = b"the floor's key"
CREATE = "CREATE TABLE IF NOT EXISTS floor (id {serial}, person TEXT NOT NULL, score INTEGER)"

Insert = Callable[[str, int], Awaitable[None]]
"""Keeps who pressed what, in one transaction."""
Handle = Callable[[Request, Insert], Awaitable[Response]]
"""Answers a press."""


def signature(person: str) -> str:
    """What the floor's requests are signed with."""
    return hmac.new(KEY, person.encode(), hashlib.sha256).hexdigest()


async def _press(request: Request, insert: Insert) -> Response:
    body = await request.json()
    if not hmac.compare_digest(signature(body["person"]), body["signature"]):
        return JSONResponse({"error": "signature"}, status_code=401)
    await insert(body["person"], body["score"])
    return JSONResponse({"update": "You said it."})


@asynccontextmanager
async def postgresql(dsn: str) -> AsyncIterator[Insert]:
    """Floor a1: one INSERT in one transaction, asyncpg with its reset off."""

    class NoReset(asyncpg.Connection):  # type: ignore[misc]
        async def reset(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
            """The floor keeps no session state."""

    pool: Any = await asyncpg.create_pool(dsn, min_size=10, max_size=10, connection_class=NoReset)
    async with pool.acquire() as connection:
        await connection.execute(CREATE.format(serial="BIGSERIAL PRIMARY KEY"))

    async def insert(person: str, score: int) -> None:
        async with pool.acquire() as connection:
            await connection.execute(
                "INSERT INTO floor (person, score) VALUES ($1, $2)", person, score
            )

    yield insert
    await pool.close()


@asynccontextmanager
async def sqlite(path: str) -> AsyncIterator[Insert]:
    """The floor on SQLite: bare aiosqlite, one immediate transaction a press, FULL."""
    connection = await aiosqlite.connect(path, isolation_level=None)
    await connection.execute("PRAGMA journal_mode=WAL")
    await connection.execute("PRAGMA synchronous=FULL")
    await connection.execute(CREATE.format(serial="INTEGER PRIMARY KEY"))
    lock = asyncio.Lock()

    async def insert(person: str, score: int) -> None:
        async with lock:
            await connection.execute("BEGIN IMMEDIATE")
            await connection.execute(
                "INSERT INTO floor (person, score) VALUES (?, ?)", (person, score)
            )
            await connection.execute("COMMIT")

    yield insert
    await connection.close()


def app(handle: Handle = _press, *, path: str = "/press") -> Starlette:
    """A floor on the database that the environment names."""
    where = os.environ["BENCH_DATABASE"]
    insert: Insert | None = None

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        nonlocal insert
        opened = postgresql(where) if where.startswith("postgresql") else sqlite(where)
        async with opened as insert:
            gc.collect()
            gc.freeze()
            yield

    async def press(request: Request) -> Response:
        assert insert is not None
        return await handle(request, insert)

    return Starlette(routes=[Route(path, press, methods=["POST"])], lifespan=lifespan)
