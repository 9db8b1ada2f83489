"""Slack's Web API as we call it: what goes over the wire, and what becomes of what comes back."""

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from bot.slack.client import SlackApi
from bot.slack.says import SlackSays
from survey.errors import InvalidValue

TOKEN = "xoxb-of-ours"


class Stub:
    """A Slack of which each test says what it answers; it keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[web.BaseRequest, bytes]] = []
        self.answers: list[web.Response | str] = []
        self.peers: set[Any] = set()
        self.url = ""

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.heard.append((request, await request.read()))
        self.peers.add(request.transport and request.transport.get_extra_info("peername"))
        answer = self.answers.pop(0) if self.answers else web.json_response({"ok": True})
        if answer == "stall":
            await asyncio.sleep(1.5)
            return web.json_response({"ok": True})
        if isinstance(answer, str):
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer

    @property
    def last(self) -> tuple[web.BaseRequest, bytes]:
        return self.heard[-1]


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    found = Stub()
    runner = web.ServerRunner(web.Server(found), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture
async def api(stub: Stub) -> AsyncIterator[SlackApi]:
    found = SlackApi(f"{stub.url}/api/", timeout=1)
    yield found
    await found.close()


async def says(api: SlackApi, method: str = "chat.postMessage", **arguments: Any) -> SlackSays:
    with pytest.raises(SlackSays) as raised:
        await api.call(method, token=TOKEN, **arguments)
    assert TOKEN not in str(raised.value)
    return raised.value


# Over the wire


async def test_a_message_goes_as_json_with_the_token_in_its_header(
    stub: Stub, api: SlackApi
) -> None:
    told = await api.call(
        "chat.postMessage", token=TOKEN, channel="U1", text="é", blocks=[], thread_ts=None
    )
    assert told == {"ok": True}
    request, body = stub.last
    assert (request.method, request.path) == ("POST", "/api/chat.postMessage")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert request.headers["Content-Type"] == "application/json;charset=utf-8"
    assert json.loads(body) == {"channel": "U1", "text": "é", "blocks": []}


async def test_what_slack_takes_no_json_for_goes_as_a_form(stub: Stub, api: SlackApi) -> None:
    await api.call(
        "users.list", token=TOKEN, limit=200, cursor=None, include_locale=True, more={"a": [1]}
    )
    request, body = stub.last
    assert request.method == "POST"
    assert request.content_type == "application/x-www-form-urlencoded"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert parse_qs(body.decode()) == {
        "limit": ["200"],
        "include_locale": ["true"],
        "more": ['{"a": [1]}'],
    }


async def test_a_call_without_a_token_has_none(stub: Stub, api: SlackApi) -> None:
    await api.call("chat.postMessage", token=TOKEN)
    await api.call("oauth.v2.access", token=None, code="c")
    assert "Authorization" not in stub.last[0].headers


async def test_connections_are_kept(stub: Stub, api: SlackApi) -> None:
    for _ in range(20):
        await api.call("chat.postMessage", token=TOKEN)
    assert len(stub.peers) == 1


async def test_cookies_are_not_taken_and_a_netrc_is_not_read(
    stub: Stub, api: SlackApi, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    answer = web.json_response({"ok": True})
    answer.set_cookie("d", "x")
    stub.answers = [answer]
    await api.call("auth.test", token=TOKEN)
    await api.call("auth.test", token=TOKEN)
    request, _ = stub.last
    assert "Cookie" not in request.headers
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


async def test_a_proxy_is_used_where_the_environment_wants_it(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", stub.url)
    monkeypatch.setenv("no_proxy", "slack.internal")
    through = SlackApi("http://slack.example.org/api/", timeout=1)
    await through.call("auth.test", token=TOKEN)
    assert stub.last[0].headers["Host"] == "slack.example.org"
    await through.close()
    around = SlackApi("http://slack.internal/api/", timeout=1)
    assert not (await says(around)).reached
    assert len(stub.heard) == 1
    await around.close()


async def test_a_closed_one_can_be_used_again_and_leaves_nothing_open(
    stub: Stub, api: SlackApi
) -> None:
    await api.call("auth.test", token=TOKEN)
    await api.close()
    await api.call("auth.test", token=TOKEN)
    await api.close()
    await api.close()
    gc.collect()  # what was left open would warn, and warnings are errors
    assert len(stub.heard) == 2


async def test_the_scopes_of_a_token_stand_in_a_header(stub: Stub, api: SlackApi) -> None:
    stub.answers = [web.json_response({"ok": True}, headers={"x-oauth-scopes": "chat:write, im:x"})]
    assert await api.scopes(TOKEN) == {"chat:write", "im:x"}


# What comes back


@pytest.mark.parametrize(
    ("answer", "status", "error", "known"),
    [
        (lambda: web.json_response({"ok": False, "error": "no_text"}), 200, "no_text", True),
        (lambda: web.json_response({"ok": False, "error": "fatal_error"}), 200, None, False),
        (lambda: web.json_response({"ok": False, "error": "internal_error"}), 200, None, False),
        (lambda: web.json_response({"ok": False}), 200, "the answer can't be read", False),
        (lambda: web.json_response({"channel": "D1"}), 200, "the answer can't be read", False),
        (lambda: web.json_response([1]), 200, "the answer can't be read", False),
        (lambda: web.json_response("ok"), 200, "the answer can't be read", False),
        (lambda: web.json_response(None), 200, "the answer can't be read", False),
        (lambda: web.Response(text="ok"), 200, "the answer can't be read", False),
        (lambda: web.Response(body=b""), 200, "the answer can't be read", False),
        (
            lambda: web.Response(body=b'{"ok":true,"x', content_type="application/json"),
            200,
            "the answer can't be read",
            False,
        ),
        (
            lambda: web.Response(body=b'{"ok":"\xff"}', content_type="application/json"),
            200,
            "the answer can't be read",
            False,
        ),
        (lambda: web.json_response([1], status=503), 503, "Service Unavailable", False),
        (lambda: web.Response(status=500, text="boom"), 500, "Internal Server Error", False),
        (
            lambda: web.json_response({"ok": False, "error": "no_text"}, status=500),
            500,
            "no_text",
            False,
        ),
        (
            lambda: web.Response(status=502, text="<html>", content_type="text/html"),
            502,
            "Bad Gateway",
            False,
        ),
        (lambda: web.Response(status=403, text="go away"), 403, "Forbidden", True),
        (
            lambda: web.Response(status=307, headers={"Location": "https://evil.example/"}),
            307,
            "it is at another address",
            True,
        ),
    ],
)
async def test_whatever_comes_back_is_one_error(
    stub: Stub, api: SlackApi, answer: Any, status: int, error: str | None, known: bool
) -> None:
    stub.answers = [answer()]
    said = await says(api)
    assert said.status == status
    assert error is None or said.error == error
    assert said.outcome_known is known
    assert len(stub.heard) == 1  # nothing is followed, nothing is tried again


async def test_a_refusal_tells_what_is_lacking_and_what_is_wrong(stub: Stub, api: SlackApi) -> None:
    stub.answers = [
        web.json_response(
            {"ok": False, "error": "missing_scope", "needed": "users:read.email", "provided": "x"}
        ),
        web.json_response(
            {
                "ok": False,
                "error": "invalid_blocks",
                "response_metadata": {"messages": ["[ERROR] must be shorter [/blocks/0]"]},
            }
        ),
    ]
    assert str(await says(api)) == "Slack: missing_scope, the token lacks users:read.email"
    assert str(await says(api)) == "Slack: invalid_blocks ([ERROR] must be shorter [/blocks/0])"


@pytest.mark.parametrize(
    ("trouble", "error"), [("stall", "no answer in time"), ("drop", "the connection broke")]
)
async def test_fault_16_18_a_call_that_may_have_arrived_is_not_made_again(
    stub: Stub, api: SlackApi, trouble: str, error: str
) -> None:
    await api.call("chat.postMessage", token=TOKEN)  # a kept connection is where clients try again
    stub.answers = [trouble]
    said = await says(api)
    assert (said.status, said.reached, said.outcome_known) == (None, True, False)
    assert said.error == error
    await asyncio.sleep(0.1)
    assert len(stub.heard) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
async def test_where_nobody_listens_nothing_was_done(host: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    api = SlackApi(f"http://{host}:{port}/api/")
    said = await says(api)
    assert (said.status, said.reached, said.outcome_known) == (None, False, True)
    await api.close()


async def test_a_server_without_encryption_is_not_spoken_to_in_clear(stub: Stub) -> None:
    api = SlackApi(f"{stub.url.replace('http', 'https')}/api/", timeout=1)
    said = await says(api)
    assert said.status is None
    assert not stub.heard
    await api.close()


# Patience


@pytest.mark.parametrize(
    ("asked", "wait"),
    [("7", 7), ("0.5", 0.5), ("1e9", 3600), ("-5", 0), ("nan", None), ("soon", None), (None, None)],
)
async def test_fault_13_14_the_header_counts_seconds_from_now_on(
    stub: Stub, api: SlackApi, asked: str | None, wait: float | None
) -> None:
    headers = {} if asked is None else {"Retry-After": asked}
    stub.answers = [web.Response(status=429, text="slow down", headers=headers)]
    said = await says(api)
    assert (said.busy, said.outcome_known) == (True, True)
    assert said.retry_after == (None if wait is None else timedelta(seconds=wait))


async def test_a_proxy_may_name_a_date(stub: Stub, api: SlackApi) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    stub.answers = [web.Response(status=429, headers={"Retry-After": until})]
    said = await says(api)
    assert said.retry_after is not None
    assert 20 < said.retry_after.total_seconds() <= 30


async def test_fault_13_that_method_of_that_token_is_left_alone_and_no_other(
    stub: Stub, api: SlackApi
) -> None:
    limited = {"ok": False, "error": "ratelimited"}
    stub.answers = [web.json_response(limited, status=429, headers={"Retry-After": "60"})]
    await says(api)
    said = await says(api)
    assert (said.busy, said.reached, said.outcome_known) == (True, False, True)
    assert said.retry_after is not None
    assert 58 < said.retry_after.total_seconds() <= 60
    assert len(stub.heard) == 1
    await api.call("chat.update", token=TOKEN)
    await api.call("chat.postMessage", token="xoxb-of-another-workspace")
    assert len(stub.heard) == 3


async def test_fault_13_afterwards_it_is_asked_again(stub: Stub, api: SlackApi) -> None:
    stub.answers = [web.Response(status=429, headers={"Retry-After": "0.3"})]
    await says(api)
    assert not (await says(api)).reached
    await asyncio.sleep(0.35)
    assert await api.call("chat.postMessage", token=TOKEN) == {"ok": True}


# Addresses


@pytest.mark.parametrize("url", ["slack.com/api/", "ftp://x", "https://", "https://a:b@c", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match=r"https://slack\.com/api/"):
        SlackApi(url)


async def test_a_late_answer_goes_to_slack_without_the_token(stub: Stub, api: SlackApi) -> None:
    stub.answers = [web.Response(text="ok")]
    await api.answer(f"{stub.url}/actions/T1/2/x", {"text": "Here."})
    request, body = stub.last
    assert (request.path, json.loads(body)) == ("/actions/T1/2/x", {"text": "Here."})
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: web.json_response({"ok": False, "error": "used_url"}, status=404), "used_url"),
        (lambda: web.json_response({"ok": False, "error": "expired_url"}), "expired_url"),
        (lambda: web.Response(status=500), "Internal Server Error"),
        (
            lambda: web.Response(status=302, headers={"Location": "https://evil.example/"}),
            "it is at another address",
        ),
    ],
)
async def test_a_late_answer_that_is_not_taken_says_why(
    stub: Stub, api: SlackApi, answer: Any, error: str
) -> None:
    stub.answers = [answer()]
    with pytest.raises(SlackSays) as raised:
        await api.answer(f"{stub.url}/actions/1", {})
    assert raised.value.error == error
    assert len(stub.heard) == 1


async def test_a_file_goes_where_slack_wants_it(stub: Stub, api: SlackApi) -> None:
    stub.answers = [web.Response(text="OK - 4")]
    await api.upload(f"{stub.url}/upload/v1/x", b"\x89PNG")
    request, body = stub.last
    assert (request.path, body) == ("/upload/v1/x", b"\x89PNG")
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/actions/1",
        "{url}.evil.example/actions/1",
        "http://127.0.0.1:1/actions/1",
        "https://{host}/actions/1",
        "http://eve@{host}/actions/1",
        "{url}:x/actions/1",
        "http://hooks.slack.com/actions/1",
        "https://hooks.slack.com:8443/actions/1",
        "https://hooks.slack.com.evil.example/actions/1",
        "https://xhooks.slack.com/actions/1",
        "/actions/1",
        "",
    ],
)
async def test_fault_46_a_late_answer_goes_nowhere_else(
    stub: Stub, api: SlackApi, address: str
) -> None:
    there = address.format(url=stub.url, host=stub.url.removeprefix("http://"))
    with pytest.raises(InvalidValue):
        await api.answer(there, {"text": "Here."})
    with pytest.raises(InvalidValue):
        await api.upload(there, b"x")
    assert not stub.heard
