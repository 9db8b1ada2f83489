"""What Slack sends to the app: signed, by HTTP or over a socket, with three seconds to answer."""

import json
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.slack.identity import signature
from tests.slack.records import Json
from tests.slack.sockets import Hub
from tests.slack.state import State

SECONDS = 3.0
FORM = "application/x-www-form-urlencoded"


class Kind(StrEnum):
    """What is sent, by its name in Socket Mode."""

    EVENT = "events_api"
    PRESS = "interactive"
    COMMAND = "slash_commands"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """How the app answered.

    Attributes:
        status: 0 where it didn't.
        body: What it said; JSON is read, other text is not.
        wrong: Why Slack does not take it for an answer: http_timeout, http_error or
            connection_failed; empty where it does.
        seconds: How long it took.
    """

    kind: Kind
    payload: Json
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    sent: str = ""
    status: int = 0
    body: Any = None
    answered: dict[str, str] = field(default_factory=dict)
    wrong: str = ""
    seconds: float = 0.0


class Outgoing:
    """The way to the app.

    Attributes:
        calls: Everything that was sent, and how it was answered.
        seconds: How long an answer may take.
    """

    def __init__(self, state: State, hub: Hub) -> None:
        self._state = state
        self._hub = hub
        self._session: aiohttp.ClientSession | None = None
        self.calls: list[Reply] = []
        self.seconds = SECONDS

    def reaches(self, kind: Kind) -> bool:
        """Whether there is a way at all."""
        return self._state.app.socket_mode or bool(self._url(kind))

    async def send(self, kind: Kind, payload: Json, *, retry: int = 0, reason: str = "") -> Reply:
        """Sends it once; `retry` and `reason` for an event that is sent again."""
        if self._state.app.socket_mode:
            reply = await self._by_socket(kind, payload, retry, reason)
        else:
            reply = await self._by_http(kind, payload, retry, reason)
        self.calls.append(reply)
        return reply

    def signed(self, body: str, *, at: float | None = None) -> dict[str, str]:
        """The headers that go with a body; `at` is now, unless told (seconds since 1970)."""
        timestamp = str(int(time.time() if at is None else at))
        secret = self._state.app.signing_secret
        return {
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(secret, timestamp, body.encode()),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _url(self, kind: Kind) -> str:
        app = self._state.app
        urls = {Kind.EVENT: app.events_url, Kind.PRESS: app.actions_url}
        return urls.get(kind, app.commands_url)

    async def _by_http(self, kind: Kind, payload: Json, retry: int, reason: str) -> Reply:
        url = self._url(kind)
        body = written(kind, payload)
        content = "application/json" if kind is Kind.EVENT else FORM
        headers = {"Content-Type": content, **self.signed(body)}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        told: dict[str, Any] = {"kind": kind, "payload": payload, "url": url}
        told |= {"headers": headers, "sent": body}
        begun = time.monotonic()
        try:
            limit = aiohttp.ClientTimeout(total=self.seconds)
            async with self._http().post(
                url, data=body.encode(), headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                text = await answer.text(errors="replace")
                told |= {"status": answer.status, "answered": dict(answer.headers)}
                told |= {"body": _read(text), "wrong": _wrong(answer.status)}
        except TimeoutError:
            told["wrong"] = "http_timeout"
        except (aiohttp.ClientError, OSError):
            told["wrong"] = "connection_failed"
        return Reply(**told, seconds=time.monotonic() - begun)

    async def _by_socket(self, kind: Kind, payload: Json, retry: int, reason: str) -> Reply:
        begun = time.monotonic()
        again: Json = {}
        if kind is Kind.EVENT:
            again = {"retry_attempt": retry, "retry_reason": reason}
        acknowledged = await self._hub.send(kind.value, payload, again, seconds=self.seconds)
        told: dict[str, Any] = {"kind": kind, "payload": payload, "url": "socket"}
        if acknowledged is None:
            told["wrong"] = "http_timeout" if self._hub.connections else "connection_failed"
        else:
            told |= {"status": 200, "body": acknowledged.get("payload") or ""}
        return Reply(**told, seconds=time.monotonic() - begun)

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def written(kind: Kind, payload: Json) -> str:
    """The body of a request."""
    match kind:
        case Kind.EVENT:
            return json.dumps(payload, separators=(",", ":"))
        case Kind.PRESS:
            return urlencode({"payload": json.dumps(payload, separators=(",", ":"))})
        case Kind.COMMAND:
            return urlencode(payload)


def _wrong(status: int) -> str:
    return "" if 200 <= status < 300 else "http_error"


def _read(text: str) -> Any:
    try:
        return json.loads(text) if text else ""
    except ValueError:
        return text
