"""The websocket: who listens, and what they are told."""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from tests.mattermost.errors import ApiError
from tests.mattermost.records import User
from tests.mattermost.state import State

AUTHENTICATION_SECONDS = 5.0


class Listener:
    """One connection."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._transport = request.transport
        self._socket = socket
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._seq = 0
        self.user: User | None = None
        self.frozen = False

    def tell(self, event: dict[str, Any]) -> None:
        """An event, with this connection's next number."""
        self._queue.put_nowait({**event, "seq": self._seq})
        self._seq += 1

    def answer(self, asked: dict[str, Any], **what: Any) -> None:
        self._queue.put_nowait({"status": "OK", **what, "seq_reply": asked.get("seq", 0)})

    async def write(self) -> None:
        """Sends what there is to send, until it is cancelled or nobody is there."""
        with contextlib.suppress(ConnectionError):
            while True:
                event = await self._queue.get()
                if not self.frozen:
                    await self._socket.send_json(event)

    def cut(self) -> None:
        """Ends the connection without a word."""
        if self._transport is not None:
            self._transport.abort()


class Hub:
    """Who listens. Who doesn't, misses it: the server keeps nothing for later."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.listeners: list[Listener] = []
        self.connections = 0
        self.private: dict[str, list[dict[str, Any]]] = {}
        self.dialogs: dict[str, list[dict[str, Any]]] = {}

    def publish(
        self, event: str, data: dict[str, Any], *, user: str = "", channel: str = "", team: str = ""
    ) -> None:
        """To one user, or to all members of a channel or team."""
        target = {"omit_users": None, "user_id": user, "channel_id": channel, "team_id": team}
        told = {"event": event, "data": data, "broadcast": target}
        if event == "ephemeral_message":
            self.private.setdefault(user, []).append(json.loads(data["post"]))
        elif event == "open_dialog":
            self.dialogs.setdefault(user, []).append(json.loads(data["dialog"]))
        for listener in self.listeners:
            if listener.user is not None and self._concerns(listener.user.id, target):
                listener.tell(told)

    def _concerns(self, user_id: str, target: dict[str, Any]) -> bool:
        if target["user_id"]:
            return bool(target["user_id"] == user_id)
        if target["channel_id"]:
            return user_id in self._state.channels[target["channel_id"]].members
        return user_id in self._state.teams[target["team_id"]].members

    def of(self, user_ids: set[str] | None = None) -> list[Listener]:
        """The connections of these users; of everybody, where nobody is named."""
        return [
            listener
            for listener in self.listeners
            if user_ids is None or (listener.user is not None and listener.user.id in user_ids)
        ]

    async def listen(self, request: web.Request) -> web.WebSocketResponse:
        """`/api/v4/websocket`: authenticated by header, or by the first message."""
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        listener = Listener(request, socket)
        self.listeners.append(listener)
        writer = asyncio.create_task(listener.write())
        late = asyncio.get_running_loop().call_later(
            AUTHENTICATION_SECONDS, lambda: None if listener.user else listener.cut()
        )
        try:
            bearer = request.headers.get("Authorization", "").split(" ")[-1]
            if bearer:
                self._welcome(listener, self._state.owner(bearer))
            async for message in socket:
                if not await self._hear(listener, socket, message):
                    break
        except ApiError:
            pass
        finally:
            late.cancel()
            self.listeners.remove(listener)
            writer.cancel()
        await socket.close()
        return socket

    async def _hear(
        self, listener: Listener, socket: web.WebSocketResponse, message: WSMessage
    ) -> bool:
        """Whether the connection goes on."""
        if message.type is WSMsgType.PING and not listener.frozen:
            await socket.pong(message.data)
        if message.type is not WSMsgType.TEXT:
            return True
        asked = json.loads(message.data)
        if asked.get("action") == "authentication_challenge" and listener.user is None:
            self._welcome(listener, self._state.owner(asked["data"]["token"]))
            listener.answer(asked)
        elif listener.user is None:
            return False
        elif asked.get("action") == "ping":
            listener.answer(asked, data={"text": "pong", "version": self._state.version})
        else:
            listener.answer(asked)
        return True

    def _welcome(self, listener: Listener, user: User) -> None:
        listener.user = user
        self.connections += 1
        target = {"omit_users": None, "user_id": user.id, "channel_id": "", "team_id": ""}
        version = f"{self._state.version}.dev..false"
        hello = {"event": "hello", "data": {"server_version": version}, "broadcast": target}
        listener.tell(hello)
        status = {"status": "online", "user_id": user.id}
        listener.tell({"event": "status_change", "data": status, "broadcast": target})
