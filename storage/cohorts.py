"""Leaving one's cohort: nothing that somebody was by the roster leads to their score any more."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import cohorts, invitations, responses, totals

Answer = tuple[int, str]
"""Where an answer stands: the round's number and the respondent."""
NOTHING = "{}"
"""The attributes of a cohort that says nothing about anybody."""


def among(answers: Sequence[Answer]) -> Any:
    """The rows of these answers."""
    # A respondent is a digest or an invitation's id: no other round has the same.
    return responses.c.respondent.in_([name for _, name in answers]) & responses.c.campaign_id.in_(
        sorted({number for number, _ in answers})
    )


async def leave_cohorts(
    connection: AsyncConnection,
    theirs: ColumnElement[bool],
    rounds: Sequence[int],
    *,
    answers: Sequence[Answer] = (),
    shards: int = 1,
) -> None:
    """Move somebody to cohorts without attributes, in rounds whose figures no gate holds.

    Their score counts on in the whole and in no group. Cohorts that nobody is left in go. One at a
    time: whoever calls this keeps others from doing so at once.

    Args:
        connection: With the transaction and the invitations locked.
        theirs: Which invitations.
        rounds: Of which of these rounds; none of them is gated.
        answers: Where the answers to them stand or would stand.
        shards: How many rows share one count.
    """
    if not rounds:
        return
    bare = await bare_cohorts(connection, rounds)
    await _recount(connection, answers, bare, shards=shards)
    of_these = theirs & invitations.c.campaign_id.in_(rounds)
    for table, whose in ((responses, among(answers)), (invitations, of_these)):
        new = select(func.min(cohorts.c.cohort)).where(
            cohorts.c.campaign_id == table.c.campaign_id, cohorts.c.attributes == NOTHING
        )
        await connection.execute(
            update(table).where(whose).values(cohort=new.correlate(table).scalar_subquery())
        )
    await _drop_empty(connection, rounds)


async def bare_cohorts(connection: AsyncConnection, rounds: Sequence[int]) -> dict[int, int]:
    """By round, the cohort without attributes; made where there is none.

    Whoever calls this keeps others from making it at once.
    """
    has_one = select(cohorts.c.campaign_id).where(cohorts.c.attributes == NOTHING)
    known = cohorts.alias("known")
    await connection.execute(
        cohorts.insert().from_select(
            ["campaign_id", "cohort", "attributes"],
            select(known.c.campaign_id, func.max(known.c.cohort) + 1, literal(NOTHING))
            .where(known.c.campaign_id.in_(rounds), known.c.campaign_id.not_in(has_one))
            .group_by(known.c.campaign_id),
        )
    )
    found = await connection.execute(
        select(cohorts.c.campaign_id, func.min(cohorts.c.cohort).label("cohort"))
        .where(cohorts.c.campaign_id.in_(rounds), cohorts.c.attributes == NOTHING)
        .group_by(cohorts.c.campaign_id)
    )
    return {row.campaign_id: row.cohort for row in found}


async def _recount(
    connection: AsyncConnection,
    answers: Sequence[Answer],
    bare: dict[int, int],
    *,
    shards: int,
) -> None:
    """Take their scores out of their cohorts' totals and into those of the bare ones."""
    rows = await connection.execute(
        select(
            responses.c.campaign_id, responses.c.respondent, responses.c.cohort, responses.c.score
        )
        .where(among(answers), responses.c.score.is_not(None))
        .order_by(responses.c.campaign_id)
        .with_for_update()
    )
    moves = [
        {
            "campaign_id": row.campaign_id,
            "cohort": cohort,
            "shard": shard_of(row.respondent, shards),
            "score": row.score,
            "n": by,
        }
        for row in rows
        if row.cohort != bare[row.campaign_id]
        for cohort, by in ((row.cohort, -1), (bare[row.campaign_id], 1))
    ]
    await add_to_totals(connection, moves)


def shard_of(respondent: str, shards: int) -> int:
    """The row of a count that a press of theirs adds to."""
    return int(respondent[:4], 16) % shards


async def add_to_totals(connection: AsyncConnection, moves: Sequence[dict[str, int]]) -> None:
    """Add `n`, which may be negative, to each of these counts."""
    if not moves:
        return
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    total = insert(totals)
    await connection.execute(
        total.on_conflict_do_update(
            index_elements=["campaign_id", "cohort", "shard", "score"],
            set_={"n": totals.c.n + total.excluded.n},
        ),
        moves,
    )


async def _drop_empty(connection: AsyncConnection, rounds: Sequence[int]) -> None:
    """Cohorts in which nobody was asked, with their totals, which are nought."""
    somebody = exists().where(
        invitations.c.campaign_id == cohorts.c.campaign_id,
        invitations.c.cohort == cohorts.c.cohort,
    )
    gone = await connection.execute(
        delete(cohorts)
        .where(cohorts.c.campaign_id.in_(rounds), ~somebody)
        .returning(cohorts.c.campaign_id, cohorts.c.cohort)
    )
    if numbers := [tuple(row) for row in gone]:
        await connection.execute(
            delete(totals).where(tuple_(totals.c.campaign_id, totals.c.cohort).in_(numbers))
        )
