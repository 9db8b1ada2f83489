"""A chat server that does the least: a platform's answers to a bot that writes to people."""

import json
import os
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs

Message = dict[str, Any]
Scope = dict[str, Any]
HEADERS = [(b"content-type", b"application/json")]
BOT = "b" * 26
ACCOUNTS = "VOXPOP_BENCH_ACCOUNTS"
"""How many people there are in the Slack workspace."""


def slack_account(number: int) -> str:
    """The id of somebody in the Slack workspace."""
    return f"U{number:010}"


def app() -> Callable[..., Awaitable[None]]:
    """An ASGI application; it keeps nothing."""
    numbers = count(1)
    slack = _Slack(int(os.environ.get(ACCOUNTS, "0")))

    def answer(path: str, body: bytes) -> tuple[int, bytes]:
        if path.startswith("/api/v4"):
            return _mattermost(path.removeprefix("/api/v4"), body, numbers)
        return 200, slack.answer(path.removeprefix("/api/"), body, numbers)

    async def serve(
        scope: Scope,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
        status, said = answer(scope["path"], body)
        length = (b"content-length", str(len(said)).encode())
        headers = [*HEADERS, length]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    return serve


def _mattermost(path: str, body: bytes, numbers: Iterator[int]) -> tuple[int, bytes]:
    match path:
        case "/users/me":
            return 200, json.dumps({"id": BOT, "username": "voxpop"}).encode()
        case "/users/ids":
            known = [{"id": one, "delete_at": 0} for one in json.loads(body)]
            return 200, json.dumps(known).encode()
        case "/channels/direct":
            return 201, json.dumps({"id": json.loads(body)[1], "type": "D"}).encode()
        case "/posts":
            # As the real one: the whole post comes back.
            return 201, b'{"id":"%026d",' % next(numbers) + body[1:]
    return 404, b'{"id":"api.context.404.app_error","message":"No such page."}'


class _Slack:
    """A workspace with so many people."""

    def __init__(self, people: int) -> None:
        self._people = [
            {"id": slack_account(number), "deleted": False, "is_bot": False}
            for number in range(people)
        ]

    def answer(self, method: str, body: bytes, numbers: Iterator[int]) -> bytes:
        match method:
            case "chat.postMessage":
                # As the real one: the whole message comes back.
                made = b'{"ok":true,"channel":"D0000000001","ts":"1700000000.%06d","message":'
                return made % next(numbers) + body + b"}"
            case "users.info":
                return json.dumps({"ok": True, "user": self._people[0]}).encode()
            case "users.list":
                asked = parse_qs(body.decode())
                start, most = int(asked.get("cursor", ["0"])[0]), int(asked["limit"][0])
                end = start + most
                more = {"next_cursor": str(end) if end < len(self._people) else ""}
                page = {"members": self._people[start:end], "response_metadata": more}
                return json.dumps({"ok": True, **page}).encode()
        return b'{"ok":false,"error":"unknown_method"}'
