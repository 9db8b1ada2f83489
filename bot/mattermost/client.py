"""The Mattermost server's REST API; the one file that knows the driver.

The driver is synchronous and comes without a connection pool, timeouts or errors that say what was
wrong: it is called in threads of its own, through a transport that has them.
"""

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import mattermostdriver
import requests
from mattermostdriver.client import Client as Transport
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from bot.mattermost.server_says import ServerSays, refusal, request_id, unanswered
from bot.origin import PORTS, origin_of
from survey.errors import InvalidValue

__all__ = ["Client", "Files", "ServerSays"]

API = "/api/v4"
AT_ONCE = 16
"""Calls under way at the same time; others wait for a thread. A worker has ten of them and the
directory four: on a server that hangs, a form still opens for who presses meanwhile."""
TIMEOUT = (5.0, 20.0)
"""Seconds for a connection, and for each piece of an answer."""
WAITS_AT_MOST = timedelta(seconds=2)
"""A server that asks for more patience than this is not waited for here."""
_HOOK = re.compile("/hooks/commands/[a-z0-9]+")

Files = Mapping[str, tuple[str | None, bytes | str] | tuple[str | None, bytes | str, str]]
"""Parts of a form: (file name, or None for a plain field; content; media type)."""


class Client:
    """One account on one server. Calls open what they need; a closed client can be used again.

    Args:
        url: The server, with its path if it has one.
        token: The account's access token; None for what anybody may ask.
        timeout: Seconds for a connection, and for each piece of an answer.

    Raises:
        InvalidValue: If the URL is none of HTTP.
    """

    def __init__(
        self, url: str, token: str | None = None, *, timeout: tuple[float, float] = TIMEOUT
    ) -> None:
        self.url = url.rstrip("/")
        self._server = urlsplit(self.url)
        self._origin = origin_of(self._server)
        if self._origin is None:
            raise InvalidValue(f"{url!r} is no address of a server: https://chat.example.org is.")
        self._token = token
        self._timeout = timeout
        self._threads: ThreadPoolExecutor | None = None
        self._driver: Any = None
        self._gate = 0.0
        """When the server listens again, by the machine's monotonic clock (seconds)."""

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, str | int] | None = None,
        files: Files | None = None,
    ) -> Any:
        """What the server answers, as read from JSON.

        Args:
            method: Any of HTTP's, PATCH included.
            path: Below `/api/v4`: `/users/me`.
            json: The body.
            params: The query.
            files: The parts of a form, in place of a JSON body.

        Raises:
            ServerSays: Whatever went wrong.
        """
        response = await self._ask(method, path, options=json, params=params, files=files)
        try:
            return response.json()
        except ValueError as error:
            raise ServerSays(
                response.status_code, "the answer can't be read", request_id=request_id(response)
            ) from error

    async def answer_later(self, response_url: str, body: Mapping[str, Any]) -> None:
        """Say something to who typed a command, up to 30 minutes later and five times.

        Raises:
            InvalidValue: If the address is not the server's own.
            ServerSays: Whatever went wrong.
        """
        asked = urlsplit(response_url)
        hook = asked.path.removeprefix(self._server.path)
        if origin_of(asked) != self._origin or not _HOOK.fullmatch(hook):
            raise InvalidValue(
                "A command named an address for its answer that is not the server's."
            )
        await self._ask("POST", hook, options=body, basepath=self._server.path)

    async def close(self) -> None:
        """Let go of connections and threads, once what is under way has ended."""
        threads, driver = self._threads, self._driver
        self._threads = self._driver = None
        if threads is not None:
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        if driver is not None:
            driver.client.close()

    async def _ask(self, method: str, path: str, **what: Any) -> requests.Response:
        patience = self._gate - time.monotonic()
        if patience > WAITS_AT_MOST.total_seconds():
            raise ServerSays(
                429,
                "the server wants to be left alone for now",
                retry_after=timedelta(seconds=patience),
                reached=False,
            )
        if patience > 0:
            await asyncio.sleep(patience)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mattermost")
            self._driver = self._drive()
        request = partial(self._driver.client.make_request, method, path, **what)
        try:
            response: requests.Response = await self._in_a_thread(self._threads, request)
        except ServerSays as error:
            if error.status == requests.codes.too_many and error.retry_after is not None:
                until = time.monotonic() + error.retry_after.total_seconds()
                self._gate = max(self._gate, until)
            raise
        return response

    @staticmethod
    async def _in_a_thread(
        threads: ThreadPoolExecutor, request: Callable[[], requests.Response]
    ) -> requests.Response:
        return await asyncio.get_running_loop().run_in_executor(threads, request)

    def _drive(self) -> Any:
        port = self._server.port or PORTS[self._server.scheme]
        host = self._server.hostname or ""
        driver = mattermostdriver.Driver(
            {
                "scheme": self._server.scheme,
                "url": f"[{host}]" if ":" in host else host,
                "port": port,
                "basepath": f"{self._server.path}{API}",
                "request_timeout": self._timeout,
            },
            client_cls=PooledTransport,
        )
        driver.client.token = self._token or ""
        return driver


class PooledTransport(Transport):  # type: ignore[misc]  # the driver has no types
    """The driver's transport on kept connections, with one error for all that goes wrong."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        session = requests.Session()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # What the environment says about proxies and certificates is read once, not each time;
        # what a .netrc says never.
        session.trust_env = False
        session.proxies.update(get_environ_proxies(self.url))
        session.verify = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        )
        for scheme in PORTS:
            session.mount(f"{scheme}://", HTTPAdapter(pool_maxsize=AT_ONCE, max_retries=0))
        self._session = session

    def close(self) -> None:
        self._session.close()

    def make_request(
        self,
        method: str,
        endpoint: str,
        options: Any = None,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        files: Files | None = None,
        basepath: str | None = None,
    ) -> requests.Response:
        """What the driver's own does; with a body only where there is one."""
        base = self.url if basepath is None else self.url.removesuffix(self._basepath) + basepath
        try:
            response = self._session.request(
                method.upper(),
                base + endpoint,
                headers=self.auth_header() if basepath is None else None,
                params=params,
                json=options,
                data=data,
                files=files,
                timeout=self.request_timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise unanswered(error) from error
        if response.status_code >= 300:  # noqa: PLR2004 - redirects are refusals: a POST does not survive them
            raise refusal(response)
        return response
