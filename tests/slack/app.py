"""A small app on slack-bolt, to try the peer with: by HTTP or over a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.records import Json
from tests.slack.server import SlackServer

PRESS: Json = {
    "type": "button",
    "action_id": "press",
    "text": {"type": "plain_text", "text": "Fish & chips"},
    "value": "v",
}
MENU: Json = {
    "type": "static_select",
    "action_id": "menu",
    "placeholder": {"type": "plain_text", "text": "0–10"},
    "options": [
        {"text": {"type": "plain_text", "text": str(score)}, "value": f"s{score}"}
        for score in range(11)
    ],
}
WHY: Json = {
    "type": "input",
    "block_id": "why",
    "label": {"type": "plain_text", "text": "Why?"},
    "element": {"type": "plain_text_input", "action_id": "text", "max_length": 20},
}


def modal(*blocks: Json, **more: Any) -> Json:
    """A modal of these blocks."""
    title, submit = ({"type": "plain_text", "text": text} for text in ("Why?", "Send"))
    about = {"type": "modal", "callback_id": "comment", "title": title, "submit": submit}
    return {**about, "blocks": list(blocks), **more}


async def _heard(event: Json) -> None:
    """Heard, that is all."""


def heard_by(client: AsyncWebClient, signing_secret: str) -> tuple[AsyncApp, list[Json]]:
    """The app, and everything it heard."""
    heard: list[Json] = []
    app = AsyncApp(
        client=client,
        token=None,
        signing_secret=signing_secret,
        process_before_response=True,
        ignoring_self_events_enabled=False,
    )

    @app.middleware
    async def note(body: Json, next_: Any) -> None:
        heard.append(body)
        await next_()

    @app.action("press")
    async def press(ack: Any, body: Json, respond: Any) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal(WHY))
        await ack()
        await respond(text="Pressed.", replace_original=True)

    @app.action("menu")
    async def menu(ack: Any, body: Json, respond: Any) -> None:
        await ack()
        await respond(text=f"Chosen: {body['actions'][0]['selected_option']['value']}")

    @app.view("comment")
    async def comment(ack: Any, view: Json) -> None:
        if view["state"]["values"]["why"]["text"]["value"] == "no":
            await ack(response_action="errors", errors={"why": "Please."})
        else:
            await ack()

    @app.command("/nps")
    async def nps(ack: Any, command: Json) -> None:
        await ack(f"You said: {command['text']}")

    @app.event("app_home_opened")
    async def home(event: Json) -> None:
        view = {"type": "home", "blocks": [{"type": "divider"}]}
        await client.views_publish(user_id=event["user"], view=view)

    for kind in ("message", "app_uninstalled", "tokens_revoked"):
        app.event(kind)(_heard)

    return app, heard


def client_of(server: SlackServer, token: str | None = None) -> AsyncWebClient:
    """Slack's own client, led to the peer."""
    value = server.bot_token if token is None else token
    return AsyncWebClient(token=value, base_url=server.api_url, retry_handlers=[])


@asynccontextmanager
async def by_http(server: SlackServer) -> AsyncIterator[list[Json]]:
    """The app behind a request URL; what it heard."""
    app, heard = heard_by(client_of(server), server.signing_secret)
    async with listening(app) as url:
        server.connect(url)
        yield heard


@asynccontextmanager
async def listening(app: AsyncApp) -> AsyncIterator[str]:
    """An app's request URL."""

    async def hear(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    site = web.Application()
    site.router.add_post("/slack/events", hear)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def by_socket(server: SlackServer) -> AsyncIterator[list[Json]]:
    """The app at the end of a socket; what it heard."""
    server.state.app.socket_mode = True
    app, heard = heard_by(client_of(server), server.signing_secret)
    handler = AsyncSocketModeHandler(
        app,
        server.app_token,
        web_client=AsyncWebClient(base_url=server.api_url),
        ping_interval=0.5,
    )
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield heard
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
