"""The count of interactions: one statement, whoever else counts at the same time.

The feature is found, who was forgotten is left alone, the row is made or counted up under its own
lock, and what stands then comes back. It goes by the driver's own connection, as presses do.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Integer, Select, String, bindparam, case, literal_column, select, true
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.engine import Database
from storage.features.rows import FEATURE, USE
from storage.instants import SQLITE_FORMAT, Instant
from storage.press import Compiled
from storage.tables import erasures, features, interactions
from storage.tombstones import Tombstones

_COLUMNS = (
    "feature_id",
    "email",
    "interaction_count",
    "total_interaction_count",
    "rejection_count",
    "created_at",
    "updated_at",
)
_INSTANTS = ("last_feedback_at", "asked_at", "created_at", "updated_at")
_at = bindparam("at", type_=Instant)
_email = bindparam("email", type_=String)
_one, _none = literal_column("1", Integer), literal_column("0", Integer)


class Counting:
    """Counts interactions on one database."""

    def __init__(self, database: Database, tombstones: Tombstones) -> None:
        self._database = database
        self._tombstones = tombstones
        self._forgotten = [f"digest{place}" for place in range(len(tombstones.marks))]
        wanted = self._wanted()
        if database.is_sqlite:
            counted = self._counted(sqlite_insert, wanted.subquery())
            # SQLite has no writing statements inside of others, and tells what it looks up beside.
            beside = [
                wanted.with_only_columns(column).scalar_subquery().label(column.name)
                for column in FEATURE
            ]
            self._whole = Compiled(counted.returning(*USE, *beside), sqlite.dialect())
            self._feature = Compiled(wanted, sqlite.dialect())
        else:
            meant = wanted.cte("meant")
            kept = self._counted(pg_insert, meant).returning(*USE).cte("counted")
            whole = select(
                *(meant.c[column.name] for column in FEATURE),
                *(kept.c[column.name] for column in USE),
            ).select_from(meant.outerjoin(kept, true()))
            self._whole = Compiled(whole, asyncpg_dialect.dialect())  # type: ignore[no-untyped-call]

    async def __call__(
        self, product: str, feature: str, email: str, *, rested_since: datetime, at: datetime
    ) -> Mapping[str, Any] | None:
        """The columns `FEATURE` and `USE`, the latter None of somebody who was forgotten.

        None alone: there is no such feature.
        """
        values: dict[str, Any] = {
            "product": product,
            "feature": feature,
            "email": email,
            "rested_since": rested_since,
            "at": at,
            **dict(zip(self._forgotten, self._tombstones.digests(email), strict=True)),
        }
        async with self._database.driver() as driver:
            if self._database.is_sqlite:
                return await self._on_sqlite(driver, values)
            row: Mapping[str, Any] | None = await driver.fetchrow(
                self._whole.text, *self._whole.arguments(values)
            )
            return row

    async def _on_sqlite(self, driver: Any, values: dict[str, Any]) -> Mapping[str, Any] | None:
        values |= {name: _text(values[name]) for name in ("rested_since", "at")}
        row = await _first(driver, self._whole, values)
        if row is not None:
            return {**row, **{name: _instant(row[name]) for name in _INSTANTS}}
        found = await _first(driver, self._feature, values)
        return None if found is None else {**found, **{column.name: None for column in USE}}

    def _wanted(self) -> Select[Any]:
        return select(features.c.id, *FEATURE).where(
            features.c.product_key == bindparam("product", type_=String),
            features.c.key == bindparam("feature", type_=String),
            features.c.active,
        )

    def _counted(self, insert: Any, meant: Any) -> Any:
        digests: Sequence[Any] = [bindparam(name, type_=String) for name in self._forgotten]
        forgotten = select(erasures.c.digest).where(erasures.c.digest.in_(digests)).exists()
        fresh = insert(interactions).from_select(
            _COLUMNS,
            select(meant.c.id, _email, _one, _one, _none, _at, _at).where(~forgotten),
        )
        resting = interactions.c.last_feedback_at > bindparam("rested_since", type_=Instant)
        return fresh.on_conflict_do_update(
            index_elements=["feature_id", "email"],
            set_={
                "interaction_count": interactions.c.interaction_count
                + case((resting, _none), else_=_one),
                "total_interaction_count": interactions.c.total_interaction_count + _one,
                "updated_at": _at,
            },
        )


async def _first(
    driver: Any, statement: Compiled, values: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """One trip to the database's thread and back; a statement by itself is a transaction."""
    rows = await driver.execute_fetchall(statement.text, statement.arguments(values))
    found = list(rows)
    return dict(zip(statement.columns, found[0], strict=True)) if found else None


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime(SQLITE_FORMAT)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
