"""What people write to the bot, heard over the websocket; what came meanwhile is read up."""

import asyncio
import contextlib
import json
import os
import random
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import aiohttp
import structlog
from certifi import where as known_authorities
from requests.utils import get_environ_proxies

from bot.mattermost.hearing import Hearing, Post
from survey.errors import VoxpopError

log = structlog.get_logger()

API = "/api/v4/websocket"
HEARTBEAT_SECONDS = 20.0
"""A connection that is silent for half as long after being asked counts as lost."""
WELCOME_SECONDS = 10.0
LOOKS_EVERY_SECONDS = 0.5
"""How often it looks whether this process still listens for all."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 60.0
GOOD_SECONDS = 60.0
"""A connection that lasted so long was a good one: the next pause is short again."""
LARGEST_EVENT = 4 * 1024 * 1024
WAIT_AT_MOST = 1_000
"""Posts that wait to be heard, while the database or the server is slow."""


class Lost(VoxpopError):
    """The connection is no more, or was never granted."""

    code = "connection_lost"


class Sign(Enum):
    """What stands between posts."""

    MISSED = "some were not told"
    END = "the connection is no more"


@dataclass
class Reading:
    """One connection: its posts in order.

    Attributes:
        most: So many posts wait at most. What comes beyond that is dropped, and read up once the
            others are heard: the mark stands before all of it until then.
    """

    most: int = WAIT_AT_MOST
    next_seq: int | None = None
    _waiting: asyncio.Queue[Post | Sign] = field(default_factory=asyncio.Queue)
    _missed: bool = False
    """Whether there is a sign in the queue that some were missed; one is enough for all of them."""

    async def next(self) -> Post | Sign:
        """What comes next; waits for it."""
        found = await self._waiting.get()
        if found is Sign.MISSED:
            self._missed = False
        return found

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._waiting.empty()

    def take(self, told: Mapping[str, Any]) -> None:
        """An event: numbers follow one another, and a gap means that the server dropped some."""
        seq = told.get("seq")
        if isinstance(seq, int):
            if self.next_seq is not None and seq != self.next_seq:
                self._miss()
            self.next_seq = seq + 1
        data = told.get("data")
        if told.get("event") != "posted" or not isinstance(data, Mapping):
            return
        if self._waiting.qsize() >= self.most:
            self._miss()
            return
        self._waiting.put_nowait(
            Post.read(_loaded(data.get("post")), direct=data.get("channel_type") == "D")
        )

    def end(self) -> None:
        """Nothing more will come."""
        self._waiting.put_nowait(Sign.END)

    def _miss(self) -> None:
        if not self._missed:
            self._missed = True
            self._waiting.put_nowait(Sign.MISSED)


class Listener:
    """Listens for all replicas while this process is the one that does.

    Args:
        url: The server.
        token: The bot's.
        hearing: Does something about what is heard.
        leads: Whether this process is the one.
        heartbeat: Seconds between two looks whether the server is still there.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        hearing: Hearing,
        leads: Callable[[], bool],
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._hearing = hearing
        self._leads = leads
        self._heartbeat = heartbeat
        self.connected = asyncio.Event()
        """Set while it listens, and has read up on everything before."""

    async def __call__(self) -> None:
        """Listen until cancelled."""
        pause, loop = FIRST_PAUSE_SECONDS, asyncio.get_running_loop()
        while True:
            if not self._leads():
                await asyncio.sleep(LOOKS_EVERY_SECONDS)
                continue
            began = loop.time()
            try:
                await self._listen()
            except (VoxpopError, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("mattermost_listener_lost", reason=_reason(error))
            except Exception:
                log.exception("mattermost_listener_broke")
            finally:
                self.connected.clear()
            if loop.time() - began >= GOOD_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - only to spread out
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _listen(self) -> None:
        """One connection, from its welcome to its end; what was heard by then is dealt with."""
        async with self._connection() as socket:
            reading = Reading()
            await self._authenticate(socket, reading)
            async with _beside(self._read(socket, reading)), _beside(self._watch(socket)):
                await self._hearing.catch_up()
                self.connected.set()
                log.info("mattermost_listener_listens")
                while (post := await reading.next()) is not Sign.END:
                    if isinstance(post, Post):
                        await self._hearing.hear(post)
                    else:
                        await self._hearing.catch_up()
                    if reading.is_empty:
                        await self._hearing.keep_mark()
        if self._leads():
            raise Lost("The server closed the connection.")

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.ws_connect(
                f"ws{self._url.removeprefix('http')}{API}",
                heartbeat=self._heartbeat,
                timeout=aiohttp.ClientWSTimeout(ws_close=2.0),
                max_msg_size=LARGEST_EVENT,
                proxy=get_environ_proxies(self._url).get(self._url.partition(":")[0]),
                ssl=_trust() if self._url.startswith("https") else True,
            ) as socket,
        ):
            yield socket

    async def _authenticate(
        self, socket: aiohttp.ClientWebSocketResponse, reading: Reading
    ) -> None:
        challenge = {"token": self._token}
        await socket.send_json({"seq": 1, "action": "authentication_challenge", "data": challenge})
        async with asyncio.timeout(WELCOME_SECONDS):
            async for message in socket:
                told = _loaded(message.data)
                if told.get("seq_reply") == 1:
                    if told.get("status") != "OK":
                        raise Lost("The server does not know the bot's token.")
                    return
                reading.take(told)
        raise Lost("The server did not let us listen.")

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, reading: Reading) -> None:
        try:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    reading.take(_loaded(message.data))
        finally:
            reading.end()

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Hang up when another process listens."""
        while self._leads():  # noqa: ASYNC110 - a property of the process, not an event
            await asyncio.sleep(LOOKS_EVERY_SECONDS)
        await socket.close()


@contextlib.asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    """Something that goes on meanwhile, and ends with this."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _loaded(text: object) -> Mapping[str, Any]:
    """JSON as the server sends it; empty where it is none."""
    try:
        told = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _trust() -> ssl.SSLContext:
    """The same authorities as for all other calls."""
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    return ssl.create_default_context(cafile=named or known_authorities())


def _reason(error: Exception) -> str:
    return error.code if isinstance(error, VoxpopError) else type(error).__name__
