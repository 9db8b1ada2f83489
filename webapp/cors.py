"""Which other sites' scripts may call the HTTP interface: none, unless the settings name them."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

API = "/api/"
"""Where that is. Pages and chats have no business with other sites' scripts."""


class ApiCors:
    """ASGI middleware: CORS below `/api` alone. Cookies are never taken: we have none.

    Args:
        app: What stands behind.
        origins: Such as `https://portal.example.org`.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self.app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PATCH"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            expose_headers=[
                "Retry-After",
                "RateLimit",
                "RateLimit-Policy",
                "Idempotency-Replayed",
                "Location",
            ],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the headers that browsers want to see."""
        below = scope["type"] == "http" and scope["path"].startswith(API)
        await (self._shared if below else self.app)(scope, receive, send)
