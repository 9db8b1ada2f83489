"""A workspace installs Voxpop by itself: by a link of the operator's, in one browser, once."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest
from aiohttp import web
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Mount
from structlog.testing import capture_logs

from bot.slack.client import SlackApi
from bot.slack.oauth import TAKES_AT_MOST, Installing
from bot.slack.passes import Passes, Purpose, link
from bot.slack.scopes import NAMES
from bot.slack.workspaces import Workspaces
from storage.heard import SqlHeard
from storage.installations import SqlInstallations
from storage.tables import lanes
from tests.slack.oauth import OAuth
from tests.slack.records import Json, User, Workspace
from tests.slack.server import SlackServer
from tests.world import World

BASE = "https://survey.example.org"
KEYS = ("a-key-for-tests-that-is-long-enough-to-pass",)
DAY = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Slack, our two routes, and whoever installs us."""

    server: SlackServer
    world: World
    installations: SqlInstallations
    workspaces: Workspaces
    installing: Installing

    def browser(self) -> httpx.AsyncClient:
        app = Starlette(routes=[Mount("/slack", routes=self.installing.routes)])
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE)

    @property
    def link(self) -> str:
        return link(BASE, self.installing.passes, at=self.world.clock.at, holds=DAY)

    def boss_of(self, workspace: Workspace) -> User:
        return self.server.state.users_of(workspace)[0]

    async def asked(self, browser: httpx.AsyncClient) -> str:
        """Where the link leads: the page on which Slack asks."""
        answer = await browser.get(self.link)
        assert answer.status_code == HTTPStatus.FOUND
        return answer.headers["location"]

    async def agreed(self, browser: httpx.AsyncClient, workspace: Workspace) -> str:
        """Where Slack leads back to."""
        asks = await self.asked(browser)
        return self.server.oauth.agree(asks, workspace, self.boss_of(workspace))


@pytest.fixture
async def outside(world: World) -> AsyncIterator[Outside]:
    async with SlackServer(rotation=True) as server:
        server.state.app.redirect_urls = [f"{BASE}/slack/oauth_redirect"]
        api = SlackApi(server.api_url)
        installations = SqlInstallations(world.product.database, KEYS)
        workspaces = Workspaces(api, server.bot_token, installations, world.clock)
        yield Outside(
            server=server,
            world=world,
            installations=installations,
            workspaces=workspaces,
            installing=Installing(
                api=api,
                workspaces=workspaces,
                installations=installations,
                heard=SqlHeard(world.product.database),
                audit=world.product.audit,
                passes=Passes(KEYS),
                client_id=server.client_id,
                client_secret=server.client_secret,
                api_url=server.api_url,
                base_url=BASE,
                clock=world.clock,
            ),
        )
        await api.close()


def changed(url: str, **parts: str) -> str:
    """The same address with other words behind it."""
    split = urlsplit(url)
    return urlunsplit(split._replace(query=urlencode(dict(parse_qsl(split.query)) | parts)))


async def test_who_has_a_link_installs_voxpop_in_a_workspace(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta & Sons")
    async with outside.browser() as browser:
        answer = await browser.get(await outside.agreed(browser, beta))

    assert answer.status_code == HTTPStatus.OK
    assert "<h1>Voxpop is in Beta &amp; Sons</h1>" in answer.text
    (kept,) = await outside.installations.all()
    assert (kept.workspace, kept.name) == (beta.id, "Beta & Sons")
    assert (kept.token, kept.refresh_token) == (beta.bot_token, beta.refresh_token)
    assert (kept.bot_user_id, kept.installed_by) == (beta.bot_user_id, outside.boss_of(beta).id)
    assert set(kept.scopes) == set(NAMES)
    assert kept.expires_at == outside.world.clock.at + timedelta(hours=12)
    assert await outside.workspaces.workspace_of(beta.id) == beta.id


async def test_slack_is_asked_for_what_is_needed_and_for_nothing_else(outside: Outside) -> None:
    async with outside.browser() as browser:
        asks = await outside.asked(browser)
    asked = parse_qs(urlsplit(asks).query)
    assert asks.startswith(f"{outside.server.authorize_url}?")
    assert asked["scope"] == [",".join(NAMES)]
    assert asked["redirect_uri"] == [f"{BASE}/slack/oauth_redirect"]
    assert set(asked) == {"client_id", "scope", "redirect_uri", "state"}


async def test_an_installation_is_in_the_audit_log_and_its_token_nowhere(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta")
    with capture_logs() as told:
        async with outside.browser() as browser:
            await browser.get(await outside.agreed(browser, beta))

    entry = (await outside.world.product.audit.latest(1))[0].entry
    assert (entry.action, entry.about) == ("workspace.installed", f"{beta.id} Beta")
    assert entry.actor == f"slack:{outside.boss_of(beta).id}"
    said = str(told) + str(entry) + repr(outside.installing)
    assert "slack_installed" in said
    for secret in (beta.bot_token, beta.refresh_token, outside.server.client_secret):
        assert secret not in said


@pytest.mark.parametrize("given", ["", "?pass=", "?pass=hello", "?pass=link.1.a.b"])
async def test_who_has_no_link_gets_nowhere(outside: Outside, given: str) -> None:
    async with outside.browser() as browser:
        answer = await browser.get(f"/slack/install{given}")
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "set-cookie" not in answer.headers
    assert "<code>voxpop slack link</code>" in answer.text


async def test_a_link_ends(outside: Outside) -> None:
    old = outside.link
    outside.world.clock.forward(hours=24)
    async with outside.browser() as browser:
        assert (await browser.get(old)).status_code == HTTPStatus.FORBIDDEN


async def test_what_was_begun_in_another_browser_is_refused(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta")
    async with outside.browser() as mine, outside.browser() as theirs:
        back = await outside.agreed(mine, beta)
        await outside.asked(theirs)
        answer = await theirs.get(back)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "not begun in this browser" in answer.text
    assert await outside.installations.all() == []


async def test_the_cookie_is_for_us_alone(outside: Outside) -> None:
    async with outside.browser() as browser:
        answer = await browser.get(outside.link)
    told = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "secure", "samesite=lax", "path=/slack", "max-age=600"} <= told
    assert answer.headers["cache-control"] == "no-store"


async def test_a_state_that_we_did_not_write_is_refused_although_the_cookie_has_it(
    outside: Outside,
) -> None:
    beta = outside.server.add_workspace("Beta")
    other = Passes(("another-key-for-tests-that-is-long-enough",))
    forged = other.write(Purpose.STATE, until=outside.world.clock.at + TAKES_AT_MOST)
    async with outside.browser() as browser:
        back = changed(await outside.agreed(browser, beta), state=forged)
        browser.cookies.clear()
        browser.cookies.set("voxpop_slack_install", forged)
        answer = await browser.get(back)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert await outside.installations.all() == []


async def test_a_link_is_no_state(outside: Outside) -> None:
    text = parse_qs(urlsplit(outside.link).query)["pass"][0]
    async with outside.browser() as browser:
        browser.cookies.set("voxpop_slack_install", text)
        answer = await browser.get(f"/slack/oauth_redirect?code=1&state={text}")
    assert answer.status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("given", ["", "?state=", "?code=1"])
async def test_nobody_begins_where_slack_leads_back_to(outside: Outside, given: str) -> None:
    async with outside.browser() as browser:
        answer = await browser.get(f"/slack/oauth_redirect{given}")
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "nobody begins here" in answer.text
    assert "ten minutes" not in answer.text


async def test_below_a_path_of_its_own_the_cookie_goes_where_slack_leads_back_to(
    outside: Outside,
) -> None:
    below = replace(outside.installing, base_url=f"{BASE}/voxpop/")
    app = Starlette(routes=[Mount("/slack", routes=below.routes)])
    begin = link("", outside.installing.passes, at=outside.world.clock.at, holds=DAY)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as browser:
        begun = await browser.get(begin)
        ended = await browser.get("/slack/oauth_redirect")
    for answer in (begun, ended):
        told = [part.strip().lower() for part in answer.headers["set-cookie"].split(";")]
        assert "path=/voxpop/slack" in told


async def test_fault_22_who_installs_while_the_token_of_home_is_dead_is_kept(
    outside: Outside,
) -> None:
    beta = outside.server.add_workspace("Beta")
    outside.server.faults.goes_wrong("error", "auth.test")
    async with outside.browser() as browser:
        answer = await browser.get(await outside.agreed(browser, beta))
    assert answer.status_code == HTTPStatus.OK
    (kept,) = await outside.installations.all()
    assert (kept.workspace, kept.token) == (beta.id, beta.bot_token)


async def test_fault_22_what_was_refused_before_is_tried_at_once_after_an_installation(
    outside: Outside,
) -> None:
    beta = outside.server.add_workspace("Beta")
    now = outside.world.clock.at
    shut = {"platform": "slack", "tokens": 0.0, "filled_at": now, "closed_until": now + DAY}
    busy = {"method": "update", "trouble": 0, "reason": "ratelimited"}
    refused = {"method": "send", "trouble": 3, "reason": "token_revoked"}
    await outside.world.rows(
        lanes.insert().values(
            [
                {**shut, **refused, "workspace": beta.id},
                {**shut, **busy, "workspace": beta.id},
                {**shut, **refused, "workspace": "T0ANOTHER"},
            ]
        )
    )
    async with outside.browser() as browser:
        await browser.get(await outside.agreed(browser, beta))
    rows = await outside.world.rows(select(lanes).where(lanes.c.closed_until.is_(None)))
    # It is probed: one message alone goes out first.
    assert [(row.workspace, row.method, row.trouble) for row in rows] == [(beta.id, "send", 3)]


async def test_who_takes_more_than_ten_minutes_begins_again(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta")
    async with outside.browser() as browser:
        back = await outside.agreed(browser, beta)
        outside.world.clock.forward(minutes=10)
        answer = await browser.get(back)
    assert "more than ten minutes" in answer.text
    assert await outside.installations.all() == []


async def test_an_address_that_was_used_installs_nothing_again(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta")
    async with outside.browser() as browser:
        back = await outside.agreed(browser, beta)
        cookie = browser.cookies["voxpop_slack_install"]
        assert (await browser.get(back)).status_code == HTTPStatus.OK
        assert "voxpop_slack_install" not in browser.cookies
        browser.cookies.set("voxpop_slack_install", cookie)
        answer = await browser.get(back)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "used before" in answer.text
    assert len(await outside.installations.all()) == 1


async def test_who_only_looks_at_the_address_uses_nothing_up(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta")
    async with outside.browser() as browser:
        back = await outside.agreed(browser, beta)
        await browser.head(back)
        assert (await browser.get(back)).status_code == HTTPStatus.OK


async def test_who_calls_it_off_is_told_that_nothing_was_installed(outside: Outside) -> None:
    async with outside.browser() as browser:
        back = outside.server.oauth.decline(await outside.asked(browser))
        answer = await browser.get(back)
    assert "called off in Slack" in answer.text
    assert await outside.installations.all() == []


async def test_a_code_that_slack_does_not_know_installs_nothing(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta")
    async with outside.browser() as browser:
        back = changed(await outside.agreed(browser, beta), code="<script>")
        answer = await browser.get(back)
    assert answer.status_code == HTTPStatus.BAD_GATEWAY
    assert "(invalid_code)" in answer.text
    assert await outside.installations.all() == []


async def test_the_workspace_of_the_settings_is_not_installed_beside_itself(
    outside: Outside,
) -> None:
    home = outside.server.home
    async with outside.browser() as browser:
        answer = await browser.get(await outside.agreed(browser, home))
    assert "Acme has Voxpop already" in answer.text
    assert await outside.installations.all() == []


class ForAllOfUs(OAuth):
    """The organisation's administrator lets the app in everywhere."""

    async def access(self, request: web.Request) -> Json:
        told = await super().access(request)
        return told | {"team": None, "is_enterprise_install": True}


async def test_a_whole_organisation_is_refused_and_its_token_given_back(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta")
    outside.server.oauth = ForAllOfUs(outside.server.state)
    async with outside.browser() as browser:
        answer = await browser.get(await outside.agreed(browser, beta))
    assert "not for a whole organisation" in answer.text
    assert beta.bot_token not in outside.server.state.tokens
    assert await outside.installations.all() == []


async def test_who_installs_again_has_the_new_token(outside: Outside) -> None:
    beta = outside.server.add_workspace("Beta")
    async with outside.browser() as browser:
        await browser.get(await outside.agreed(browser, beta))
        first = beta.bot_token
        assert await outside.workspaces.token(beta.id) == first
        await browser.get(await outside.agreed(browser, beta))
    assert beta.bot_token != first
    assert await outside.workspaces.token(beta.id) == beta.bot_token


async def test_the_page_lets_nothing_in_and_is_framed_by_nobody(outside: Outside) -> None:
    async with outside.browser() as browser:
        answer = await browser.get("/slack/install")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
