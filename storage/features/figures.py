"""Figures of a feature: how it is used, and what was said of it in identified surveys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, String, and_, cast, extract, func, or_, select

from storage.engine import Database
from storage.features.rows import USE, find_feature, use_of
from storage.tables import feature_feedbacks, features, interactions, invitations, people, responses
from survey.features import Counted, Source, Use
from survey.ports import GivenFeedback, Usage


class SqlFeatureFigures:
    """The port `FeatureFigures` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def usage(self, product: str, feature: str) -> Usage:
        """See the port."""
        async with self._database.read() as connection:
            number, about = await find_feature(connection, product, feature, active=False)
            exhausted = interactions.c.rejection_count >= about.rejection_threshold
            row = (
                await connection.execute(
                    select(
                        func.count().label("users"),
                        func.sum(interactions.c.total_interaction_count).label("total"),
                        func.max(interactions.c.total_interaction_count).label("most"),
                        func.count().filter(exhausted).label("exhausted"),
                    ).where(*_used(number))
                )
            ).one()
        return Usage(
            users=row.users,
            average=int(int(row.total) / row.users + 0.5) if row.users else 0,
            most=row.most or 0,
            exhausted=row.exhausted,
        )

    async def users(
        self, product: str, feature: str, *, limit: int, after: tuple[datetime, str] | None = None
    ) -> Sequence[Use]:
        """See the port."""
        changed, email = interactions.c.updated_at, interactions.c.email
        async with self._database.read() as connection:
            number, about = await find_feature(connection, product, feature, active=False)
            found = (
                select(*USE)
                .where(*_used(number))
                .order_by(changed.desc(), email.desc())
                .limit(limit)
            )
            if after is not None:
                then, last = after
                found = found.where(or_(changed < then, and_(changed == then, email < last)))
            rows = await connection.execute(found)
            return [use_of(about, row) for row in rows.mappings()]

    async def feedbacks(
        self,
        product: str,
        feature: str,
        *,
        limit: int,
        after: tuple[datetime, UUID] | None = None,
    ) -> Sequence[GivenFeedback]:
        """See the port."""
        given, number = feature_feedbacks.c.created_at, feature_feedbacks.c.invitation_id
        async with self._database.read() as connection:
            about, _ = await find_feature(connection, product, feature, active=False)
            found = (
                _answers(
                    about,
                    number,
                    people.c.email,
                    responses.c.score,
                    responses.c.comment,
                    feature_feedbacks.c.source,
                    feature_feedbacks.c.user_agent,
                    given,
                )
                .join(people, people.c.id == invitations.c.person_id)
                .order_by(given.desc(), number.desc())
                .limit(limit)
            )
            if after is not None:
                then, last = after
                found = found.where(or_(given < then, and_(given == then, number < last)))
            return [
                GivenFeedback(
                    id=row.invitation_id,
                    email=row.email,
                    rating=row.score,
                    comment=row.comment,
                    source=Source(row.source),
                    user_agent=row.user_agent,
                    created_at=row.created_at,
                )
                for row in await connection.execute(found)
            ]

    async def ratings(self, product: str, feature: str) -> Sequence[Counted]:
        """See the port."""
        async with self._database.read() as connection:
            number, _ = await find_feature(connection, product, feature, active=False)
            year, month = (self._part(word).label(word) for word in ("year", "month"))
            rated, source = responses.c.score, feature_feedbacks.c.source
            rows = await connection.execute(
                _answers(number, year, month, rated, source, func.count().label("n")).group_by(
                    year, month, rated, source
                )
            )
            return [
                Counted(
                    year=row.year,
                    month=row.month,
                    rating=row.score,
                    source=Source(row.source),
                    n=row.n,
                )
                for row in rows
            ]

    def _part(self, word: str) -> Any:
        """Year or month of an answer, in UTC."""
        given = feature_feedbacks.c.created_at
        if self._database.is_sqlite:
            form = {"year": "%Y", "month": "%m"}[word]
            return cast(func.strftime(form, cast(given, String)), Integer)
        return cast(extract(word, func.timezone("UTC", given)), Integer)


def _used(number: int) -> tuple[Any, ...]:
    """Of `interactions`: something happened; feedback alone is no use."""
    return (
        interactions.c.feature_id == number,
        or_(interactions.c.total_interaction_count > 0, interactions.c.rejection_count > 0),
    )


def _answers(number: int, *columns: Any) -> Select[Any]:
    """Answers that stand, of campaigns where a respondent is the invitation itself."""
    respondent = func.replace(cast(invitations.c.id, String), "-", "")
    return (
        select(*columns)
        .select_from(feature_feedbacks)
        .join(features, features.c.id == feature_feedbacks.c.feature_id)
        .join(invitations, invitations.c.id == feature_feedbacks.c.invitation_id)
        .join(
            responses,
            and_(
                responses.c.campaign_id == invitations.c.campaign_id,
                responses.c.respondent == respondent,
            ),
        )
        .where(features.c.id == number, responses.c.score.is_not(None))
    )
