"""A call of the Web API as a method sees it."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.slack.errors import SlackError, invalid, missing
from tests.slack.records import Json, Token, User, Workspace


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The arguments, and who asks.

    Attributes:
        workspace, bot: Where and as whom, for a bot's token.
    """

    args: Json
    token: Token
    workspace: Workspace
    bot: User

    def get(self, name: str, default: str = "") -> str:
        """A string, or a number written as one."""
        value = self.args.get(name)
        return default if value is None else str(value)

    def needs(self, name: str) -> str:
        """Likewise one that has to be there.

        Raises:
            SlackError: invalid_arguments.
        """
        found = self.get(name)
        if not found:
            raise missing(name)
        return found

    def truth(self, name: str, *, default: bool = False) -> bool:
        value = self.args.get(name)
        return default if value is None else str(value).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        """A whole number.

        Raises:
            SlackError: invalid_arguments.
        """
        value = self.get(name, str(default))
        if not value.isdigit():
            raise invalid("invalid_arguments", f"must be an integer [json-pointer:/{name}]")
        return int(value)

    def structure(self, name: str) -> Any:
        """A list or an object; in a form, it is written as JSON."""
        value = self.args.get(name)
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of the Web API.

    Attributes:
        scopes: One of these is needed; none for no scope.
        json: Whether it reads a body in JSON; the others know forms only.
        tier: Calls a minute that are always allowed.
    """

    name: str
    answer: Callable[[Asked], Json]
    scopes: tuple[str, ...] = ()
    json: bool = True
    tier: int = 50


async def arguments(request: web.Request, *, takes_json: bool) -> tuple[Json, str]:
    """What was told, and the token it was told with.

    Raises:
        SlackError: invalid_json, json_not_object.
    """
    args: Json = dict(request.query)
    token = ""
    with contextlib.suppress(ValueError):
        kind, token = request.headers.get("Authorization", "").split(" ", 1)
        token = token.strip() if kind.lower() == "bearer" else ""
    if request.content_type == "application/json":
        body = await _json(request)
        args |= body if takes_json else {}
    elif request.method == "POST":
        args |= dict(await request.post())
    told = args.pop("token", "")
    return args, token or str(told)


async def _json(request: web.Request) -> Json:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body
