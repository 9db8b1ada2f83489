"""G6: the report's server time, beside the bare aggregate over all answers."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text

from bench.ours import settings_for
from runtime.wiring import Product, put_together
from storage.schema import upgrade
from survey.person import Address, Enrolment

_FILL = {
    "sqlite": """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :answers)
        INSERT INTO responses (campaign_id, respondent, cohort, score, waiting)
        SELECT :campaign, printf('%032d', i), i % 4, (i * 7919) % 11, false FROM n
    """,
    "postgresql": """
        INSERT INTO responses (campaign_id, respondent, cohort, score, waiting)
        SELECT :campaign, lpad(i::text, 32, '0'), i % 4, (i * 7919::bigint) % 11, false
        FROM generate_series(1, CAST(:answers AS bigint)) AS i
    """,
}
_TOTALS = """
    INSERT INTO totals (campaign_id, cohort, shard, score, n)
    SELECT campaign_id, cohort, 0, score, count(*) FROM responses
    GROUP BY campaign_id, cohort, score
"""
_UPKEEP = {"sqlite": ["ANALYZE"], "postgresql": ["VACUUM (ANALYZE)", "CHECKPOINT"]}
# Nor does it begin in the middle of the measure.
_CALM = {"sqlite": [], "postgresql": ["ALTER TABLE responses SET (autovacuum_enabled = false)"]}
_BARE = "SELECT score, count(*) FROM responses WHERE campaign_id = :campaign GROUP BY score"


async def _filled(product: Product, answers: int) -> int:
    """A round that has so many answers; its number."""
    await upgrade(product.database)
    await product.people.enrol(
        [
            Enrolment(
                email=f"person{place}@example.org",
                name=f"Person {place}",
                attributes={"team": f"Team {place % 4}"},
                addresses=(
                    Address(platform="sandbox", workspace="sandbox", user_id=f"person{place}"),
                ),
            )
            for place in range(100)
        ]
    )
    campaign = await product.start("nps", at_once=True)
    kind = "sqlite" if product.database.is_sqlite else "postgresql"
    async with product.database.engine.begin() as connection:
        for calm in _CALM[kind]:
            await connection.execute(text(calm))
        await connection.execute(text(_FILL[kind]), {"campaign": campaign.id, "answers": answers})
        await connection.execute(text(_TOTALS))
        await connection.execute(
            text("UPDATE campaigns SET invited = :answers, reached = :answers"),
            {"answers": answers},
        )
    # What a server has long done by the time somebody asks; else it is done beside the measure.
    for upkeep in _UPKEEP[kind]:
        async with product.database.engine.connect() as connection:
            alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await alone.execute(text(upkeep))
    return campaign.id


class Times(NamedTuple):
    """Milliseconds. The fastest tells what the work takes where others use the machine as well."""

    median: float
    fastest: float

    def __str__(self) -> str:
        return f"{self.median:,.2f} ({self.fastest:,.2f}) ms"


async def _times(work: Callable[[], Awaitable[object]], repeats: int) -> Times:
    """After one that is not counted."""
    await work()
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        await work()
        found.append(1_000 * (time.perf_counter() - began))
    return Times(statistics.median(found), min(found))


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found; `filled` in seconds, `size` in bytes."""

    filled: float
    size: int
    report: Times
    by_team: Times
    bare: Times


_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


async def _measure(url: str, folder: Path, answers: int) -> Measured:
    product = put_together(settings_for(url, folder))
    try:
        began = time.perf_counter()
        campaign = await _filled(product, answers)
        filled = time.perf_counter() - began
        told = (await product.report("nps")).distribution
        assert told is not None
        assert told.n == answers
        async with product.database.engine.connect() as connection:
            kind = "sqlite" if product.database.is_sqlite else "postgresql"
            size = (await connection.execute(text(_SIZE[kind]))).scalar_one()

        async def bare() -> None:
            async with product.database.engine.connect() as connection:
                (await connection.execute(text(_BARE), {"campaign": campaign})).all()

        repeats = 30 if answers < 100_000 else 5
        return Measured(
            filled=filled,
            size=size,
            report=await _times(lambda: product.report("nps"), 30),
            by_team=await _times(lambda: product.report("nps", by="team"), 30),
            bare=await _times(bare, repeats),
        )
    finally:
        await product.database.close()


def compare(fresh: Callable[[], str], *, sizes: Sequence[int]) -> None:
    """Print the report's time from the totals at each size, and the bare aggregate's."""
    print("\nG6 the report from its totals (aim ≤ 5 ms, flat); median (fastest)")
    heads = ("answers", "report", "by team", "bare aggregate", "database", "made in")
    widths = (12, 20, 20, 28, 14, 10)
    print("".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)))
    for answers in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(_measure(fresh(), Path(folder), answers))
        print(
            f"{answers:>12,}{found.report!s:>20}{found.by_team!s:>20}{found.bare!s:>28}"
            f"{found.size / 1e6:>11,.0f} MB{found.filled:>8.1f} s"
        )
