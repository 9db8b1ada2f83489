"""Who may reach the sandbox: this very machine, from a page of ours or from no page."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_FORWARDED = {"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def is_loopback(scope: Scope) -> bool:
    """Whether client, Host and Origin are all this machine's own.

    Host and Origin are looked at because a browser would otherwise carry a foreign page's
    requests (DNS rebinding, cross-site posts) to us from this machine.
    """
    headers = Headers(scope=scope)
    client = scope["client"][0] if scope.get("client") else ""
    relayed = any(name in _FORWARDED or name.startswith("x-forwarded") for name in headers)
    return not relayed and _all_near(client, headers.get("host", ""), headers.get("origin"))


@lru_cache(maxsize=64)
def _all_near(client: str, host: str, origin: str | None) -> bool:
    try:
        near = ipaddress.ip_address(client).is_loopback
        name = urlsplit(f"//{host}").hostname
        same_site = origin is None or urlsplit(origin).netloc == host
    except ValueError:
        return False
    return near and name in _LOOPBACK_NAMES and same_site


class LoopbackOnly:
    """Refuses everybody else, and sets the page's content security policy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if not is_loopback(scope):
            await _FORBIDDEN(scope, receive, send)
            return

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
                ]
            await send(message)

        await self._app(scope, receive, with_policy)


_FORBIDDEN = JSONResponse(
    {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "code": "loopback_only",
        "detail": "The sandbox answers on this machine only: open it as localhost or 127.0.0.1.",
    },
    status_code=403,
    media_type="application/problem+json",
)
