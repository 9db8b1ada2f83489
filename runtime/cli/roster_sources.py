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
        fail(
            "Fetching people from Slack comes with that platform, which this version does not "
            "have yet: use `voxpop people import FILE.csv`, `voxpop people sync backstage` or "
            "`voxpop people sync mattermost`."
        )
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
    from runtime.mattermost_roster import roster_of, team_members  # noqa: PLC0415

    columns, rows, skipped = roster_of(asyncio.run(team_members(server, told=told)))
    return columns, rows, str(skipped)
