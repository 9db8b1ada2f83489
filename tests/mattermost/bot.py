"""A bot in the least of words: for what is to be said about the server, not about the bot."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from tests.mattermost.person import Answer, Person
from tests.mattermost.server import MattermostServer

Json = dict[str, Any]


class Bot:
    """A bot's side: calls the server, and answers it."""

    def __init__(self, server: MattermostServer, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.user, self.token = server.add_bot()
        self.http = http
        self.url = ""
        self.says: Callable[[Json], Awaitable[Json]] | Json = {}
        self.heard: list[Json] = []

    async def ask(self, verb: str, path: str, body: Any = None, **how: Any) -> Answer:
        headers = {"Authorization": f"Bearer {how.pop('token', self.token)}"}
        url = f"{self.server.url}/api/v4{path}"
        async with self.http.request(verb, url, json=body, headers=headers, **how) as answer:
            text = await answer.text()
            if answer.content_type == "application/json" and answer.status != 200:
                return Answer(status=answer.status, body=json.loads(text))
            return Answer(status=answer.status, body=_loaded(text))

    async def send(self, to: Person, message: str = "How likely?", **more: Any) -> Answer:
        actions = [self.action(f"s{score}", str(score), score=score) for score in range(11)]
        options = [{"text": str(score), "value": f"v{score}"} for score in range(11)]
        menu = {**self.action("menu", "Rate"), "type": "select", "options": options}
        return await self.ask(
            "POST",
            "/posts",
            {
                "channel_id": await to.channel(),
                "message": message,
                "props": {"attachments": [{"text": "0 to 10", "actions": [*actions, menu]}]},
                **more,
            },
        )

    def action(self, action_id: str, name: str, **context: Any) -> Json:
        calls = {"url": f"{self.url}/actions", "context": context}
        return {"id": action_id, "name": name, "type": "button", "integration": calls}

    async def hear(self, request: web.Request) -> web.Response:
        text = await request.text()
        form = "urlencoded" in request.content_type
        body = (
            {key: value[0] for key, value in parse_qs(text).items()} if form else json.loads(text)
        )
        self.heard.append(body)
        return web.json_response(await self.says(body) if callable(self.says) else self.says)


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@asynccontextmanager
async def bot_at(server: MattermostServer) -> AsyncIterator[Bot]:
    """A bot that the server knows, and can call."""
    async with aiohttp.ClientSession() as http:
        made = Bot(server, http)
        app = web.Application()
        app.router.add_post("/{name}", made.hear)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield made
        finally:
            await runner.cleanup()
