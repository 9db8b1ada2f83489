"""Where we are told of mail that came back; the ASGI app mounted at `/email`."""

import asyncio
import json
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.email.reports import read_report
from bot.email.returns import Returns
from bot.email.sendgrid_events import EventSignatures, returned_in
from bot.tally import Tally
from survey.ports import Keys, Role

EVENTS_PATH = "/email/events"
NOT_SIGNED = "The events are not signed with the key that VOXPOP_EMAIL__SENDGRID_WEBHOOK_KEY names."
NOT_THEIRS = "That is nothing that SendGrid sends."
NO_KEY = (
    "This needs a key of the role ingest: Authorization: Bearer KEY. `voxpop key create` makes one."
)
_LONGEST_KEY = 200


def create_http(
    returns: Returns, *, signatures: EventSignatures | None, keys: Keys, tally: Tally
) -> Starlette:
    """`/reports` for reports as they came by mail, `/events` for what SendGrid tells.

    What can't be saved now is answered with 503, and its sender tries again.

    Args:
        returns: Takes it in.
        signatures: Of SendGrid; None where it carries nothing for us: `/events` is not there then.
        keys: Who may bring reports.
        tally: Counts what is refused.
    """
    ours: list[BaseRoute] = [_reports(returns, keys, tally)]
    if signatures is not None:
        ours.append(_events(returns, signatures, tally))
    return Starlette(routes=ours)


def _events(returns: Returns, signatures: EventSignatures, tally: Tally) -> Route:
    async def events(request: Request) -> Response:
        body = await request.body()
        if not signatures.fits(
            body,
            moment=request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", ""),
            signature=request.headers.get("X-Twilio-Email-Event-Webhook-Signature", ""),
        ):
            tally.count("events_signature")
            raise HTTPException(HTTPStatus.UNAUTHORIZED, NOT_SIGNED)
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, NOT_THEIRS) from error
        # One after the other: they are few, and each has to be saved before SendGrid hears so.
        for returned in returned_in(told):
            await returns(returned)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return Route("/events", events, methods=["POST"])


def _reports(returns: Returns, keys: Keys, tally: Tally) -> Route:
    async def reports(request: Request) -> Response:
        if not await _admitted(request.headers.get("Authorization", ""), keys):
            tally.count("reports_key")
            headers = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(HTTPStatus.UNAUTHORIZED, NO_KEY, headers=headers)
        returned = await asyncio.to_thread(read_report, await request.body())
        ours = returned is not None and await returns(returned)
        return JSONResponse({"report": returned is not None, "ours": ours})

    return Route("/reports", reports, methods=["POST"])


async def _admitted(authorization: str, keys: Keys) -> bool:
    scheme, _, word = authorization.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(word) <= _LONGEST_KEY:
        return False
    key = await keys.find(word.strip())
    return key is not None and key.revoked_at is None and key.role.may(Role.INGEST)
