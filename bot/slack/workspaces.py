"""The workspaces that we are in: each with its token, and who we are there."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.slack import WORKSPACE_AT_HOME
from bot.slack.client import UNREADABLE, SlackApi
from bot.slack.says import OF_THE_TOKEN, SlackSays
from survey.messenger import PlatformRefuses
from survey.ports import Clock, Installations

KEPT = timedelta(seconds=60)
"""How long a token is relied upon before the installations are asked again."""
FAILURE_KEPT = timedelta(seconds=5)
"""How long nobody asks again who we are, where Slack did not tell: they would queue for it."""
TOLD_WITHIN_SECONDS = 1.0
"""How long a press waits to hear which workspace is ours: it is to be acknowledged in three."""


@dataclass(frozen=True, kw_only=True)
class Bot:
    """Who we are in a workspace.

    Attributes:
        user_id: The bot's account there.
        bot_id: The same as the author of messages.
        name: How people mention it, without an @.
        team_id: The workspace's own id.
        team: What people there call it.
        app_id: Which app it is; empty where Slack does not tell.
    """

    user_id: str
    bot_id: str
    name: str
    team_id: str
    team: str
    app_id: str = ""


class Workspaces:
    """Tokens and who they make us.

    Args:
        api: Slack's.
        home_token: Of the workspace in the settings; None where there is none.
        installations: Of the workspaces that installed us; None where nobody can.
        clock: Ours.
    """

    def __init__(
        self,
        api: SlackApi,
        home_token: str | None,
        installations: Installations | None,
        clock: Clock,
    ) -> None:
        self.api = api
        self._home_token = home_token
        self._installations = installations
        self._clock = clock
        self._tokens: dict[str, tuple[datetime, str]] = {}
        self._bots: dict[str, Bot] = {}
        self._untold: dict[str, tuple[datetime, SlackSays]] = {}
        """Until when it is not asked again who we are there, and what came of it."""
        self._asking: dict[str, asyncio.Lock] = {}

    async def token(self, workspace: str) -> str:
        """What we call Slack with there.

        Raises:
            PlatformRefuses: If we are not installed there.
            StorageUnavailable: If the database does not answer.
        """
        found = await self._installed(workspace)
        if found is None:
            if workspace == WORKSPACE_AT_HOME:
                raise PlatformRefuses("Slack: VOXPOP_SLACK__BOT_TOKEN is not set.")
            raise PlatformRefuses(
                f"Slack: the app is not installed in the workspace {workspace} any more; "
                "whoever looks after it there installs it again, by `voxpop slack link`."
            )
        return found

    async def call(self, workspace: str, method: str, **arguments: Any) -> Mapping[str, Any]:
        """A call of the Web API with the workspace's token.

        A token that was changed meanwhile is not our last word: the call was refused, so it is
        made once more with the new one.

        Raises:
            SlackSays: Whatever went wrong.
            PlatformRefuses, StorageUnavailable: See `token`.
        """
        token = await self.token(workspace)
        try:
            return await self.api.call(method, token=token, **arguments)
        except SlackSays as error:
            if error.error not in OF_THE_TOKEN:
                raise
            self.forget(workspace)
            if (another := await self.token(workspace)) == token:
                raise
        return await self.api.call(method, token=another, **arguments)

    async def bot(self, workspace: str) -> Bot:
        """Who we are there; asked once, and again some seconds after Slack did not tell.

        Raises:
            SlackSays: If Slack does not tell, or did not just now.
            PlatformRefuses, StorageUnavailable: See `token`.
        """
        async with self._asking.setdefault(workspace, asyncio.Lock()):
            if (known := self._bots.get(workspace)) is None:
                told = await self._who(workspace)
                known = self._bots[workspace] = Bot(
                    user_id=text_in(told, "user_id"),
                    bot_id=str(told.get("bot_id") or ""),
                    name=str(told.get("user") or "voxpop"),
                    team_id=text_in(told, "team_id"),
                    team=str(told.get("team") or ""),
                    app_id=str(told.get("app_id") or ""),
                )
        return known

    async def _who(self, workspace: str) -> Mapping[str, Any]:
        lately = self._untold.get(workspace)
        if lately is not None and self._clock() < lately[0]:
            raise lately[1].with_traceback(None)
        try:
            return await self.call(workspace, "auth.test")
        except (SlackSays, asyncio.CancelledError) as error:  # or whoever asked has no more time
            says = error if isinstance(error, SlackSays) else SlackSays(None, "no answer in time")
            self._untold[workspace] = self._clock() + FAILURE_KEPT, says
            raise

    async def workspace_of(self, team_id: str) -> str | None:
        """By what name addresses know a workspace; None if we are not installed there.

        Raises:
            SlackSays, StorageUnavailable: If it can't be told.
        """
        if self._home_token is not None and await self._is_home(team_id):
            return WORKSPACE_AT_HOME
        if not team_id or await self._installed(team_id) is None:
            return None
        return team_id

    async def _is_home(self, team_id: str) -> bool:
        """Whether that is the workspace of the settings.

        While Slack does not tell, the others are known by their names; and where nobody else can
        have installed the app, nobody else can press. Answers count all the same.
        """
        try:
            async with asyncio.timeout(TOLD_WITHIN_SECONDS):
                return await self.team_of(WORKSPACE_AT_HOME) == team_id
        except (SlackSays, TimeoutError) as error:
            if self._installations is None:
                return team_id != ""
            if await self._installed(team_id) is not None:
                return False
            raise SlackSays(None, "it does not tell which workspace is ours") from error

    async def team_of(self, workspace: str) -> str:
        """The workspace's own id; the same errors as `bot`."""
        if workspace != WORKSPACE_AT_HOME:
            return workspace
        return (await self.bot(workspace)).team_id

    async def all(self) -> Sequence[str]:
        """Every workspace that we are in, the one of the settings first.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        installed = [] if self._installations is None else await self._installations.all()
        others = [one.workspace for one in installed]
        if self._home_token is None:
            return others
        home = ""
        if others:
            with suppress(SlackSays):  # a token that is dead there takes nothing from the others
                home = await self.team_of(WORKSPACE_AT_HOME)
        return [WORKSPACE_AT_HOME, *(one for one in others if one != home)]

    def forget(self, workspace: str) -> None:
        """Ask anew for the token and who we are: it was renewed, revoked, or installed anew."""
        self._tokens.pop(workspace, None)
        if workspace != WORKSPACE_AT_HOME:
            # The settings do not change while we run, and presses ask whose team is theirs.
            self._bots.pop(workspace, None)
            self._untold.pop(workspace, None)

    async def _installed(self, workspace: str) -> str | None:
        if workspace == WORKSPACE_AT_HOME:
            return self._home_token
        until, token = self._tokens.get(workspace, (None, ""))
        if until is not None and self._clock() < until:
            return token
        found = None if self._installations is None else await self._installations.find(workspace)
        if found is None:
            self._tokens.pop(workspace, None)
            return None
        self._tokens[workspace] = self._clock() + KEPT, found.token
        return found.token


def text_in(answer: Mapping[str, Any], name: str) -> str:
    """A field that Slack promises.

    Raises:
        SlackSays: If it is not there: nobody knows what Slack did.
    """
    found = answer.get(name)
    if not isinstance(found, str) or not found:
        raise SlackSays(200, UNREADABLE)
    return found
