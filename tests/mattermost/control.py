"""What a real server has not: how one in a process of its own is told what happens to it."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.mattermost.errors import ApiError
from tests.peer.faults import Script

if TYPE_CHECKING:
    from tests.mattermost.server import MattermostServer


class Control:
    """The routes below /peer."""

    def __init__(self, server: "MattermostServer") -> None:
        self._server = server

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/peer/people", self.people)
        app.router.add_post("/peer/bots", self.bots)
        app.router.add_post("/peer/config", self.config)
        Script(self._server.faults, "/peer").add_to(app)
        app.router.add_get("/peer/ledger", self.ledger)
        app.router.add_get("/peer/private", self.private)
        app.router.add_get("/peer/dialogs", self.dialogs)
        app.router.add_post("/peer/happens", self.happens)

    async def people(self, request: web.Request) -> web.Response:
        """Adds people (a list of what `add_person` takes); their ids and session tokens."""
        made = []
        for told in await request.json():
            try:
                user = self._server.state.user_named(told["username"])
            except ApiError:
                user = self._server.add_person(**told)
            token = self._server.state.log_in(user)
            made.append({"id": user.id, "username": user.username, "token": token})
        return web.json_response(made)

    async def bots(self, request: web.Request) -> web.Response:
        """Adds a bot; its id and access token."""
        bot, token = self._server.add_bot(**await request.json())
        return web.json_response({"id": bot.id, "token": token})

    async def config(self, request: web.Request) -> web.Response:
        """Changes settings: {section: {name: value}}."""
        for section, settings in (await request.json()).items():
            self._server.state.config[section] |= settings
        return _done()

    async def ledger(self, request: web.Request) -> web.Response:
        """All messages after this number."""
        after = int(request.query.get("after", "0"))
        return web.json_response(self._server.posts.ledger[after:])

    async def private(self, request: web.Request) -> web.Response:
        """The ephemeral posts that somebody was shown."""
        return web.json_response(self._of(request, self._server.hub.private))

    async def dialogs(self, request: web.Request) -> web.Response:
        """The dialogs that somebody was shown."""
        return web.json_response(self._of(request, self._server.hub.dialogs))

    async def happens(self, request: web.Request) -> web.Response:
        """Any of deactivate (a username), revoke (a token), cut (usernames), advance (seconds)."""
        told = await request.json()
        if "deactivate" in told:
            self._server.deactivate(told["deactivate"])
        if "revoke" in told:
            self._server.revoke(told["revoke"])
        if "cut" in told:
            self._server.cut_websockets(*told["cut"])
        if "advance" in told:
            self._server.state.clock.advance(told["advance"])
        return _done()

    def _of(self, request: web.Request, seen: dict[str, list[dict[str, Any]]]) -> list[Any]:
        user = self._server.state.user_named(request.query["user"])
        return seen.get(user.id, [])


def _done() -> web.Response:
    return web.json_response({"ok": True})
