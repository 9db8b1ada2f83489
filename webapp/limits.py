"""What stands before every request: limits on its body, and headers on every answer."""

import asyncio
from collections.abc import Iterable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from survey.survey import COMMENT_LIMIT
from webapp.problem_document import problem

BODY_LIMIT = 256 * 1024
"""Bytes. 2,000 characters of the longest kind, escaped for JSON or a form, are 24,000; Slack sends
with a press the whole message below which it was pressed, which may be five times as long."""
BODY_SECONDS = 10.0
"""How long a body may take to arrive, from when it is first read."""
LINGER_BYTES = 4 * 1024 * 1024
LINGER_SECONDS = 2.0
"""How much of a refused body is still taken in, unread: most clients look for an answer only
when they have sent everything, and a connection closed before that shows them an error."""

_DISCONNECT: Message = {"type": "http.disconnect"}
_LONGEST_NUMBER = 18
_ENDLESS = 10**18


def _too_large(limit: int) -> Response:
    return problem(
        413,
        code="too_large",
        title="The request is too large",
        detail=f"A request takes up to {limit:,} bytes, and a comment {COMMENT_LIMIT:,} "
        "characters. Nothing was saved: please shorten it and send it again.",
        limit=limit,
        headers={"Connection": "close"},
    )


def _too_slow(seconds: float) -> Response:
    return problem(
        408,
        code="too_slow",
        title="The request is too slow",
        detail=f"The body did not arrive within {seconds:g} seconds. Nothing was saved.",
        headers={"Connection": "close"},
    )


def _declared(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """The Content-Length; 0 without a readable one: what arrives is counted anyway."""
    for name, value in headers:
        if name == b"content-length":
            digits = value.lstrip(b"0")
            if len(digits) > _LONGEST_NUMBER:
                return _ENDLESS
            return int(digits) if digits.isdigit() else 0
    return 0


class BodyLimit:
    """ASGI middleware: refuses bodies that are too large or too slow before anything reads them.

    Starlette's own limit answers in plain text, only when the body is read, and knows no time.

    Args:
        app: What stands behind.
        limit: Bytes that a body may have; more is answered with 413.
        seconds: How long a body may take to arrive; longer is answered with 408.
        linger: For how many seconds a refused body is still taken in.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int = BODY_LIMIT,
        seconds: float = BODY_SECONDS,
        linger: float = LINGER_SECONDS,
    ) -> None:
        self.app = app
        self.limit = limit
        self.seconds = seconds
        self.linger = linger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _declared(scope["headers"]) > self.limit:
            await self.too_large(send, rest=receive)
            return
        guarded = _Guarded(self, receive, send)
        try:
            await self.app(scope, guarded.receive, guarded.send)
        except Exception:
            if not guarded.refused:
                raise

    async def too_slow(self, send: Send) -> None:
        """Answer 408; a client that stalls is not waited for."""
        await _begin(send, _too_slow(self.seconds))
        await send({"type": "http.response.body", "body": b""})

    async def too_large(self, send: Send, *, rest: Receive | None) -> None:
        """Answer 413, take in a little of what is under way, then end."""
        await _begin(send, _too_large(self.limit))
        if rest is not None:
            await self._take_in(rest)
        await send({"type": "http.response.body", "body": b""})

    async def _take_in(self, rest: Receive) -> None:
        taken, more = 0, True
        try:
            async with asyncio.timeout(self.linger):
                while more and taken < LINGER_BYTES:
                    message = await rest()
                    taken += len(message.get("body", b""))
                    more = message.get("more_body", False)
        except TimeoutError:
            return


class _Guarded:
    """One request: counts and times its body while that is under way, then steps aside."""

    __slots__ = (
        "_begun",
        "_complete",
        "_deadline",
        "_limits",
        "_next",
        "_read",
        "_reply",
        "refused",
    )

    def __init__(self, limits: BodyLimit, receive: Receive, send: Send) -> None:
        self._limits = limits
        self._next = receive
        self._reply = send
        self._begun = False
        self._complete = False
        self._deadline = 0.0
        self._read = 0
        self.refused = False

    async def receive(self) -> Message:
        if self.refused:
            return _DISCONNECT
        if self._complete:
            return await self._next()
        if not self._deadline:
            self._deadline = asyncio.get_running_loop().time() + self._limits.seconds
        patience = asyncio.timeout_at(self._deadline)
        try:
            async with patience:
                message = await self._next()
        except TimeoutError:
            if not patience.expired():
                raise
            self.refused = True
            if not self._begun:
                await self._limits.too_slow(self._reply)
            return _DISCONNECT
        if message["type"] != "http.request":
            return message
        self._read += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._read > self._limits.limit:
            self.refused = True
            if not self._begun:
                rest = None if self._complete else self._next
                await self._limits.too_large(self._reply, rest=rest)
            return _DISCONNECT
        return message

    async def send(self, message: Message) -> None:
        if self.refused:  # the refusal was the answer
            return
        self._begun = True
        await self._reply(message)


async def _begin(send: Send, answer: Response) -> None:
    """Send all of an answer but its end, so that the server keeps the connection."""
    headers = answer.raw_headers
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})


CONTENT_SECURITY_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For answers that bring no policy of their own: they need nothing. Pages say what they need."""

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
)
_NO_STORE = (b"cache-control", b"no-store")


class SecurityHeaders:
    """ASGI middleware: puts on every answer what it does not say itself.

    No answer is kept by a cache unless it says so, or has an ETag: those are files.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with its headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                said = {name.lower() for name, _ in headers}
                headers.extend(pair for pair in _ALWAYS if pair[0] not in said)
                if b"cache-control" not in said and b"etag" not in said:
                    headers.append(_NO_STORE)
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, sending)
