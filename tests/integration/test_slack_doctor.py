"""`voxpop doctor` on Slack: what our tokens may do, and whether Slack and we reach each other."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.signature import SignatureVerifier

from bot.slack.scopes import NAMES
from runtime.doctor.findings import Finding
from runtime.doctor.slack import ask_ourselves, examine_slack
from runtime.settings import Settings, load_settings
from runtime.settings.slack import SlackSettings
from storage.installations import SqlInstallations
from survey.ports import Installation
from tests.slack.records import Workspace
from tests.slack.server import SlackServer
from tests.world import World

KEY = "a-key-for-tests-that-is-long-enough-to-pass"
SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


def slack_of(server: SlackServer, **other: str | None) -> SlackSettings:
    given = SlackSettings(
        bot_token=server.bot_token,
        signing_secret=None,
        app_token=server.app_token,
        api_url=server.api_url,
        client_id=None,
        client_secret=None,
        base_url="http://localhost:8000",
    )
    return replace(given, **other)  # type: ignore[arg-type]


def settings_in(folder: Path) -> Settings:
    return load_settings({"VOXPOP_SECRET_KEY": KEY}, folder=folder)


async def examined(
    server: SlackServer, folder: Path, *, ahead: timedelta = timedelta(0), **other: str | None
) -> Mapping[str, Finding]:
    found = await examine_slack(
        settings_in(folder),
        slack_of(server, **other),
        clock=lambda: datetime.now(UTC) + ahead,
    )
    return {one.name: one for one in found}


def lacking(found: Mapping[str, Finding]) -> list[str]:
    return [name for name, one in found.items() if not one.fine]


async def test_where_all_is_well_every_line_says_so(server: SlackServer, tmp_path: Path) -> None:
    found = await examined(server, tmp_path)
    assert lacking(found) == []
    assert list(found) == ["slack clock", "slack bot", "slack bot scopes", "slack socket"]
    assert found["slack bot"].says == "@voxpop in Acme"


async def test_what_is_half_set_is_told_with_what_is_missing(
    server: SlackServer, tmp_path: Path
) -> None:
    found = await examined(server, tmp_path, app_token=None)
    assert lacking(found) == ["slack"]
    assert "VOXPOP_SLACK__APP_TOKEN (or SIGNING_SECRET)" in found["slack"].mend
    assert not server.faults.calls


async def test_a_token_that_is_worth_nothing_is_told_and_not_shown(
    server: SlackServer, tmp_path: Path
) -> None:
    found = await examined(server, tmp_path, bot_token="xoxb-nobody-knows-me")
    assert lacking(found) == ["slack bot"]
    assert found["slack bot"].says == "the token is not valid (invalid_auth)"
    assert "nobody-knows-me" not in str(found)


async def test_scopes_that_are_missing_are_named(server: SlackServer, tmp_path: Path) -> None:
    token = server.state.install(server.home, ",".join(NAMES[:-2]))
    found = await examined(server, tmp_path, bot_token=token.value)
    assert lacking(found) == ["slack bot scopes"]
    assert found["slack bot scopes"].says == f"it may not: {', '.join(NAMES[-2:])}"


async def test_a_token_in_the_settings_that_ends_is_told_before_it_does(tmp_path: Path) -> None:
    async with SlackServer(rotation=True) as server:
        found = await examined(server, tmp_path)
    assert lacking(found) == ["slack bot"]
    assert "ends within hours" in found["slack bot"].says


async def test_an_app_token_that_opens_nothing_is_told(server: SlackServer, tmp_path: Path) -> None:
    found = await examined(server, tmp_path, app_token="xapp-1-nobody-knows-me")
    assert lacking(found) == ["slack socket"]
    assert "invalid_auth" in found["slack socket"].says
    assert "connections:write" in found["slack socket"].mend


async def test_a_clock_that_is_wrong_is_told(server: SlackServer, tmp_path: Path) -> None:
    for ahead in (timedelta(minutes=3), -timedelta(minutes=3)):
        found = await examined(server, tmp_path, ahead=ahead)
        assert lacking(found) == ["slack clock"]
        assert found["slack clock"].says in {"179 s from Slack's", "180 s from Slack's"}


async def test_where_slack_is_away_one_line_says_so(tmp_path: Path) -> None:
    async with SlackServer() as server:
        pass
    found = await examined(server, tmp_path)
    assert lacking(found) == ["slack server"]
    assert list(found) == ["slack server"]


async def test_slack_calls_no_address_without_https(server: SlackServer, tmp_path: Path) -> None:
    found = await examined(server, tmp_path, app_token=None, signing_secret=SECRET)
    assert lacking(found) == ["slack events"]
    assert "not http://localhost:8000/slack/events" in found["slack events"].says


# Our own address, as Slack asks it


async def answers(body: str | None, *, secret: str = SECRET) -> Finding:
    """What is found where somebody answers so; None for who answers as Voxpop does."""

    async def events(request: web.Request) -> web.Response:
        said = await request.text()
        if not SignatureVerifier(secret).is_valid_request(said, dict(request.headers)):
            return web.Response(status=401)
        return web.Response(text=json.loads(said)["challenge"] if body is None else body)

    app = web.Application()
    app.router.add_post("/slack/events", events)
    server = TestServer(app)
    await server.start_server()
    try:
        where = str(server.make_url("/slack/events"))
        return await ask_ourselves(where, SECRET, at=datetime.now(UTC))
    finally:
        await server.close()


async def test_our_own_address_answers_as_slack_wants_it() -> None:
    assert (await answers(None)).fine


async def test_another_signing_secret_is_told_from_another_server() -> None:
    other = await answers(None, secret="f" * 32)
    assert "does not take our own signature" in other.says
    assert "VOXPOP_SLACK__SIGNING_SECRET" in other.mend
    assert "answers with 200, as Voxpop does not" in (await answers("<html>")).says


async def test_an_address_where_nobody_answers_is_told() -> None:
    found = await ask_ourselves("http://127.0.0.1:1/slack/events", SECRET, at=datetime.now(UTC))
    assert "nobody answers" in found.says


# Workspaces that installed us


def installed(workspace: Workspace, **other: object) -> Installation:
    made = Installation(
        workspace=workspace.id,
        name=workspace.name,
        bot_user_id=workspace.bot_user_id,
        app_id="A0APP",
        scopes=NAMES,
        token=workspace.bot_token,
        installed_at=datetime.now(UTC),
        installed_by="U0ADA",
    )
    return replace(made, **other)  # type: ignore[arg-type]


async def lines_of(server: SlackServer, world: World) -> Mapping[str, Finding]:
    slack = slack_of(server, bot_token=None, client_id="1.2", client_secret=SECRET)
    found = await examine_slack(world.product.settings, slack)
    return {one.name: one for one in found}


async def test_every_workspace_has_its_lines(server: SlackServer, world: World) -> None:
    kept = SqlInstallations(world.product.database, world.product.settings.secret_keys)
    fine, gone, over, lost = (
        server.add_workspace(name, installed=True) for name in ("Fine", "Gone", "Over", "Lost")
    )
    for workspace in (fine, gone):
        await kept.save(installed(workspace))
    await kept.save(installed(over, expires_at=datetime.now(UTC) - timedelta(hours=1)))
    await SqlInstallations(world.product.database, ("another-key" * 4,)).save(installed(lost))
    server.state.uninstall(gone)

    found = await lines_of(server, world)

    assert found[f"slack {fine.id} (Fine)"].says == "@voxpop in Fine"
    assert "not valid" in found[f"slack {gone.id} (Gone)"].says
    assert "its token ended at" in found[f"slack {over.id} (Over)"].says
    assert "sealed under a key" in found[f"slack {lost.id}"].says
    assert len(lacking(found)) == 3
    for workspace in (fine, gone, over, lost):
        assert not workspace.bot_token or workspace.bot_token not in str(found)


async def test_where_nobody_installed_it_yet_the_next_step_is_told(
    server: SlackServer, world: World
) -> None:
    found = await lines_of(server, world)
    assert lacking(found) == []
    assert "voxpop slack link" in found["slack workspaces"].mend
