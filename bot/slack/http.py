"""Where Slack calls us over HTTP; the ASGI app mounted at `/slack`."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from http import HTTPStatus

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.tally import Tally
from survey.ports import Clock

log = structlog.get_logger()
TOLERANCE_SECONDS = 5 * 60
"""How old a request may be, or how far Slack's clock ahead of ours."""
NOT_SIGNED = "The request is not signed with the secret that VOXPOP_SLACK__SIGNING_SECRET names."
NOT_THEIRS = "That is nothing that Slack sends."
RATE_LIMITED = "app_rate_limited"
"""Slack has kept events of a minute to itself: there were more than 30,000 within an hour."""
_MOMENT = re.compile("[0-9]{1,12}")
_SSL_CHECK = b"ssl_check=1"
_SSL_CHECK_LENGTH = 200


class Signatures:
    """Checks what Slack writes below each request, before anything of it is read.

    Args:
        secret: The app's signing secret.
        clock: What time it is.

    Raises:
        ValueError: If there is no secret: anybody could sign with none.
    """

    def __init__(self, secret: str, *, clock: Clock) -> None:
        if not secret.strip():
            raise ValueError("Without a signing secret nothing can be known to be Slack's.")
        self._secret = secret.encode()
        self._clock = clock

    def fits(self, body: bytes, *, moment: str, signature: str) -> bool:
        """Whether Slack signed this, and did so just now; compared without haste."""
        if _MOMENT.fullmatch(moment) is None:
            return False
        if abs(self._clock().timestamp() - int(moment)) > TOLERANCE_SECONDS:
            return False
        signed = b":".join((b"v0", moment.encode(), body))
        expected = f"v0={hmac.digest(self._secret, signed, hashlib.sha256).hex()}"
        return hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))


def create_http(
    app: AsyncApp,
    *,
    signatures: Signatures | None,
    tally: Tally,
    routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """`/events` for all that Slack sends, and the routes beside it.

    What is not signed, or was signed too long ago, is answered with 401, what Slack would never
    send with 400, what can't be saved now with 503.

    Args:
        app: Does what is to be done.
        signatures: None where everything comes over a socket: `/events` is not there then.
        tally: Counts what is refused.
        routes: Of the installation in other workspaces.
    """
    ours = [] if signatures is None else [_events(app, signatures, tally)]
    return Starlette(routes=[*ours, *routes])


def _events(app: AsyncApp, signatures: Signatures, tally: Tally) -> Route:
    async def events(request: Request) -> Response:
        body = await request.body()
        if len(body) <= _SSL_CHECK_LENGTH and _SSL_CHECK in body.split(b"&"):
            return Response()  # Slack looks at our certificate, and signs nothing
        if not signatures.fits(
            body,
            moment=request.headers.get("X-Slack-Request-Timestamp", ""),
            signature=request.headers.get("X-Slack-Signature", ""),
        ):
            tally.count("signature")
            raise HTTPException(HTTPStatus.UNAUTHORIZED, NOT_SIGNED)
        try:
            asked = AsyncBoltRequest(body=body.decode(), headers=dict(request.headers))
        except (ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
            raise HTTPException(HTTPStatus.BAD_REQUEST, NOT_THEIRS) from error
        if asked.body.get("type") == RATE_LIMITED:
            log.warning("slack_events_dropped", workspace=str(asked.body.get("team_id")))
            return Response()
        answer = await app.async_dispatch(asked)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise HTTPException(answer.status)
        return Response(
            answer.body,
            status_code=answer.status,
            headers=answer.first_headers_without_set_cookie(),
        )

    return Route("/events", events, methods=["POST"])
