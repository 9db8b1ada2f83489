"""SendGrid's API, as much of it as carries mail: POST /v3/mail/send."""

import asyncio
from collections import deque
from types import TracebackType
from typing import Any, Self

from aiohttp import web

KEY = "SG.a-key-of-sendgrid"


class SendGridPeer:
    """Listens on this machine while it is entered.

    Attributes:
        url: Where it is.
        taken: The mails that it took.
        answers: What is answered in place of the usual, one after the other: a status with what
            it says and its headers, `drop`, or `hang`. `lost` takes the mail and is gone.
    """

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[dict[str, Any]] = []
        self.answers: deque[tuple[int, Any, dict[str, str]] | str] = deque()
        self.asked = 0
        self._runner: web.AppRunner | None = None

    def answer(self, status: int, said: Any = None, **headers: str) -> None:
        """Answer otherwise, once."""
        self.answers.append((status, said, headers))

    def refuse(self, status: int, field: str | None, message: str) -> None:
        """Refuse as it does, once."""
        self.answer(status, {"errors": [{"message": message, "field": field, "help": None}]})

    async def _send(self, request: web.Request) -> web.Response:
        self.asked += 1
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            invalid = {"message": "The provided authorization grant is invalid", "field": None}
            return web.json_response({"errors": [invalid]}, status=401)
        body = await request.json()
        told = self.answers.popleft() if self.answers else (202, None, {})
        if told == "hang":
            await asyncio.sleep(3600)
        if told in ("drop", "lost"):
            if told == "lost":
                self.taken.append(body)
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        assert isinstance(told, tuple)
        status, said, headers = told
        if status == 202:
            self.taken.append(body)
        if said is None:
            return web.Response(status=status, headers=headers)
        if isinstance(said, str):
            return web.Response(status=status, headers=headers, text=said)
        return web.json_response(said, status=status, headers=headers)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v3/mail/send", self._send)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
