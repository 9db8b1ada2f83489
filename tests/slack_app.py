"""The app in a Slack of the peer's, with its real messenger."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from bot.sealing import Seal
from bot.slack import PLATFORM, WORKSPACE_AT_HOME
from bot.slack.client import SlackApi
from bot.slack.messenger import SlackMessenger
from bot.slack.workspaces import Workspaces
from runtime.languages import language
from survey.delivery import MessageRef
from survey.messenger import (
    NO_LIMITS,
)
from survey.person import Address
from survey.ports import Installation, Installations
from survey.wording import asked
from tests.examples import MONDAY, invitation
from tests.slack.records import Message, Workspace
from tests.slack.server import SlackServer

SEAL = Seal(("a-key-for-tests-that-is-long-enough",))
QUESTION = asked.asked(invitation(), language("en"), now=MONDAY)


@dataclass
class Kept:
    """Workspaces that installed us."""

    there: list[Installation] = field(default_factory=list)

    async def all(self) -> Sequence[Installation]:
        return self.there

    async def find(self, workspace: str) -> Installation | None:
        return next((one for one in self.there if one.workspace == workspace), None)


@dataclass(frozen=True, kw_only=True)
class Bot:
    """The app in a workspace, with somebody to write to."""

    server: SlackServer
    api: SlackApi
    kept: Kept
    messenger: SlackMessenger

    def account(self, name: str, workspace: Workspace | None = None) -> Address:
        person = self.server.person(f"{name}@acme.test", workspace=workspace)
        at = WORKSPACE_AT_HOME if workspace is None else workspace.id
        return Address(platform=PLATFORM, workspace=at, user_id=person.user.id)

    def inbox(self, name: str) -> list[dict[str, Any]]:
        return self.server.delivered(f"{name}@acme.test")

    def message(self, ref: MessageRef) -> Message:
        return self.server.state.message(ref.channel, ref.message)


@asynccontextmanager
async def connected() -> AsyncIterator[Bot]:
    """The app in the first workspace of a Slack of its own, without limits."""
    async with SlackServer() as server:
        api, kept = SlackApi(server.api_url, timeout=1.2), Kept()
        workspaces = Workspaces(
            api, server.bot_token, cast("Installations", kept), lambda: datetime.now(UTC)
        )
        messenger = SlackMessenger(workspaces, SEAL, paces=NO_LIMITS)
        yield Bot(server=server, api=api, kept=kept, messenger=messenger)
        await messenger.close()
        await api.close()
