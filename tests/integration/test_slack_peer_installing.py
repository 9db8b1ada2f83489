"""How a workspace lets an app in at the Slack peer, and how its tokens are renewed."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.errors import SlackError
from tests.slack.records import Json, Workspace
from tests.slack.server import SlackServer
from tests.slack.state import TOKEN_SECONDS

BACK = "https://voxpop.test/slack/oauth_redirect"
SCOPES = "chat:write,users:read"


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as started:
        started.state.app.redirect_urls = [BACK]
        yield started


@pytest.fixture
def umbrella(server: SlackServer) -> Workspace:
    return server.add_workspace("Umbrella")


def asks(server: SlackServer, **what: str) -> str:
    about = {"client_id": server.client_id, "scope": SCOPES, "redirect_uri": BACK, "state": "s"}
    return f"{server.authorize_url}?{urlencode({**about, **what})}"


def agreed(server: SlackServer, workspace: Workspace) -> dict[str, str]:
    by = server.person(f"admin@{workspace.domain}.test", workspace=workspace).user
    back = server.oauth.agree(asks(server), workspace, by)
    assert back.startswith(f"{BACK}?")
    return dict(parse_qsl(urlsplit(back).query))


async def access(server: SlackServer, **what: str) -> Json:
    known = {"client_id": server.client_id, "client_secret": server.client_secret}
    url = f"{server.api_url}oauth.v2.access"
    async with aiohttp.ClientSession() as http, http.post(url, data={**known, **what}) as answer:
        told: Json = await answer.json()
        return told


async def test_a_code_is_exchanged_for_a_token_once(
    server: SlackServer, umbrella: Workspace
) -> None:
    told = agreed(server, umbrella)
    assert told["state"] == "s"
    given = await access(server, code=told["code"], redirect_uri=BACK)
    assert (given["team"]["id"], given["scope"]) == (umbrella.id, SCOPES)
    assert given["authed_user"]["id"] != given["bot_user_id"]
    assert "refresh_token" not in given
    client = AsyncWebClient(token=given["access_token"], base_url=server.api_url)
    assert (await client.auth_test())["team"] == "Umbrella"
    assert (await access(server, code=told["code"], redirect_uri=BACK))[
        "error"
    ] == "code_already_used"


async def test_a_code_ends_after_ten_minutes(server: SlackServer, umbrella: Workspace) -> None:
    code = agreed(server, umbrella)["code"]
    server.state.clock.advance(601)
    assert (await access(server, code=code, redirect_uri=BACK))["error"] == "invalid_code"


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({"client_id": "1.1"}, "invalid_client_id"),
        ({"client_secret": "x"}, "bad_client_secret"),
        ({"redirect_uri": "https://elsewhere.test/"}, "bad_redirect_uri"),
        ({"code": "x"}, "invalid_code"),
    ],
)
async def test_an_exchange_has_to_be_the_apps_own(
    server: SlackServer, umbrella: Workspace, what: dict[str, str], error: str
) -> None:
    code = agreed(server, umbrella)["code"]
    told = await access(server, **{"code": code, "redirect_uri": BACK, **what})
    assert told == {"ok": False, "error": error}


@pytest.mark.parametrize(
    "what", [{"client_id": "1.1"}, {"redirect_uri": "https://elsewhere.test/"}, {"scope": ""}]
)
async def test_nobody_agrees_to_a_page_that_is_wrong(
    server: SlackServer, umbrella: Workspace, what: dict[str, str]
) -> None:
    with pytest.raises(SlackError):
        server.oauth.agree(asks(server, **what), umbrella, server.admin)


async def test_who_declines_goes_back_with_an_error(server: SlackServer) -> None:
    back = server.oauth.decline(asks(server))
    assert dict(parse_qsl(urlsplit(back).query)) == {"error": "access_denied", "state": "s"}


async def test_the_page_leads_back_by_a_link(server: SlackServer, umbrella: Workspace) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(asks(server)) as page:
            shown = await page.text()
        assert "Allow in Umbrella" in shown
        to = f"{server.url}/oauth/v2/agree?team={umbrella.id}&{urlsplit(asks(server)).query}"
        async with http.get(to, allow_redirects=False) as answer:
            assert answer.headers["Location"].startswith(f"{BACK}?code=")


async def test_a_rotated_token_ends_and_is_renewed_once(
    server: SlackServer, umbrella: Workspace
) -> None:
    server.state.app.rotation = True
    code = agreed(server, umbrella)["code"]
    given = await access(server, code=code, redirect_uri=BACK)
    assert given["expires_in"] == TOKEN_SECONDS
    assert given["access_token"].startswith("xoxe.xoxb-1-")
    renews = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    renewed = await access(server, **renews)
    assert renewed["scope"] == SCOPES
    old = AsyncWebClient(token=given["access_token"], base_url=server.api_url)
    assert (await old.auth_test())["ok"]
    assert (await access(server, **renews))["error"] == "invalid_refresh_token"
    server.state.clock.advance(TOKEN_SECONDS + 1)
    for token in (given["access_token"], renewed["access_token"]):
        with pytest.raises(SlackApiError, match="token_expired"):
            await AsyncWebClient(token=token, base_url=server.api_url).auth_test()


async def test_a_revoked_token_is_worth_nothing(server: SlackServer) -> None:
    client = AsyncWebClient(token=server.bot_token, base_url=server.api_url)
    assert (await client.auth_revoke())["revoked"]
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await client.auth_test()
