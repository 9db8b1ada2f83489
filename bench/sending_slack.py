"""Slack: each message is one post; who can be written to is looked up now and then."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bench.chat import slack_account
from bench.sending import AT_ONCE, SEAL, Row, measured, question, several
from bench.servers import Server
from bot.sealing import Place
from bot.slack import PLATFORM, WORKSPACE_AT_HOME
from bot.slack.client import SlackApi
from bot.slack.messenger import SlackMessenger
from bot.slack.rendering import message_of
from bot.slack.workspaces import Workspaces
from survey.messenger import NO_LIMITS, Messenger
from survey.person import Address
from tests.examples import MONDAY

TOKEN = "xoxb-1-2-bench"  # noqa: S105 - of nobody


class Slack:
    """slack_sdk's asynchronous client, and our messenger on top of it."""

    name = PLATFORM

    def address(self, number: int) -> Address:
        return Address(
            platform=PLATFORM, workspace=WORKSPACE_AT_HOME, user_id=slack_account(number)
        )

    async def bare(self, server: Server, number: int) -> Row:
        bodies, url = self._bodies(number), f"{_base(server)}chat.postMessage"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:

            async def send(body: dict[str, Any]) -> None:
                async with session.post(url, json=body) as answer:
                    assert (await answer.json())["ok"]

            return await measured("a bare aiohttp loop", number, lambda: several(bodies, send))

    async def client(self, server: Server, number: int) -> Row:
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(connector=connector) as session:
            return await self._sdk("slack_sdk, its session kept", server, number, session)

    async def as_it_comes(self, server: Server, number: int) -> Row:
        return await self._sdk("slack_sdk as it comes", server, number, None)

    @asynccontextmanager
    async def messenger(self, server: Server) -> AsyncIterator[Messenger]:
        api = SlackApi(_base(server))
        workspaces = Workspaces(api, TOKEN, None, lambda: MONDAY)
        messenger = SlackMessenger(workspaces, SEAL, paces=NO_LIMITS)
        yield messenger
        await messenger.close()
        await api.close()

    async def _sdk(
        self, name: str, server: Server, number: int, session: aiohttp.ClientSession | None
    ) -> Row:
        bodies = self._bodies(number)
        client = AsyncWebClient(TOKEN, _base(server), session=session)

        async def send(body: dict[str, Any]) -> None:
            assert (await client.chat_postMessage(**body))["ok"]

        return await measured(name, number, lambda: several(bodies, send))

    def _bodies(self, number: int) -> list[dict[str, Any]]:
        card, found = question(), []
        for place in range(number):
            to, delivery = self.address(place), uuid4()
            where = Place(channel=to.user_id, delivery=delivery)
            message = message_of(card, to=to, place=where, seal=SEAL, delivery=delivery)
            quiet = {"unfurl_links": False, "unfurl_media": False}
            found.append({"channel": to.user_id, **message, **quiet})
        return found


def _base(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/api/"
