"""A chat server that does the least: Mattermost's answers to a bot that writes to people."""

import json
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

Message = dict[str, Any]
Scope = dict[str, Any]
HEADERS = [(b"content-type", b"application/json")]
BOT = "b" * 26


def app() -> Callable[..., Awaitable[None]]:
    """An ASGI application; it keeps nothing."""
    numbers = count(1)

    def answer(path: str, body: bytes) -> tuple[int, bytes]:
        match path.removeprefix("/api/v4"):
            case "/users/me":
                return 200, json.dumps({"id": BOT, "username": "voxpop"}).encode()
            case "/users/ids":
                return 200, json.dumps(
                    [{"id": one, "delete_at": 0} for one in json.loads(body)]
                ).encode()
            case "/channels/direct":
                return 201, json.dumps({"id": json.loads(body)[1], "type": "D"}).encode()
            case "/posts":
                # As the real one: the whole post comes back.
                return 201, b'{"id":"%026d",' % next(numbers) + body[1:]
        return 404, b'{"id":"api.context.404.app_error","message":"No such page."}'

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
