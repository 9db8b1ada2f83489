"""G6: the report's server time, beside the bare aggregate over all answers."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

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
        await connection.execute(text(_FILL[kind]), {"campaign": campaign.id, "answers": answers})
        await connection.execute(text(_TOTALS))
        await connection.execute(
            text("UPDATE campaigns SET invited = :answers, reached = :answers"),
            {"answers": answers},
        )
    async with product.database.engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
    return campaign.id


async def _times(work: Callable[[], Awaitable[object]], repeats: int) -> float:
    """The median in milliseconds, after one that is not counted."""
    await work()
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        await work()
        found.append(1_000 * (time.perf_counter() - began))
    return statistics.median(found)


async def _measure(url: str, folder: Path, answers: int) -> tuple[float, float, float]:
    product = put_together(settings_for(url, folder))
    try:
        campaign = await _filled(product, answers)

        async def bare() -> None:
            async with product.database.engine.connect() as connection:
                (await connection.execute(text(_BARE), {"campaign": campaign})).all()

        repeats = 30 if answers < 100_000 else 5
        return (
            await _times(lambda: product.report("nps"), 30),
            await _times(lambda: product.report("nps", by="team"), 30),
            await _times(bare, repeats),
        )
    finally:
        await product.database.close()


def compare(fresh: Callable[[], str], *, sizes: Sequence[int]) -> None:
    """Print the report's time from the totals at each size, and the bare aggregate's."""
    print("\nG6 the report from its totals (aim ≤ 5 ms, flat)")
    print(f"{'answers':>12}{'report':>12}{'by team':>12}{'bare aggregate':>18}")
    for answers in sizes:
        with tempfile.TemporaryDirectory() as folder:
            made, grouped, bare = asyncio.run(_measure(fresh(), Path(folder), answers))
        print(f"{answers:>12,}{made:>9.2f} ms{grouped:>9.2f} ms{bare:>15.2f} ms")
