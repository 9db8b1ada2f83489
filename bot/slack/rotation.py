"""Tokens that end after some hours are renewed before they do, by one process at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.slack.client import SlackApi
from bot.slack.says import SlackSays
from bot.slack.workspaces import Workspaces, text_in
from survey.errors import StorageUnavailable
from survey.ports import Clock, Installation, Installations

log = structlog.get_logger()

RENEWED_BEFORE = timedelta(hours=2)
"""How long before its end a token is renewed. The old one holds until then, wherever it is kept."""
ALONE = timedelta(minutes=5)
"""How long whoever renews a token has it for itself."""
SAVED_AGAIN_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Pauses before a new token that the database did not take is saved again: the old one is spent."""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Renews what ends soon; what could not be renewed comes again the next time.

    Attributes:
        workspaces: Who is told that there is a new token.
        client_id: The app's.
        client_secret: The same.
        pause: Waits for some seconds.
    """

    api: SlackApi
    installations: Installations
    workspaces: Workspaces
    client_id: str
    client_secret: str = field(repr=False)
    clock: Clock
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __call__(self) -> int:
        """How many were renewed.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        ending = [one for one in await self.installations.all() if self._ends_soon(one)]
        renewed = [await self._renew(one.workspace) for one in ending]
        return sum(renewed)

    def _ends_soon(self, installation: Installation) -> bool:
        ends, buys = installation.expires_at, installation.refresh_token
        return ends is not None and buys is not None and ends - self.clock() <= RENEWED_BEFORE

    async def _renew(self, workspace: str) -> bool:
        at = self.clock()
        until = at + ALONE
        if not await self.installations.begin_rotation(workspace, at=at, until=until):
            return False
        found = await self.installations.find(workspace)
        if found is None or not self._ends_soon(found):  # somebody was quicker
            return False
        try:
            told = await self.api.call(
                "oauth.v2.access",
                token=None,
                client_id=self.client_id,
                client_secret=self.client_secret,
                grant_type="refresh_token",
                refresh_token=found.refresh_token,
            )
            token = text_in(told, "access_token")
        except SlackSays as error:
            log.warning("slack_token_not_renewed", workspace=workspace, reason=error.error)
            return False
        saved = await self._save(workspace, until=until, token=token, told=told)
        self.workspaces.forget(workspace)
        log.info("slack_token_renewed", workspace=workspace, saved=saved)
        return saved

    async def _save(
        self, workspace: str, *, until: datetime, token: str, told: Mapping[str, Any]
    ) -> bool:
        new = {
            "token": token,
            "refresh_token": _text(told.get("refresh_token")),
            "expires_at": ends_at(told, at=self.clock()),
        }
        for seconds in SAVED_AGAIN_SECONDS:
            try:
                return await self._rotated(workspace, until, **new)
            except StorageUnavailable:
                await self.pause(seconds)
        return await self._rotated(workspace, until, **new)

    async def _rotated(self, workspace: str, until: datetime, **new: Any) -> bool:
        return await self.installations.rotated(workspace, until=until, **new)


def ends_at(told: Mapping[str, Any], *, at: datetime) -> datetime | None:
    """When a token that Slack gave us now ends; None if it stays."""
    seconds = told.get("expires_in")
    return at + timedelta(seconds=seconds) if isinstance(seconds, int) and seconds > 0 else None


def _text(told: object) -> str | None:
    return told if isinstance(told, str) and told else None
