"""Slack's Web API; the one file that knows the SDK's web client.

The SDK sends again what a dropped connection may have delivered, follows redirects and asks each
time how to leave the house: here it does none of it.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.origin import origin_of
from bot.slack.says import SlackSays, patience
from survey.errors import InvalidValue

TIMEOUT = 20.0
CONNECTS_WITHIN = 5.0
"""Seconds, for a connection to come about."""
AT_ONCE = 64
"""Connections at most; a worker needs ten of them and whoever presses meanwhile the others."""
HOOKS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
FILES = frozenset({"files.slack.com", "files.slack-gov.com"})
IN_JSON = frozenset(
    {
        "chat.delete",
        "chat.postEphemeral",
        "chat.postMessage",
        "chat.update",
        "conversations.open",
        "files.completeUploadExternal",
        "views.open",
        "views.publish",
        "views.push",
        "views.update",
    }
)
"""Methods that take their arguments as JSON; all take them as a form."""
UNREADABLE = "the answer can't be read"
_SHUT_AT_MOST = 1_000

# The SDK words each request for the log before it asks whether anybody listens.
_quiet = logging.getLogger(__name__)
_quiet.setLevel(logging.WARNING)
_BEARER = "Bearer {}"


class SlackApi:
    """Calls of the Web API on kept connections. A closed one can be used again.

    Args:
        base_url: `https://slack.com/api/`.
        timeout: Seconds for a call.

    Raises:
        InvalidValue: If the URL is none of HTTP.
    """

    def __init__(self, base_url: str, *, timeout: float = TIMEOUT) -> None:
        self._origin = origin_of(urlsplit(base_url))
        if self._origin is None:
            raise InvalidValue(f"{base_url!r} is no address of Slack: https://slack.com/api/ is.")
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None
        self._client = AsyncWebClient(base_url=base_url, retry_handlers=[], logger=_quiet)
        # Its own reading of the environment knows of no exceptions.
        self._client.proxy = proxy_for(base_url)
        self._shut: dict[tuple[str, str], float] = {}
        """Until when a method is left alone for a token, by the monotonic clock (seconds)."""

    async def call(self, method: str, *, token: str | None, **arguments: Any) -> Mapping[str, Any]:
        """What Slack answers, `ok` being true.

        Args:
            method: Of the Web API: `chat.postMessage`.
            token: Whose call it is; None for what needs no token.
            arguments: The method's; those that are None are left out.

        Raises:
            SlackSays: Whatever went wrong.
        """
        return (await self._call(method, token, arguments))[0]

    async def scopes(self, token: str) -> frozenset[str]:
        """What a token may do.

        Raises:
            SlackSays: Whatever went wrong.
        """
        _, headers = await self._call("auth.test", token, {})
        listed = headers.get("x-oauth-scopes", "")
        return frozenset(scope.strip() for scope in listed.split(",") if scope.strip())

    async def answer(self, response_url: str, body: Mapping[str, Any]) -> None:
        """Answer a press or a command up to 30 minutes later and five times.

        Raises:
            InvalidValue: If the address is not Slack's.
            SlackSays: Whatever went wrong.
        """
        self._check(response_url, HOOKS)
        await self._post(response_url, json=body)

    async def upload(self, url: str, content: bytes) -> None:
        """Send a file to the address that `files.getUploadURLExternal` told.

        Raises:
            InvalidValue: If the address is not Slack's.
            SlackSays: Whatever went wrong.
        """
        self._check(url, FILES)
        await self._post(url, data=content)

    async def close(self) -> None:
        """Let go of the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _call(
        self, method: str, token: str | None, arguments: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        shut = (method, token or "")
        if (left := self._shut.get(shut, 0.0) - time.monotonic()) > 0:
            wait = timedelta(seconds=left)
            raise SlackSays(429, "ratelimited", retry_after=wait, reached=False)
        given = {name: value for name, value in arguments.items() if value is not None}
        in_json = method in IN_JSON
        self._client.session = self._connections()
        try:
            answer = await self._client.api_call(
                method,
                json=given if in_json else None,
                data=None if in_json else {name: _field(value) for name, value in given.items()},
                headers={} if token is None else {"Authorization": _BEARER.format(token)},
            )
        except SlackApiError as error:
            said = _refusal(error.response)
            if said.busy and said.retry_after is not None:
                self._leave_alone(shut, said.retry_after)
            raise said from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unanswered(error) from error
        except (AttributeError, UnicodeDecodeError) as error:
            # A body that is no object: the SDK looks for its fields all the same.
            raise SlackSays(200, UNREADABLE) from error
        if not isinstance(answer.data, dict):
            raise SlackSays(answer.status_code, UNREADABLE)
        return answer.data, answer.headers

    def _leave_alone(self, shut: tuple[str, str], wait: timedelta) -> None:
        now = time.monotonic()
        if len(self._shut) >= _SHUT_AT_MOST:
            self._shut = {one: until for one, until in self._shut.items() if until > now}
        self._shut[shut] = max(self._shut.get(shut, 0.0), now + wait.total_seconds())

    async def _post(self, url: str, **what: Any) -> None:
        try:
            async with self._connections().post(url, proxy=proxy_for(url), **what) as response:
                text = (await response.read()).decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unanswered(error) from error
        said = _json(text)
        if response.status >= HTTPStatus.MULTIPLE_CHOICES or said.get("ok") is False:
            raise _says(response.status, said, response.headers)

    def _check(self, url: str, hosts: frozenset[str]) -> None:
        asked = origin_of(urlsplit(url))
        if asked is not None and asked == self._origin:
            return
        if asked is None or asked[0] != "https" or asked[1] not in hosts or asked[2] != 443:  # noqa: PLR2004
            raise InvalidValue("A call named an address for its answer that is not Slack's.")

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=AT_ONCE),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=CONNECTS_WITHIN),
                middlewares=(_stay,),
            )
        return self._session


async def _stay(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """A redirect is a refusal: a POST does not survive it, and the token is not for others."""
    response = await handler(request)
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        response.release()
        raise SlackSays(response.status, "it is at another address")
    return response


def _field(value: Any) -> str:
    """A value in a form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list | tuple) else str(value)


def _refusal(response: Any) -> SlackSays:
    """An answer that is none: the SDK's response, or aiohttp's where the JSON is cut off."""
    if isinstance(response, ClientResponse):
        return SlackSays(response.status, UNREADABLE, retry_after=_asks(response.headers))
    said = response.data if isinstance(response.data, dict) else {}
    return _says(response.status_code, said, response.headers)


def _says(status: int, said: Mapping[str, Any], headers: Mapping[str, str]) -> SlackSays:
    told = said.get("error")
    more = said.get("response_metadata")
    details = more.get("messages") if isinstance(more, dict) else None
    fallback = _phrase(status) if status >= HTTPStatus.MULTIPLE_CHOICES else UNREADABLE
    return SlackSays(
        status,
        told if isinstance(told, str) and told else fallback,
        needed=str(said.get("needed") or ""),
        details=[str(one) for one in details] if isinstance(details, list) else (),
        retry_after=_asks(headers),
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no reason given"


def _asks(headers: Mapping[str, str]) -> timedelta | None:
    return patience(headers.get("Retry-After"))


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _unanswered(error: Exception) -> SlackSays:
    """A connection that never came about has carried nothing to Slack."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return SlackSays(None, "no connection in time", reached=False)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return SlackSays(None, "its certificate is not accepted", reached=False)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.InvalidURL):
        return SlackSays(None, "nobody answers at its address", reached=False)
    if isinstance(error, asyncio.TimeoutError):
        return SlackSays(None, "no answer in time")
    return SlackSays(None, "the connection broke")


def proxy_for(url: str) -> str | None:
    """Through which proxy the environment wants an address to be asked."""
    asked = urlsplit(url)
    if proxy_bypass(asked.hostname or ""):
        return None
    proxies = getproxies()
    return proxies.get(asked.scheme) or proxies.get("all") or None
