"""What goes wrong on demand, and what was asked."""

import asyncio
import random
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web

from tests.mattermost.errors import ApiError, session_expired


class Fault(StrEnum):
    """What may happen in place of an answer."""

    DROP = "drop"  # the connection ends without an answer
    GARBAGE = "garbage"  # 200, and JSON that is cut off
    BUSY = "busy"  # 429 with Retry-After and X-RateLimit-Reset, and a text
    BUSY_TEXT = "busy_text"  # 429 without them
    ERROR = "error"  # 500 or 503, with an error in JSON
    ERROR_TEXT = "error_text"  # likewise from something in between, in HTML
    ERROR_LIST = "error_list"  # likewise with a JSON list
    STALL = "stall"  # no answer for so many seconds
    REFUSE = "refuse"  # 403
    REVOKED = "revoked"  # 401: the token is no good


MAY_DELIVER = {
    Fault.DROP,
    Fault.GARBAGE,
    Fault.ERROR,
    Fault.ERROR_TEXT,
    Fault.ERROR_LIST,
    Fault.STALL,
}


@dataclass(kw_only=True)
class Rule:
    """When a fault happens.

    Attributes:
        route: Method and path below /api/v4, as a pattern: "POST /posts", "PUT /posts/*".
        chance: How probable it is, where the number of the call is not named.
        calls: The numbers of the calls of this route, 1 for the next, that it happens to.
        users: Only for these usernames: who asks, or whose direct channel it is about.
        times: How often at most; None for no limit.
        delivers: Whether it is done all the same; only where nobody can tell.
        seconds: For how long it stalls, or asks to be left alone.
        status: What an error answers.
    """

    fault: Fault
    route: str = "POST /posts"
    chance: float = 1.0
    calls: list[int] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    times: int | None = None
    delivers: bool = False
    seconds: float = 1.0
    status: int = 500
    seen: int = 0

    def happens(self, route: str, users: set[str]) -> bool:
        """Whether it does to this call."""
        if not fnmatchcase(route, self.route) or self.times == 0:
            return False
        if self.users and not users & set(self.users):
            return False
        self.seen += 1
        if not (self.seen in self.calls if self.calls else random.random() < self.chance):  # noqa: S311
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request.

    Attributes:
        at: When it came, by the machine's monotonic clock.
        status: 0 where nothing was answered.
    """

    route: str
    query: str
    user: str
    outcome: str
    status: int
    at: float


class Faults:
    """The script of a server, and all calls so far."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.calls: list[Call] = []

    def goes_wrong(self, fault: Fault | str, route: str = "POST /posts", **how: Any) -> Rule:
        """See `Rule`."""
        rule = Rule(fault=Fault(fault), route=route, **how)
        self.rules.append(rule)
        return rule

    def all_is_well(self) -> None:
        """Nothing goes wrong any more."""
        self.rules.clear()

    def next(self, route: str, users: set[str]) -> Rule | None:
        """What happens to this call."""
        return next((rule for rule in self.rules if rule.happens(route, users)), None)

    def of(self, route: str) -> list[Call]:
        """All calls of a route; patterns as in `Rule`."""
        return [call for call in self.calls if fnmatchcase(call.route, route)]

    def note(
        self,
        request: web.Request,
        route: str,
        *,
        user: str,
        rule: Rule | None,
        status: int,
        at: float,
    ) -> None:
        """Enters a call that was answered so."""
        call = Call(
            route=route,
            query=request.query_string,
            user=user,
            outcome="ok" if rule is None else rule.fault.value,
            status=status,
            at=at,
        )
        self.calls.append(call)


async def misbehave(request: web.Request, rule: Rule, token: str) -> web.StreamResponse:
    """The answer that is none.

    Raises:
        ApiError: The fault is one that the server itself words.
    """
    match rule.fault:
        case Fault.DROP:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        case Fault.GARBAGE:
            return web.Response(body=b'{"id":"x', headers={"Content-Type": "application/json"})
        case Fault.BUSY | Fault.BUSY_TEXT:
            return too_many(rule.seconds if rule.fault is Fault.BUSY else None)
        case Fault.STALL:
            await asyncio.sleep(rule.seconds)
            return web.Response(text="")
        case Fault.ERROR_TEXT:
            page = "<html><body>Bad Gateway</body></html>"
            return web.Response(text=page, content_type="text/html", status=rule.status)
        case Fault.ERROR_LIST:
            return web.json_response([{"message": "boom"}], status=rule.status)
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
