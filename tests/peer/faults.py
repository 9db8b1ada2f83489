"""What goes wrong on demand, and what was asked: one way of telling it for every peer."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web


class Fault(StrEnum):
    """What may happen in place of an answer; how a refusal is worded is each peer's own."""

    DROP = "drop"  # the connection ends without an answer
    GARBAGE = "garbage"  # 200, and JSON that is cut off
    BUSY = "busy"  # 429 with Retry-After
    BUSY_TEXT = "busy_text"  # 429 without it, as plain text
    ERROR = "error"  # 500 or 503, as the server itself words it
    ERROR_TEXT = "error_text"  # likewise from something in between, in HTML
    ERROR_LIST = "error_list"  # likewise with a JSON list
    STALL = "stall"  # no answer for so many seconds
    REFUSE = "refuse"  # this can't be done for this person
    REVOKED = "revoked"  # the token is no good
    MUTE = "mute"  # 501: such a thing can't be asked here


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
        route: What is asked, as a pattern; each peer says how its routes read.
        chance: How probable it is, where the number of the call is not named.
        calls: The numbers of the calls of this route, 1 for the next, that it happens to.
        users: Only for these: who asks, or whom it is about; empty for everybody.
        times: How often at most; None for no limit.
        delivers: Whether it is done all the same; only where nobody can tell.
        seconds: For how long it stalls, or asks to be left alone.
        status: What an error answers.
        error: The server's own word for a refusal, where it has several.
    """

    fault: Fault
    route: str
    chance: float = 1.0
    calls: list[int] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    times: int | None = None
    delivers: bool = False
    seconds: float = 1.0
    status: int = 500
    error: str = ""
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

    @property
    def is_done(self) -> bool:
        """Whether what was asked is done although the answer says nothing of the kind."""
        return self.delivers and self.fault in MAY_DELIVER


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request.

    Attributes:
        user: Who asked, or whom it was about.
        outcome: "ok", or the fault that happened to it.
        status: 0 where nothing was answered.
        at: When it came, by the machine's monotonic clock.
    """

    route: str
    query: str = ""
    user: str
    outcome: str
    status: int
    at: float


class Faults:
    """The script of a server, and all calls so far.

    Args:
        usual: The route that is meant where none is named.
    """

    def __init__(self, usual: str) -> None:
        self._usual = usual
        self.rules: list[Rule] = []
        self.calls: list[Call] = []

    def goes_wrong(self, fault: Fault | str, route: str | None = None, **how: Any) -> Rule:
        """See `Rule`."""
        rule = Rule(fault=Fault(fault), route=self._usual if route is None else route, **how)
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
        route: str,
        *,
        user: str,
        rule: Rule | None,
        status: int = 0,
        query: str = "",
        at: float | None = None,
    ) -> None:
        """Enters a call that was answered so; `at` is now, unless told."""
        call = Call(
            route=route,
            query=query,
            user=user,
            outcome="ok" if rule is None else rule.fault.value,
            status=0 if rule is not None and rule.fault is Fault.DROP else status,
            at=time.monotonic() if at is None else at,
        )
        self.calls.append(call)


async def breaks(request: web.Request, rule: Rule, *, cut_off: bytes) -> web.StreamResponse | None:
    """The answer that is none; None for a fault that the server words itself.

    Args:
        request: What was asked.
        rule: What happens to it.
        cut_off: How the server's JSON begins.
    """
    match rule.fault:
        case Fault.DROP:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        case Fault.GARBAGE:
            return web.Response(body=cut_off, headers={"Content-Type": "application/json"})
        case Fault.STALL:
            await asyncio.sleep(rule.seconds)
            return web.Response(text="")
        case Fault.ERROR_TEXT:
            page = "<html><body>Bad Gateway</body></html>"
            return web.Response(text=page, content_type="text/html", status=rule.status)
        case Fault.ERROR_LIST:
            return web.json_response([{"message": "boom"}], status=rule.status)
        case Fault.MUTE:
            return web.Response(status=501)
    return None


class Script:
    """The routes by which a peer in a process of its own is told what goes wrong.

    Args:
        faults: What they change and show.
        below: Where they are, without a slash at the end.
    """

    def __init__(self, faults: Faults, below: str = "") -> None:
        self._faults = faults
        self._below = below

    def add_to(self, app: web.Application) -> None:
        app.router.add_post(f"{self._below}/script", self.script)
        app.router.add_delete(f"{self._below}/script", self.forget_script)
        app.router.add_get(f"{self._below}/calls", self.calls)

    async def script(self, request: web.Request) -> web.Response:
        """Something more that goes wrong."""
        self._faults.goes_wrong(**await request.json())
        return web.json_response({"ok": True})

    async def forget_script(self, _: web.Request) -> web.Response:
        self._faults.all_is_well()
        return web.json_response({"ok": True})

    async def calls(self, request: web.Request) -> web.Response:
        found = self._faults.of(request.query.get("route", "*"))
        return web.json_response([vars(call) for call in found])
