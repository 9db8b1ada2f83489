"""What there is: the surveys and their campaigns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from survey.campaign import Campaign
from survey.errors import InvalidValue, NotAllowed, StorageUnavailable
from survey.occasion import Trigger
from survey.ports import Key, Role, Rounds
from survey.states import CampaignState
from survey.survey import Answers, Mode, Survey
from webapp.api.answers import problems
from webapp.api.keys import Access
from webapp.api.models import Name
from webapp.api.pages import (
    USUAL,
    Cursor,
    Limit,
    Page,
    instant_in,
    number_in,
    page,
    parts_of,
)

_ANSWERS = problems(401, 429, NotAllowed, StorageUnavailable, InvalidValue)


class SurveyOut(BaseModel):
    """A survey as the settings define it now."""

    name: str = Field(examples=["nps"])
    subject: str = Field(description="What it asks about.", examples=["Acme"])
    mode: Mode
    scale_low: int = Field(examples=[0])
    scale_high: int = Field(examples=[10])
    answers: Answers = Field(description="Whether an answer can be changed until the close.")
    after: Trigger | None = Field(description="What it waits for; null for one that has rounds.")
    comment_limit: int = Field(description="Characters.", examples=[2000])
    smallest_group: int = Field(
        description="How many people are behind any figure that is told.", examples=[5]
    )


class CampaignOut(BaseModel):
    """A round, or the one campaign of a survey that waits for something."""

    name: str = Field(examples=["nps/2026Q4"])
    survey: str = Field(examples=["nps"])
    period: str = Field(examples=["2026Q4"])
    state: CampaignState
    started_at: datetime = Field(description="UTC.")
    closes_at: datetime | None = Field(
        description="From when on it takes no answers (UTC); null if each question has its own."
    )
    closed_at: datetime | None = Field(description="When it was closed (UTC); null if it is not.")
    invited: int = Field(description="How many people were asked.", examples=[120])
    reached: int = Field(description="How many of them got the message.", examples=[118])


def list_router(access: Access, surveys: Mapping[str, Survey], rounds: Rounds) -> APIRouter:
    """Lists, for keys of the role admin."""
    router = APIRouter(prefix="/api/v1", tags=["surveys"])
    asked = access.requires(Role.ADMIN)

    @router.get("/surveys", responses=_ANSWERS)
    async def list_surveys(
        key: Annotated[Key, Depends(asked)],  # noqa: ARG001 - it is the permission
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Page[SurveyOut]:
        """The surveys, by name. Needs a key of the role admin."""
        [behind] = [""] if cursor is None else parts_of(cursor, 1)
        found = [survey for name, survey in sorted(surveys.items()) if name > behind]
        return page(found, limit, tell=_survey, place=lambda survey: [survey.name])

    @router.get("/campaigns", responses=_ANSWERS)
    async def list_campaigns(
        key: Annotated[Key, Depends(asked)],  # noqa: ARG001 - it is the permission
        survey: Annotated[
            Name | None, Query(description="Of this survey alone; left out: of all.")
        ] = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Page[CampaignOut]:
        """The campaigns, newest first. Needs a key of the role admin."""
        found = await rounds.all(survey)
        if cursor is not None:
            started_at, number = parts_of(cursor, 2)
            behind = (instant_in(started_at), number_in(number))
            found = [one for one in found if (one.started_at, one.id) < behind]
        return page(found, limit, tell=_campaign, place=_place)

    return router


def _survey(survey: Survey) -> SurveyOut:
    return SurveyOut(
        name=survey.name,
        subject=survey.subject,
        mode=survey.mode,
        scale_low=survey.scale.low,
        scale_high=survey.scale.high,
        answers=survey.answers,
        after=survey.after,
        comment_limit=survey.comment_limit,
        smallest_group=survey.smallest_group,
    )


def _campaign(campaign: Campaign) -> CampaignOut:
    return CampaignOut(
        name=campaign.name,
        survey=campaign.survey.name,
        period=str(campaign.period),
        state=campaign.state,
        started_at=campaign.started_at,
        closes_at=None if campaign.rolls else campaign.closes_at,
        closed_at=campaign.closed_at,
        invited=campaign.invited,
        reached=campaign.reached,
    )


def _place(campaign: Campaign) -> tuple[str, str]:
    return campaign.started_at.isoformat(), str(campaign.id)
