"""A Mattermost server in miniature: it computes its answers from what it knows.

`async with MattermostServer() as server:` listens on a free port of this machine, with a team
(`acme`), an administrator and nobody else.
"""

import contextlib
import json
import time
from typing import Any, Self

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from tests.mattermost.commands import Commands
from tests.mattermost.control import Control
from tests.mattermost.errors import ApiError
from tests.mattermost.faults import USUAL, misbehave, too_many
from tests.mattermost.http import token_of
from tests.mattermost.identity import new_id
from tests.mattermost.integration import Integrations
from tests.mattermost.interactive import Interactive
from tests.mattermost.person import Person
from tests.mattermost.posts import Posts
from tests.mattermost.records import User
from tests.mattermost.rest_people import People
from tests.mattermost.rest_posts import Messages
from tests.mattermost.rest_setup import Pressing, Setup
from tests.mattermost.state import VERSION, State
from tests.mattermost.websocket import Hub
from tests.peer.faults import Faults, Rule

API = "/api/v4"
PASSWORD = "correct horse battery staple"


class MattermostServer:
    """The peer, and how a test tells it what happens.

    Attributes:
        url: Where it listens, without a slash at the end.
        state: Everything it knows; settings in `state.config`, time in `state.clock`.
        faults: What goes wrong on demand, and all calls so far.
        integrations: What it called outside, in `integrations.calls`.
        team, admin, admin_token: What is there from the beginning.
    """

    def __init__(self, *, port: int = 0, version: str = VERSION) -> None:
        self.state = State(version=version)
        self.faults = Faults(USUAL)
        self.hub = Hub(self.state)
        self.posts = Posts(self.state, self.hub)
        self.integrations = Integrations(self.state)
        self.team = self.state.add_team("acme", "Acme")
        self.admin = self.state.add_user(
            "admin", roles="system_user system_admin", password=PASSWORD
        )
        self.state.join(self.team, self.admin, leads=True)
        self.admin_token = self.state.add_token(self.admin, "administration").token
        self.url = ""
        self._port = port
        self._buckets: dict[str, tuple[float, float]] = {}
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.state.config["ServiceSettings"]["SiteURL"] = self.url
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut_websockets()
        await self.integrations.close()
        if self._http is not None:
            await self._http.close()
        await self._runner.cleanup()

    # Who is there

    def add_person(self, username: str, *, in_team: bool = True, **what: Any) -> User:
        """Somebody new, a member of the team; e-mail `username@acme.test` unless told."""
        user = self.state.add_user(username, password=PASSWORD, **what)
        if in_team:
            self.state.join(self.team, user)
        return user

    def add_bot(self, username: str = "voxpop", **what: Any) -> tuple[User, str]:
        """A bot of the administrator's in the team, and its access token: as if set up."""
        known = {"first_name": username.title(), "bot_description": "Surveys", **what}
        owner = {"is_bot": True, "owner_id": self.admin.id, "email": f"{username}@localhost"}
        bot = self.state.add_user(username, **{**owner, **known})
        self.state.join(self.team, bot)
        return bot, self.state.add_token(bot, "surveys").token

    def person(self, username: str, *, bot: str = "voxpop") -> Person:
        """Somebody at a client, logged in; made known first, if need be.

        Args:
            username: Who.
            bot: Whom they talk to.
        """
        assert self._http is not None, "nobody can log in before the server listens"
        try:
            user = self.state.user_named(username)
        except ApiError:
            user = self.add_person(username)
        token = self.state.log_in(user)
        return Person(http=self._http, url=self.url, username=username, token=token, bot=bot)

    # What happens to it

    def deactivate(self, username: str) -> None:
        """The account ends, with its sessions and connections, and so do the bots it owns."""
        gone = self.state.deactivate(self.state.user_named(username))
        for listener in self.hub.of(gone):
            listener.cut()

    def revoke(self, token: str) -> None:
        """A token is worth nothing any more; who listens with it is cut off."""
        with contextlib.suppress(ApiError):
            owner = self.state.owner(token)
            self.state.revoke(token)
            for listener in self.hub.of({owner.id}):
                listener.cut()

    def cut_websockets(self, *usernames: str) -> int:
        """Ends connections without a word; all of them, where nobody is named. How many."""
        users = {self.state.user_named(name).id for name in usernames} or None
        listeners = self.hub.of(users)
        for listener in listeners:
            listener.cut()
        return len(listeners)

    def freeze_websockets(self) -> None:
        """The connections stay open, but nothing comes over them any more, no pongs either."""
        for listener in self.hub.listeners:
            listener.frozen = True

    def delivered(self, to: str | None = None) -> list[dict[str, Any]]:
        """What really arrived, in order; to everybody or to one username's direct messages."""
        return [entry for entry in self.posts.ledger if to is None or entry["to"] == to]

    # How it answers

    def _app(self) -> web.Application:
        commands = Commands(self.state, self.posts, self.integrations)
        interactive = Interactive(self.state, self.posts, self.hub, self.integrations)
        pressing = Pressing(self.state, interactive, commands)
        parts = [
            Setup(self.state, commands).routes(),
            People(self.state, self.hub).routes(),
            Messages(self.state, self.posts).routes(),
            pressing.routes(),
        ]
        app = web.Application(middlewares=[self._serve], client_max_size=100 * 2**20)
        for route in (route for part in parts for route in part):
            app.router.add_route(route.method, f"{API}{route.path}", route.handler)
        app.router.add_get(f"{API}/websocket", self.hub.listen)
        app.router.add_post("/hooks/commands/{hook_id}", pressing.answer_late)
        Control(self).add_to(app)
        return app

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/peer/") or request.path == f"{API}/websocket":
            return await handler(request)
        route = f"{request.method} {request.path.removeprefix(API)}"
        at = time.monotonic()
        user, concerned = await self._concerned(request)
        rule = self.faults.next(route, concerned)
        try:
            response = self._throttled(request) or await self._answer(request, handler, rule)
        except ApiError as error:
            shown = json.dumps(error.body(new_id())).encode()
            json_type = {"Content-Type": "application/json"}
            response = web.Response(body=shown, status=error.status, headers=json_type)
        except web.HTTPException as error:
            if error.status not in {404, 405}:
                raise
            response = _not_found(request.path)
        self.faults.note(
            route,
            user=user,
            rule=rule,
            status=response.status,
            query=request.query_string,
            at=at,
        )
        return response

    async def _answer(
        self, request: web.Request, handler: Handler, rule: Rule | None
    ) -> web.StreamResponse:
        if rule is None:
            response = await handler(request)
            response.headers["X-Version-Id"] = f"{self.state.version}.{self.state.version}.."
            return response
        if rule.is_done:
            with contextlib.suppress(ApiError, web.HTTPException):
                await handler(request)
        return await misbehave(request, rule, token_of(request))

    def _throttled(self, request: web.Request) -> web.Response | None:
        """429, where the settings limit the rate and this address is above it."""
        limit = self.state.config["RateLimitSettings"]
        if not limit["Enable"]:
            return None
        now, address = time.monotonic(), request.remote or ""
        room, at = self._buckets.get(address, (float(limit["MaxBurst"]), now))
        room = min(room + (now - at) * limit["PerSec"], float(limit["MaxBurst"]))
        self._buckets[address] = (max(room - 1, room % 1), now)
        return None if room >= 1 else too_many(max(1, round((1 - room) / limit["PerSec"])))

    async def _concerned(self, request: web.Request) -> tuple[str, set[str]]:
        """Who asks, and the usernames that a fault may single out."""
        user = ""
        with contextlib.suppress(ApiError):
            user = self.state.owner(token_of(request)).username
        if not any(rule.users for rule in self.faults.rules):
            return user, {user}
        body: Any = None
        with contextlib.suppress(ValueError):
            body = json.loads(await request.read() or b"null")
        parts = set(request.path.split("/"))
        if isinstance(body, dict):
            parts |= {str(body.get("channel_id"))}
        if isinstance(body, list):
            parts |= {str(each) for each in body}
        channels = {post.channel_id for part in parts if (post := self.state.posts.get(part))}
        for channel in (self.state.channels.get(each) for each in parts | channels):
            parts |= channel.members if channel is not None and channel.direct else set()
        return user, {user} | {
            self.state.users[id_].username for id_ in parts & self.state.users.keys()
        }


def _not_found(path: str) -> web.Response:
    """A route that there is none of; spelt as the server spells it."""
    detail = (
        f"There doesn't appear to be an api call for the url='{path}'.  "
        "Typo? are you missing a team_id or user_id as part of the url?"
    )
    body = {
        "id": "api.context.404.app_error",
        "message": "Sorry, we could not find the page.",
        "detailed_error": detail,
        "status_code": 404,
    }
    plain = {"Content-Type": "text/plain; charset=utf-8"}
    return web.Response(body=json.dumps(body).encode(), status=404, headers=plain)
