"""OAuth: how a workspace lets the app in, and how tokens are renewed."""

import html
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from tests.slack.asking import arguments
from tests.slack.errors import SlackError
from tests.slack.identity import new_word
from tests.slack.records import Json, Token, User, Workspace
from tests.slack.state import TOKEN_SECONDS, State

CODE_SECONDS = 600


@dataclass(kw_only=True)
class Consent:
    """A code: what somebody agreed to."""

    workspace: Workspace
    by: User
    scopes: str
    redirect_uri: str
    until: float
    used: bool = False


class OAuth:
    """Consent, codes and tokens; `url` is where the server listens."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.url = ""
        self._codes: dict[str, Consent] = {}

    def agree(self, url: str, workspace: Workspace, by: User) -> str:
        """Where the browser goes once somebody has pressed Allow on the page at `url`.

        Raises:
            SlackError: The page says that something is wrong instead.
        """
        asked = self._asked(url)
        code = f"{new_word(12)}.{new_word(12)}.{new_word(64)}"
        self._codes[code] = Consent(
            workspace=workspace,
            by=by,
            scopes=asked["scope"],
            redirect_uri=asked.get("redirect_uri", ""),
            until=self._state.clock.now() + CODE_SECONDS,
        )
        return self._back(asked, code=code)

    def decline(self, url: str) -> str:
        """Where the browser goes once somebody has pressed Cancel.

        Raises:
            SlackError: As `agree`.
        """
        return self._back(self._asked(url), error="access_denied")

    async def page(self, request: web.Request) -> web.Response:
        """The page that asks: one link for each workspace, and one to cancel."""
        try:
            url = str(request.url)
            links = [
                (f"Allow in {one.name}", f"/oauth/v2/agree?team={one.id}&{request.query_string}")
                for one in self._state.workspaces.values()
            ]
            links.append(("Cancel", self.decline(url)))
        except SlackError as error:
            return web.Response(text=f"Something went wrong: {error.error}", status=400)
        shown = [
            f'<p><a href="{html.escape(to)}">{html.escape(name)}</a></p>' for name, to in links
        ]
        return web.Response(text="\n".join(shown), content_type="text/html")

    async def consent(self, request: web.Request) -> web.Response:
        """One of its links."""
        workspace = self._state.workspaces[request.query["team"]]
        people = self._state.users_of(workspace)
        by = next(user for user in people if user.is_admin)
        raise web.HTTPFound(self.agree(str(request.url), workspace, by))

    async def access(self, request: web.Request) -> Json:
        """oauth.v2.access: a code or a refresh token for a token.

        Raises:
            SlackError: invalid_code and others.
        """
        args, _ = await arguments(request, takes_json=False)
        self._authenticate(request, args)
        if args.get("grant_type") == "refresh_token":
            return self._refresh(str(args.get("refresh_token", "")))
        return self._exchange(args)

    def _exchange(self, args: Json) -> Json:
        consent = self._codes.get(str(args.get("code", "")))
        if consent is None or self._state.clock.now() > consent.until:
            raise SlackError("invalid_code")
        if consent.used:
            raise SlackError("code_already_used")
        if str(args.get("redirect_uri", "")) != consent.redirect_uri:
            raise SlackError("bad_redirect_uri")
        consent.used = True
        token = self._state.install(consent.workspace, consent.scopes)
        return self._told(token, consent.workspace) | {"authed_user": {"id": consent.by.id}}

    def _refresh(self, refresh_token: str) -> Json:
        team_id = self._state.refreshes.pop(refresh_token, None)
        if team_id is None:
            raise SlackError("invalid_refresh_token")
        workspace = self._state.workspaces[team_id]
        old = self._state.tokens.get(workspace.bot_token)
        scopes = self._state.app.scopes if old is None else old.scopes
        return self._told(self._state.issue(workspace, scopes), workspace)

    def _told(self, token: Token, workspace: Workspace) -> Json:
        told: Json = {
            "ok": True,
            "app_id": self._state.app.id,
            "scope": token.scopes,
            "token_type": "bot",
            "access_token": token.value,
            "bot_user_id": workspace.bot_user_id,
            "team": {"id": workspace.id, "name": workspace.name},
            "enterprise": None,
            "is_enterprise_install": False,
        }
        if workspace.refresh_token:
            told |= {"refresh_token": workspace.refresh_token, "expires_in": TOKEN_SECONDS}
        return told

    def _authenticate(self, request: web.Request, args: Json) -> None:
        client_id, secret = str(args.get("client_id", "")), str(args.get("client_secret", ""))
        kind, _, told = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            client_id, _, secret = b64decode(told).decode().partition(":")
        if client_id != self._state.app.client_id:
            raise SlackError("invalid_client_id")
        if secret != self._state.app.client_secret:
            raise SlackError("bad_client_secret")

    def _asked(self, url: str) -> dict[str, str]:
        asked = dict(parse_qsl(urlsplit(url).query))
        if asked.get("client_id") != self._state.app.client_id:
            raise SlackError("invalid_client_id")
        if not asked.get("scope"):
            raise SlackError("missing_scope")
        wanted = asked.get("redirect_uri", "")
        allowed = self._state.app.redirect_urls
        if wanted and not any(wanted.startswith(one) for one in allowed):
            raise SlackError("bad_redirect_uri")
        if not wanted and not allowed:
            raise SlackError("bad_redirect_uri")
        return asked

    def _back(self, asked: dict[str, str], **told: str) -> str:
        to = asked.get("redirect_uri") or self._state.app.redirect_urls[0]
        return f"{to}?{urlencode({**told, 'state': asked.get('state', '')})}"
