"""Mattermost: each message is a direct channel and a post."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import mattermostdriver
from mattermostdriver.client import Client as BareTransport

from bench.chat import BOT
from bench.sending import AT_ONCE, SEAL, Row, measured, question, several
from bench.servers import Server
from bot.mattermost import PLATFORM, WORKSPACE
from bot.mattermost.client import Client, PooledTransport
from bot.mattermost.messenger import MattermostMessenger
from bot.mattermost.rendering import post_of
from bot.sealing import Place
from survey.messenger import NO_LIMITS, Messenger
from survey.person import Address

TOKEN = "t" * 26
OURS = "https://voxpop.example.org"
Both = tuple[list[str], dict[str, Any]]
"""What opens the channel, and what is posted there."""


class Mattermost:
    """The driver, pooled and as it comes, and our messenger on top of it."""

    name = PLATFORM

    def address(self, number: int) -> Address:
        return Address(platform=PLATFORM, workspace=WORKSPACE, user_id=f"u{number:025}")

    async def bare(self, server: Server, number: int) -> Row:
        bodies = self._bodies(number)
        base = f"http://127.0.0.1:{server.port}/api/v4"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(headers=headers, connector=connector) as session:

            async def post(path: str, body: Any) -> None:
                async with session.post(base + path, json=body) as answer:
                    assert answer.status == 201
                    await answer.json()

            async def send(both: Both) -> None:
                opening, message = both
                await post("/channels/direct", opening)
                await post("/posts", message)

            return await measured("a bare aiohttp loop", number, lambda: several(bodies, send))

    async def client(self, server: Server, number: int) -> Row:
        return await self._driver("the pooled driver alone", server, number, PooledTransport)

    async def as_it_comes(self, server: Server, number: int) -> Row:
        return await self._driver("the driver as it comes", server, number, BareTransport)

    @asynccontextmanager
    async def messenger(self, server: Server) -> AsyncIterator[Messenger]:
        client = Client(f"http://127.0.0.1:{server.port}", TOKEN)
        yield MattermostMessenger(client, SEAL, OURS, paces=NO_LIMITS)
        await client.close()

    async def _driver(self, name: str, server: Server, number: int, transport: type[Any]) -> Row:
        bodies = self._bodies(number)
        options = {
            "scheme": "http",
            "url": "127.0.0.1",
            "port": server.port,
            "request_timeout": (5, 20),
        }
        driver = mattermostdriver.Driver(options, client_cls=transport)
        driver.client.token = TOKEN

        def send(both: Both) -> str:
            driver.channels.create_direct_message_channel(both[0])
            made: str = driver.posts.create_post(both[1])["id"]
            return made

        with ThreadPoolExecutor(AT_ONCE) as threads:

            async def work() -> None:
                loop = asyncio.get_running_loop()
                sent = await asyncio.gather(
                    *(loop.run_in_executor(threads, send, both) for both in bodies)
                )
                assert len(set(sent)) == number

            row = await measured(name, number, work)
        if isinstance(driver.client, PooledTransport):
            driver.client.close()
        return row

    def _bodies(self, number: int) -> list[Both]:
        card, found = question(), []
        for place in range(number):
            to, delivery = self.address(place), uuid4()
            post = post_of(
                card,
                to=to,
                place=Place(channel=to.user_id, delivery=delivery),
                seal=SEAL,
                callback_url=OURS,
            )
            pending = {"channel_id": to.user_id, "pending_post_id": f"{BOT}:{delivery}"}
            found.append(([BOT, to.user_id], {**pending, **post}))
        return found
