"""Requests that are sent again: what was done is not done twice, and its answer is told again.

A route needs nothing for it. Every POST behind a key (`Access.requires`) takes the header
`Idempotency-Key`: the same request under the same one is answered as the first time, with
`Idempotency-Replayed: true`; another request is refused (422), and one whose first is still under
way as well (409). Answers are kept for a day, by the key that called. What refused or failed is
not kept, for it did nothing: sent again, it is looked at anew. Without the header nothing changes.

`Access` finds out who calls, then asks `Once.begin`; `Answering`, the middleware, sees what is
answered. What they tell each other about one request is a `Call`.
"""

import base64
import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from survey.errors import IdempotencyKeyReused, InvalidValue, StorageUnavailable
from survey.ports import Clock, Kept, KeptAnswers

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 255
"""Characters of what a request calls itself."""
_CALL = "voxpop.call"
_KEY = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}")
_NONCE = 12

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A request that carries a key of its own and is under way."""

    kept: KeptAnswers
    caller: str
    key: str
    request: str
    secret: bytes

    async def keep(self, status: int, headers: Headers, body: bytes) -> None:
        """This is its answer."""
        await self.kept.keep(
            self.caller,
            self.key,
            Kept(
                status=status,
                body=_sealed(body, self.secret, self.request),
                media_type=headers.get("content-type"),
                location=headers.get("location"),
            ),
        )

    async def drop(self) -> None:
        """It did nothing."""
        await self.kept.drop(self.caller, self.key)


@dataclass(kw_only=True)
class Call:
    """What is known of one request.

    Attributes:
        headers: What every answer to it tells besides.
        begun: Set while it is under way under a key of its own.
    """

    headers: dict[str, str] = field(default_factory=dict)
    begun: Begun | None = None


class AnsweredBefore(Exception):
    """The answer is there already."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


def call_of(request: Request) -> Call:
    """What is known of it; told to nobody where no middleware listens."""
    call: Call = request.scope.setdefault(_CALL, Call())
    return call


@dataclass(frozen=True, kw_only=True)
class Once:
    """Looks whether a request was answered before.

    Attributes:
        kept: Where answers are kept.
    """

    kept: KeptAnswers
    clock: Clock

    async def begin(self, request: Request, *, caller: str, secret: str) -> None:
        """To be called when it is known who calls, before anything is done.

        Args:
            request: Any; those that carry no key of their own, and those that do nothing twice
                by their method, are left alone.
            caller: Who calls.
            secret: What only they have. Answers are sealed with it, for they hold links.

        Raises:
            AnsweredBefore: If it was.
            InvalidValue: If it calls itself something that nobody can keep.
            IdempotencyKeyReused: If another one was called so.
            IdempotencyInProgress: If the first of them is under way.
        """
        if request.method != "POST" or HEADER not in request.headers:
            return
        if call_of(request).begun is not None:  # a route that asks twice who calls
            return
        key = _key(request)
        sealing = hmac.digest(secret.encode(errors="surrogatepass"), b"kept answers", "sha256")
        digest = _digest(request, await request.body(), sealing)
        found = await self.kept.begin(caller, key, request=digest, at=self.clock())
        if found is None:
            call_of(request).begun = Begun(
                kept=self.kept, caller=caller, key=key, request=digest, secret=sealing
            )
            return
        told = {REPLAYED: "true"} | ({"Location": found.location} if found.location else {})
        body = _opened(found.body, sealing, digest)
        # As it was, with its charset: Starlette would add one.
        answer = Response(body, found.status, told)
        if found.media_type:
            answer.headers["Content-Type"] = found.media_type
        raise AnsweredBefore(answer)


def _key(request: Request) -> str:
    said = request.headers.getlist(HEADER)
    if len(said) > 1 or not _KEY.fullmatch(said[0]):
        raise InvalidValue(f"{HEADER} is 1 to {LONGEST_KEY} visible ASCII characters, said once.")
    return said[0]


def _digest(request: Request, body: bytes, sealing: bytes) -> str:
    """Of the whole request. Keyed: a body may be so short that a bare digest would tell it."""
    scope = request.scope
    told = hmac.new(sealing, digestmod=hashlib.sha256)
    for part in (
        request.method.encode(),
        scope["path"].encode(errors="surrogatepass"),
        scope["query_string"],
        body,
    ):
        told.update(len(part).to_bytes(8, "big"))
        told.update(part)
    return told.hexdigest()


def _sealed(body: bytes, sealing: bytes, request: str) -> str:
    nonce = secrets.token_bytes(_NONCE)
    closed = AESGCM(sealing).encrypt(nonce, body, request.encode())
    return base64.b64encode(nonce + closed).decode()


def _opened(sealed: str, sealing: bytes, request: str) -> bytes:
    packed = base64.b64decode(sealed)
    try:
        return AESGCM(sealing).decrypt(packed[:_NONCE], packed[_NONCE:], request.encode())
    except InvalidTag:  # nobody but us writes there, so this is no answer to this request
        raise IdempotencyKeyReused from None


class Answering:
    """ASGI middleware: keeps answers, tells them again, and adds what each answer tells besides.

    It stands nearest to the routes, so that it sees their answers and whatever they let through.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(scope.setdefault(_CALL, Call()), send)
        try:
            await self.app(scope, receive, answer.send)
        except AnsweredBefore as told:
            await told.answer(scope, receive, answer.send)
        finally:
            await answer.settle()


class _Answer:
    """One answer on its way out; where it is to be kept, it is kept before anybody reads it."""

    __slots__ = ("_body", "_call", "_send", "_start")

    def __init__(self, call: Call, send: Send) -> None:
        self._call = call
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._call.headers:
                message = {**message, "headers": list(message.get("headers", ()))}
                MutableHeaders(scope=message).update(self._call.headers)
            if self._call.begun is not None and message["status"] < HTTPStatus.BAD_REQUEST:
                self._start = message
                return
            await self.settle()
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            start, self._start = self._start, None
            await self._keep(start)
            await self._send(start)
            message = {"type": "http.response.body", "body": bytes(self._body)}
        await self._send(message)

    async def _keep(self, start: Message) -> None:
        begun = self._call.begun
        if begun is None:
            return
        self._call.begun = None
        try:
            await begun.keep(start["status"], Headers(raw=start["headers"]), bytes(self._body))
        except StorageUnavailable:
            # What was asked for is done; sent again at once, it is still under way.
            log.warning("answer_not_kept", caller=begun.caller)

    async def settle(self) -> None:
        """Whatever was not kept did nothing."""
        begun, self._call.begun = self._call.begun, None
        if begun is not None:
            with suppress(StorageUnavailable):  # then it ends by itself, a little later
                await begun.drop()
