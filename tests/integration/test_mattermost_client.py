"""The driver as we use it: what goes over the wire, and what becomes of what comes back."""

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from bot.mattermost import directory
from bot.mattermost.client import AT_ONCE, Client, ServerSays
from bot.mattermost.directory import Directory
from scheduler import worker
from survey.errors import InvalidValue
from tests.mattermost.server import MattermostServer

TOKEN = "z8wq3tkd7jd4mxoq1hfn5yupgw"


class Stub:
    """A server of which each test says what it answers; it keeps what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[web.BaseRequest, bytes]] = []
        self.answers: list[web.Response] = []
        self.peers: set[Any] = set()
        self.at_once = self.most_at_once = 0
        self.url = ""

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        self.heard.append((request, await request.read()))
        self.peers.add(request.transport and request.transport.get_extra_info("peername"))
        await asyncio.sleep(0.01)
        self.at_once -= 1
        return self.answers.pop(0) if self.answers else web.json_response({"status": "OK"})

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
async def client(stub: Stub) -> AsyncIterator[Client]:
    found = Client(f"{stub.url}/chat/", TOKEN, timeout=(2, 2))
    yield found
    await found.close()


async def says(client: Client, method: str = "GET", path: str = "/users/me") -> ServerSays:
    with pytest.raises(ServerSays) as raised:
        await client.call(method, path)
    return raised.value


# Over the wire


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_method_is_the_one_that_was_asked_for(
    stub: Stub, client: Client, method: str
) -> None:
    assert await client.call(method, "/users/me") == {"status": "OK"}
    request, body = stub.last
    assert (request.method, request.path) == (method, "/chat/api/v4/users/me")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert body == b""
    assert "Content-Type" not in request.headers


async def test_bodies_queries_and_forms_arrive_as_such(stub: Stub, client: Client) -> None:
    await client.call("POST", "/users/ids", json=["a"], params={"page": 1})
    request, body = stub.last
    assert (body, request.query_string) == (b'["a"]', "page=1")
    assert request.headers["Content-Type"] == "application/json"

    form: Any = {"channel_id": (None, "c"), "files": ("a.png", b"\x89PNG", "image/png")}
    await client.call("POST", "/files", files=form)
    request, body = stub.last
    assert request.headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="channel_id"\r\n\r\nc\r\n' in body
    assert b'filename="a.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in body


async def test_connections_are_kept_and_there_are_no_more_than_threads(
    stub: Stub, client: Client
) -> None:
    for _ in range(3):
        await asyncio.gather(*(client.call("GET", "/users/me") for _ in range(20)))
    assert stub.most_at_once == AT_ONCE
    assert len(stub.peers) == AT_ONCE


async def test_cookies_are_not_taken_and_a_netrc_is_not_read(
    stub: Stub, client: Client, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    answer = web.json_response({})
    answer.set_cookie("MMAUTHTOKEN", "x")
    stub.answers = [answer]
    await client.call("GET", "/users/me")
    await client.call("GET", "/users/me")
    request, _ = stub.last
    assert "Cookie" not in request.headers
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


async def test_a_closed_client_can_be_used_again_and_leaves_nothing_open(
    stub: Stub, client: Client
) -> None:
    await client.call("GET", "/users/me")
    await client.close()
    await client.call("GET", "/users/me")
    await client.close()
    await client.close()
    gc.collect()  # what was left open would warn, and warnings are errors
    assert len(stub.heard) == 2


# What comes back


async def test_a_refusal_tells_what_the_server_told() -> None:
    async with MattermostServer() as server:
        bot, token = server.add_bot()
        client = Client(server.url, token)
        refused = await says(client, path="/users/email/nobody@acme.test")
        assert (refused.status, refused.error_id) == (404, "app.user.missing_account.const")
        assert refused.message == "Unable to find the user."
        assert len(refused.request_id) == 26
        assert refused.request_id not in refused.reason
        assert str(refused).startswith("Mattermost: 404 Unable to find the user. (app.user")
        assert refused.outcome_known

        server.revoke(token)
        refused = await says(client)
        assert (refused.status, refused.outcome_known) == (401, True)
        assert token not in str(refused)
        assert bot.id not in str(refused)
        await client.close()


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        (lambda: web.Response(status=500, text="boom\nboom"), 500, "boom boom"),
        (lambda: web.json_response([{"message": "x"}], status=400), 400, "Bad Request"),
        (lambda: web.json_response({"message": 7, "id": 7}, status=400), 400, "Bad Request"),
        (
            lambda: web.Response(status=502, text="<html>nginx", content_type="text/html"),
            502,
            "Bad Gateway",
        ),
        (lambda: web.Response(body=b'{"id":"x'), 200, "the answer can't be read"),
        (lambda: web.Response(body=b""), 200, "the answer can't be read"),
        (lambda: web.Response(status=500, text="x" * 999), 500, "x" * 299 + "…"),
        (
            lambda: web.Response(status=301, headers={"Location": "https://chat.example.org/x?t"}),
            301,
            "the server is at another address: https://chat.example.org",
        ),
    ],
)
async def test_whatever_comes_back_is_one_error(
    stub: Stub, client: Client, answer: Any, status: int, message: str
) -> None:
    stub.answers = [answer()]
    said = await says(client, "POST", "/posts")
    assert (said.status, said.message, said.error_id) == (status, message, "")
    assert said.outcome_known is (300 <= status < 500)
    assert len(stub.heard) == 1  # nothing is followed, nothing is tried again


async def test_a_server_that_keeps_silent_may_have_done_it() -> None:
    async with MattermostServer() as server:
        _, token = server.add_bot()
        slow = Client(server.url, token, timeout=(2, 0.5))
        server.faults.goes_wrong("stall", "GET /users/me", seconds=1.5)
        said = await says(slow)
        assert (said.status, said.reached, said.outcome_known) == (None, True, False)
        assert said.message == "no answer in time"

        server.faults.all_is_well()
        server.faults.goes_wrong("drop", "GET /users/me")
        said = await says(slow)
        assert (said.reached, said.message) == (True, "the connection broke")
        await slow.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
async def test_where_nobody_listens_nothing_was_done(host: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    client = Client(f"http://{host}:{port}", TOKEN)
    said = await says(client, "POST", "/posts")
    assert (said.status, said.reached, said.outcome_known) == (None, False, True)
    await client.close()


async def test_a_server_without_encryption_is_not_spoken_to_in_clear(stub: Stub) -> None:
    client = Client(stub.url.replace("http", "https"), TOKEN, timeout=(2, 2))
    said = await says(client, "POST", "/posts")
    assert said.status is None
    assert not stub.heard
    await client.close()


# Patience


@pytest.mark.parametrize(
    ("headers", "patience"),
    [
        ({"Retry-After": "7"}, 7),
        ({"X-RateLimit-Reset": "3"}, 3),
        ({"Retry-After": "7", "X-RateLimit-Reset": "3"}, 7),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "3"}, 3),
        ({"Retry-After": "1e9"}, 3600),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
async def test_fault_13_14_both_headers_count_seconds_from_now_on(
    stub: Stub, client: Client, headers: dict[str, str], patience: int | None
) -> None:
    stub.answers = [web.Response(status=429, text="limit exceeded\n", headers=headers)]
    said = await says(client)
    assert said.message == "limit exceeded"
    assert said.retry_after == (None if patience is None else timedelta(seconds=patience))


async def test_a_proxy_may_name_a_date(stub: Stub, client: Client) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    stub.answers = [web.Response(status=429, headers={"Retry-After": until})]
    said = await says(client)
    assert said.retry_after is not None
    assert 20 < said.retry_after.total_seconds() <= 30


async def test_fault_13_while_the_server_wants_to_be_left_alone_nobody_asks_it(
    stub: Stub, client: Client
) -> None:
    stub.answers = [web.Response(status=429, headers={"Retry-After": "60"})]
    await says(client)
    said = await says(client, "POST", "/posts")
    assert (said.status, said.reached, said.outcome_known) == (429, False, True)
    assert said.retry_after is not None
    assert 58 < said.retry_after.total_seconds() <= 60
    assert len(stub.heard) == 1


async def test_fault_13_a_short_patience_is_waited_for(stub: Stub, client: Client) -> None:
    stub.answers = [web.Response(status=429, headers={"Retry-After": "0.3"})]
    begun = time.monotonic()
    await says(client)
    assert await client.call("GET", "/users/me") == {"status": "OK"}
    assert time.monotonic() - begun > 0.3


# Addresses


@pytest.mark.parametrize("url", ["chat.example.org", "ftp://x", "https://", "https://a:b@c", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match=r"https://chat\.example\.org"):
        Client(url)


async def test_a_late_answer_goes_to_the_server_without_the_token(
    stub: Stub, client: Client
) -> None:
    stub.answers = [web.Response(text="ok")]
    await client.answer_later(f"{stub.url}/chat/hooks/commands/abc1", {"text": "Here."})
    request, body = stub.last
    assert (request.path, body) == ("/chat/hooks/commands/abc1", b'{"text": "Here."}')
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/chat/hooks/commands/abc1",
        "{url}.evil.example/chat/hooks/commands/abc1",
        "http://127.0.0.1:1/chat/hooks/commands/abc1",
        "https://{host}/chat/hooks/commands/abc1",
        "http://eve@{host}/chat/hooks/commands/abc1",
        "{url}/chat/hooks/commands/../../api/v4/posts",
        "{url}/chat/api/v4/posts",
        "{url}:x/chat/hooks/commands/abc1",
        "/chat/hooks/commands/abc1",
        "",
    ],
)
async def test_fault_46_a_late_answer_goes_nowhere_else(
    stub: Stub, client: Client, address: str
) -> None:
    there = address.format(url=stub.url, host=stub.url.removeprefix("http://"))
    with pytest.raises(InvalidValue):
        await client.answer_later(there, {"text": "Here."})
    assert not stub.heard


# The directory


async def test_the_members_of_the_team_are_told_a_page_at_a_time() -> None:
    async with MattermostServer() as server:
        bot, token = server.add_bot()
        for number in range(205):
            server.add_person(f"p{number}")
        server.add_person("outsider", in_team=False)
        server.deactivate("p7")
        client = Client(server.url, token)
        pages = [page async for page in Directory(client, "acme").members()]
        everybody = {account.username: account for page in pages for account in page}
        assert [len(page) <= 200 for page in pages] == [True, True]
        assert len(everybody) == 207  # the bot and the administrator too
        assert not everybody["p7"].active
        assert everybody["p8"].active
        assert everybody["p8"].email == "p8@acme.test"
        assert everybody[bot.username].is_bot
        await client.close()


async def test_people_are_found_by_their_emails_and_asked_for_once() -> None:
    async with MattermostServer() as server:
        _, token = server.add_bot()
        alice = server.add_person("alice", in_team=False)
        server.add_person("gone")
        server.deactivate("gone")
        client = Client(server.url, token)
        directory = Directory(client, "acme")
        wanted = ["Alice@acme.test", "gone@acme.test", "nobody@acme.test", "voxpop@localhost"]
        for _ in range(2):
            found = await directory.by_emails(wanted)
            assert {email: account.user_id for email, account in found.items()} == {
                "alice@acme.test": alice.id
            }
        assert len(server.faults.of("GET /users/email/*")) == 4
        await client.close()


async def test_many_emails_are_looked_for_among_the_members_first() -> None:
    async with MattermostServer() as server:
        _, token = server.add_bot()
        for number in range(60):
            server.add_person(f"p{number}", in_team=number > 0)
        client = Client(server.url, token)
        found = await Directory(client, "acme").by_emails([f"p{n}@acme.test" for n in range(60)])
        assert len(found) == 60
        assert len(server.faults.of("GET /users/email/*")) == 1
        await client.close()


async def test_a_server_that_does_not_tell_is_not_taken_for_an_empty_one() -> None:
    async with MattermostServer() as server:
        _, token = server.add_bot()
        client = Client(server.url, token)
        server.faults.goes_wrong("error", "GET /users/email/*", status=503)
        with pytest.raises(ServerSays):
            await Directory(client, "acme").by_emails(["a@acme.test", "b@acme.test"])
        with pytest.raises(ServerSays, match="404"):
            _ = [page async for page in Directory(client, "nowhere").members()]
        await client.close()


def test_who_presses_finds_a_thread_whatever_else_is_under_way() -> None:
    assert AT_ONCE > worker.AT_ONCE + directory.AT_ONCE
