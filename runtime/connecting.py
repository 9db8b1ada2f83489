"""The platforms that the settings name, connected."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.mattermost import PLATFORM as MATTERMOST
from bot.sealing import Seal
from bot.slack import PLATFORM as SLACK
from runtime.platforms import Platform
from runtime.settings import Settings
from storage.engine import Database
from storage.installations import SqlInstallations
from storage.ties import SqlTies
from survey.person import EMAIL
from survey.ports import Clock, Keys, Links, Suppressions


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What e-mail needs besides."""

    links: Links
    suppressions: Suppressions
    keys: Keys


def platforms_of(
    settings: Settings, database: Database, *, seal: Seal, mail: Mail, clock: Clock
) -> Mapping[str, Platform]:
    """Those that are set, by their names: chats first, in the order in which they are preferred."""
    found: dict[str, Platform] = {}
    ties = SqlTies(database)
    # What talks to them takes longer to load than most commands to run.
    if (server := settings.mattermost) is not None and server.token is not None:
        from runtime import mattermost  # noqa: PLC0415

        found[MATTERMOST] = mattermost.connect(
            server, server.token, seal=seal, ties=ties, clock=clock
        )
    if settings.slack is not None and settings.slack.on:
        from bot.slack.passes import Passes  # noqa: PLC0415
        from runtime import slack  # noqa: PLC0415

        found[SLACK] = slack.connect(
            settings.slack,
            seal=seal,
            ties=ties,
            installations=SqlInstallations(database, settings.secret_keys),
            passes=Passes(settings.secret_keys),
            clock=clock,
        )
    if settings.email is not None:
        from runtime import email  # noqa: PLC0415

        found[EMAIL] = email.connect(
            settings.email,
            brand=settings.brand,
            links=mail.links,
            suppressions=mail.suppressions,
            keys=mail.keys,
            ties=ties,
            clock=clock,
        )
    return found


async def refresh(platforms: Mapping[str, Platform]) -> None:
    """Look who is who on all of them, if that was not done lately; for a moment."""
    await asyncio.gather(*(one.tying.refresh() for one in platforms.values()))
