import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.limits import BODY_LIMIT, LINGER_BYTES, BodyLimit, SecurityHeaders


class Echo:
    """Says how many bytes it read; remembers that it was asked at all."""

    def __init__(self) -> None:
        self.asked = False
        self.read = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked = True
        body = await Request(scope, receive).body()
        self.read = len(body)
        await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


def client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://voxpop.test")


@dataclass(frozen=True)
class Pause:
    seconds: float


async def pieces(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


def scope_of(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}


async def talk(app: ASGIApp, scope: Scope, *incoming: Message | Pause) -> tuple[list[Message], int]:
    """What the app sends for these messages, and how many (pauses too) it took."""
    script, sent = list(incoming), []

    async def receive() -> Message:
        for one in list(script):
            del script[0]
            if not isinstance(one, Pause):
                return one
            await asyncio.sleep(one.seconds)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent, len(incoming) - len(script)


def chunk(size: int, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


async def test_a_body_of_a_megabyte_is_413_before_anything_reads_it_and_names_the_limits() -> None:
    echo = Echo()
    async with client(BodyLimit(echo)) as web:
        answer = await web.post("/", content=b"x" * 1_000_000)
    assert answer.status_code == 413
    assert not echo.asked
    found = answer.json()
    assert found["code"] == "too_large"
    assert "262,144 bytes" in found["detail"]
    assert "2,000 characters" in found["detail"]
    assert answer.headers["connection"] == "close"


async def test_a_body_up_to_the_limit_comes_through_whole() -> None:
    async with client(BodyLimit(Echo(), limit=10)) as web:
        assert (await web.post("/", content=b"x" * 10)).text == "10 bytes"
        assert (await web.post("/", content=b"x" * 11)).status_code == 413


async def test_2_000_characters_of_the_longest_kind_come_through() -> None:
    comment = "\N{PILE OF POO}" * 2_000
    async with client(BodyLimit(Echo())) as web:
        assert (await web.post("/", json={"comment": comment})).status_code == 200
        assert (await web.post("/", data={"comment": comment})).status_code == 200


async def test_a_body_that_does_not_say_its_length_is_counted() -> None:
    echo = Echo()
    async with client(BodyLimit(echo, limit=100)) as web:
        assert (await web.post("/", content=pieces(50, 50))).text == "100 bytes"
        echo.read = 0
        answer = await web.post("/", content=pieces(50, 50, 1, 50))
    assert answer.status_code == 413
    assert echo.read == 0


@pytest.mark.parametrize("length", [b"9" * 5_000, b"1" + b"0" * 17, b"00000101"])
async def test_an_absurd_length_is_too_large(length: bytes) -> None:
    sent, _ = await talk(BodyLimit(Echo(), limit=100), scope_of((b"content-length", length)))
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("length", [b"", b"many", b"-5", b"\xb2", b"0"])
async def test_a_length_that_is_none_or_a_lie_is_counted(length: bytes) -> None:
    app, scope = BodyLimit(Echo(), limit=100), scope_of((b"content-length", length))
    sent, _ = await talk(app, scope, chunk(101, more=False))
    assert [message["status"] for message in sent if "status" in message] == [413]


async def test_a_slow_body_is_408() -> None:
    echo = Echo()
    sent, _ = await talk(BodyLimit(echo, seconds=0.05), scope_of(), chunk(1), Pause(5), chunk(1))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert sent[-1].get("more_body", False) is False
    assert echo.read == 0


async def test_dripping_does_not_win_time() -> None:
    dripping = (Pause(0.02), chunk(1)) * 50
    sent, taken = await talk(BodyLimit(Echo(), seconds=0.1), scope_of(), *dripping)
    assert sent[0]["status"] == 408
    assert taken < len(dripping)


def test_ten_seconds_are_the_patience_with_a_body() -> None:
    assert BodyLimit(Echo()).seconds == 10
    assert BodyLimit(Echo()).limit == BODY_LIMIT == 262_144


async def test_a_time_out_of_the_server_itself_is_not_taken_for_ours() -> None:
    async def receive() -> Message:
        raise TimeoutError("the server's own")

    async def send(message: Message) -> None:
        raise AssertionError(message)

    with pytest.raises(TimeoutError, match="own"):
        await BodyLimit(Echo())(scope_of(), receive, send)


async def test_what_an_app_makes_of_a_refused_body_is_not_sent() -> None:
    async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await Request(scope, receive).body()
        except ClientDisconnect:
            await PlainTextResponse("unread", 400)(scope, receive, send)
        raise ValueError

    sent, _ = await talk(BodyLimit(stubborn, limit=10), scope_of(), chunk(11, more=False))
    assert [message["status"] for message in sent if "status" in message] == [413]


async def test_a_fastapi_route_gives_413_and_not_its_own_400() -> None:
    app = FastAPI()

    @app.post("/")
    async def take(_body: dict[str, str]) -> None: ...

    app.add_middleware(BodyLimit, limit=10)
    async with client(app) as web:
        answer = await web.post(
            "/", content=pieces(6, 6), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413


async def test_errors_of_the_app_are_left_alone() -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await talk(BodyLimit(broken), scope_of())


async def test_a_refused_body_is_taken_in_for_a_while_and_then_no_more() -> None:
    scope = scope_of((b"content-length", b"100000000"))
    sent, taken = await talk(BodyLimit(Echo(), limit=10), scope, *[chunk(LINGER_BYTES // 4)] * 100)
    assert taken == 4
    assert [message["type"] for message in sent] == [
        "http.response.start",
        "http.response.body",
        "http.response.body",
    ]
    assert sent[1]["more_body"] is True
    assert sent[2]["body"] == b""


async def test_nobody_is_waited_for_who_sends_no_more_of_a_refused_body() -> None:
    scope = scope_of((b"content-length", b"100000"))
    stalling = (chunk(5), Pause(30), chunk(5))
    app = BodyLimit(Echo(), limit=10, linger=0.05)
    sent, taken = await asyncio.wait_for(talk(app, scope, *stalling), 10)
    assert taken == 2
    assert sent[-1] == {"type": "http.response.body", "body": b""}


async def test_a_streaming_answer_outlives_the_time_for_a_body() -> None:
    async def slowly(_scope: Scope, receive: Receive, send: Send) -> None:
        async def words() -> AsyncIterator[str]:
            for word in ("one ", "after ", "another"):
                await asyncio.sleep(0.05)
                yield word

        # Without a spec version Starlette listens for a disconnect while it sends.
        await StreamingResponse(words())({"type": "http"}, receive, send)

    waits = (chunk(0, more=False), Pause(5))
    sent, _ = await talk(BodyLimit(slowly, seconds=0.05), scope_of(), *waits)
    assert b"".join(message.get("body", b"") for message in sent) == b"one after another"


async def test_what_is_no_http_passes_untouched() -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, receive, send))

    async def receive() -> Message:
        return {}

    async def send(_message: Message) -> None: ...

    for wrap in (BodyLimit, SecurityHeaders):
        await wrap(app)({"type": "lifespan"}, receive, send)
    assert seen == [({"type": "lifespan"}, receive, send)] * 2


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """The port of a real server."""
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, http="httptools")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listening.close()


async def ask(port: int, *parts: bytes) -> bytes:
    """Send everything first, as most clients do, then read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


POST = b"POST / HTTP/1.1\r\nHost: voxpop\r\n"


async def test_a_real_server_tells_a_client_that_sends_first_and_then_closes() -> None:
    megabyte = b"x" * 1_000_000
    async with served(BodyLimit(Echo())) as port:
        declared = await ask(port, POST + b"Content-Length: 1000000\r\n\r\n", megabyte)
        chunked = await ask(
            port,
            POST + b"Transfer-Encoding: chunked\r\n\r\n",
            b"F4240\r\n",
            megabyte,
            b"\r\n0\r\n\r\n",
        )
    for answer in (declared, chunked):
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert answer.count(b"HTTP/1.1") == 1
        assert b"2,000 characters" in answer


async def test_a_real_server_does_not_invite_a_body_that_it_refuses() -> None:
    expecting = POST + b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
    async with served(BodyLimit(Echo())) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(expecting)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_real_server_closes_on_a_client_that_stalls() -> None:
    async with served(BodyLimit(Echo(), seconds=0.1)) as port:
        answer = await ask(port, POST + b"Content-Length: 100\r\n\r\n", b"x")
    assert answer.startswith(b"HTTP/1.1 408 ")


def _app(response: Response) -> ASGIApp:
    return SecurityHeaders(response)


async def test_every_answer_has_the_security_headers() -> None:
    async with client(_app(PlainTextResponse("here"))) as web:
        said = (await web.get("/")).headers
    assert said["x-content-type-options"] == "nosniff"
    assert said["referrer-policy"] == "no-referrer"
    assert said["cross-origin-opener-policy"] == "same-origin"
    assert said["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in said["content-security-policy"]
    assert said["cache-control"] == "no-store"


async def test_what_an_answer_says_itself_is_said_once_and_stays() -> None:
    own = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "max-age=60"}
    async with client(_app(PlainTextResponse("here", headers=own))) as web:
        said = (await web.get("/")).headers
    assert said.get_list("content-security-policy") == ["default-src 'self'"]
    assert said.get_list("cache-control") == ["max-age=60"]


async def test_a_file_may_be_kept_because_it_can_be_asked_after(tmp_path: Any) -> None:
    (tmp_path / "page.css").write_text("body{}")
    async with client(SecurityHeaders(StaticFiles(directory=tmp_path))) as web:
        first = await web.get("/page.css")
        again = await web.get("/page.css", headers={"If-None-Match": first.headers["etag"]})
    assert "cache-control" not in first.headers
    assert again.status_code == 304
