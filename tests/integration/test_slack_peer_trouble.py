"""How the Slack peer goes wrong on demand, and what Slack does when the app goes wrong."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from tests.peer.faults import Fault
from tests.slack.app import PRESS, WHY, by_http, by_socket, client_of, modal
from tests.slack.outgoing import Kind
from tests.slack.person import Person
from tests.slack.process import SlackProcess
from tests.slack.records import Json
from tests.slack.server import SlackServer

ANN = "ann@acme.test"


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as started:
        yield started


@pytest.fixture
def ann(server: SlackServer) -> Person:
    return server.person(ANN)


@asynccontextmanager
async def answering(server: SlackServer, *answers: web.Response) -> AsyncIterator[list[Json]]:
    """An app that gives these answers in turn, and the last one ever after; what it was sent."""
    asked: list[Json] = []

    async def hear(request: web.Request) -> web.StreamResponse:
        asked.append({"headers": request.headers.copy(), "body": await request.read()})
        answer = answers[min(len(asked), len(answers)) - 1]
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    app = web.Application()
    app.router.add_post("/", hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.connect(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    try:
        yield asked
    finally:
        await runner.cleanup()


async def pressable(server: SlackServer, ann: Person) -> Json:
    blocks = [{"type": "actions", "elements": [PRESS]}]
    told = await client_of(server).chat_postMessage(channel=ann.id, text="Hello", blocks=blocks)
    message: Json = told["message"]
    return message


async def say(url: str, **said: Any) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.post(url, json=said) as answer:
        return answer.status, await answer.text()


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "shown"),
    [
        ("busy", 429, '{"ok": false, "error": "ratelimited"}'),
        ("busy_text", 429, ""),
        ("error", 503, '{"ok": false, "error": "internal_error"}'),
        ("error_text", 503, "<html><body>Bad Gateway</body></html>"),
        ("error_list", 503, '[{"message": "boom"}]'),
        ("garbage", 200, '{"ok":tru'),
        ("refuse", 200, '{"ok": false, "error": "channel_not_found"}'),
        ("revoked", 200, '{"ok": false, "error": "token_revoked"}'),
        ("mute", 501, ""),
    ],
)
@pytest.mark.parametrize("delivers", [False, True])
async def test_a_fault_stands_in_place_of_an_answer(
    server: SlackServer, ann: Person, fault: str, status: int, shown: str, *, delivers: bool
) -> None:
    server.faults.goes_wrong(fault, times=1, delivers=delivers, status=503, seconds=7)
    headers = {"Authorization": f"Bearer {server.bot_token}"}
    url = f"{server.api_url}chat.postMessage"
    body = {"channel": ann.id, "text": "Hello"}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(url, json=body) as answer:
            assert (answer.status, await answer.text()) == (status, shown)
            assert answer.headers.get("Retry-After") == ("7" if fault == "busy" else None)
        arrived = delivers and Fault(fault) in {
            Fault.ERROR,
            Fault.ERROR_TEXT,
            Fault.ERROR_LIST,
            Fault.GARBAGE,
        }
        assert len(server.delivered(ANN)) == int(arrived)
        async with http.post(url, json=body) as answer:
            assert (await answer.json())["ok"]
    outcomes = [call.outcome for call in server.faults.of("chat.postMessage")]
    assert outcomes == [fault, "ok"]


@pytest.mark.parametrize("delivers", [False, True])
async def test_a_cut_connection_may_have_delivered(
    server: SlackServer, ann: Person, *, delivers: bool
) -> None:
    server.faults.goes_wrong("drop", delivers=delivers)
    with pytest.raises(aiohttp.ClientError):
        await client_of(server).chat_postMessage(channel=ann.id, text="Hello")
    assert len(await ann.inbox()) == int(delivers)


async def test_a_fault_may_be_for_one_person_and_one_call(server: SlackServer, ann: Person) -> None:
    ben = server.person("ben@acme.test")
    server.faults.goes_wrong("refuse", users=[ben.email], calls=[2], error="user_disabled")
    client = client_of(server)
    for person in (ann, ben, ann):
        await client.chat_postMessage(channel=person.id, text="Hello")
    with pytest.raises(SlackApiError, match="user_disabled"):
        await client.chat_postMessage(channel=ben.channel.id, text="Hello")


async def test_a_workspace_may_be_singled_out(server: SlackServer) -> None:
    other = server.add_workspace("Umbrella", installed=True)
    server.faults.goes_wrong("revoked", "*", users=[other.id])
    assert (await client_of(server).auth_test())["ok"]
    with pytest.raises(SlackApiError, match="token_revoked"):
        await client_of(server, other.bot_token).auth_test()


# Limits


async def test_rate_limits_are_by_method_workspace_and_channel(
    server: SlackServer, ann: Person
) -> None:
    server.web.limited = True
    client = client_of(server)
    ben = server.person("ben@acme.test")
    for _ in range(5):
        await client.chat_postMessage(channel=ann.id, text="Hello")
    with pytest.raises(SlackApiError) as told:
        await client.chat_postMessage(channel=ann.id, text="Hello")
    assert told.value.response.status_code == 429
    assert told.value.response.headers["Retry-After"] == "1"
    assert len(server.delivered()) == 5
    await client.chat_postMessage(channel=ben.id, text="Hello")
    server.state.clock.advance(1.1)
    await client.chat_postMessage(channel=ann.id, text="Hello")


async def test_a_method_has_its_tier(server: SlackServer, ann: Person) -> None:
    server.web.limited = True
    other = server.add_workspace("Umbrella", installed=True)
    client = client_of(server)
    for _ in range(20):
        await client.users_list()
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.users_list()
    await client.users_info(user=ann.id)
    await client_of(server, other.bot_token).users_list()


# Time


async def test_a_response_url_is_good_five_times_in_half_an_hour(
    server: SlackServer, ann: Person
) -> None:
    async with answering(server, web.Response()):
        first = (await ann.command("/nps")).payload["response_url"]
        second = (await ann.command("/nps")).payload["response_url"]
    assert [await say(first, text=str(each)) for each in range(5)] == [(200, "ok")] * 5
    assert await say(first, text="6") == (404, '{"ok": false, "error": "used_url"}')
    server.state.clock.advance(1801)
    assert await say(second, text="1") == (404, '{"ok": false, "error": "expired_url"}')
    assert [one["text"] for one in await ann.private()] == ["0", "1", "2", "3", "4"]


async def test_a_trigger_is_good_for_three_seconds(server: SlackServer, ann: Person) -> None:
    trigger = server.state.trigger(ann.user)
    server.state.clock.advance(3.1)
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await client_of(server).views_open(trigger_id=trigger, view=modal(WHY))


async def test_a_message_may_be_too_old_to_be_edited(server: SlackServer, ann: Person) -> None:
    message = await pressable(server, ann)
    place = {"channel": ann.channel.id, "ts": message["ts"], "text": "New"}
    server.home.config["edit_window_minutes"] = 5
    assert (await client_of(server).chat_update(**place))["ok"]
    server.state.clock.advance(301)
    with pytest.raises(SlackApiError, match="edit_window_closed"):
        await client_of(server).chat_update(**place)


# When the app goes wrong


async def test_what_slack_sends_is_signed(server: SlackServer, ann: Person) -> None:
    async with answering(server, web.Response()) as asked:
        await ann.press(await pressable(server, ann), "press")
        await ann.command("/nps")
        await server.events.settled()
    verifier = SignatureVerifier(server.signing_secret)
    assert len(asked) == 3
    assert all(verifier.is_valid_request(one["body"], dict(one["headers"])) for one in asked)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(web.Response(status=500), "http_error"), (web.Response(status=302), "http_error")],
)
async def test_an_event_is_sent_four_times_at_most(
    server: SlackServer, ann: Person, answer: web.Response, reason: str
) -> None:
    async with answering(server, answer) as asked:
        await ann.write("Hello")
        await server.events.settled()
    told = [one["headers"].get("X-Slack-Retry-Num") for one in asked]
    assert told == [None, "1", "2", "3"]
    assert {one["headers"].get("X-Slack-Retry-Reason") for one in asked[1:]} == {reason}
    assert len({one["body"] for one in asked}) == 1


async def test_an_event_that_was_heard_late_comes_again(server: SlackServer, ann: Person) -> None:
    server.outgoing.seconds = 0.05
    async with answering(server, web.Response(status=500), web.Response()) as asked:
        event_id = await ann.open_home()
        await server.events.settled()
        await server.events.again(event_id)
    assert [one["headers"].get("X-Slack-Retry-Reason") for one in asked] == [
        None,
        "http_error",
        "http_timeout",
    ]


async def test_an_app_may_ask_for_no_more(server: SlackServer, ann: Person) -> None:
    enough = web.Response(status=500, headers={"X-Slack-No-Retry": "1"})
    async with answering(server, enough) as asked:
        await ann.write("Hello")
        await server.events.settled()
    assert len(asked) == 1


async def test_a_press_is_sent_once(server: SlackServer, ann: Person) -> None:
    async with answering(server, web.Response(status=500)) as asked:
        message = await pressable(server, ann)
        await server.events.settled()
        asked.clear()
        answer = await ann.press(message, "press")
    assert (answer.ok, answer.error, answer.status) == (False, "http_error", 500)
    assert len(asked) == 1


async def test_a_command_that_nobody_answers_is_told_to_who_typed_it(
    server: SlackServer, ann: Person
) -> None:
    server.outgoing.seconds = 0.05
    server.connect("http://127.0.0.1:9/")
    assert (await ann.command("/nps")).error == "/nps failed with the error dispatch_failed"
    async with by_http(server):
        server.outgoing.seconds = 0.0001
        assert (await ann.command("/nps")).error == "/nps failed with the error operation_timeout"


async def test_a_modal_whose_answer_makes_no_sense_stays_open(
    server: SlackServer, ann: Person
) -> None:
    wrong = web.json_response({"response_action": "errors", "errors": {"nowhere": "x"}})
    async with answering(server, wrong):
        trigger = server.state.trigger(ann.user)
        await client_of(server).views_open(trigger_id=trigger, view=modal(WHY))
        answer = await ann.submit({"why": "because"})
    assert answer.error.startswith("We had some trouble connecting")
    assert len(await ann.modals()) == 1


# Sockets


async def test_a_connection_that_is_asked_to_refresh_comes_back(
    server: SlackServer, ann: Person
) -> None:
    async with by_socket(server):
        assert len(server.hub.connections) == 1
        await server.hub.refresh()
        await until_connected(server)
        assert (await ann.command("/nps again")).ok


async def test_a_connection_that_is_cut_is_made_again(server: SlackServer, ann: Person) -> None:
    async with by_socket(server):
        assert server.hub.cut() == 1
        assert (await ann.command("/nps")).error.endswith("dispatch_failed")
        await until_connected(server)
        assert (await ann.command("/nps again")).ok


async def until_connected(server: SlackServer) -> None:
    late = time.monotonic() + 15
    while not server.hub.connections:
        assert time.monotonic() < late
        await asyncio.sleep(0.02)


async def test_nothing_comes_over_a_frozen_connection(server: SlackServer, ann: Person) -> None:
    async with by_socket(server):
        server.hub.freeze()
        server.outgoing.seconds = 0.1
        assert (await ann.command("/nps")).error.endswith("operation_timeout")
        assert len(server.hub.unheeded) == 1


async def test_payloads_go_to_the_connections_in_turn(server: SlackServer, ann: Person) -> None:
    async with by_socket(server) as first, by_socket(server) as second:
        for _ in range(4):
            await ann.command("/nps")
        assert (len(first), len(second)) == (2, 2)


async def test_sockets_are_for_an_app_token(server: SlackServer) -> None:
    for token, error in (
        (server.bot_token, "not_allowed_token_type"),
        ("xapp-1-nothing", "invalid_auth"),
    ):
        with pytest.raises(SlackApiError, match=error):
            await client_of(server).apps_connections_open(app_token=token)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client_of(server, server.app_token).auth_test()


# The end of an installation


async def test_a_removed_app_is_told_and_locked_out(server: SlackServer) -> None:
    async with by_http(server) as heard:
        client = client_of(server)
        server.uninstall()
        await server.events.settled()
        assert {body["event"]["type"] for body in heard} == {"tokens_revoked", "app_uninstalled"}
        with pytest.raises(SlackApiError, match="invalid_auth"):
            await client.auth_test()


# A process of its own


async def test_a_peer_in_another_process_is_told_the_same() -> None:
    with SlackProcess() as process:
        (ann,) = process.add_people([{"email": ANN, "tz": "Europe/Berlin"}])
        process.goes_wrong("busy", times=1)
        headers = {"Authorization": f"Bearer {process.bot_token}"}
        url = f"{process.api_url}chat.postMessage"
        said = {"channel": ann["id"], "text": "Hello"}
        async with aiohttp.ClientSession(headers=headers) as http:
            statuses = []
            for _ in range(2):
                async with http.post(url, json=said) as answer:
                    statuses.append(answer.status)
        assert statuses == [429, 200]
        assert [one["text"] for one in process.sees(ANN)] == ["Hello"]
        assert [entry["to"] for entry in process.ledger()] == [ANN]
        assert [call["outcome"] for call in process.calls("chat.*")] == ["busy", "ok"]
        process.configure(url="http://127.0.0.1:9/")
        assert process.does(ANN, "command", line="/nps")["error"].endswith("dispatch_failed")


async def test_anything_may_be_sent_signed(server: SlackServer) -> None:
    async with answering(server, web.Response(status=418)) as asked:
        reply = await server.send(Kind.PRESS, {"type": "what is this"})
    assert reply.status == 418
    assert len(asked) == 1
