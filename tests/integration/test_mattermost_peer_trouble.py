"""The Mattermost peer's settings, its faults on demand, and who speaks with it."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from mattermostdriver import Driver

from tests.mattermost.bot import Bot, Json, bot_at
from tests.mattermost.person import Person
from tests.mattermost.process import MattermostProcess
from tests.mattermost.server import PASSWORD, MattermostServer
from tests.peer.faults import Fault


@pytest.fixture
async def server() -> AsyncIterator[MattermostServer]:
    async with MattermostServer() as made:
        yield made


@pytest.fixture
async def bot(server: MattermostServer) -> AsyncIterator[Bot]:
    async with bot_at(server) as made:
        yield made


@pytest.fixture
def alice(server: MattermostServer, bot: Bot) -> Person:
    assert bot.server is server
    return server.person("alice")


# Settings


async def test_an_address_inside_is_called_only_if_the_settings_allow_it(
    bot: Bot, alice: Person
) -> None:
    sent = await bot.send(alice)
    service = bot.server.state.config["ServiceSettings"]
    service["AllowedUntrustedInternalConnections"] = ""
    refused = await alice.press(sent.body["id"], "9")
    assert "AllowedUntrustedInternalConnections" in refused.body["detailed_error"]
    service["AllowedUntrustedInternalConnections"] = "127.0.0.0/8"
    assert (await alice.press(sent.body["id"], "9")).ok


async def test_an_integration_that_takes_too_long_is_an_error(bot: Bot, alice: Person) -> None:
    async def sleeps(_: Json) -> Json:
        await asyncio.sleep(1)
        return {}

    bot.server.state.config["ServiceSettings"]["OutgoingIntegrationRequestsTimeout"] = 0.1
    bot.says = sleeps
    sent = await bot.send(alice)
    late = await alice.press(sent.body["id"], "9")
    assert (late.status, late.body["message"]) == (400, "Action integration error.")


async def test_an_administrator_sets_a_bot_up(server: MattermostServer) -> None:
    async with aiohttp.ClientSession(f"{server.url}/api/v4/") as http:
        async with http.post("users/login", json={"login_id": "admin", "password": PASSWORD}) as hi:
            http.headers["Authorization"] = f"Bearer {hi.headers['Token']}"
        server.state.config["ServiceSettings"]["EnableBotAccountCreation"] = False
        async with http.post("bots", json={"username": "voxpop"}) as no:
            assert (await no.json())["id"] == "api.bot.create_disabled"
        server.state.config["ServiceSettings"]["EnableBotAccountCreation"] = True
        async with http.post("bots", json={"username": "voxpop"}) as made:
            bot = (await made.json())["user_id"]
        async with http.post(f"users/{bot}/tokens", json={"description": "surveys"}) as made:
            http.headers["Authorization"] = f"Bearer {(await made.json())['token']}"
        async with http.get("users/me") as me:
            assert (await me.json())["is_bot"] is True
        async with http.get("config") as no:
            assert no.status == 403
        member = {"team_id": server.team.id, "user_id": bot}
        async with http.post(f"teams/{server.team.id}/members", json=member) as no:
            assert no.status == 403
        http.headers["Authorization"] = f"Bearer {server.admin_token}"
        async with http.post(f"teams/{server.team.id}/members", json=member) as made:
            assert made.status == 201


# Faults


async def test_what_goes_wrong_looks_as_it_should(bot: Bot, alice: Person) -> None:
    wrong = bot.server.faults.goes_wrong
    place = await alice.channel()
    seen = []
    for fault in ("busy", "busy_text", "error", "error_text", "error_list", "refuse", "revoked"):
        wrong(fault, times=1)
        seen.append((await bot.ask("POST", "/posts", {"channel_id": place})).status)
    assert seen == [429, 429, 500, 500, 500, 403, 401]
    wrong("garbage", times=1, delivers=True)
    assert (await bot.send(alice)).body == '{"id":"x'
    wrong(Fault.DROP, times=1, delivers=True)
    with pytest.raises(aiohttp.ClientError):
        await bot.send(alice)
    wrong(Fault.STALL, times=1, seconds=2)
    with pytest.raises(TimeoutError):
        await bot.ask("POST", "/posts", {}, timeout=aiohttp.ClientTimeout(total=0.05))
    assert (await bot.send(alice)).status == 201
    assert len(bot.server.delivered("alice")) == 3
    outcomes = [call.outcome for call in bot.server.faults.of("POST /posts")]
    assert outcomes[-3:] == ["garbage", "drop", "ok"]


async def test_a_fault_may_single_out_a_person_and_a_call(bot: Bot, alice: Person) -> None:
    bob = bot.server.person("bob")
    bot.server.faults.goes_wrong("error", users=["bob"], calls=[2], status=503)
    status = [(await bot.send(to)).status for to in (alice, bob, alice, bob, bob)]
    assert status == [201, 201, 201, 503, 201]


async def test_a_limited_rate_says_how_long_to_wait(bot: Bot, alice: Person) -> None:
    await alice.channel()
    bot.server.state.config["RateLimitSettings"] |= {"Enable": True, "PerSec": 0.01, "MaxBurst": 3}
    url = f"{bot.server.url}/api/v4/system/ping"
    answers = [await bot.http.get(url) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    wait = answers[-1].headers["Retry-After"]
    assert wait == answers[-1].headers["X-RateLimit-Reset"]
    assert 50 < int(wait) <= 100


async def test_who_is_out_is_out(bot: Bot, alice: Person) -> None:
    bot.server.deactivate("alice")
    assert (await alice.ask("GET", "/users/me")).status == 401
    found = await bot.ask("GET", "/users/email/alice@acme.test")
    assert found.body["delete_at"] > 0
    active = await bot.ask("GET", f"/users?in_team={bot.server.team.id}&active=true")
    assert [user["username"] for user in active.body] == ["admin", "voxpop"]
    bot.server.deactivate("admin")
    assert (await bot.ask("GET", "/users/me")).status == 401


async def test_a_socket_is_cut_and_misses_what_was_said(bot: Bot, alice: Person) -> None:
    url = f"{bot.server.url}/api/v4/websocket"
    async with bot.http.ws_connect(url) as socket:
        token = {"token": bot.token}
        await socket.send_json({"seq": 1, "action": "authentication_challenge", "data": token})
        hello, status, answered = [await socket.receive_json() for _ in range(3)]
        assert (hello["event"], status["event"]) == ("hello", "status_change")
        assert answered == {"status": "OK", "seq_reply": 1}
        assert bot.server.cut_websockets("voxpop") == 1
        end = await socket.receive()
        assert end.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
    await alice.reply("unheard")
    async with bot.http.ws_connect(url, headers={"Authorization": f"Bearer {bot.token}"}) as socket:
        assert [(await socket.receive_json())["seq"] for _ in range(2)] == [0, 1]
        await alice.reply("heard")
        posted = await socket.receive_json()
        assert json.loads(posted["data"]["post"])["message"] == "heard"


async def test_the_driver_speaks_with_it(bot: Bot, alice: Person) -> None:
    port = int(bot.server.url.rpartition(":")[2])
    about = {"url": "127.0.0.1", "scheme": "http", "port": port, "token": bot.token}
    driver = Driver({**about, "request_timeout": 5})
    driver.client.token = bot.token
    found = await asyncio.to_thread(driver.users.get_user_by_email, "alice@acme.test")
    pair = [bot.user.id, found["id"]]
    channel = await asyncio.to_thread(driver.channels.create_direct_message_channel, pair)
    told = {"channel_id": channel["id"], "message": "hi"}
    await asyncio.to_thread(driver.posts.create_post, told)
    assert [post["message"] for post in await alice.inbox()] == ["hi"]


async def test_it_runs_in_a_process_of_its_own() -> None:
    with MattermostProcess() as process:
        [alice] = process.add_people([{"username": "alice"}])
        bot, token = process.add_bot()
        process.goes_wrong("error", times=1, status=503)
        async with aiohttp.ClientSession(f"{process.url}/api/v4/") as http:
            http.headers["Authorization"] = f"Bearer {token}"
            async with http.post("channels/direct", json=[bot, alice["id"]]) as made:
                channel = (await made.json())["id"]
            for status in (503, 201):
                async with http.post("posts", json={"channel_id": channel}) as sent:
                    assert sent.status == status
        assert [entry["to"] for entry in process.ledger()] == ["alice"]
        assert [call["status"] for call in process.calls("POST /posts")] == [503, 201]
