"""`/slack/install`: how a workspace installs us by itself, and where Slack brings people back to.

Who may begin is who has a link of the operator's: in a workspace of one's own anybody can have any
e-mail, and e-mails are what people on the roster are found by.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.slack import WORKSPACE_AT_HOME
from bot.slack.client import SlackApi
from bot.slack.install_page import page
from bot.slack.manifest import REDIRECT_PATH
from bot.slack.passes import Passes, Purpose
from bot.slack.rotation import ends_at
from bot.slack.says import SlackSays
from bot.slack.scopes import NAMES
from bot.slack.workspaces import Workspaces, text_in
from survey.audit import Entry, plain
from survey.errors import OutOfDate, StorageUnavailable
from survey.messenger import PlatformRefuses
from survey.ports import AuditLog, Clock, Heard, Installation, Installations

log = structlog.get_logger()

TAKES_AT_MOST = timedelta(minutes=10)
"""How long somebody may look at what Slack asks them."""
COOKIE = "voxpop_slack_install"
SOURCE = "slack:installs"
"""What a state that was used is noted under."""
_LONGEST_CODE = 500


class _NotInstalled(Exception):
    """It came to nothing: why, in a word for the log and in sentences for who wanted it."""

    def __init__(self, reason: str, says: str) -> None:
        super().__init__(says)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Installing:
    """The two routes.

    Attributes:
        workspaces: Where we are already.
        client_id: The app's.
        client_secret: The same.
        api_url: Of the Web API; people are sent to the same host.
        base_url: Where people's browsers reach us.
    """

    api: SlackApi
    workspaces: Workspaces
    installations: Installations
    heard: Heard
    audit: AuditLog
    passes: Passes
    client_id: str
    client_secret: str = field(repr=False)
    api_url: str
    base_url: str
    clock: Clock

    @property
    def routes(self) -> Sequence[Route]:
        """`/install` and `/oauth_redirect`, for the app that is mounted at `/slack`."""
        return [
            Route("/install", self.begin, methods=["GET"]),
            Route("/oauth_redirect", self.end, methods=["GET"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Send somebody who has a link to Slack, and know their browser again."""
        at = self.clock()
        try:
            self.passes.read(Purpose.LINK, request.query_params.get("pass", ""), at=at)
        except OutOfDate:
            return page(
                "This link is not valid any more",
                "Ask whoever runs Voxpop for a new one: `voxpop slack link` prints it.",
                status=HTTPStatus.FORBIDDEN,
            )
        state = self.passes.write(Purpose.STATE, until=at + TAKES_AT_MOST)
        asked = {
            "client_id": self.client_id,
            "scope": ",".join(NAMES),
            "redirect_uri": self._redirect_uri,
            "state": state,
        }
        there = f"{urljoin(self.api_url, '/oauth/v2/authorize')}?{urlencode(asked)}"
        answer = RedirectResponse(there, status_code=HTTPStatus.FOUND)
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cache-Control"] = "no-store"
        answer.set_cookie(
            COOKIE,
            state,
            max_age=int(TAKES_AT_MOST.total_seconds()),
            path=self._path,
            secure=self.base_url.startswith("https:"),
            httponly=True,
            samesite="lax",
        )
        return answer

    async def end(self, request: Request) -> Response:
        """Slack brings them back: what it grants is fetched, once, and kept."""
        if request.method == "HEAD":  # somebody looks at the address, and installs nothing
            return Response()
        try:
            answer = await self._ended(request)
        except _NotInstalled as error:
            log.warning("slack_not_installed", reason=error.reason)
            answer = page("Nothing was installed", str(error), status=HTTPStatus.BAD_REQUEST)
        except SlackSays as error:
            log.warning("slack_not_installed", reason=error.error)
            answer = page(
                "Nothing was installed",
                f"Slack did not go through with it ({error.error}). Open the link again.",
                status=HTTPStatus.BAD_GATEWAY,
            )
        except (StorageUnavailable, PlatformRefuses) as error:
            log.warning("slack_not_installed", reason=error.code)
            answer = page(
                "Nothing was installed",
                "Voxpop could not keep it just now. Open the link again in a minute.",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )
        answer.delete_cookie(COOKIE, path=self._path)
        return answer

    async def _ended(self, request: Request) -> Response:
        at = self.clock()
        state = request.query_params.get("state", "")
        kept = request.cookies.get(COOKIE, "")
        if not state:
            raise _NotInstalled(
                "no_state", "Slack leads back to this page; nobody begins here. Open the link."
            )
        if not hmac.compare_digest(state.encode(errors="replace"), kept.encode(errors="replace")):
            raise _NotInstalled(
                "begun_elsewhere", "This was not begun in this browser. Open the link again, here."
            )
        try:
            nonce = self.passes.read(Purpose.STATE, state, at=at)
        except OutOfDate as error:
            raise _NotInstalled(
                "too_late", "That took more than ten minutes. Open the link again."
            ) from error
        if not await self.heard.done(SOURCE, nonce, at=at):
            raise _NotInstalled("used_before", "This was used before. Open the link again.")
        if request.query_params.get("error"):
            raise _NotInstalled(
                "called_off", "It was called off in Slack. Open the link again if you want to."
            )
        code = request.query_params.get("code", "")
        if not code or len(code) > _LONGEST_CODE:
            raise _NotInstalled("no_code", "Slack sent no code. Open the link again.")
        told = await self.api.call(
            "oauth.v2.access",
            token=None,
            client_id=self.client_id,
            client_secret=self.client_secret,
            code=code,
            redirect_uri=self._redirect_uri,
        )
        return await self._granted(told)

    async def _granted(self, told: Mapping[str, Any]) -> Response:
        if told.get("is_enterprise_install") or not isinstance(told.get("team"), dict):
            await self._give_back(text_in(told, "access_token"))
            raise _NotInstalled(
                "organisation",
                "Voxpop works in one workspace at a time, and not for a whole organisation. Open "
                "the link again and choose a workspace.",
            )
        installation = self._installation(told)
        if await self._is_home(installation.workspace):
            return page(
                f"{installation.name} has Voxpop already",
                "Its token stands in Voxpop's settings; nothing was changed.",
            )
        # First the note: nothing is done that could not be noted.
        await self.audit.append(
            Entry(
                at=installation.installed_at,
                actor=plain(f"slack:{installation.installed_by}"),
                action="workspace.installed",
                about=plain(f"{installation.workspace} {installation.name}"),
            )
        )
        await self.installations.save(installation)
        self.workspaces.forget(installation.workspace)
        log.info("slack_installed", workspace=installation.workspace)
        return page(
            f"Voxpop is in {installation.name}",
            "You can close this page. Whoever is on the roster is found by their e-mail within an "
            "hour; nobody is written to before a round starts.",
        )

    async def _is_home(self, workspace: str) -> bool:
        """Whether it is the one of the settings; it is not, where that one's token is dead.

        What Slack granted comes once: nobody could go on from an error.
        """
        try:
            return await self.workspaces.workspace_of(workspace) == WORKSPACE_AT_HOME
        except SlackSays as error:
            log.warning("slack_home_unknown", reason=error.error)
            return False

    def _installation(self, told: Mapping[str, Any]) -> Installation:
        at = self.clock()
        user = told.get("authed_user")
        refresh = told.get("refresh_token")
        return Installation(
            workspace=text_in(told["team"], "id"),
            name=str(told["team"].get("name") or told["team"]["id"]),
            bot_user_id=text_in(told, "bot_user_id"),
            app_id=str(told.get("app_id") or ""),
            scopes=tuple(filter(None, str(told.get("scope") or "").split(","))),
            token=text_in(told, "access_token"),
            refresh_token=refresh if isinstance(refresh, str) and refresh else None,
            expires_at=ends_at(told, at=at),
            installed_at=at,
            installed_by=str(user.get("id") or "") if isinstance(user, dict) else "",
        )

    async def _give_back(self, token: str) -> None:
        """A token that we don't want is worth nothing any more; else it would lie about."""
        try:
            await self.api.call("auth.revoke", token=token)
        except SlackSays as error:
            log.warning("slack_token_not_revoked", reason=error.error)

    @property
    def _path(self) -> str:
        """Where people's browsers find both routes, and bring the cookie."""
        return urlsplit(self._redirect_uri).path.rpartition("/")[0]

    @property
    def _redirect_uri(self) -> str:
        return f"{self.base_url.rstrip('/')}{REDIRECT_PATH}"
