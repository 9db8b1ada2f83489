"""The routes of the NPS service before us: answer by a link, make links, read figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request

from survey.campaign import Campaign
from survey.errors import (
    AlreadyAnswered,
    CommentTooLong,
    CommitUnknown,
    HasStopped,
    InvalidScore,
    InvalidValue,
    InvitationClosed,
    LinkExpired,
    LinkNotValid,
    NoRoundRunning,
    NotAllowed,
    NotFound,
    StorageUnavailable,
    TicketNotFound,
)
from survey.invitation import Invitation
from survey.ports import Clock, Key, Role, Rounds
from survey.report import figures
from survey.scale import Category
from survey.survey import Survey
from survey.usecases.link_for import LinkFor
from survey.usecases.nps_over_time import Nps, NpsOverTime
from survey.usecases.submit_answer import SubmitAnswer
from webapp.api.answers import problems
from webapp.api.by_link import by_link
from webapp.api.keys import Access, by
from webapp.api.lists import list_router
from webapp.api.models import (
    Email,
    Instant,
    LinkWanted,
    Name,
    NPSMetrics,
    SurveyLink,
    SurveyResponse,
    SurveyResponseOut,
    TheirId,
    WhyNot,
    Withheld,
)
from webapp.throttle import Networks, Throttle

WHERE_NOTHING_IS_SAID = "nps"
"""The survey that is meant where none is named."""
A_QUARTER = timedelta(days=90)
"""How far back figures reach where nobody says since when."""
_KEYS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, NotAllowed, StorageUnavailable)


@dataclass(frozen=True, kw_only=True)
class ApiParts:
    """What the HTTP interface is made of.

    Attributes:
        surveys: By name, as the settings define them.
        access: Checks keys.
        throttle: Counts by client links that are none of ours, those of the page among them.
        proxies: Whom we believe where a request comes from.
    """

    surveys: Mapping[str, Survey]
    access: Access
    submit: SubmitAnswer
    link_for: LinkFor
    nps: NpsOverTime
    rounds: Rounds
    throttle: Throttle
    clock: Clock
    proxies: Networks = ()


def api_routers(parts: ApiParts) -> Sequence[APIRouter]:
    """Everything below `/api/v1`."""
    return [
        _answering(parts),
        _linking(parts),
        _figures(parts),
        list_router(parts.access, parts.surveys, parts.rounds),
    ]


def _answering(parts: ApiParts) -> APIRouter:
    router = APIRouter(prefix="/api/v1/survey", tags=["survey"])

    @router.post(
        "/{token}/submit",
        responses=problems(
            HTTPStatus.BAD_REQUEST,
            LinkNotValid,
            TicketNotFound,
            AlreadyAnswered,
            LinkExpired,
            InvitationClosed,
            InvalidScore,
            CommentTooLong,
            InvalidValue,
            HTTPStatus.TOO_MANY_REQUESTS,
            StorageUnavailable,
            CommitUnknown,
        ),
    )
    async def submit_survey_response(
        request: Request,
        token: Annotated[str, Path(description="What stands in the link.", examples=["AYw…"])],
        response: SurveyResponse,
    ) -> SurveyResponseOut:
        """Answer, or change the answer; the link is the permission, and no key is needed.

        Sending the same again changes nothing.
        """
        comment = response.comment or None
        submitting = parts.submit(token, response.score, comment)
        answered = await by_link(
            submitting, request, throttle=parts.throttle, proxies=parts.proxies
        )
        return _told(answered, comment=comment)

    return router


def _told(invitation: Invitation, *, comment: str | None) -> SurveyResponseOut:
    """The answer as this call gave it: whoever got a link made reads nobody's earlier words."""
    score, given = invitation.response.score, invitation.pressed_at
    if score is None or given is None:  # taken back at this very moment
        raise InvitationClosed("The answer was taken back.")
    return SurveyResponseOut(
        id=str(invitation.id),
        score=score,
        comment=None if comment is None else invitation.response.comment,
        score_type=invitation.campaign.survey.scale.category(score),
        created_at=given,
    )


def _linking(parts: ApiParts) -> APIRouter:
    router = APIRouter(prefix="/api/v1/survey", tags=["survey"])
    asked = parts.access.requires(Role.INGEST)

    @router.post(
        "/generate",
        openapi_extra={"requestBody": {"required": True}},
        responses=problems(
            HTTPStatus.BAD_REQUEST,
            *_KEYS,
            NotFound,
            NoRoundRunning,
            HasStopped,
            InvitationClosed,
            InvalidValue,
        ),
    )
    async def generate_survey_link(
        key: Annotated[Key, Depends(asked)],
        wanted: Annotated[LinkWanted, Body()] = None,  # type: ignore[assignment]  # or the old way
        email: Annotated[
            Email | None,
            Query(deprecated=True, description="In place of a body; it ends up in access logs."),
        ] = None,
        user_id: Annotated[
            TheirId | None, Query(deprecated=True, description="Taken and not used.")
        ] = None,
    ) -> SurveyLink:
        """Make a link by which one person answers the round that is running.

        Nothing is sent: bring it to them, and to nobody else. Needs a key of the role ingest.
        """
        whose = _whose(wanted, email=email, user_id=user_id)
        made = await parts.link_for(
            whose.email, survey=_survey(parts.surveys, whose.survey), by=by(key)
        )
        return SurveyLink(
            token=made.token,
            survey_url=f"/survey/{made.token}",
            url=made.address,
            expires_at=made.link.expires_at,
            campaign=made.campaign.name,
            closes_at=made.campaign.closes_at,
        )

    return router


def _whose(body: LinkWanted | None, *, email: str | None, user_id: str | None) -> LinkWanted:
    """Who is meant; the old way, without a body, is not described as possible to new callers."""
    if body is not None:
        return body
    if email is None:
        raise InvalidValue('Say whose link it is: a body like {"email": "…"}.')
    return LinkWanted(email=email, user_id=user_id)


def _figures(parts: ApiParts) -> APIRouter:
    router = APIRouter(prefix="/api/v1/nps", tags=["figures"])
    asked = parts.access.requires(Role.ADMIN)

    @router.get("/metrics", responses=problems(*_KEYS, NotFound, InvalidValue))
    async def get_nps_metrics(
        key: Annotated[Key, Depends(asked)],
        survey: Annotated[
            Name | None, Query(description="Left out: `nps`, or the only survey there is.")
        ] = None,
        start_date: Annotated[
            Instant | None,
            Query(description="Rounds that were started from then on; left out: 90 days ago."),
        ] = None,
        end_date: Annotated[
            Instant | None,
            Query(description="Rounds that were started until then; left out: now."),
        ] = None,
    ) -> NPSMetrics:
        """The NPS of the rounds that were started in a span of time, as far as it may be shown.

        Needs a key of the role admin. Outside of identified surveys, figures describe as many
        people as the release gate wants, or are null with a reason.
        """
        until = end_date or parts.clock()
        since = start_date or _earlier(until)
        name = _survey(parts.surveys, survey)
        return _metrics(await parts.nps(name, since=since, until=until, by=by(key)))

    return router


def _earlier(instant: datetime) -> datetime:
    try:
        return instant - A_QUARTER
    except OverflowError:  # there were no rounds then
        return instant


def _survey(surveys: Mapping[str, Survey], named: str | None) -> str:
    if named is not None:
        return named
    if WHERE_NOTHING_IS_SAID in surveys or len(surveys) != 1:
        return WHERE_NOTHING_IS_SAID
    return next(iter(surveys))


def _metrics(nps: Nps) -> NPSMetrics:
    released = nps.released
    shown = None if released is None else figures(released).value
    withheld = {found.id for found in nps.withheld}
    return NPSMetrics(
        survey=nps.survey,
        nps_score=None if shown is None else round(shown, 2),
        total_responses=None if released is None else released.n,
        promoters=None if released is None else released.count(Category.PROMOTER),
        passives=None if released is None else released.count(Category.PASSIVE),
        detractors=None if released is None else released.count(Category.DETRACTOR),
        response_rate=round(100 * nps.participation.response_rate, 2),
        invited=nps.participation.invited,
        reached=nps.participation.reached,
        answered=nps.participation.answered,
        period_start=nps.since,
        period_end=nps.until,
        campaigns=[found.name for found in nps.rounds if found.id not in withheld],
        withheld=[
            Withheld(campaign=found.name, reason=_why_withheld(found)) for found in nps.withheld
        ],
        reason=_why_not(nps),
    )


def _why_withheld(campaign: Campaign) -> WhyNot:
    return "too_few_answers" if campaign.survey.gated else "nobody_answered"


def _why_not(nps: Nps) -> WhyNot | None:
    if nps.released is not None:
        return None
    if not nps.rounds:
        return "no_round"
    return "too_few_answers" if nps.participation.answered else "nobody_answered"
