"""What goes wrong on demand, as this server words it."""

from aiohttp import web

from tests.mattermost.errors import ApiError, session_expired
from tests.peer.faults import Fault, Rule, breaks

# Routes are a method and a path below /api/v4: "POST /posts", "PUT /posts/*"; users are usernames:
# who asks, or whose direct channel it is about.
USUAL = "POST /posts"


async def misbehave(request: web.Request, rule: Rule, token: str) -> web.StreamResponse:
    """The answer that is none.

    Raises:
        ApiError: The fault is one that the server itself words.
    """
    broken = await breaks(request, rule, cut_off=b'{"id":"x')
    if broken is not None:
        return broken
    match rule.fault:
        case Fault.BUSY | Fault.BUSY_TEXT:
            return too_many(rule.seconds if rule.fault is Fault.BUSY else None)
        case Fault.REFUSE:
            message = "You do not have the appropriate permissions."
            raise ApiError(403, "api.context.permissions.app_error", message)
        case Fault.REVOKED:
            raise session_expired(f"token={token}")
    message = "Internal Server Error"
    raise ApiError(rule.status, "api.context.server_error.app_error", message)


def too_many(seconds: float | None) -> web.Response:
    """429; None for one that does not say how long to wait."""
    headers = {}
    if seconds is not None:
        wait = f"{seconds:g}"
        headers = {
            "X-RateLimit-Limit": "100",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": wait,
            "Retry-After": wait,
        }
    return web.Response(text="limit exceeded\n", status=429, headers=headers)
