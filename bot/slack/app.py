"""Bolt's app: what comes in over HTTP and over a socket goes to the same listeners."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.internals import extract_team_id
from slack_bolt.response import BoltResponse

from bot.slack.actions import Actions
from bot.slack.bodies import Chosen, Click, Submission, Told, Typed
from bot.slack.commands import SlashCommands
from bot.slack.events import Events
from bot.slack.says import SlackSays
from bot.slack.troubles import quiet_logger
from bot.slack.views import Views
from bot.slack.workspaces import Workspaces
from bot.tally import Tally
from survey.errors import StorageUnavailable

log = structlog.get_logger()

Body = Mapping[str, Any]
Shape = TypeVar("Shape", bound=BaseModel)
Listener = Callable[[Body], Awaitable[BoltResponse]]
ANY = re.compile("")
NOT_THEIRS = "That is nothing that Slack sends."


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Who does what about what comes in."""

    workspaces: Workspaces
    actions: Actions
    views: Views
    commands: SlashCommands
    events: Events
    tally: Tally

    async def pressed(self, body: Body) -> BoltResponse:
        """A button, or a choice in a menu: acknowledged when it is committed."""
        if (workspace := await self._workspace(body)) is not None:
            await self.actions(_read(Click, body), workspace=workspace)
        return _ok()

    async def submitted(self, body: Body) -> BoltResponse:
        """A form: closes, or stays open with what is wrong."""
        if (workspace := await self._workspace(body)) is None:
            return _ok()
        return _ok(await self.views(_read(Submission, body), workspace=workspace))

    async def typed(self, body: Body) -> BoltResponse:
        """A slash command: the acknowledgement is its answer."""
        arrived = asyncio.get_running_loop().time()
        if (workspace := await self._workspace(body)) is None:
            return _ok()
        return _ok(await self.commands(_read(Typed, body), workspace=workspace, arrived=arrived))

    async def chosen(self, body: Body) -> BoltResponse:
        """A shortcut."""
        if (workspace := await self._workspace(body)) is not None:
            await self.commands.shortcut(_read(Chosen, body), workspace=workspace)
        return _ok()

    async def told(self, body: Body) -> BoltResponse:
        """An event; those that nobody asked for are acknowledged all the same."""
        kinds = {
            "message": self.events.message,
            "app_home_opened": self.events.home_opened,
            "app_uninstalled": self.events.removed,
            "tokens_revoked": self.events.removed,
        }
        event = body.get("event")
        handle = kinds.get(str(event.get("type"))) if isinstance(event, dict) else None
        if handle is not None and (workspace := await self._workspace(body)) is not None:
            await handle(_read(Told, body), workspace=workspace)
        return _ok()

    async def ignored(self, body: Body) -> BoltResponse:  # noqa: ARG002 - Bolt names the argument
        """Nothing to do: a form that was closed, say."""
        return _ok()

    async def _workspace(self, body: Body) -> str | None:
        """By what name addresses know where it comes from; None where we are not installed."""
        team_id = extract_team_id(dict(body))
        workspace = await self.workspaces.workspace_of(team_id or "")
        if workspace is None:
            self.tally.count("unknown_workspace")
        return workspace


def create_app(listeners: Listeners, *, base_url: str) -> AsyncApp:
    """The app. Who sends is known by then: a socket is Slack's own, and HTTP is checked before.

    Args:
        listeners: What to do.
        base_url: Of the Web API, where a socket is asked for.
    """

    async def authorize(
        enterprise_id: str | None, team_id: str | None, user_id: str | None
    ) -> AuthorizeResult:
        # Nothing here speaks with Bolt's client, so there is nobody to be asked for a token.
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id)

    app = AsyncApp(
        name=__name__,  # Bolt bends the logger of this name to the one below; ours has another
        logger=quiet_logger(__name__),
        process_before_response=True,
        signing_secret="checked before",  # noqa: S106 - Bolt would read it from the environment
        authorize=authorize,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.client.base_url = base_url
    # In this order they are tried; presses are what must be quick.
    app.action(ANY)(_guarded(listeners.pressed))
    app.event(ANY)(_guarded(listeners.told))
    app.command(ANY)(_guarded(listeners.typed))
    app.view(ANY)(_guarded(listeners.submitted))
    app.view_closed(ANY)(_guarded(listeners.ignored))
    app.shortcut(ANY)(_guarded(listeners.chosen))
    return app


def _guarded(listener: Listener) -> Listener:
    """What can't be done now is not acknowledged; what can't be read never will be."""

    async def guarded(body: Body) -> BoltResponse:
        try:
            return await listener(body)
        except _Unreadable as error:
            log.warning("slack_unreadable", kind=error.kind)
            # Slack would only tell it again.
            again = "event" in body
            return BoltResponse(status=HTTPStatus.OK if again else HTTPStatus.BAD_REQUEST)
        except (StorageUnavailable, SlackSays) as error:
            log.warning("slack_not_acknowledged", reason=error.code)
            return BoltResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
        except Exception:
            log.exception("slack_listener_broke")
            return BoltResponse(status=HTTPStatus.INTERNAL_SERVER_ERROR)

    return guarded


class _Unreadable(Exception):
    """Signed by Slack, and of another shape than it is documented to be."""

    def __init__(self, kind: str) -> None:
        super().__init__(NOT_THEIRS)
        self.kind = kind


def _read(shape: type[Shape], body: Body) -> Shape:
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        raise _Unreadable(shape.__name__) from error


def _ok(body: Mapping[str, Any] | None = None) -> BoltResponse:
    return BoltResponse(status=HTTPStatus.OK, body=dict(body) if body else "")
