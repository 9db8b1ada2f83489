"""The sandbox chat, put together: a chat in the browser, for trying things out."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp

from bot.desk import Desk
from bot.sandbox.app import SandboxParts, create_actions, create_sandbox
from bot.sandbox.inbound import Inbound
from bot.sandbox.messenger import SandboxMessenger
from bot.sealing import Seal
from runtime.languages import language
from storage.engine import Database
from storage.sandbox import SqlSandbox
from survey.ports import Answers, Clock, People


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """Its conversations, and both ways into them."""

    chat: SqlSandbox
    messenger: SandboxMessenger
    seal: Seal
    clock: Clock

    def apps(self, desk: Desk, *, people: People, answers: Answers) -> Mapping[str, ASGIApp]:
        """Its pages, by where they are mounted."""
        parts = SandboxParts(
            inbound=Inbound(
                chat=self.chat,
                desk=desk,
                people=people,
                seal=self.seal,
                languages=language,
                clock=self.clock,
            ),
            chat=self.chat,
            people=people,
            answers=answers,
            administrators=desk.administrators,
            languages=language,
            clock=self.clock,
        )
        return {"/sandbox": create_sandbox(parts), "/sandbox/actions": create_actions(parts)}


def connect(database: Database, *, seal: Seal, clock: Clock) -> Sandbox:
    """The sandbox on a database."""
    chat = SqlSandbox(database)
    messenger = SandboxMessenger(chat=chat, seal=seal, clock=clock)
    return Sandbox(chat=chat, messenger=messenger, seal=seal, clock=clock)
