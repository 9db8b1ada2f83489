"""What every command needs."""

import asyncio
import getpass
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from rich.console import Console
from rich.table import Table

from runtime import logs
from runtime.settings import Settings, load_settings
from runtime.wiring import Product, put_together
from storage.schema import require_current
from survey.audit import Entry, plain

Result = TypeVar("Result")


def settings_here(*, chatty: bool = False) -> Settings:
    """The settings of this folder and environment, with logging switched on.

    Args:
        chatty: Whether this is a service, whose log tells what it does; a command tells only
            what is wrong, unless `VOXPOP_LOG_LEVEL` says otherwise.
    """
    settings = load_settings(os.environ, folder=Path.cwd())
    told = chatty or "VOXPOP_LOG_LEVEL" in os.environ
    logs.configure(settings.log_format, settings.log_level if told else "warning")
    # It would tell at every start which database it looked at, and that nothing was to be done.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return settings


@asynccontextmanager
async def product_of(settings: Settings) -> AsyncIterator[Product]:
    """The product on a database whose schema fits; connections are let go of at the end."""
    product = put_together(settings)
    try:
        await require_current(product.database)
        yield product
    finally:
        await product.let_go()


def with_product(work: Callable[[Product], Awaitable[Result]]) -> Result:
    """Run something on the product."""

    async def run() -> Result:
        async with product_of(settings_here()) as product:
            return await work(product)

    return asyncio.run(run())


def operator() -> str:
    """Who is at this command line, as the audit log names them."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        user = str(os.getuid())
    return plain(f"command line ({user})")


async def audited(product: Product, action: str, about: str) -> None:
    """Note what is about to be done; raise if it can't be noted, and do nothing then.

    Args:
        product: Where.
        action: Two words with a dot: `report.read`.
        about: Such as `nps/2026Q4 by team`.

    Raises:
        StorageUnavailable: If the database did not take it.
    """
    entry = Entry(at=product.clock(), actor=operator(), action=action, about=plain(about))
    await product.audit.append(entry)


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Say what is wrong, and leave."""
    sys.stderr.write(f"{message}\n")
    sys.exit(code)


def show(columns: Sequence[str], rows: Sequence[Sequence[object]], *, as_json: bool) -> None:
    """A table for people, or a list of objects for programs."""
    if as_json:
        write_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), no_wrap=not sys.stdout.isatty())
    for row in rows:
        table.add_row(*(_told(cell) for cell in row))
    # Elsewhere than on a terminal a line is a row, however long.
    width = None if sys.stdout.isatty() else 1_000
    Console(width=width, highlight=False, markup=False).print(table)


def _told(cell: object) -> str:
    """A cell for people."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell)


def write_json(value: Any) -> None:
    """JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
