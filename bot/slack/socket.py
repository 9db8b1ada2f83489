"""Socket Mode: Slack reaches us over a connection that we open, and needs no address of ours."""

import asyncio
from datetime import timedelta

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.slack.client import proxy_for
from bot.slack.troubles import quiet_logger

log = structlog.get_logger()
HEARTBEAT_SECONDS = 5.0
"""A connection that is silent for longer counts as lost, and another one is opened."""
LOST_FOR_HEARTBEATS = 6
"""After so many of them without a connection everything is begun anew."""
FINISHES_WITHIN = timedelta(seconds=2)
"""How long after a stop what was heard may take to be done and acknowledged."""


class _Handler(AsyncSocketModeHandler):
    """Bolt's, that knows what it has under way."""

    def __init__(self, app: AsyncApp, app_token: str, heartbeat: float) -> None:
        super().__init__(app, app_token, logger=quiet_logger(__name__), ping_interval=heartbeat)
        # What the SDK reads from the environment by itself knows of no exceptions.
        app.client.proxy = self.client.proxy = proxy_for(app.client.base_url)
        self.under_way: set[asyncio.Future[None]] = set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        answering = asyncio.ensure_future(super().handle(client, req))
        self.under_way.add(answering)
        answering.add_done_callback(self._ended)
        await asyncio.wait({answering})

    def _ended(self, answering: "asyncio.Future[None]") -> None:
        self.under_way.discard(answering)
        if not answering.cancelled() and (error := answering.exception()) is not None:
            # What was to be done is done; events that were not acknowledged are told again.
            log.warning("slack_acknowledgement_lost", reason=type(error).__name__)

    async def finish(self) -> None:
        """Let go of the connection, after what was heard is done and acknowledged."""
        if self.under_way:
            within = FINISHES_WITHIN.total_seconds()
            await asyncio.wait(set(self.under_way), timeout=within)
        await self.close_async()  # type: ignore[no-untyped-call]


class Socket:
    """One connection of this process; each of several processes may have its own.

    What happens is told to one of them, and to that alone.

    Args:
        app: Does what is to be done.
        app_token: Of the app (`xapp-…`), good for sockets.
        heartbeat: Seconds between two looks whether Slack is still there.

    Attributes:
        heartbeat: The same; a new one counts from the next time that it listens.
    """

    def __init__(
        self, app: AsyncApp, app_token: str, *, heartbeat: float = HEARTBEAT_SECONDS
    ) -> None:
        self._app = app
        self._app_token = app_token
        self.heartbeat = heartbeat
        self._handler: _Handler | None = None

    async def connected(self) -> bool:
        """Whether Slack reaches us."""
        return self._handler is not None and await self._handler.client.is_connected()

    async def listen(self) -> None:
        """Listen until cancelled; what was heard by then is finished and acknowledged."""
        while True:
            handler = self._handler = _Handler(self._app, self._app_token, self.heartbeat)
            connecting = asyncio.ensure_future(handler.connect_async())  # type: ignore[no-untyped-call]
            try:
                await self._watch()
            finally:
                self._handler = None
                connecting.cancel()
                await handler.finish()

    async def _watch(self) -> None:
        """Wait as long as there is a connection, or one may still come about.

        The SDK opens a new one by itself; it tries the same address for ever, though, which is good
        for one try.
        """
        loop = asyncio.get_running_loop()
        lost_at, before = loop.time(), False
        while before or loop.time() - lost_at < LOST_FOR_HEARTBEATS * self.heartbeat:
            await asyncio.sleep(self.heartbeat / 5)
            now = await self.connected()
            if now != before:
                lost_at, before = loop.time(), now
                log.info("slack_socket_open") if now else log.warning("slack_socket_lost")
