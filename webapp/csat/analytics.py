"""Figures of features: how they are used, and what was said of them."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Depends

from survey.errors import InvalidValue, NotAllowed, NotFound, OnlyIdentified, StorageUnavailable
from survey.features import Counted, Judged, Ratings, Source, by_month, by_quarter
from survey.ports import GivenFeedback, Key, Role
from survey.usecases.feature_analytics import FeatureAnalytics
from webapp.api.answers import problems
from webapp.api.keys import Access, by
from webapp.api.pages import USUAL, Cursor, id_in, instant_in, page, parts_of
from webapp.csat import models
from webapp.csat.models import (
    FeedbackFigures,
    FeedbackSummary,
    Limit,
    Monthly,
    Quarterly,
    TimeSeries,
    UsageOut,
    UsageSummary,
    UserFeedback,
    UserFeedbacks,
    UserInteraction,
    UserInteractions,
)

_READING = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.TOO_MANY_REQUESTS,
    NotAllowed,
    StorageUnavailable,
    NotFound,
    InvalidValue,
)


def analytics_router(
    prefix: str,
    analytics: FeatureAnalytics,
    access: Access,
    ready: Callable[[], Awaitable[None]],
) -> APIRouter:
    """All of them.

    Args:
        prefix: Where they stand.
        analytics: Where the figures are from.
        access: Checks keys.
        ready: As in `CsatParts`.
    """
    router = APIRouter(
        prefix=f"{prefix}/products/{{product_key}}/features/{{feature_key}}",
        tags=["features"],
        dependencies=[Depends(ready)],
    )
    reads = access.requires(Role.ADMIN)

    @router.get("/interactions", dependencies=[Depends(reads)], responses=problems(*_READING))
    async def summarize_interactions(product_key: models.Key, feature_key: models.Key) -> UsageOut:
        """How a feature is used. Needs a key of the role admin."""
        usage = await analytics.usage(product_key, feature_key)
        return UsageOut(
            summary=UsageSummary(
                users_with_interactions=usage.users,
                avg_total_interactions=usage.average,
                max_total_interactions=usage.most,
                users_rejection_exhausted=usage.exhausted,
            )
        )

    @router.get("/interactions/users", dependencies=[Depends(reads)], responses=problems(*_READING))
    async def list_user_interactions(
        product_key: models.Key,
        feature_key: models.Key,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> UserInteractions:
        """Who uses a feature, the latest change first. Needs a key of the role admin."""
        after = None
        if cursor is not None:
            when, email = parts_of(cursor, 2)
            after = (instant_in(when), email)
        found = await analytics.users(product_key, feature_key, limit=limit + 1, after=after)
        told = page(
            found,
            limit,
            tell=_user,
            place=lambda one: (one.use.updated_at.isoformat(), one.use.email),
        )
        return UserInteractions(
            data=told.data,
            next_cursor=told.next_cursor,
            has_more=told.next_cursor is not None,
        )

    @router.get("/feedbacks", responses=problems(*_READING, OnlyIdentified))
    async def summarize_feedbacks(
        product_key: models.Key, feature_key: models.Key, key: Annotated[Key, Depends(reads)]
    ) -> FeedbackSummary:
        """What was said of a feature, in identified surveys. Needs a key of the role admin."""
        counted = await analytics.ratings(product_key, feature_key, by=by(key))
        ratings = Ratings.of(counted)
        return FeedbackSummary(
            summary=FeedbackFigures(
                total_feedbacks=ratings.n,
                average_rating=ratings.average,
                median_rating=ratings.median,
                pm_rating=ratings.positive,
                prompted_count=_of(counted, Source.PROMPTED),
                voluntary_count=_of(counted, Source.VOLUNTARY),
            )
        )

    @router.get("/feedbacks/users", responses=problems(*_READING, OnlyIdentified))
    async def list_feedbacks(
        product_key: models.Key,
        feature_key: models.Key,
        key: Annotated[Key, Depends(reads)],
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> UserFeedbacks:
        """Who said what of a feature, in identified surveys, the latest first.

        Needs a key of the role admin.
        """
        after = None
        if cursor is not None:
            when, number = parts_of(cursor, 2)
            after = (instant_in(when), id_in(number))
        found = await analytics.feedbacks(
            product_key, feature_key, limit=limit + 1, after=after, by=by(key)
        )
        told = page(
            found,
            limit,
            tell=_feedback,
            place=lambda one: (one.created_at.isoformat(), str(one.id)),
        )
        return UserFeedbacks(
            data=told.data,
            next_cursor=told.next_cursor,
            has_more=told.next_cursor is not None,
        )

    @router.get("/feedbacks/timeseries", responses=problems(*_READING, OnlyIdentified))
    async def get_feedbacks_over_time(
        product_key: models.Key, feature_key: models.Key, key: Annotated[Key, Depends(reads)]
    ) -> TimeSeries:
        """What was said of a feature by month and by quarter (UTC), in identified surveys.

        Needs a key of the role admin.
        """
        counted = await analytics.ratings(product_key, feature_key, by=by(key))
        return TimeSeries(
            monthly=[
                Monthly(year=year, month=month, feedback_count=found.n, **_figures(found))
                for (year, month), found in by_month(counted).items()
            ],
            quarterly=[
                Quarterly(year=year, quarter=quarter, feedback_count=found.n, **_figures(found))
                for (year, quarter), found in by_quarter(counted).items()
            ],
        )

    return router


def _figures(ratings: Ratings) -> dict[str, float]:
    return {
        "average_rating": ratings.average,
        "median_rating": ratings.median,
        "pm_rating": ratings.positive,
    }


def _of(counted: Sequence[Counted], source: Source) -> int:
    return sum(one.n for one in counted if one.source is source)


def _user(judged: Judged) -> UserInteraction:
    use = judged.use
    name = f"{use.feature.product}/{use.feature.key}/{use.email}"
    return UserInteraction(
        id=str(uuid5(NAMESPACE_URL, name)),
        user_email=use.email,
        interaction_count=use.interaction_count,
        total_interaction_count=use.total_interaction_count,
        rejection_count=use.rejection_count,
        should_request_feedback=judged.should_request_feedback,
        created_at=use.created_at,
        updated_at=use.updated_at,
    )


def _feedback(given: GivenFeedback) -> UserFeedback:
    return UserFeedback(
        id=str(given.id),
        user_email=given.email,
        rating=given.rating,
        comment=given.comment,
        comment_en=None,
        source=given.source,
        user_agent=given.user_agent,
        created_at=given.created_at,
    )
