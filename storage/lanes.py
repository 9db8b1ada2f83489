"""Lanes: which workspaces have something waiting, how much of it may go out now, and what is shut.

A lane is one method of one workspace of a platform. All processes share its tokens: whoever
claims takes them in the same transaction, by the database's clock.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, literal, literal_column, or_, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.instants import Instant
from storage.tables import deliveries, lanes
from survey.delivery import Method, Pace
from survey.states import DeliveryState

PROBES = 1
"""How many deliveries a lane that had trouble gets at a time, until one has gone well."""
FIRST_PAUSE = timedelta(seconds=15)
"""After a refusal; doubled from one to the next."""
FIRST_PATIENCE = timedelta(seconds=2)
"""After a platform that wants patience and does not say how much; doubled likewise."""
LONGEST_PAUSE = timedelta(minutes=15)

Paces = Mapping[tuple[str, Method], Pace]
"""By platform and method; what is not named has no limit of ours."""
_PLANNED: Any = literal_column(f"'{DeliveryState.PLANNED.value}'")
"""Written into the statement: only so is the index of what is planned sure to be used."""


@dataclass(frozen=True, kw_only=True)
class Lane:
    """An open lane.

    Attributes:
        allowed: How many deliveries may be claimed now; None for as many as there are.
        troubled: Whether the last attempts went wrong: what is claimed finds out.
        tokens: What is left in the bucket (fractions count), by the database's clock.
        at: That clock.
    """

    platform: str
    workspace: str
    method: Method
    allowed: int | None
    troubled: bool
    tokens: float
    at: datetime


def database_now(database: Database, *, seconds: float = 0) -> Any:
    """The database's clock, so many seconds on."""
    if database.is_sqlite:
        clock = func.strftime("%Y-%m-%d %H:%M:%f", "now", f"{seconds:+.3f} seconds")
        return type_coerce(clock, Instant)
    return type_coerce(func.now() + timedelta(seconds=seconds), Instant)


async def open_lanes(
    connection: AsyncConnection, database: Database, paces: Paces
) -> Sequence[Lane]:
    """The lanes in which something is planned and may go out, locked where their pace is shared."""
    waiting = await _waiting(connection)
    if not waiting:
        return []
    rows = await _locked(connection, database, waiting)
    missing = set(waiting) - {(row.platform, row.workspace) for row in rows}
    if missing:
        await _ensure(connection, database, missing, paces)
        rows = await _locked(connection, database, waiting)
    return [
        _lane(row, paces.get((row.platform, Method(row.method))))
        for row in rows
        if not _closed(row)
    ]


async def _locked(
    connection: AsyncConnection, database: Database, which: Sequence[tuple[str, str]]
) -> Sequence[Any]:
    mine = or_(*(and_(lanes.c.platform == one, lanes.c.workspace == other) for one, other in which))
    rows = await connection.execute(
        select(lanes, database_now(database).label("now"))
        .where(mine)
        .order_by(lanes.c.platform, lanes.c.workspace, lanes.c.method)
        .with_for_update()
    )
    return rows.all()


def _lane(row: Any, pace: Pace | None) -> Lane:
    tokens, allowed = float(row.tokens), None
    if pace is not None:
        passed = max(0.0, (row.now - row.filled_at).total_seconds())
        tokens = min(float(pace.burst), tokens + passed * pace.per_second)
        allowed = int(tokens)
    if row.trouble:
        allowed = PROBES if allowed is None else min(PROBES, allowed)
    return Lane(
        platform=row.platform,
        workspace=row.workspace,
        method=Method(row.method),
        allowed=allowed,
        troubled=row.trouble > 0,
        tokens=tokens,
        at=row.now,
    )


async def take(connection: AsyncConnection, lane: Lane, number: int) -> None:
    """Spend tokens."""
    await connection.execute(
        lanes.update().where(*_one(lane)).values(tokens=lane.tokens - number, filled_at=lane.at)
    )


async def shut(
    connection: AsyncConnection,
    database: Database,
    lane: tuple[str, str],
    methods: Sequence[Method],
    *,
    wait: timedelta | None,
    first: timedelta,
    reason: str,
) -> bool:
    """Close lanes for a while, each time longer if `wait` is None; whether one was well before.

    What many say at once counts as said once.

    Args:
        connection: In whose transaction.
        database: For its clock.
        lane: Platform and workspace.
        methods: Which of its methods.
        wait: What the platform asked for; None doubles the pause, and probes afterwards.
        first: The pause that is doubled, spread so that not everybody comes back at once.
        reason: Why, for the operator.
    """
    platform, workspace = lane
    mine = and_(
        lanes.c.platform == platform,
        lanes.c.workspace == workspace,
        lanes.c.method.in_([method.value for method in methods]),
    )
    rows = (
        await connection.execute(
            select(lanes, database_now(database).label("now"))
            .where(mine)
            .order_by(lanes.c.method)
            .with_for_update()
        )
    ).all()
    well = any(row.trouble == 0 for row in rows)
    if wait is None and not well and all(_closed(row) for row in rows):
        return False
    trouble = max((row.trouble for row in rows), default=0)
    pause = wait or _pause(first, trouble)
    until = database_now(database, seconds=pause.total_seconds())
    await connection.execute(
        lanes.update()
        .where(mine, or_(lanes.c.closed_until.is_(None), lanes.c.closed_until < until))
        .values(
            closed_until=until,
            reason=reason,
            trouble=lanes.c.trouble if wait else literal(trouble + 1),
        )
    )
    return well


def _closed(row: Any) -> bool:
    return bool(row.closed_until is not None and row.closed_until > row.now)


def _pause(first: timedelta, trouble: int) -> timedelta:
    longest = min(first * 2 ** min(trouble, 16), LONGEST_PAUSE)
    spread = 0.5 + random.random() / 2  # noqa: S311 - nobody gains from guessing it
    return timedelta(seconds=longest.total_seconds() * spread)


async def well_again(connection: AsyncConnection, platform: str, workspace: str) -> bool:
    """Something went well: no more probing; whether there had been trouble."""
    mended = await connection.execute(
        lanes.update()
        .where(lanes.c.platform == platform, lanes.c.workspace == workspace, lanes.c.trouble > 0)
        .values(trouble=0, reason=None, closed_until=None)
    )
    return bool(mended.rowcount)


async def try_again(connection: AsyncConnection, workspace: str) -> None:
    """What made us shut a workspace's lanes is over, it seems: they are probed at once."""
    await connection.execute(
        lanes.update()
        .where(lanes.c.workspace == workspace, lanes.c.trouble > 0)
        .values(closed_until=None)
    )


def _one(lane: Lane) -> tuple[Any, ...]:
    return (
        lanes.c.platform == lane.platform,
        lanes.c.workspace == lane.workspace,
        lanes.c.method == lane.method.value,
    )


def _hops() -> Any:
    """Workspaces with something planned, by hops over the index rather than a look at every row."""
    place = tuple_(deliveries.c.platform, deliveries.c.workspace)
    hops = select(literal("").label("platform"), literal("").label("workspace")).cte(
        "hops", recursive=True
    )

    def beyond(column: Any) -> Any:
        """The first one after the last hop; null after the last one of all."""
        return (
            select(column)
            .where(
                deliveries.c.state == _PLANNED,
                place > tuple_(hops.c.platform, hops.c.workspace),
            )
            .order_by(deliveries.c.platform, deliveries.c.workspace)
            .limit(1)
            .scalar_subquery()
        )

    hops = hops.union_all(
        select(beyond(deliveries.c.platform), beyond(deliveries.c.workspace)).where(
            hops.c.platform.is_not(None)
        )
    )
    return select(hops).where(hops.c.platform != "")


_WAITING = _hops()


async def _waiting(connection: AsyncConnection) -> Sequence[tuple[str, str]]:
    return [(row.platform, row.workspace) for row in await connection.execute(_WAITING)]


async def _ensure(
    connection: AsyncConnection,
    database: Database,
    missing: Iterable[tuple[str, str]],
    paces: Paces,
) -> None:
    """Begin lanes with full buckets."""
    insert = sqlite_insert if database.is_sqlite else pg_insert
    full = {key: float(pace.burst) for key, pace in paces.items()}
    await connection.execute(
        insert(lanes)
        .values(
            [
                {
                    "platform": platform,
                    "workspace": workspace,
                    "method": method.value,
                    "tokens": full.get((platform, method), 0.0),
                    "filled_at": database_now(database),
                }
                for platform, workspace in sorted(missing)
                for method in Method
            ]
        )
        .on_conflict_do_nothing()
    )
