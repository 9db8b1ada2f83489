"""The short way to what is opened most: whoever only reads a page needs none of what REST needs."""

import time
from collections.abc import Sequence

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.metrics import Measurements

_READS = frozenset({"GET", "HEAD"})


class ReadingLane:
    """ASGI middleware: hands GET and HEAD straight to the routes whose path is `/word/{token}`.

    They are served without routing, body limits and error handlers behind, which cost several
    times what a page that is ready as bytes does. So they bring every header themselves and let no
    error out. What comes with a body goes the whole way.

    Args:
        app: What stands behind.
        routes: Such routes, with an ASGI app each.
        measurements: Where it is counted how long they take.
    """

    def __init__(
        self, app: ASGIApp, *, routes: Sequence[BaseRoute], measurements: Measurements
    ) -> None:
        self.app = app
        self._observe = measurements.observe
        self._pages = {
            route.path.split("/")[1]: (route.app, route.path_format)
            for route in routes
            if isinstance(route, Route) and route.path.endswith("/{token}")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve it, or pass it on."""
        if scope["type"] == "http" and scope["method"] in _READS and not scope.get("root_path"):
            word, _, token = scope["path"][1:].partition("/")
            page = self._pages.get(word)
            if page is not None and token and "/" not in token:
                start = time.perf_counter()
                scope["path_params"] = {"token": token}
                await page[0](scope, receive, send)
                self._observe(page[1], time.perf_counter() - start)
                return
        await self.app(scope, receive, send)
