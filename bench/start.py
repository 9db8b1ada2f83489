"""G8: starting a round for 100,000 people, beside the bare COPY of the same rows."""

import asyncio
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Column, Index, MetaData, Table, UniqueConstraint, select, text

from bench.ours import settings_for
from runtime.wiring import Product, put_together
from storage.bulk import insert_many
from storage.schema import upgrade
from storage.tables import deliveries, invitations
from survey.errors import CampaignExists
from survey.person import Address, Enrolment
from survey.survey import Mode

_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "UTC")


async def _timed(what: Awaitable[object]) -> float:
    begun = time.perf_counter()
    await what
    return time.perf_counter() - begun


def _bare(table: Table) -> Table:
    """The same columns, keys and indexes under another name, with nothing to look up elsewhere."""
    bare = Table(
        f"bare_{table.name}",
        MetaData(),
        *(
            Column(column.name, column.type, primary_key=column.primary_key)
            for column in table.columns
        ),
        *(
            UniqueConstraint(*(column.name for column in constraint.columns))
            for constraint in table.constraints
            if isinstance(constraint, UniqueConstraint)
        ),
    )
    for index in table.indexes:
        Index(f"bare_{index.name}", *(bare.c[column.name] for column in index.columns))
    return bare


async def _floor(product: Product) -> float:
    """The rows that a start has written, once more and with nothing around it."""
    seconds = 0.0
    for table in (invitations, deliveries):
        bare = _bare(table)
        names = [column.name for column in table.columns]
        async with product.database.engine.begin() as connection:
            await connection.run_sync(bare.metadata.create_all)
            rows = [tuple(row) for row in await connection.execute(select(table))]
            begun = time.perf_counter()
            await insert_many(connection, bare, names, rows)
        seconds += time.perf_counter() - begun
    return seconds


async def _populate(product: Product, people: int) -> None:
    await upgrade(product.database)
    for begin in range(0, people, 10_000):
        await product.people.enrol(
            [
                Enrolment(
                    email=f"person{place}@example.org",
                    name=f"Person {place}",
                    timezone=_ZONES[place % len(_ZONES)],
                    attributes={"team": f"Team {place % 40}", "badge": str(place)},
                    addresses=(
                        Address(platform="sandbox", workspace="sandbox", user_id=f"person{place}"),
                    ),
                )
                for place in range(begin, min(begin + 10_000, people))
            ]
        )


async def _measure(url: str, people: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(url, folder=Path(folder))
        nps = replace(settings.surveys["nps"], mode=Mode.CONFIDENTIAL)
        product = put_together(replace(settings, surveys={"nps": nps}))
        await _populate(product, people)
        planning = await _timed(product.start.plan("nps"))
        whole = await _timed(product.start("nps"))
        try:
            await product.start("nps")
        except CampaignExists:
            pass
        else:
            raise AssertionError("a second round was started beside the first")
        floor = await _floor(product)
        async with product.database.engine.begin() as connection:
            await connection.execute(
                text("UPDATE deliveries SET state = 'sent', message_ref = 'x', sent_at = :at"),
                {"at": "2026-01-01 09:00:00.000000"}
                if product.database.is_sqlite
                else {"at": product.clock().replace(month=1, day=1)},
            )
            await connection.execute(text("UPDATE invitations SET state = 'sent'"))
        begun = time.perf_counter()
        reminded = await product.remind()
        reminding = time.perf_counter() - begun
        await product.let_go()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{people:,} people")
    print(f"  floor: the bare rows of both tables     {floor:6.2f} s")
    print(f"  who is asked, and when                  {planning:6.2f} s")
    print(f"  start, that included                    {whole:6.2f} s  {whole / floor:.1f} × floor")
    print(f"  of it writing both tables               {whole - planning:6.2f} s", end="")
    print(f"  {(whole - planning) / floor:.1f} × floor (aim 2)")
    print(f"  reminders for {reminded:,}                 {reminding:6.2f} s")
    print(f"  peak memory of this process             {memory:6} MB")


def compare(fresh: Callable[[], str], *, people: int) -> None:
    """Print all of it."""
    asyncio.run(_measure(fresh(), people))
