"""The routes about visits: written down, asked about, answered."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, TypeVar

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from survey.errors import (
    AlreadyAnswered,
    AlreadyAsked,
    CommentTooLong,
    CommitUnknown,
    HasStopped,
    InvalidScore,
    InvalidValue,
    InvitationClosed,
    LinkExpired,
    LinkNotValid,
    NoConsent,
    NotAllowed,
    NotAsked,
    NotDelivered,
    NotFound,
    StorageUnavailable,
    VoxpopError,
)
from survey.language import Languages
from survey.ports import Key, Role
from survey.states import DeliveryState, InvitationState
from survey.usecases.feedback import Feedback
from survey.usecases.register_customer import RegisterCustomer
from survey.usecases.trigger_survey import TriggerSurvey
from survey.visits import Progress
from survey.wording import asked
from webapp.api.answers import problems
from webapp.api.by_link import by_link
from webapp.api.keys import Access
from webapp.throttle import Networks, Throttle
from webapp.visits.models import (
    MOST,
    CustomerCreate,
    CustomerResponse,
    FeedbackForm,
    FeedbackSubmission,
    FeedbackTaken,
    Stage,
    TriggerStatus,
)
from webapp.visits.waiting import outcome

_KEYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.TOO_MANY_REQUESTS,
    NotAllowed,
    InvalidValue,
    StorageUnavailable,
)
_MESSAGES: dict[Stage, str] = {
    "planned": "The question is on its way.",
    "retrying": "Something is in the way; it is tried again.",
    "sent": "The question was sent.",
    "answered": "The customer has answered.",
    "failed": "The question could not be delivered.",
    "closed": "The question is closed.",
}

Number = Annotated[int, Path(ge=1, le=MOST, description="The `id` that the visit got.")]
Token = Annotated[str, Path(description="What stands in the link.")]
log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class VisitParts:
    """What the routes are made of.

    Attributes:
        access: Checks keys.
        ask_at_capture: Whether a visit with consent is asked about as it is written down.
        throttle: Counts by client links that are none of ours.
        proxies: Whom we believe where a request comes from.
    """

    access: Access
    register: RegisterCustomer
    trigger: TriggerSurvey
    feedback: Feedback
    languages: Languages
    throttle: Throttle
    ask_at_capture: bool = False
    proxies: Networks = ()


def visit_routers(parts: VisitParts) -> Sequence[APIRouter]:
    """What programs call."""
    return [_capturing(parts), _triggering(parts), _answering(parts)]


async def asks(trigger: TriggerSurvey, visit_id: int) -> bool:
    """Plan the question about a visit that was just written down; whether it is planned.

    The visit is kept, whatever becomes of the question.
    """
    try:
        await trigger(visit_id)
    except VoxpopError as error:
        log.warning("visit_not_asked", visit=visit_id, reason=error.code)
        return False
    return True


def _capturing(parts: VisitParts) -> APIRouter:
    router = APIRouter(prefix="/api/customers", tags=["visits"])
    needed = parts.access.requires(Role.INGEST)

    @router.post("", status_code=HTTPStatus.CREATED, responses=problems(*_KEYS))
    async def create_customer(
        key: Annotated[Key, Depends(needed)], customer: CustomerCreate
    ) -> CustomerResponse:
        """Write down a visit, with what the customer said on being asked about it.

        Each call is a visit of its own. A no to being asked takes back what is planned about
        earlier visits. Needs a key of the role ingest.
        """
        capture = customer.capture()
        kept = await parts.register(capture, by=key.name)
        asked_now = capture.email_consent and parts.ask_at_capture
        triggered = asked_now and await asks(parts.trigger, kept.id)
        return CustomerResponse(
            id=kept.id,
            message="The visit is written down, and the customer is asked about it."
            if triggered
            else "The visit is written down.",
            survey_triggered=triggered,
        )

    return router


def _triggering(parts: VisitParts) -> APIRouter:
    router = APIRouter(prefix="/api/survey/trigger", tags=["visits"])
    needed = parts.access.requires(Role.INGEST)

    @router.post(
        "/{customer_id}",
        responses={
            **problems(
                *_KEYS,
                NoConsent,
                NotFound,
                AlreadyAnswered,
                AlreadyAsked,
                HasStopped,
                NotAsked,
                InvitationClosed,
                NotDelivered,
            ),
            HTTPStatus.OK: {"description": "It was sent."},
            HTTPStatus.ACCEPTED: {
                "description": "It goes out later, or is tried again: `Location` tells how far.",
                "model": TriggerStatus,
                "headers": {"Location": {"schema": {"type": "string"}}},
            },
        },
    )
    async def trigger_survey_email(
        customer_id: Number,
        _key: Annotated[Key, Depends(needed)],
        response: Response,
        wait: Annotated[
            int, Query(ge=0, le=10, description="For how many seconds to wait; 0 does not.")
        ] = 10,
    ) -> TriggerStatus:
        """Ask a customer about their visit, and tell what became of the message.

        Answers once the message has gone out (200) or can't be delivered (502); as soon as it is
        known that it goes out later, or after ten seconds, it answers 202. Needs a key of the role
        ingest.
        """
        progress = await parts.trigger(customer_id)
        if wait:
            progress = await outcome(parts.trigger, customer_id, seconds=wait)
        told = _told(customer_id, progress)
        if told.status == "failed":
            raise NotDelivered(progress.reason)
        if told.status == "closed":
            raise NotAsked(progress.reason or "the question is closed")
        if told.status not in {"sent", "answered"}:
            response.status_code = HTTPStatus.ACCEPTED
            response.headers["Location"] = f"/api/survey/trigger/{customer_id}"
        return told

    @router.get("/{customer_id}", responses=problems(*_KEYS, NotFound))
    async def get_survey_status(
        customer_id: Number, _key: Annotated[Key, Depends(needed)]
    ) -> TriggerStatus:
        """Tell how far the question about a visit has come. Needs a key of the role ingest."""
        return _told(customer_id, await parts.trigger.progress(customer_id))

    return router


def _told(customer_id: int, progress: Progress) -> TriggerStatus:
    stage = _stage(progress)
    return TriggerStatus(
        customer_id=customer_id,
        status=stage,
        message=_MESSAGES[stage],
        due_at=progress.due_at,
        sent_at=progress.sent_at,
    )


def _stage(progress: Progress) -> Stage:
    if progress.answered:
        return "answered"
    if progress.state is InvitationState.UNDELIVERABLE:
        return "failed"
    if progress.state not in {InvitationState.PENDING, InvitationState.SENT}:
        return "closed"
    if progress.sent:
        return "sent"
    match progress.delivery:
        case DeliveryState.FAILED:
            return "failed"
        case DeliveryState.SKIPPED:
            return "closed"
        case _:
            return "retrying" if progress.reason else "planned"


def _answering(parts: VisitParts) -> APIRouter:
    router = APIRouter(prefix="/api/feedback", tags=["visits"])

    @router.get(
        "/{token}",
        responses=problems(
            LinkNotValid,
            LinkExpired,
            AlreadyAnswered,
            InvitationClosed,
            HTTPStatus.TOO_MANY_REQUESTS,
            StorageUnavailable,
        ),
    )
    async def get_feedback_form(request: Request, token: Token) -> FeedbackForm:
        """Tell what a form for this link shows; the link is the permission, and no key is needed.

        Looking at it records nothing and does not use the link up.
        """
        with_link = await _by_link(parts, request, parts.feedback.form(token))
        survey = with_link.invitation.campaign.survey
        language = parts.languages(with_link.invitation.person.locale)
        return FeedbackForm(
            customer_name=with_link.visit.first_name,
            branch_name=with_link.visit.branch.name,
            purpose_of_visit=with_link.visit.purpose,
            question=asked.question_of(with_link.invitation, language),
            lowest=survey.scale.low,
            highest=survey.scale.high,
            comment_limit=survey.comment_limit,
            expires_at=with_link.until,
        )

    @router.post(
        "/{token}",
        responses=problems(
            HTTPStatus.BAD_REQUEST,
            LinkNotValid,
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
    async def submit_feedback(
        request: Request, token: Token, feedback: FeedbackSubmission
    ) -> FeedbackTaken:
        """Answer, once; the link is the permission, and no key is needed."""
        words = feedback.textual_feedback
        kept = await _by_link(
            parts, request, parts.feedback.give(token, feedback.star_rating, words)
        )
        given = kept.pressed_at
        if given is None or kept.response.score is None:  # taken back at this very moment
            raise InvitationClosed("The answer was taken back.")
        return FeedbackTaken(
            message="Thank you for your feedback!",
            star_rating=kept.response.score,
            textual_feedback=kept.response.comment or "",
            created_at=given,
        )

    return router


async def _by_link(parts: VisitParts, request: Request, doing: Awaitable[T]) -> T:
    return await by_link(doing, request, throttle=parts.throttle, proxies=parts.proxies)
