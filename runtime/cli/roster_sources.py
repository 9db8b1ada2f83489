"""Where `voxpop people sync` fetches a roster from."""

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum

from runtime.cli.common import fail
from runtime.settings import Settings
from survey.roster import Column, Row


class Origin(StrEnum):
    """Where a roster is fetched from."""

    BACKSTAGE = "backstage"
    MATTERMOST = "mattermost"
    SLACK = "slack"


Fetched = tuple[Sequence[Column], Sequence[Row], str]
"""Columns, rows, and in words what was left out."""


def fetched(origin: Origin, settings: Settings, *, told: Callable[[int], None]) -> Fetched:
    """A roster from elsewhere, or a sentence about what is not set, and the end."""
    if origin is Origin.SLACK:
        return _from_slack(settings, told=told)
    if origin is Origin.MATTERMOST:
        return _from_mattermost(settings, told=told)
    return _from_backstage(settings, told=told)


def _from_backstage(settings: Settings, *, told: Callable[[int], None]) -> Fetched:
    if settings.backstage_url is None:
        fail(
            "VOXPOP_BACKSTAGE__URL is not set: the address of Backstage's backend, such as "
            "https://backstage.example.org, and VOXPOP_BACKSTAGE__TOKEN with a token that may read "
            "its catalogue."
        )
    # Its HTTP client takes longer to load than most commands to run.
    from runtime.backstage import Backstage, roster_of  # noqa: PLC0415

    catalogue = Backstage(url=settings.backstage_url, token=settings.backstage_token)
    columns, rows = roster_of(asyncio.run(catalogue.users(told=told)))
    return columns, rows, ""


def _from_mattermost(settings: Settings, *, told: Callable[[int], None]) -> Fetched:
    server = settings.mattermost
    if server is None:
        fail(
            "VOXPOP_MATTERMOST__URL is not set: the server's address, such as "
            "https://chat.example.org. `voxpop mattermost setup` then makes what is missing."
        )
    if server.token is None or server.team is None:
        unset = "TOKEN" if server.token is None else "TEAM"
        fail(f"VOXPOP_MATTERMOST__{unset} is not set: `voxpop mattermost setup` tells what it is.")
    # The same.
    from runtime.chat_roster import roster_of  # noqa: PLC0415
    from runtime.mattermost_roster import HIDDEN, team_members  # noqa: PLC0415

    accounts = asyncio.run(team_members(server, told=told))
    columns, rows, skipped = roster_of(accounts, platform="mattermost", hidden=HIDDEN)
    return columns, rows, str(skipped)


def _from_slack(settings: Settings, *, told: Callable[[int], None]) -> Fetched:
    slack = settings.slack
    if slack is None or not (slack.bot_token or slack.installs):
        fail(
            "VOXPOP_SLACK__BOT_TOKEN is not set: the token of the app's bot in your workspace. "
            "`voxpop slack manifest` prints the app for Slack to create."
        )
    # The same.
    from runtime.chat_roster import roster_of  # noqa: PLC0415
    from runtime.slack_roster import HIDDEN, members  # noqa: PLC0415

    accounts = asyncio.run(members(settings, slack, told=told))
    columns, rows, skipped = roster_of(accounts, platform="slack", hidden=HIDDEN)
    return columns, rows, str(skipped)
