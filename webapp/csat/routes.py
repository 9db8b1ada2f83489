"""The routes that programs call when somebody uses, dismisses or rates a feature."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query

from survey.errors import (
    CommentTooLong,
    FeatureExists,
    HasStopped,
    InvalidScore,
    InvalidValue,
    InvitationClosed,
    NotAllowed,
    NotFound,
    OnlyIdentified,
    StorageUnavailable,
)
from survey.features import Feature, Judged
from survey.ports import Clock, Features, Feedback, Role
from survey.usecases.feature_analytics import FeatureAnalytics
from survey.usecases.use_features import UseFeatures
from webapp.api.answers import problems
from webapp.api.keys import Access
from webapp.api.models import Email
from webapp.csat.analytics import analytics_router
from webapp.csat.models import (
    FeatureChange,
    FeatureIn,
    FeatureInteraction,
    FeatureInteractions,
    FeatureList,
    FeatureOut,
    FeedbackIn,
    FeedbackOut,
    Interaction,
    Key,
    Keys,
    ProductOut,
    Products,
    Whose,
)
from webapp.csat.reference import reference_router

PREFIX = "/api/csat/v1"
KEYS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, NotAllowed, StorageUnavailable)
_WRITING = (HTTPStatus.BAD_REQUEST, *KEYS, InvalidValue)


@dataclass(frozen=True, kw_only=True)
class CsatParts:
    """What these routes are made of.

    Attributes:
        access: Checks keys.
        ready: Makes sure, before anything else, that the database knows what the settings name.
    """

    access: Access
    features: Features
    use: UseFeatures
    analytics: FeatureAnalytics
    clock: Clock
    ready: Callable[[], Awaitable[None]]


def csat_routers(parts: CsatParts) -> Sequence[APIRouter]:
    """All of them, with their own description in OpenAPI."""
    return [
        _interactions(parts),
        _catalogue(parts),
        analytics_router(f"{PREFIX}/analytics", parts.analytics, parts.access, parts.ready),
        reference_router(PREFIX),
    ]


def _interactions(parts: CsatParts) -> APIRouter:
    told = parts.access.requires(Role.INGEST, often=True)
    router = APIRouter(
        prefix=f"{PREFIX}/products/{{product_key}}",
        tags=["features"],
        dependencies=[Depends(told), Depends(parts.ready)],
    )

    @router.get("/feature-interactions", responses=problems(*KEYS, NotFound, InvalidValue))
    async def get_feature_interactions(
        product_key: Key,
        user_email: Annotated[Email, Query(description="Whose.")],
    ) -> FeatureInteractions:
        """How somebody has used each feature of a product, and which they are to be asked about.

        Needs a key of the role ingest.
        """
        judged = await parts.use.of_person(product_key, user_email)
        return FeatureInteractions(data=[_feature_interaction(one) for one in judged])

    @router.post(
        "/features/{feature_key}/increment",
        responses=problems(*_WRITING, NotFound),
    )
    async def increment_interaction(
        product_key: Key, feature_key: Key, whose: Annotated[Whose, Body()]
    ) -> Interaction:
        """Count an interaction; the answer says whether the prompt is to be shown now.

        Needs a key of the role ingest.
        """
        return _interaction(await parts.use.increment(product_key, feature_key, whose.user_email))

    @router.post("/features/{feature_key}/reject", responses=problems(*_WRITING, NotFound))
    async def reject_prompt(
        product_key: Key, feature_key: Key, whose: Annotated[Whose, Body()]
    ) -> Interaction:
        """Count that somebody dismissed the prompt; their interactions are counted anew.

        A question in chat about the feature is over with it. Needs a key of the role ingest.
        """
        return _interaction(await parts.use.reject(product_key, feature_key, whose.user_email))

    @router.post(
        "/features/{feature_key}/feedbacks",
        status_code=HTTPStatus.CREATED,
        responses=problems(
            *_WRITING,
            NotFound,
            OnlyIdentified,
            HasStopped,
            InvitationClosed,
            InvalidScore,
            CommentTooLong,
        ),
    )
    async def submit_feedback(
        product_key: Key, feature_key: Key, given: Annotated[FeedbackIn, Body()]
    ) -> FeedbackOut:
        """Keep a rating; interactions and rejections are counted anew.

        A question in chat about the feature that waits for them is answered by it. Needs a key of
        the role ingest.
        """
        feedback = Feedback(
            email=given.user_email,
            rating=given.rating,
            source=given.source,
            comment=given.comment or "",
            user_agent=given.user_agent,
            at=parts.clock(),
        )
        await parts.use.feedback(product_key, feature_key, feedback)
        return FeedbackOut(
            user_email=feedback.email,
            rating=feedback.rating,
            comment=feedback.comment or None,
            source=feedback.source,
            user_agent=feedback.user_agent,
            created_at=feedback.at,
        )

    return router


def _catalogue(parts: CsatParts) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["features"])
    reads = [Depends(parts.access.requires(Role.INGEST)), Depends(parts.ready)]
    writes = [Depends(parts.access.requires(Role.ADMIN)), Depends(parts.ready)]

    @router.get("/products", dependencies=reads, responses=problems(*KEYS))
    async def list_products() -> Products:
        """Every product, by name. Needs a key of the role ingest."""
        found = await parts.features.products()
        return Products(data=[ProductOut(key=one.key, name=one.name) for one in found])

    @router.get("/features", dependencies=reads, responses=problems(*KEYS, InvalidValue))
    async def list_features(product_key: Keys = []) -> FeatureList:  # noqa: B006 - FastAPI copies it
        """Features, of every product or of some. Needs a key of the role ingest."""
        found = await parts.features.features(product_key)
        return FeatureList(data=[_feature(one) for one in found])

    @router.post(
        "/products/{product_key}/features",
        status_code=HTTPStatus.CREATED,
        dependencies=writes,
        responses=problems(*_WRITING, NotFound, FeatureExists),
    )
    async def create_feature(product_key: Key, wanted: Annotated[FeatureIn, Body()]) -> FeatureOut:
        """Make a feature of a product that the settings name. Needs a key of the role admin."""
        feature = Feature(
            product=product_key,
            key=wanted.feature_key,
            description=wanted.description,
            interaction_threshold=wanted.interaction_threshold,
            rejection_threshold=wanted.rejection_threshold,
            ask_in_chat=wanted.ask_in_chat,
        )
        return _feature(await parts.features.add(feature, at=parts.clock()))

    @router.patch(
        "/products/{product_key}/features/{feature_key}",
        dependencies=writes,
        responses=problems(*_WRITING, NotFound),
    )
    async def update_feature(
        product_key: Key, feature_key: Key, wanted: Annotated[FeatureChange, Body()]
    ) -> FeatureOut:
        """Give a feature another name or description. Needs a key of the role admin.

        What the settings say of it holds again from their next start on.
        """
        changes = wanted.model_dump(exclude_unset=True)
        changed = await parts.features.change(product_key, feature_key, changes, at=parts.clock())
        return _feature(changed)

    return router


def _feature(feature: Feature) -> FeatureOut:
    return FeatureOut(
        product_key=feature.product,
        feature_key=feature.key,
        name=feature.name,
        description=feature.description,
        interaction_threshold=feature.interaction_threshold,
        rejection_threshold=feature.rejection_threshold,
    )


def _interaction(judged: Judged) -> Interaction:
    use, should = judged.use, judged.should_request_feedback
    return Interaction(
        user_email=use.email,
        interaction_count=use.interaction_count,
        total_interaction_count=use.total_interaction_count,
        interaction_threshold=use.feature.interaction_threshold,
        rejection_count=use.rejection_count,
        rejection_threshold=use.feature.rejection_threshold,
        should_request_feedback=should,
        show_survey=should,
        suppressed_by=judged.suppressed_by,
        created_at=use.created_at,
        updated_at=use.updated_at,
    )


def _feature_interaction(judged: Judged) -> FeatureInteraction:
    use, should = judged.use, judged.should_request_feedback
    return FeatureInteraction(
        product_feature_key=use.feature.key,
        product_feature_description=use.feature.description,
        interaction_count=use.interaction_count,
        total_interaction_count=use.total_interaction_count,
        interaction_threshold=use.feature.interaction_threshold,
        rejection_count=use.rejection_count,
        rejection_threshold=use.feature.rejection_threshold,
        should_request_feedback=should,
        show_survey=should,
        suppressed_by=judged.suppressed_by,
    )
