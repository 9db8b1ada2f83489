"""Routes behind a link: whoever holds it may, and whoever guesses has to wait."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import TypeVar

import structlog
from fastapi import Request
from starlette.exceptions import HTTPException

from survey.errors import LinkNotValid
from webapp.throttle import Networks, Throttle, client_of

T = TypeVar("T")

log = structlog.get_logger()


async def by_link(
    doing: Awaitable[T], request: Request, *, throttle: Throttle, proxies: Networks
) -> T:
    """What a link leads to.

    Args:
        doing: What is done with it.
        request: Whose.
        throttle: Counts by client links that are none of ours.
        proxies: Whom we believe where a request comes from.

    Raises:
        LinkNotValid: If it is none of ours.
        HTTPException: 429, if too many of those came from there.
    """
    try:
        return await doing
    except LinkNotValid:
        wait = throttle.failed(client_of(request.scope, proxies))
        if not wait:  # who guesses on fills no log
            log.warning("link_refused", count=1)
            raise
        raise HTTPException(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many links that are not valid came from where you are.",
            {"Retry-After": str(wait)},
        ) from None
