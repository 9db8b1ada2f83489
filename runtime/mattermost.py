"""A Mattermost server as a platform: what goes out, what comes in, who is known there."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from starlette.types import ASGIApp

from bot.afterwards import Afterwards
from bot.mattermost import PLATFORM, WORKSPACE
from bot.mattermost.account import BotAccount
from bot.mattermost.actions import Actions
from bot.mattermost.callbacks import create_callbacks
from bot.mattermost.client import Client
from bot.mattermost.commands import SlashCommands
from bot.mattermost.dialogs import Dialogs
from bot.mattermost.directory import Directory
from bot.mattermost.gate import Gate
from bot.mattermost.hearing import Hearing
from bot.mattermost.listener import Listener
from bot.mattermost.messenger import MattermostMessenger
from bot.mattermost.sharing import Sharing
from bot.mattermost.triggers import Triggers
from bot.mattermost.voice import Voice
from bot.sealing import Seal
from bot.tally import Tally
from runtime.platforms import Inside
from runtime.settings.mattermost import MattermostSettings
from runtime.tying import Tying
from scheduler.knocker import Sweep
from survey.ports import Clock, Ties
from survey.usecases.tie_accounts import TieAccounts

FINISHES_WITHIN = timedelta(seconds=4)
"""How long after a stop answers may take that were promised for later."""


@dataclass(frozen=True, kw_only=True)
class Mattermost:
    """The bot's side of one server; calls share their connections and their patience.

    Attributes:
        server: Where it is, with the bot's token.
        token: The same, known to be set.
        messenger: What goes out.
        tying: Who on the roster is who there.
    """

    server: MattermostSettings
    token: str
    client: Client
    account: BotAccount
    messenger: MattermostMessenger
    tying: Tying
    seal: Seal
    clock: Clock

    def sweeps(self) -> Sequence[Sweep]:
        """Nothing of its own."""
        return ()

    def answering(self, inside: Inside) -> "Answering":
        """What comes in, once there is a desk."""
        desk, heard, messages = inside.desk, inside.heard, inside.messages
        voice = Voice(
            client=self.client,
            account=self.account,
            messenger=self.messenger,
            people=inside.people,
            languages=inside.languages,
            seal=self.seal,
            callback_url=self.server.callback_url,
        )
        gate = Gate(
            seal=self.seal,
            triggers=Triggers(self._public_key, clock=self.clock),
            messages=messages,
            heard=heard,
            clock=self.clock,
        )
        sharing, tally, afterwards = Sharing(voice=voice), Tally(clock=self.clock), Afterwards()
        return Answering(
            url=self.server.url,
            token=self.token,
            app=create_callbacks(
                actions=Actions(
                    gate=gate,
                    desk=desk,
                    voice=voice,
                    sharing=sharing,
                    tally=tally,
                    afterwards=afterwards,
                ),
                dialogs=Dialogs(
                    gate=gate, desk=desk, voice=voice, tally=tally, afterwards=afterwards
                ),
                commands=SlashCommands(
                    token=self.server.command_token,
                    gate=gate,
                    desk=desk,
                    voice=voice,
                    sharing=sharing,
                    tally=tally,
                    afterwards=afterwards,
                ),
            ),
            hearing=Hearing(
                client=self.client,
                voice=voice,
                desk=desk,
                heard=heard,
                messages=messages,
                clock=self.clock,
            ),
            afterwards=afterwards,
            tally=tally,
        )

    async def close(self) -> None:
        """Let go of the connections; they are opened again when they are needed."""
        await self.tying.stop()
        await self.client.close()

    async def _public_key(self) -> str | None:
        told = await self.client.call("GET", "/config/client", params={"format": "old"})
        found = told.get("AsymmetricSigningPublicKey") if isinstance(told, dict) else None
        return found if isinstance(found, str) and found else None


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What comes in from one server: its calls, and what people write to the bot.

    Attributes:
        app: Where it calls us.
    """

    url: str
    token: str
    app: ASGIApp
    hearing: Hearing
    afterwards: Afterwards
    tally: Tally

    async def listen(self, leads: Callable[[], bool]) -> None:
        """Hear what people write while `leads()`, until cancelled; then finish what was begun."""
        listener = Listener(self.url, self.token, hearing=self.hearing, leads=leads)
        try:
            await listener()
        finally:
            self.tally.tell_rest()
            with suppress(asyncio.CancelledError):
                await self.afterwards.finish(within=FINISHES_WITHIN)


def connect(
    server: MattermostSettings, token: str, *, seal: Seal, ties: Ties, clock: Clock
) -> Mattermost:
    """The bot on its server; nothing is called yet."""
    client = Client(server.url, token)
    account = BotAccount(client)
    return Mattermost(
        server=server,
        token=token,
        client=client,
        account=account,
        messenger=MattermostMessenger(client, seal, server.callback_url, account=account),
        tying=Tying(
            tie=TieAccounts(
                platform=PLATFORM,
                workspace=WORKSPACE,
                directory=Directory(client, server.team),
                ties=ties,
            ),
            clock=clock,
        ),
        seal=seal,
        clock=clock,
    )
