"""Socket Mode: connections that the app opens, and everything comes over one of them."""

import asyncio
import contextlib
import itertools
import json
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from tests.slack.identity import new_word
from tests.slack.records import Json
from tests.slack.state import State

MOST = 10
REFRESH_SECONDS = 18_060


class Connection:
    """One socket; `frozen` is one over which nothing goes any more, though it is open."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.frozen = False
        self._transport = request.transport

    def swallow(self) -> None:
        """Not even pings come through any more."""
        self.frozen = True
        if isinstance(self._transport, asyncio.ReadTransport):
            self._transport.pause_reading()

    def cut(self) -> None:
        """Ends without a word."""
        if self._transport is not None:
            self._transport.abort()


class Hub:
    """All sockets of the app; each envelope goes over one of them.

    Attributes:
        url: Where the server listens (http://…).
        connections: Those that are open.
        sent: All envelopes, in order.
        unheeded: Envelopes that nobody acknowledged in time.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.url = ""
        self.connections: list[Connection] = []
        self.sent: list[Json] = []
        self.unheeded: list[Json] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._turns = itertools.count()

    def invite(self) -> str:
        """A URL for one connection."""
        ticket = new_word(36)
        self._tickets.add(ticket)
        link = self.url.replace("http://", "ws://", 1)
        return f"{link}/link/?ticket={ticket}&app_id={self._state.app.id}"

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """A connection, until it ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=404, text="invalid ticket")
        self._tickets.discard(ticket)
        if len(self.connections) >= MOST:
            return web.Response(status=429, text="too_many_websockets")
        socket = web.WebSocketResponse(heartbeat=10.0)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.append(connection)
        await socket.send_json(self._hello())
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT and not connection.frozen:
                    self._hear(message.data)
        finally:
            self._forget(connection)
        return socket

    async def send(self, kind: str, payload: Json, more: Json, *, seconds: float) -> Json | None:
        """Something for the app: its acknowledgement; None where there is none in time."""
        if not self.connections:
            return None
        chosen = self.connections[next(self._turns) % len(self.connections)]
        envelope: Json = {
            "envelope_id": str(uuid4()),
            "payload": payload,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            **more,
        }
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = answer
        self.sent.append(envelope)
        try:
            if not chosen.frozen:
                await chosen.socket.send_json(envelope)
            return await asyncio.wait_for(answer, seconds)
        except (TimeoutError, ConnectionError):
            self.unheeded.append(envelope)
            return None
        finally:
            self._waiting.pop(envelope["envelope_id"], None)

    # What happens to them

    def cut(self) -> int:
        """Ends all connections without a word; how many."""
        gone, self.connections = self.connections, []
        for connection in gone:
            connection.cut()
        return len(gone)

    def freeze(self) -> None:
        """They stay open, but nothing comes over them any more."""
        for connection in self.connections:
            connection.frozen = True

    def swallow(self) -> None:
        """The network swallows everything, and tells nobody."""
        for connection in self.connections:
            connection.swallow()

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Asks everybody to connect anew, as Slack does every few hours, and hangs up."""
        gone, self.connections = self.connections, []
        for connection in gone:
            told = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink"}}
            with contextlib.suppress(ConnectionError):
                await connection.socket.send_json(told)
                await connection.socket.close()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "connection_info": {"app_id": self._state.app.id},
            "debug_info": {
                "host": "applink",
                "build_number": 1,
                "approximate_connection_time": REFRESH_SECONDS,
            },
        }

    def _hear(self, data: str) -> None:
        told: Any = None
        with contextlib.suppress(ValueError):
            told = json.loads(data)
        if not isinstance(told, dict):
            return
        waiting = self._waiting.get(str(told.get("envelope_id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(told)

    def _forget(self, connection: Connection) -> None:
        with contextlib.suppress(ValueError):
            self.connections.remove(connection)
