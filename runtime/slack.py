"""Slack as a platform: what goes out, what comes in, who is known there."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.afterwards import Afterwards
from bot.sealing import Seal
from bot.slack import PLATFORM
from bot.slack.actions import Actions
from bot.slack.app import Listeners, create_app
from bot.slack.client import SlackApi
from bot.slack.commands import SlashCommands
from bot.slack.directory import Directory
from bot.slack.events import Events
from bot.slack.gate import Gate
from bot.slack.homes import HomeTabs
from bot.slack.http import Signatures, create_http
from bot.slack.messenger import SlackMessenger
from bot.slack.oauth import Installing
from bot.slack.passes import Passes
from bot.slack.rotation import Rotation
from bot.slack.sharing import Sharing
from bot.slack.socket import Socket
from bot.slack.views import Views
from bot.slack.voice import Voice
from bot.slack.workspaces import Workspaces
from bot.tally import Tally
from runtime.platforms import Inside
from runtime.settings.slack import SlackSettings
from runtime.tying import Tying
from scheduler.knocker import Sweep
from survey.errors import VoxpopError
from survey.ports import Clock, Installations, Tied, Ties
from survey.usecases.tie_accounts import TieAccounts

log = structlog.get_logger()

RENEWS_EVERY = timedelta(minutes=5)
"""How often it is looked which tokens end soon."""
FINISHES_WITHIN = timedelta(seconds=4)
"""How long after a stop answers may take that were promised for later."""


@dataclass(frozen=True, kw_only=True)
class TieWorkspaces:
    """`TieAccounts` for every workspace in turn; one that can't be asked holds up no other."""

    workspaces: Workspaces
    ties: Ties

    async def __call__(self, *, after: str = "") -> tuple[Tied, str]:
        """See `TieAccounts`.

        Raises:
            VoxpopError: If no workspace could be asked, or the database did not take it.
        """
        changed, goes_on, failed = Tied(), "", list[VoxpopError]()
        names = await self.workspaces.all()
        for name in names:
            tie = TieAccounts(
                platform=PLATFORM,
                workspace=name,
                directory=Directory(self.workspaces, name),
                ties=self.ties,
                looks_up=False,  # the list of members tells of everybody who is there
            )
            try:
                tied, goes_on = await tie(after=after)
            except VoxpopError as error:
                log.warning("accounts_not_tied", workspace=name, reason=error.code)
                failed.append(error)
            else:
                changed += tied
        if failed and len(failed) == len(names):
            raise failed[0]
        return changed, goes_on


@dataclass(frozen=True, kw_only=True)
class Slack:
    """Our app in its workspaces; calls share their connections and their patience."""

    settings: SlackSettings
    api: SlackApi
    workspaces: Workspaces
    installations: Installations
    ties: Ties
    passes: Passes
    messenger: SlackMessenger
    tying: Tying
    seal: Seal
    clock: Clock

    def sweeps(self) -> Sequence[Sweep]:
        """Tokens that end are renewed before."""
        client_id, client_secret = self.settings.client_id, self.settings.client_secret
        if client_id is None or client_secret is None:
            return ()
        rotation = Rotation(
            api=self.api,
            installations=self.installations,
            workspaces=self.workspaces,
            client_id=client_id,
            client_secret=client_secret,
            clock=self.clock,
        )
        return (Sweep(name="tokens", every=RENEWS_EVERY, run=rotation),)

    def answering(self, inside: Inside) -> "Answering":
        """What comes in, once there is a desk."""
        desk, tally, afterwards = inside.desk, Tally(clock=self.clock), Afterwards()
        voice = Voice(
            api=self.api,
            workspaces=self.workspaces,
            messenger=self.messenger,
            people=inside.people,
            languages=inside.languages,
            seal=self.seal,
            shown=self.messenger.shown,
            home=HomeTabs(homes=inside.homes, workspaces=self.workspaces, seal=self.seal),
        )
        gate = Gate(seal=self.seal, messages=inside.messages, heard=inside.heard, clock=self.clock)
        sharing = Sharing(voice=voice)
        app = create_app(
            Listeners(
                workspaces=self.workspaces,
                actions=Actions(
                    gate=gate,
                    desk=desk,
                    voice=voice,
                    sharing=sharing,
                    tally=tally,
                    afterwards=afterwards,
                ),
                views=Views(gate=gate, desk=desk, voice=voice, tally=tally, afterwards=afterwards),
                commands=SlashCommands(
                    gate=gate,
                    desk=desk,
                    voice=voice,
                    sharing=sharing,
                    tally=tally,
                    afterwards=afterwards,
                ),
                events=Events(
                    gate=gate,
                    desk=desk,
                    voice=voice,
                    workspaces=self.workspaces,
                    installations=self.installations if self.settings.installs else None,
                    ties=self.ties,
                    afterwards=afterwards,
                ),
                tally=tally,
            ),
            base_url=self.settings.api_url,
        )
        token, secret = self.settings.app_token, self.settings.signing_secret
        signatures = None
        if token is None and secret is not None:
            signatures = Signatures(secret, clock=self.clock)
        return Answering(
            app=create_http(
                app, signatures=signatures, tally=tally, routes=self._installing(inside)
            ),
            socket=None if token is None else Socket(app, token),
            afterwards=afterwards,
        )

    def _installing(self, inside: Inside) -> Sequence[Route]:
        """Where other workspaces install us, if they may."""
        client_id, client_secret = self.settings.client_id, self.settings.client_secret
        if client_id is None or client_secret is None:
            return ()
        return Installing(
            api=self.api,
            workspaces=self.workspaces,
            installations=self.installations,
            heard=inside.heard,
            audit=inside.audit,
            passes=self.passes,
            client_id=client_id,
            client_secret=client_secret,
            api_url=self.settings.api_url,
            base_url=self.settings.base_url,
            clock=self.clock,
        ).routes

    async def close(self) -> None:
        """Let go of the connections; they are opened again when they are needed."""
        await self.tying.stop()
        await self.messenger.close()
        await self.api.close()


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What comes in from Slack.

    Attributes:
        app: Where it calls us, and where workspaces install us.
        socket: Our connection to it; None where it calls us.
    """

    app: ASGIApp
    socket: Socket | None
    afterwards: Afterwards

    async def listen(self, leads: Callable[[], bool]) -> None:  # noqa: ARG002 - see below
        """Hear what people do until cancelled; then finish what was begun.

        Slack tells each thing to one process alone, so all of them may listen.
        """
        try:
            if self.socket is None:
                await asyncio.Event().wait()
            else:
                await self.socket.listen()
        finally:
            with suppress(asyncio.CancelledError):
                await self.afterwards.finish(within=FINISHES_WITHIN)


def connect(
    settings: SlackSettings,
    *,
    seal: Seal,
    ties: Ties,
    installations: Installations,
    passes: Passes,
    clock: Clock,
) -> Slack:
    """Our app; nothing is called yet."""
    api = SlackApi(settings.api_url)
    known = installations if settings.installs else None
    workspaces = Workspaces(api, settings.bot_token, known, clock)
    return Slack(
        settings=settings,
        api=api,
        workspaces=workspaces,
        installations=installations,
        ties=ties,
        passes=passes,
        messenger=SlackMessenger(workspaces, seal),
        tying=Tying(tie=TieWorkspaces(workspaces=workspaces, ties=ties), clock=clock),
        seal=seal,
        clock=clock,
    )
