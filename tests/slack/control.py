"""What the real Slack has not: how one in a process of its own is told what happens to it."""

import dataclasses
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.peer.faults import Script
from tests.slack.records import Json

if TYPE_CHECKING:
    from tests.slack.server import SlackServer

DOES = {"press", "choose", "submit", "close", "write", "command", "shortcut", "open_home"}
SEES = {"conversation", "inbox", "private", "modals", "home"}


class Control:
    """The routes below /peer."""

    def __init__(self, server: "SlackServer") -> None:
        self._server = server

    def add_to(self, app: web.Application) -> None:
        Script(self._server.faults, "/peer").add_to(app)
        app.router.add_post("/peer/people", self.people)
        app.router.add_post("/peer/app", self.configure)
        app.router.add_post("/peer/workspaces", self.workspaces)
        app.router.add_get("/peer/ledger", self.ledger)
        app.router.add_post("/peer/does", self.does)
        app.router.add_get("/peer/sees", self.sees)
        app.router.add_post("/peer/happens", self.happens)

    async def people(self, request: web.Request) -> web.Response:
        """Adds people (a list of what `add_person` takes); their ids."""
        made = []
        for told in await request.json():
            person = self._server.person(told.pop("email"))
            for name, value in told.items():
                setattr(person.user, name, value)
            made.append({"id": person.id, "email": person.email})
        return web.json_response(made)

    async def configure(self, request: web.Request) -> web.Response:
        """Changes the app's settings: {name: value}; `url` for all request URLs."""
        for name, value in (await request.json()).items():
            if name == "url":
                self._server.connect(value)
            else:
                setattr(self._server.state.app, name, value)
        return web.json_response({"ok": True})

    async def workspaces(self, request: web.Request) -> web.Response:
        """A further workspace; its id and token."""
        told = await request.json()
        made = self._server.add_workspace(told["name"], installed=told.get("installed", True))
        return web.json_response({"id": made.id, "bot_token": made.bot_token})

    async def ledger(self, request: web.Request) -> web.Response:
        """All messages after this number."""
        after = int(request.query.get("after", "0"))
        return web.json_response(self._server.posts.ledger[after:])

    async def does(self, request: web.Request) -> web.Response:
        """{"email", "does": a verb of `Person`, "with": its arguments}: what came of it."""
        told = await request.json()
        assert told["does"] in DOES, told
        act = getattr(self._server.person(told["email"]), told["does"])
        return web.json_response(_plain(await act(**told.get("with", {}))))

    async def sees(self, request: web.Request) -> web.Response:
        """?email=&what=inbox: what somebody sees."""
        what = request.query["what"]
        assert what in SEES, what
        look = getattr(self._server.person(request.query["email"]), what)
        return web.json_response(await look())

    async def happens(self, request: web.Request) -> web.Response:
        """Any of deactivate (an e-mail), revoke (a token), uninstall, cut, advance (seconds)."""
        told: Json = await request.json()
        if "deactivate" in told:
            self._server.deactivate(told["deactivate"])
        if "revoke" in told:
            self._server.revoke(told["revoke"])
        if told.get("uninstall"):
            self._server.uninstall()
        if told.get("cut"):
            self._server.hub.cut()
        if "advance" in told:
            self._server.state.clock.advance(told["advance"])
        return web.json_response({"ok": True})


def _plain(result: Any) -> Any:
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return dataclasses.asdict(result)
    return result
