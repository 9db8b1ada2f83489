"""What a customer said, for programs that may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from survey.errors import (
    InvalidValue,
    NotAllowed,
    NotFound,
    OnlyIdentified,
    StorageUnavailable,
)
from survey.insights import Sentiment, Source
from survey.ports import Key, Role
from survey.usecases.show_feedback import ShowFeedback
from webapp.api.answers import problems
from webapp.api.keys import Access, by
from webapp.visits.models import MOST

_EXAMPLE: dict[str, JsonValue] = {
    "customer_id": 1,
    "star_rating": 4,
    "textual_feedback": "Quick, and kind.",
    "sentiment": "positive",
    "sentiment_source": "score",
    "summary": "Quick, and kind.",
    "summary_source": "their own words",
    "archive_path": "s3://acme/feedback/feedback_1_20261121T093005000123Z.json",
    "created_at": "2026-11-21T09:30:05.000123Z",
}


class CustomerFeedback(BaseModel):
    """An answer about a visit, and what it says at a glance."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    customer_id: int
    star_rating: int
    textual_feedback: str | None
    sentiment: Sentiment
    sentiment_source: Source = Field(description="Who says so.")
    summary: str = Field(description="In one line; empty where nothing was said.")
    summary_source: Source
    archive_path: str | None = Field(
        description="Where the archive has it; null where it has not, or not yet."
    )
    created_at: datetime = Field(description="When it was given, or changed last (UTC).")


@dataclass(frozen=True, kw_only=True)
class SaidParts:
    """What the route is made of."""

    access: Access
    show: ShowFeedback


def said_routers(parts: SaidParts) -> Sequence[APIRouter]:
    """What programs call."""
    router = APIRouter(prefix="/api/customers", tags=["visits"])
    needed = parts.access.requires(Role.ADMIN)

    @router.get(
        "/{customer_id}/feedback",
        responses=problems(
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.TOO_MANY_REQUESTS,
            NotAllowed,
            NotFound,
            OnlyIdentified,
            InvalidValue,
            StorageUnavailable,
        ),
    )
    async def get_customer_feedback(
        key: Annotated[Key, Depends(needed)],
        customer_id: Annotated[
            int, Path(ge=1, le=MOST, description="The `id` that the visit got.")
        ],
    ) -> CustomerFeedback:
        """Tell what a customer said about their visit. Needs a key of the role admin.

        Who asked for it is noted in the audit log.
        """
        said = await parts.show(customer_id, by=by(key))
        given, insight = said.invitation, said.looked.insight
        if given.response.score is None or given.pressed_at is None:
            raise NotFound("The answer was taken back.")
        return CustomerFeedback(
            customer_id=customer_id,
            star_rating=given.response.score,
            textual_feedback=given.response.comment,
            sentiment=insight.sentiment,
            sentiment_source=insight.sentiment_source,
            summary=insight.summary,
            summary_source=insight.summary_source,
            archive_path=said.looked.path,
            created_at=given.pressed_at,
        )

    return [router]
