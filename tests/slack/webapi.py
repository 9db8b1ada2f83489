"""The Web API: which methods there are, who may call them, and how often."""

import contextlib
from collections.abc import Iterable

from aiohttp import web

from tests.slack.asking import Asked, Method, arguments
from tests.slack.errors import SlackError, rate_limited
from tests.slack.records import Json, Token, User, Workspace
from tests.slack.state import State

MINUTE = 60.0
BURST = 5


class WebApi:
    """All methods below /api.

    Attributes:
        limited: Whether a method that is called too often is refused.
        limits: Calls a minute of a method, where they are not those of its tier.
    """

    def __init__(self, state: State, methods: Iterable[Method]) -> None:
        self._state = state
        self._methods = {method.name: method for method in methods}
        self.limited = False
        self.limits: dict[str, int] = {}
        self._room: dict[tuple[str, str], tuple[float, float]] = {}

    async def answer(self, request: web.Request) -> Json:
        """What a method says.

        Raises:
            SlackError: It refuses.
        """
        name = request.match_info["method"]
        method = self._methods.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        args, value = await arguments(request, takes_json=method.json)
        token = self.owner(value)
        if token.app_level:
            raise SlackError("not_allowed_token_type")
        workspace, bot = self._place(token)
        self._may(method, token)
        self._pace(method, workspace, args)
        asked = Asked(args=args, token=token, workspace=workspace, bot=bot)
        return {"ok": True, **method.answer(asked)}

    def owner(self, value: str) -> Token:
        """What is known of a token.

        Raises:
            SlackError: not_authed, invalid_auth, token_expired.
        """
        if not value:
            raise SlackError("not_authed")
        token = self._state.tokens.get(value)
        if token is None:
            raise SlackError("invalid_auth")
        if token.expires_at is not None and self._state.clock.now() >= token.expires_at:
            raise SlackError("token_expired")
        return token

    async def concerned(self, request: web.Request) -> tuple[str, set[str]]:
        """Who asks (a workspace's domain), and the e-mails that a fault may single out."""
        with contextlib.suppress(SlackError):
            args, value = await arguments(request, takes_json=True)
            token = self._state.tokens.get(value)
            if token is None or token.app_level:
                return "", set()
            workspace = self._state.workspaces[token.team_id]
            told = {str(args.get(name)) for name in ("channel", "user", "users", "user_id")}
            told.add(str(args.get("channel_id")))
            for channel in (self._state.channels.get(one) for one in list(told)):
                told |= channel.members if channel is not None and channel.direct else set()
            people = (self._state.users.get(one) for one in told)
            emails = {user.email for user in people if user is not None and not user.is_bot}
            return workspace.domain, {workspace.domain, workspace.id, *emails}
        return "", set()

    def _place(self, token: Token) -> tuple[Workspace, User]:
        workspace = self._state.workspaces[token.team_id]
        if workspace.bot is None or workspace.bot.deleted:
            raise SlackError("account_inactive")
        return workspace, workspace.bot

    def _may(self, method: Method, token: Token) -> None:
        scopes = set(token.scopes.split(","))
        if method.scopes and not scopes & set(method.scopes):
            needed = ",".join(method.scopes)
            raise SlackError("missing_scope", needed=needed, provided=token.scopes)

    def _pace(self, method: Method, workspace: Workspace, args: Json) -> None:
        """A bucket for each method and workspace; chat.postMessage has one for each channel."""
        if not self.limited and method.name not in self.limits:
            return
        a_minute = self.limits.get(method.name, method.tier)
        whom = str(args.get("channel")) if method.name == "chat.postMessage" else ""
        key = (f"{method.name} {whom}", workspace.id)
        now = self._state.clock.now()
        most = float(BURST if whom else a_minute)
        room, at = self._room.get(key, (most, now))
        room = min(room + (now - at) * a_minute / MINUTE, most)
        if room < 1:
            self._room[key] = (room, now)
            raise rate_limited(max(1, round((1 - room) * MINUTE / a_minute)))
        self._room[key] = (room - 1, now)
