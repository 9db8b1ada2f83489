"""What all routes have in common: who asks, what they say, and how they are answered."""

import json
from typing import Any

from aiohttp import web

from tests.mattermost.errors import bad_body, session_expired
from tests.mattermost.records import User
from tests.mattermost.state import State

JSON = "application/json"
OK = {"status": "OK"}
LONGEST_PAGE = 200


def answer(body: Any, status: int = 200, *, etag: str = "") -> web.Response:
    """JSON, with the content type spelt as the server spells it."""
    headers = {"Content-Type": JSON, **({"Etag": etag} if etag else {})}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=headers)


def token_of(request: web.Request) -> str:
    """What was given as a token; empty for none."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind.lower() in {"bearer", "token"} else ""


def caller(state: State, request: web.Request) -> User:
    """Who asks.

    Raises:
        ApiError: 401.
    """
    token = token_of(request)
    if not token:
        raise session_expired("UserRequired")
    return state.owner(token)


async def told(request: web.Request) -> dict[str, Any]:
    """The body, an object."""
    body = await _read(request)
    if not isinstance(body, dict):
        raise bad_body("body")
    return body


async def told_ids(request: web.Request, name: str) -> list[str]:
    """The body, a list of words."""
    body = await _read(request)
    if not isinstance(body, list) or not body or not all(isinstance(each, str) for each in body):
        raise bad_body(name)
    return body


async def _read(request: web.Request) -> Any:
    try:
        return json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise bad_body("body") from error


def page(request: web.Request, entries: list[Any]) -> list[Any]:
    """The part that `page` and `per_page` ask for."""
    size = min(number(request, "per_page", 60), LONGEST_PAGE)
    first = number(request, "page", 0) * size
    return entries[first : first + size]


def number(request: web.Request, name: str, default: int) -> int:
    """A number in the query; what is none, or below zero, counts as not given."""
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() else default
