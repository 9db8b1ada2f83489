"""How the server calls the URL of a button, a dialog or a slash command."""

import asyncio
import ipaddress
import re
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from tests.mattermost.state import State

CONNECT_SECONDS = 3
USER_AGENT = "Mattermost-Bot/1.1"
FORBIDDEN = (
    "address forbidden, you may need to set AllowedUntrustedInternalConnections "
    "to allow an integration access to your internal network"
)


class Unreachable(Exception):
    """No answer was to be had; says why, as the server would."""


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One call, and how it was answered; `seconds` is how long that took."""

    url: str
    headers: dict[str, str]
    body: str
    status: int
    content_type: str
    answer: str
    seconds: float


class Integrations:
    """Everything outside that the server calls, once each."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._session: aiohttp.ClientSession | None = None
        self.calls: list[Callback] = []

    async def post(self, url: str, body: str, *, form: bool = False, token: str = "") -> Callback:
        """One POST, 3 s for the connection and 30 s in all.

        Raises:
            Unreachable: The address is not allowed, nobody answers there, or not in time.
        """
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "application/json",
            **({"Authorization": f"Token {token}"} if token else {}),
            "Content-Type": kind,
            "Accept-Encoding": "gzip",
        }
        begun = time.monotonic()
        try:
            await self._check_address(url)
            async with self._http().post(
                URL(url, encoded=True), data=body.encode(), headers=headers, timeout=self._limits()
            ) as answer:
                text = await answer.text(errors="replace")
                status, told = answer.status, answer.headers.get("Content-Type", "")
        except TimeoutError as error:
            late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            raise Unreachable(f'Post "{url}": {late}') from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(f'Post "{url}": {error}') from error
        call = Callback(
            url=url,
            headers=headers,
            body=body,
            status=status,
            content_type=told,
            answer=text,
            seconds=time.monotonic() - begun,
        )
        self.calls.append(call)
        return call

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    def _limits(self) -> aiohttp.ClientTimeout:
        seconds = self._service["OutgoingIntegrationRequestsTimeout"]
        return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)

    @property
    def _service(self) -> dict[str, Any]:
        return self._state.config["ServiceSettings"]

    async def _check_address(self, url: str) -> None:
        """Private addresses are for those whom the settings name."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        allowed = set(re.split(r"[\s,]+", self._service["AllowedUntrustedInternalConnections"]))
        if host in allowed:
            return
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise Unreachable(f'Post "{url}": dial tcp: lookup {host}: no such host') from error
        for *_, address in found:
            if not _may_call(ipaddress.ip_address(address[0]), allowed):
                raise Unreachable(f'Post "{url}": {FORBIDDEN}')


def _may_call(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allowed: set[str]) -> bool:
    if not (address.is_private or address.is_loopback or address.is_link_local):
        return True
    networks = [ipaddress.ip_network(entry, strict=False) for entry in allowed if "/" in entry]
    return str(address) in allowed or any(address in network for network in networks)
