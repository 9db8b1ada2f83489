"""`voxpop doctor` on Mattermost: what its bot finds out by talking to itself."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.mattermost.checkup import REACHED, Checkup
from bot.mattermost.client import Client
from bot.mattermost.server_settings import Outcome, Step
from bot.mattermost.slash_command import SlashCommand
from bot.sealing import Seal
from survey.card import Act
from survey.errors import OutOfDate
from tests.mattermost.server import MattermostServer

KEYS = ("a-key-for-tests-that-is-long-enough-to-pass",)


class Callbacks:
    """Ours, as far as a check needs them."""

    def __init__(self, *, keys: tuple[str, ...] = KEYS) -> None:
        self.seal = Seal(keys)
        self.command_token = ""
        app = web.Application()
        app.router.add_get("/health/live", self.live)
        app.router.add_post("/mattermost/actions", self.pressed)
        app.router.add_post("/mattermost/commands", self.typed)
        self.server = TestServer(app)

    @property
    def url(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")

    async def live(self, _: web.Request) -> web.Response:
        return web.json_response({})

    async def pressed(self, request: web.Request) -> web.Response:
        body = await request.json()
        try:
            sealed = self.seal.open(body["context"]["seal"])
        except OutOfDate:
            return web.json_response({"ephemeral_text": "Out of date."})
        assert sealed.act is Act.CHECK
        return web.json_response({"update": {"message": REACHED, "props": {"attachments": []}}})

    async def typed(self, request: web.Request) -> web.Response:
        if (await request.post())["token"] != self.command_token:
            raise web.HTTPUnauthorized
        return web.json_response({"response_type": "ephemeral", "text": "I don't know you yet."})


@pytest.fixture
async def callbacks() -> AsyncIterator[Callbacks]:
    found = Callbacks()
    await found.server.start_server()
    yield found
    await found.server.close()


@pytest.fixture
async def server() -> AsyncIterator[MattermostServer]:
    async with MattermostServer() as server:
        yield server


async def check(
    server: MattermostServer, token: str, callback_url: str, **what: Any
) -> Mapping[str, Step]:
    client = Client(server.url, token)
    known = {"team": "acme", "has_command_token": True, "clock": lambda: datetime.now(UTC), **what}
    checkup = Checkup(client=client, seal=Seal(KEYS), callback_url=callback_url, **known)
    try:
        return {step.name: step async for step in checkup()}
    finally:
        await client.close()


async def set_up(server: MattermostServer, callbacks: Callbacks) -> str:
    """Bot and command; the bot's token."""
    _, token = server.add_bot()
    admin = Client(server.url, server.admin_token)
    command = SlashCommand(
        admin=admin, team_id=server.team.id, callback_url=callbacks.url, token=None
    )
    _, told = await command(dry_run=False)
    assert told is not None
    callbacks.command_token = told
    await admin.close()
    return token


def lacking(steps: Mapping[str, Step]) -> list[str]:
    return [name for name, step in steps.items() if step.outcome is Outcome.MISSING]


async def test_where_all_is_well_every_step_says_so_and_nothing_is_left_behind(
    server: MattermostServer, callbacks: Callbacks
) -> None:
    token = await set_up(server, callbacks)

    steps = await check(server, token, callbacks.url)

    assert lacking(steps) == []
    assert list(steps) == ["server", "site URL", "bot", "team", "clock", "callbacks", "/nps"]
    assert all(post.delete_at for post in server.state.posts.values() if post.props)


@pytest.mark.parametrize(
    ("site_url", "outcome", "mend"),
    [
        ("", Outcome.MISSING, "Environment > Web Server"),
        ("https://x.example.org", Outcome.NOTE, "make them the same"),
    ],
    ids=["none", "another"],
)
async def test_a_server_of_another_name_is_told_with_what_it_means(
    server: MattermostServer, callbacks: Callbacks, site_url: str, outcome: Outcome, mend: str
) -> None:
    token = await set_up(server, callbacks)
    server.state.config["ServiceSettings"]["SiteURL"] = site_url

    steps = await check(server, token, callbacks.url)

    assert steps["site URL"].outcome is outcome
    assert "long reports come as direct messages" in steps["site URL"].says
    assert mend in steps["site URL"].mend


async def test_callbacks_that_nobody_answers_are_told_apart_from_those_that_are_blocked(
    server: MattermostServer, callbacks: Callbacks
) -> None:
    token = await set_up(server, callbacks)
    server.state.config["ServiceSettings"]["AllowedUntrustedInternalConnections"] = ""

    blocked = await check(server, token, callbacks.url)
    assert lacking(blocked) == ["callbacks", "/nps"]
    assert "and we do" in blocked["callbacks"].says
    assert "Allow untrusted internal connections" in blocked["callbacks"].mend

    where = callbacks.url
    await callbacks.server.close()
    nobody = await check(server, token, where)
    assert lacking(nobody) == ["callbacks", "/nps"]
    assert "not even to us" in nobody["callbacks"].says
    assert "start `voxpop run`" in nobody["callbacks"].mend


async def test_another_installation_at_the_callback_address_is_noticed(
    server: MattermostServer,
) -> None:
    other = Callbacks(keys=("another-key-that-is-long-enough-to-pass-too",))
    await other.server.start_server()
    token = await set_up(server, other)

    steps = await check(server, token, other.url)

    assert lacking(steps) == ["callbacks"]
    assert "does not know our own button" in steps["callbacks"].says
    await other.server.close()


async def test_a_command_with_another_token_and_one_that_is_not_there(
    server: MattermostServer, callbacks: Callbacks
) -> None:
    token = await set_up(server, callbacks)
    callbacks.command_token = "another"
    assert lacking(await check(server, token, callbacks.url)) == ["/nps"]

    server.state.commands.clear()
    steps = await check(server, token, callbacks.url)
    assert steps["/nps"].says == "there is no such command in acme"

    steps = await check(server, token, callbacks.url, has_command_token=False)
    assert "all commands are refused" in steps["/nps"].says


async def test_a_clock_that_is_wrong_is_told(
    server: MattermostServer, callbacks: Callbacks
) -> None:
    token = await set_up(server, callbacks)

    steps = await check(
        server, token, callbacks.url, clock=lambda: datetime.now(UTC) + timedelta(minutes=5)
    )

    assert lacking(steps) == ["clock"]
    assert steps["clock"].says == "300 s from the server's"


async def test_tokens_and_teams_that_do_not_fit(
    server: MattermostServer, callbacks: Callbacks
) -> None:
    bot, token = server.add_bot()
    person = server.state.log_in(server.add_person("ann"))
    assert lacking(await check(server, "no-such-token-at-all", callbacks.url)) == ["bot"]
    assert lacking(await check(server, person, callbacks.url)) == ["bot"]
    assert "team" in lacking(await check(server, token, callbacks.url, team="nowhere"))
    assert "team" in lacking(await check(server, token, callbacks.url, team=None))

    del server.team.members[bot.id]
    assert "team" in lacking(await check(server, token, callbacks.url))


async def test_a_server_that_is_away_is_one_line() -> None:
    async with MattermostServer() as server:
        pass
    await asyncio.sleep(0)
    assert lacking(await check(server, "some-token", "http://127.0.0.1:1")) == ["server"]
