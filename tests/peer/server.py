"""A chat server that misbehaves on demand, and keeps a ledger of what it really delivered.

It runs as a process of its own (`python -m tests.peer.server`), so that it outlives whoever
talks to it. `POST /script` tells it what goes wrong, `GET /ledger` what arrived.
"""

import asyncio
import sys
import time
from typing import Any

from aiohttp import web

from tests.peer.faults import Fault, Faults, Rule, Script, breaks

USUAL = "send"


class Peer:
    """The server's state: the script, the ledger and what was asked.

    Attributes:
        faults: What goes wrong; its routes are send, update and find, its users whom it is for.
    """

    def __init__(self, *, latency: float = 0.0) -> None:
        self.latency = latency
        self.faults = Faults(USUAL)
        self.messages: list[dict[str, Any]] = []
        self.by_delivery: dict[str, list[int]] = {}

    def app(self) -> web.Application:
        """Its routes."""
        app = web.Application()
        app.router.add_post("/api/send", self.send)
        app.router.add_post("/api/update", self.update)
        app.router.add_get("/api/find", self.find)
        app.router.add_get("/ledger", self.ledger)
        Script(self.faults).add_to(app)
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

    async def _answer(
        self, request: web.Request, method: str, user: str, act: Any
    ) -> web.StreamResponse:
        rule = self.faults.next(method, {user})
        self.faults.note(method, user=user, rule=rule)
        if self.latency:
            await asyncio.sleep(self.latency)
        if rule is None:
            return web.json_response(act())
        if rule.is_done:
            act()
        return await breaks(request, rule, cut_off=b'{"ok": tr') or _refusal(rule)


def _refusal(rule: Rule) -> web.Response:
    match rule.fault:
        case Fault.BUSY:
            wait = {"Retry-After": f"{rule.seconds:g}"}
            return web.json_response({"ok": False}, status=429, headers=wait)
        case Fault.BUSY_TEXT:
            return web.Response(text="limit exceeded", status=429)
        case Fault.REFUSE:
            told = {"ok": False, "error": "user_deactivated"}
            return web.json_response(told, status=403)
        case Fault.REVOKED:
            return web.json_response({"ok": False, "error": "invalid_auth"}, status=401)
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
