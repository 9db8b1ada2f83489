"""`POST /webhooks/tickets`: what helpdesks tell is kept at once and handled afterwards."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException

from survey.errors import InvalidValue, StorageUnavailable
from survey.ports import Clock, Tickets
from survey.tickets import TicketEvent, TicketState
from webapp.api.answers import problems
from webapp.api.limits import OFTEN, Allowance
from webapp.throttle import Networks, Throttle, client_of
from webapp.webhooks.examples import EXAMPLES
from webapp.webhooks.helpdesk import TOLERANCE_SECONDS, Headers, Helpdesk, Ignored
from webapp.webhooks.standard import ID, MOMENT, SIGNATURE, Standard, TicketWebhook

PATH = "/webhooks/tickets"

log = structlog.get_logger()


class Told(BaseModel):
    """What becomes of an event."""

    status: Literal["accepted", "repeated", "ignored"] = Field(
        description="`repeated`: it was told before. `ignored`: it changes nothing about asking."
    )
    event: str = Field(description="What the helpdesk calls it.", examples=["evt_4711_2"])
    why: str | None = Field(default=None, description="Of what was ignored.", examples=[None])


@dataclass(frozen=True, kw_only=True)
class WebhookParts:
    """What the webhooks stand on.

    Attributes:
        helpdesks: Those whose secret is set.
        tickets: Keeps what they tell.
        throttle: Counts by client what nobody signed.
        proxies: Whom we believe where a request comes from.
        knock: Called when there is something that can't wait: a question goes out hours after its
            ticket was resolved, and is withdrawn at once.
        allowance: Counts what each helpdesk tells.
    """

    helpdesks: Sequence[Helpdesk]
    tickets: Tickets
    clock: Clock
    throttle: Throttle
    proxies: Networks = ()
    knock: Callable[[], None] = lambda: None
    allowance: Allowance = field(default_factory=lambda: Allowance(OFTEN))


def webhook_router(parts: WebhookParts) -> APIRouter:
    """A route for each helpdesk; none for those that have no secret."""
    router = APIRouter(tags=["webhooks"])
    for helpdesk in parts.helpdesks:
        own = isinstance(helpdesk, Standard)
        router.add_api_route(
            PATH if own else f"{PATH}/{helpdesk.source}",
            _receives(parts, helpdesk),
            methods=["POST"],
            name=f"tickets_of_{helpdesk.source}",
            summary=f"What happened to a ticket, told by {_TITLES[helpdesk.source]}",
            status_code=HTTPStatus.ACCEPTED,
            response_model=Told,
            responses={
                200: {"model": Told, "description": "Told before, or nothing to keep."},
                **problems(400, 401, 413, 429, InvalidValue, StorageUnavailable),
            },
            openapi_extra=_described(helpdesk.source, signed_by_standard=own),
        )
    return router


_TITLES = {
    "standard": "any helpdesk that signs as Standard Webhooks say",
    "zammad": "Zammad",
    "zendesk": "Zendesk",
    "jira": "Jira Service Management",
}


def _receives(parts: WebhookParts, helpdesk: Helpdesk) -> Callable[..., Awaitable[Told]]:
    async def genuine(request: Request) -> bytes:
        """The body, once it is known who sent it; nothing of it is read before."""
        body = await request.body()
        if not helpdesk.signed(request.headers, body, at=parts.clock()):
            _refuse(parts, helpdesk, request)
        taken = parts.allowance.take(helpdesk.source)
        if taken.wait:
            raise HTTPException(
                HTTPStatus.TOO_MANY_REQUESTS,
                "Too many events within a minute.",
                {"Retry-After": str(taken.wait), **taken.headers},
            )
        return body

    async def receive(
        request: Request, response: Response, body: Annotated[bytes, Depends(genuine)]
    ) -> Told:
        """Kept before it is answered; what can't be kept now is answered with 503: repeat it."""
        at = parts.clock()
        event = helpdesk.event_of(request.headers, body)
        found = _read(helpdesk, request.headers, body, event=event)
        if isinstance(found, Ignored):
            response.status_code = HTTPStatus.OK
            return Told(status="ignored", event=event, why=found.why)
        _check_moment(found, at=at)
        if not await parts.tickets.accept(found, at=at):
            response.status_code = HTTPStatus.OK
            return Told(status="repeated", event=event)
        if found.state is not TicketState.RESOLVED:
            parts.knock()
        return Told(status="accepted", event=event)

    return receive


def _refuse(parts: WebhookParts, helpdesk: Helpdesk, request: Request) -> None:
    """Nobody with the secret sent it, or they sent it too long ago."""
    wait = parts.throttle.failed(client_of(request.scope, parts.proxies))
    if wait:
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many calls that nobody signed came from where you are.",
            {"Retry-After": str(wait)},
        )
    log.warning("webhook_refused", source=helpdesk.source, why="signature")
    raise HTTPException(
        HTTPStatus.UNAUTHORIZED,
        "The call is not signed with the secret that is set for it, or was signed more than "
        f"{TOLERANCE_SECONDS // 60} minutes ago.",
        {"WWW-Authenticate": 'Signature realm="voxpop"'},
    )


def _read(
    helpdesk: Helpdesk, headers: Headers, body: bytes, *, event: str
) -> TicketEvent | Ignored:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The body is no valid JSON.") from None
    try:
        return helpdesk.read(told, headers, event=event)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in faults]
        ) from error


def _check_moment(event: TicketEvent, *, at: datetime) -> None:
    """What happens in the future would outlive everything that happens before it."""
    latest = at + timedelta(seconds=TOLERANCE_SECONDS)
    for moment in (event.happened_at, event.resolved_at):
        if moment is not None and moment > latest:
            raise InvalidValue(
                f"It happened at {moment.isoformat()}, which is not yet: is the helpdesk's clock "
                "right?"
            )


def _described(source: str, *, signed_by_standard: bool) -> dict[str, Any]:
    """The body for OpenAPI: it is read as bytes, for its signature is made of them."""
    if not signed_by_standard:
        content = {"schema": {"type": "object"}, "example": EXAMPLES[source]}
        return {"requestBody": {"required": True, "content": {"application/json": content}}}
    schema = TicketWebhook.model_json_schema()
    parts = schema.pop("$defs", {})
    content = {"schema": _whole(schema, parts), "example": EXAMPLES[source]}
    return {
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in (ID, MOMENT, SIGNATURE)
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
    }


def _whole(shape: Any, parts: dict[str, Any]) -> Any:
    """A schema with everything in it that it refers to."""
    if isinstance(shape, list):
        return [_whole(one, parts) for one in shape]
    if not isinstance(shape, dict):
        return shape
    if "$ref" in shape:
        return _whole(parts[shape["$ref"].rpartition("/")[2]], parts)
    return {name: _whole(one, parts) for name, one in shape.items()}
