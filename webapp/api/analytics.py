"""Figures of a survey over any span of time, and its low marks, for programs (seed 003)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from survey.analytics import Analytics, Group, LowMark
from survey.audit import Entry, about_round
from survey.errors import InvalidValue, NotAllowed, NotFound, OnlyIdentified, StorageUnavailable
from survey.follow_ups import FollowUpState
from survey.ports import Key, Role
from survey.report import Distribution, Figures, figures
from survey.statistics import CONFIDENCE
from survey.usecases.analyse import Analyse
from survey.wording import happened
from webapp.api.answers import problems
from webapp.api.keys import Access, by
from webapp.api.models import Instant, Name
from webapp.api.pages import USUAL, Cursor, Limit, Page, id_in, instant_in, page, parts_of

LONGEST_ATTRIBUTE = 64
_KEYS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, NotAllowed, StorageUnavailable)
_GROUP: dict[str, JsonValue] = {
    "value": "billing",
    "responses": 12,
    "avg_rating": 4.42,
    "csat_percentage": 88.3,
    "top_two_pct": 91.7,
}
_ANALYTICS: dict[str, JsonValue] = {
    "survey": "support",
    "since": "2026-10-21T09:00:00Z",
    "until": "2026-11-20T09:00:00Z",
    "total_responses": 40,
    "avg_rating": 4.35,
    "csat_percentage": 87.0,
    "top_two": {"percentage": 85.0, "low": 70.9, "high": 92.9, "confidence": 0.95},
    "distribution": [{"rating": 5, "count": 26, "percentage": 65.0}],
    "surveys_scheduled": 102,
    "surveys_sent": 102,
    "responses_received": 40,
    "delivery_rate_pct": 100.0,
    "response_rate_pct": 39.2,
    "by": "category",
    "groups": [_GROUP],
}
_LOW: dict[str, JsonValue] = {
    "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "ticket_id": "zammad:4711",
    "rating": 1,
    "comment": "It took three days.",
    "submitted_at": "2026-11-20T10:14:58Z",
    "email": "grace@example.org",
    "first_name": "Grace",
    "subject": "Where is my parcel?",
    "follow_up": {"state": "taken", "taken_by": "ada@example.org", "note": ""},
}


@dataclass(frozen=True, kw_only=True)
class AnalyticsParts:
    """What these routes are made of."""

    analyse: Analyse
    access: Access


class TopTwo(BaseModel):
    """The share of the two best marks, in percent, with its interval."""

    percentage: float
    low: float
    high: float
    confidence: float


class MarkOut(BaseModel):
    """How many gave a mark."""

    rating: int
    count: int
    percentage: float = Field(description="Of all answers; one decimal.")


class GroupOut(BaseModel):
    """Those who share a value of the attribute."""

    value: str
    responses: int
    avg_rating: float
    csat_percentage: float | None
    top_two_pct: float | None


class AnalyticsOut(BaseModel):
    """Figures of a span of time; null is not 0."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANALYTICS]})

    survey: str
    since: datetime
    until: datetime
    total_responses: int = Field(description="Answers that were given in the span.")
    avg_rating: float | None = Field(description="Two decimals.")
    csat_percentage: float | None = Field(
        description="The mean mark times 20, one decimal; on scales of five marks only."
    )
    top_two: TopTwo | None = Field(description="Null if nobody answered, and of NPS.")
    distribution: list[MarkOut] = Field(description="Every mark of the scale, lowest first.")
    surveys_scheduled: int = Field(description="Questions that were due in the span.")
    surveys_sent: int = Field(description="How many of them were sent.")
    responses_received: int = Field(description="How many of those were answered, until now.")
    delivery_rate_pct: float | None = Field(description="Sent of scheduled; one decimal.")
    response_rate_pct: float | None = Field(description="Answered of sent; one decimal.")
    by: str | None
    groups: list[GroupOut]


class LookedAfter(BaseModel):
    """What became of a low mark."""

    state: FollowUpState
    taken_by: str | None
    note: str


class LowRating(BaseModel):
    """A low mark."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LOW]})

    id: str = Field(description="Of the answer's invitation.")
    ticket_id: str | None = Field(description="What brought the question: `zammad:4711`.")
    rating: int
    comment: str | None
    submitted_at: datetime
    email: str
    first_name: str
    subject: str | None
    follow_up: LookedAfter | None


Survey = Annotated[Name, Path(description="Its name in the settings.")]
Since = Annotated[Instant | None, Query(description="From then on.")]
Until = Annotated[Instant | None, Query(description="Until then; left out: now.")]


def analytics_routers(parts: AnalyticsParts) -> Sequence[APIRouter]:
    """Below `/api/v1/surveys/{survey}`."""
    router = APIRouter(prefix="/api/v1/surveys", tags=["figures"])
    asked = parts.access.requires(Role.ADMIN)

    async def note(key: Key, action: str, about: str) -> None:
        access = parts.access
        entry = Entry(at=access.clock(), actor=by(key), action=action, about=about)
        await access.audit.append(entry)

    @router.get(
        "/{survey}/analytics", responses=problems(*_KEYS, NotFound, OnlyIdentified, InvalidValue)
    )
    async def get_analytics(
        key: Annotated[Key, Depends(asked)],
        survey: Survey,
        since: Since = None,
        until: Until = None,
        attribute: Annotated[
            str | None,
            Query(
                alias="by",
                min_length=1,
                max_length=LONGEST_ATTRIBUTE,
                description="Groups by this: category, resolved_by, branch, staff, feature, or an "
                "attribute of the roster.",
            ),
        ] = None,
    ) -> AnalyticsOut:
        """Score, distribution, groups, and how much was sent and answered; 30 days if left out.

        Identified surveys only: figures over any span of time could single people out. Needs a key
        of the role admin.
        """
        await note(key, "figures.read", about_round(survey, by=attribute))
        return as_told(await parts.analyse(survey, since=since, until=until, by=attribute))

    @router.get(
        "/{survey}/low-ratings",
        responses=problems(*_KEYS, NotFound, OnlyIdentified, InvalidValue),
    )
    async def list_low_ratings(
        key: Annotated[Key, Depends(asked)],
        survey: Survey,
        since: Since = None,
        until: Until = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Page[LowRating]:
        """Low marks, the latest first, and who looks after them; those of 7 days if left out.

        What is low the survey says (`alert_at`). Needs a key of the role admin.
        """
        before = None
        if cursor is not None:
            given, number = parts_of(cursor, 2)
            before = instant_in(given), id_in(number)
        await note(key, "follow_ups.read", about_round(survey))
        found = await parts.analyse.low_marks(
            survey, since=since, until=until, before=before, limit=limit + 1
        )
        return page(found, limit, tell=_low, place=_place)

    return [router]


def as_told(found: Analytics) -> AnalyticsOut:
    """As programs read it."""
    shown, sending = found.figures, found.sending
    return AnalyticsOut(
        survey=found.survey.name,
        since=found.since,
        until=found.until,
        total_responses=shown.n,
        avg_rating=None if shown.mean is None else round(shown.mean, 2),
        csat_percentage=_one(shown.csat_percentage),
        top_two=_top_two(shown),
        distribution=_marks(found.distribution),
        surveys_scheduled=sending.scheduled,
        surveys_sent=sending.sent,
        responses_received=sending.answered,
        delivery_rate_pct=_percent(sending.delivery_rate),
        response_rate_pct=_percent(sending.response_rate),
        by=found.by,
        groups=[_group(group) for group in found.groups],
    )


def _one(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _top_two(shown: Figures) -> TopTwo | None:
    share = shown.top_two
    if share is None or shown.interval is None:
        return None
    return TopTwo(
        percentage=round(100 * share, 1),
        low=round(100 * shown.interval.low, 1),
        high=round(100 * shown.interval.high, 1),
        confidence=CONFIDENCE,
    )


def _marks(distribution: Distribution) -> list[MarkOut]:
    return [
        MarkOut(rating=mark, count=count, percentage=round(100 * count / (distribution.n or 1), 1))
        for mark, count in distribution.counts.items()
    ]


def _group(group: Group) -> GroupOut:
    shown = figures(group.distribution)
    return GroupOut(
        value=group.value,
        responses=shown.n,
        avg_rating=round(shown.mean or 0.0, 2),
        csat_percentage=_one(shown.csat_percentage),
        top_two_pct=_percent(shown.top_two),
    )


def _low(found: LowMark) -> LowRating:
    invitation, after = found.invitation, found.follow_up
    about = invitation.about
    return LowRating(
        id=str(invitation.id),
        ticket_id=None if about is None else about.key,
        rating=invitation.response.score or 0,
        comment=invitation.response.comment,
        submitted_at=invitation.pressed_at or invitation.campaign.started_at,
        email=invitation.person.email,
        first_name=invitation.person.first_name,
        subject=happened.word(about, "subject") or None,
        follow_up=None
        if after is None
        else LookedAfter(
            state=after.state,
            taken_by=None if after.taken_by is None else after.taken_by.email,
            note=after.note,
        ),
    )


def _place(found: LowMark) -> tuple[str, str]:
    given = found.invitation.pressed_at or found.invitation.campaign.started_at
    return given.isoformat(), str(found.invitation.id)
