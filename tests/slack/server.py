"""A Slack in miniature: it computes its answers from what it knows.

`async with SlackServer() as server:` listens on a free port of this machine, with one workspace
(`server.home`) where the app is installed, an administrator and nobody else.
"""

import contextlib
import json
import time
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from tests.peer.faults import Faults, Rule
from tests.slack.control import Control
from tests.slack.errors import SlackError
from tests.slack.events import Events
from tests.slack.faults import USUAL, misbehave
from tests.slack.hooks import Hooks
from tests.slack.identity import new_word
from tests.slack.interactions import Interactions
from tests.slack.methods_chat import Chat, Files, Views
from tests.slack.methods_people import Conversations, People
from tests.slack.oauth import OAuth
from tests.slack.outgoing import Kind, Outgoing, Reply
from tests.slack.person import Person
from tests.slack.posts import Posts
from tests.slack.records import Json, User, Workspace
from tests.slack.sockets import Hub
from tests.slack.state import State
from tests.slack.webapi import WebApi

ADMIN = "admin@acme.test"


class SlackServer:
    """The peer, and how a test tells it what happens.

    Attributes:
        url: Where it listens, without a slash at the end.
        state: Everything it knows; the registered app in `state.app`, time in `state.clock`.
        faults: What goes wrong on demand, and all calls so far.
        web: The methods; `web.limited` switches rate limits on.
        outgoing: What it sent to the app, in `outgoing.calls`.
        events: The Events API; `await events.settled()` until all are told.
        hub: The sockets of Socket Mode.
        posts: All messages; `posts.ledger` is what really arrived.
        hooks: Response URLs; what was told to them in `hooks.answers`.
        files: What was uploaded.
        oauth: How a workspace lets the app in.
        home, admin: The first workspace and its administrator.
    """

    def __init__(self, *, port: int = 0, rotation: bool = False) -> None:
        self.state = State()
        self.state.app.rotation = rotation
        self.faults = Faults(USUAL)
        self.posts = Posts(self.state)
        self.hub = Hub(self.state)
        self.outgoing = Outgoing(self.state, self.hub)
        self.events = Events(self.state, self.outgoing)
        self.posts.heard = self.events.tell
        self.hooks = Hooks(self.state, self.posts)
        self.files = Files(self.state, self.posts)
        self.oauth = OAuth(self.state)
        self.views = Views(self.state)
        self.interactions = Interactions(
            self.state, self.posts, self.views, self.hooks, self.events, self.outgoing
        )
        parts = (
            People(self.state),
            Conversations(self.state, self.posts),
            Chat(self.state, self.posts),
            self.views,
            self.files,
        )
        self.web = WebApi(self.state, [one for part in parts for one in part.methods()])
        self.home = self.state.add_workspace("Acme")
        self.admin = self.state.add_user(self.home, ADMIN, is_admin=True, is_owner=True)
        self.state.install(self.home)
        self.url = ""
        self._port = port
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        for part in (self.hub, self.hooks, self.files, self.oauth):
            part.url = self.url
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.events.close()
        self.hub.cut()
        await self.outgoing.close()
        await self._runner.cleanup()

    # What one needs to be its app

    @property
    def api_url(self) -> str:
        """The base of the Web API, with a slash at the end."""
        return f"{self.url}/api/"

    @property
    def signing_secret(self) -> str:
        return self.state.app.signing_secret

    @property
    def bot_token(self) -> str:
        """The app's token in the first workspace."""
        return self.home.bot_token

    @property
    def app_token(self) -> str:
        return self.state.app_token

    @property
    def client_id(self) -> str:
        return self.state.app.client_id

    @property
    def client_secret(self) -> str:
        return self.state.app.client_secret

    @property
    def authorize_url(self) -> str:
        """Where somebody is asked to let the app in; https://slack.com/oauth/v2/authorize."""
        return f"{self.url}/oauth/v2/authorize"

    @property
    def workspaces(self) -> list[Workspace]:
        """All of them, the first one first."""
        return list(self.state.workspaces.values())

    def connect(self, url: str) -> None:
        """All request URLs are this one."""
        app = self.state.app
        app.events_url = app.actions_url = app.commands_url = url

    async def verify(self) -> bool:
        """Whether the request URL for events answers as Slack's settings page wants it to."""
        challenge = new_word(50)
        token = self.state.app.verification_token
        told = {"token": token, "challenge": challenge, "type": "url_verification"}
        reply = await self.outgoing.send(Kind.EVENT, told)
        said = reply.body.get("challenge") if isinstance(reply.body, dict) else reply.body
        return not reply.wrong and said == challenge

    # Who is there

    def add_workspace(self, name: str, *, installed: bool = False) -> Workspace:
        """A further workspace with an administrator, admin@<its domain>.test."""
        made = self.state.add_workspace(name)
        self.state.add_user(made, f"admin@{made.domain}.test", is_admin=True, is_owner=True)
        if installed:
            self.state.install(made)
        return made

    def add_person(self, email: str, *, workspace: Workspace | None = None, **what: Any) -> User:
        """Somebody new; `what` as in `User`."""
        return self.state.add_user(workspace or self.home, email, **what)

    def person(self, email: str, *, workspace: Workspace | None = None) -> Person:
        """Somebody at a client; made known first, if need be."""
        place = workspace or self.home
        try:
            user = self.state.user_with_email(place, email)
        except SlackError:
            user = self.add_person(email, workspace=place)
        return Person(self.state, self.interactions, user)

    # What happens

    def deactivate(self, email: str, *, workspace: Workspace | None = None) -> None:
        """The account ends; the direct messages stay, and Slack takes further ones for them."""
        self.state.user_with_email(workspace or self.home, email).deleted = True

    def uninstall(self, workspace: Workspace | None = None) -> None:
        """Somebody removes the app; it is told twice, as Slack does."""
        place = workspace or self.home
        bot = place.bot_user_id
        self.state.uninstall(place)
        self.events.tell(place, {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}})
        self.events.tell(place, {"type": "app_uninstalled"})

    def revoke(self, token: str) -> None:
        """A token is worth nothing any more, and nobody is told."""
        self.state.tokens.pop(token, None)

    def delivered(self, to: str | None = None) -> list[Json]:
        """What really arrived, in order; to everybody or to one e-mail's direct messages."""
        return [entry for entry in self.posts.ledger if to is None or entry["to"] == to]

    async def send(self, kind: Kind, payload: Json, **how: Any) -> Reply:
        """Anything, to the app, signed."""
        return await self.outgoing.send(kind, payload, **how)

    # How it answers

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=100 * 2**20, middlewares=[self._serve])
        app.router.add_post("/api/apps.connections.open", self._connections)
        app.router.add_post("/api/oauth.v2.access", self._access)
        app.router.add_route("*", "/api/auth.revoke", self._revoke)
        app.router.add_route("*", "/api/{method}", self._method)
        app.router.add_post("/upload/v1/{word}", self._upload)
        app.router.add_post("/actions/{tail:.+}", self._hook)
        app.router.add_post("/commands/{tail:.+}", self._hook)
        app.router.add_get("/oauth/v2/authorize", self.oauth.page)
        app.router.add_get("/oauth/v2/agree", self.oauth.consent)
        app.router.add_get("/link/", self.hub.listen)
        Control(self).add_to(app)
        return app

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(("/peer/", "/link/", "/oauth/")):
            return await handler(request)
        route, at = _route(request), time.monotonic()
        who, concerned = await self.web.concerned(request)
        rule = self.faults.next(route, concerned)
        try:
            response = await self._answer(request, handler, rule)
        except SlackError as error:
            wait = {} if error.wait is None else {"Retry-After": f"{error.wait:g}"}
            response = web.json_response(error.body(), status=error.status, headers=wait)
        token = self.state.tokens.get(request.headers.get("Authorization", "").partition(" ")[2])
        if token is not None and not response.prepared:
            response.headers["X-OAuth-Scopes"] = token.scopes
        self.faults.note(route, user=who, rule=rule, status=response.status, at=at)
        return response

    async def _answer(
        self, request: web.Request, handler: Handler, rule: Rule | None
    ) -> web.StreamResponse:
        if rule is None:
            return await handler(request)
        if rule.is_done:
            with contextlib.suppress(SlackError):
                await handler(request)
        return await misbehave(request, rule)

    async def _method(self, request: web.Request) -> web.Response:
        return web.json_response(await self.web.answer(request))

    async def _connections(self, request: web.Request) -> web.Response:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self.web.owner(value if kind == "Bearer" else "")
        if not token.app_level:
            raise SlackError("not_allowed_token_type")
        return web.json_response({"ok": True, "url": self.hub.invite()})

    async def _access(self, request: web.Request) -> web.Response:
        return web.json_response(await self.oauth.access(request))

    async def _revoke(self, request: web.Request) -> web.Response:
        _, _, value = request.headers.get("Authorization", "").partition(" ")
        token = self.web.owner(value)
        self.revoke(token.value)
        return web.json_response({"ok": True, "revoked": True})

    async def _upload(self, request: web.Request) -> web.Response:
        if request.content_type == "multipart/form-data":
            parts = await request.post()
            content = b"".join(
                part.file.read() for part in parts.values() if isinstance(part, web.FileField)
            )
        else:
            content = await request.read()
        status, text = self.files.receive(request.match_info["word"], content)
        return web.Response(status=status, text=text)

    async def _hook(self, request: web.Request) -> web.Response:
        try:
            said = json.loads(await request.read())
        except ValueError as error:
            raise SlackError("invalid_payload", status=400) from error
        self.hooks.answer(request.path, said)
        return web.Response(text="ok")


def _route(request: web.Request) -> str:
    if request.path.startswith("/api/"):
        return request.path.removeprefix("/api/")
    return "upload" if request.path.startswith("/upload/") else "response_url"
