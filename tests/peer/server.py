"""A chat server that misbehaves on demand, and keeps a ledger of what it really delivered.

It runs as a process of its own (`python -m tests.peer.server`), so that it outlives whoever
talks to it. `POST /script` tells it what goes wrong, `GET /ledger` what arrived.
"""

import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import web


class Fault(StrEnum):
    """What may happen in place of an answer."""

    DROP = "drop"  # the connection ends without an answer
    GARBAGE = "garbage"  # 200, and nothing that can be read
    BUSY = "busy"  # 429 with Retry-After
    BUSY_TEXT = "busy_text"  # 429 without it, as plain text
    ERROR = "error"  # 500 or 503
    STALL = "stall"  # no answer for so many seconds
    REFUSE = "refuse"  # 403, ok: false
    REVOKED = "revoked"  # 401: the token is no good
    MUTE = "mute"  # 501: such a thing can't be asked here


MAY_DELIVER = {Fault.DROP, Fault.GARBAGE, Fault.ERROR, Fault.STALL}


@dataclass(kw_only=True)
class Rule:
    """When a fault happens.

    Attributes:
        method: send | update | find.
        chance: How probable it is, where the number of the call is not named.
        calls: The numbers of the calls of this method, 1 for the next, that it happens to.
        users: Only to these; empty for everybody.
        times: How often at most; None for no limit.
        delivers: Whether the message arrives all the same; only where nobody can tell.
        seconds: For how long it stalls, or asks to be left alone.
        status: What an error answers.
    """

    method: str
    fault: Fault
    chance: float = 1.0
    calls: list[int] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    times: int | None = None
    delivers: bool = False
    seconds: float = 1.0
    status: int = 500
    seen: int = 0

    def happens(self, method: str, user: str) -> bool:
        """Whether it does to this call."""
        if method != self.method or self.times == 0 or (self.users and user not in self.users):
            return False
        self.seen += 1
        if not (self.seen in self.calls if self.calls else random.random() < self.chance):  # noqa: S311
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, as the peer saw it; `at` is the machine's monotonic clock."""

    method: str
    user: str
    outcome: str
    at: float


class Peer:
    """The server's state: the script, the ledger and what was asked."""

    def __init__(self, *, latency: float = 0.0) -> None:
        self.latency = latency
        self.rules: list[Rule] = []
        self.messages: list[dict[str, Any]] = []
        self.by_delivery: dict[str, list[int]] = {}
        self.calls: list[Call] = []

    def app(self) -> web.Application:
        """Its routes."""
        app = web.Application()
        app.router.add_post("/api/send", self.send)
        app.router.add_post("/api/update", self.update)
        app.router.add_get("/api/find", self.find)
        app.router.add_get("/ledger", self.ledger)
        app.router.add_get("/calls", self.asked)
        app.router.add_post("/script", self.script)
        app.router.add_delete("/script", self.forget_script)
        return app

    async def send(self, request: web.Request) -> web.StreamResponse:
        """A message to somebody."""
        body = await request.json()

        def deliver() -> dict[str, Any]:
            number = len(self.messages) + 1
            self.messages.append({**body, "id": number, "at": time.time(), "updates": []})
            self.by_delivery.setdefault(body["delivery"], []).append(number)
            return {"ok": True, "channel": body["user"], "message": str(number)}

        return await self._answer(request, "send", body["user"], deliver)

    async def update(self, request: web.Request) -> web.StreamResponse:
        """Another text for a message."""
        body = await request.json()

        def change() -> dict[str, Any]:
            self.messages[int(body["message"]) - 1]["updates"].append(body["text"])
            return {"ok": True}

        return await self._answer(request, "update", body["user"], change)

    async def find(self, request: web.Request) -> web.StreamResponse:
        """What arrived of a delivery."""
        numbers = self.by_delivery.get(request.query["delivery"], [])
        found = {"ok": True, "message": str(numbers[0]) if numbers else None}
        return await self._answer(request, "find", request.query["user"], lambda: found)

    async def ledger(self, request: web.Request) -> web.StreamResponse:
        """All messages from this one on."""
        return web.json_response(self.messages[int(request.query.get("after", 0)) :])

    async def asked(self, _: web.Request) -> web.StreamResponse:
        """All calls so far."""
        return web.json_response([vars(call) for call in self.calls])

    async def script(self, request: web.Request) -> web.StreamResponse:
        """Something more that goes wrong."""
        told = await request.json()
        self.rules.append(Rule(**{**told, "fault": Fault(told["fault"])}))
        return web.json_response({"ok": True})

    async def forget_script(self, _: web.Request) -> web.StreamResponse:
        """All is well again."""
        self.rules.clear()
        return web.json_response({"ok": True})

    async def _answer(
        self, request: web.Request, method: str, user: str, act: Any
    ) -> web.StreamResponse:
        rule = next((rule for rule in self.rules if rule.happens(method, user)), None)
        outcome = "ok" if rule is None else rule.fault.value
        self.calls.append(Call(method=method, user=user, outcome=outcome, at=time.monotonic()))
        if self.latency:
            await asyncio.sleep(self.latency)
        if rule is None:
            return web.json_response(act())
        if rule.delivers and rule.fault in MAY_DELIVER:
            act()
        return await self._misbehave(request, rule)

    async def _misbehave(self, request: web.Request, rule: Rule) -> web.StreamResponse:
        match rule.fault:
            case Fault.DROP:
                if request.transport is not None:
                    request.transport.abort()
                return web.Response()
            case Fault.GARBAGE:
                return web.Response(text='{"ok": tr', content_type="application/json")
            case Fault.BUSY:
                wait = {"Retry-After": f"{rule.seconds:g}"}
                return web.json_response({"ok": False}, status=429, headers=wait)
            case Fault.BUSY_TEXT:
                return web.Response(text="limit exceeded", status=429)
            case Fault.STALL:
                await asyncio.sleep(rule.seconds)
                return web.Response(text="")
            case Fault.REFUSE:
                told = {"ok": False, "error": "user_deactivated"}
                return web.json_response(told, status=403)
            case Fault.REVOKED:
                return web.json_response({"ok": False, "error": "invalid_auth"}, status=401)
            case Fault.MUTE:
                return web.Response(status=501)
        return web.Response(text="Internal Server Error", status=rule.status)


async def _serve(latency: float) -> None:
    runner = web.AppRunner(Peer(latency=latency).app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)  # noqa: T201 - whoever started it waits for the port
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
