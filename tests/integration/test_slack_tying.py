"""People on the roster get their accounts in every Slack workspace that we are in."""

from typing import cast

from sqlalchemy import select

from bot.slack import PLATFORM
from bot.slack.workspaces import Workspaces
from runtime.slack import TieWorkspaces
from storage.tables import addresses, people
from storage.ties import SqlTies
from survey.ports import Installation, Installations, Tied
from tests.slack.records import Workspace
from tests.slack_app import Bot, connected
from tests.world import World, email


def installed(workspace: Workspace, world: World) -> Installation:
    return Installation(
        workspace=workspace.id,
        name=workspace.name,
        bot_user_id=workspace.bot_user_id,
        app_id="A1",
        scopes=(),
        token=workspace.bot_token,
        installed_at=world.clock(),
        installed_by="U1",
    )


async def tied(world: World) -> dict[str, str]:
    """E-mail → workspace."""
    rows = await world.rows(
        select(people.c.email, addresses.c.workspace)
        .join(addresses)
        .where(addresses.c.platform == PLATFORM)
    )
    return {row.email: row.workspace for row in rows}


def tie(bot: Bot, world: World) -> TieWorkspaces:
    kept = cast("Installations", bot.kept)
    workspaces = Workspaces(bot.api, bot.server.bot_token, kept, world.clock)
    return TieWorkspaces(workspaces=workspaces, ties=SqlTies(world.product.database))


async def test_the_lists_tell_of_everybody_so_nobody_is_looked_up(world: World) -> None:
    async with connected() as bot:
        beta = bot.server.add_workspace("Beta", installed=True)
        bot.kept.there = [installed(beta, world)]
        bot.server.add_person(email(1))
        bot.server.add_person(email(2), workspace=beta)
        bot.server.add_person(email(3), is_restricted=True)

        changed, after = await tie(bot, world)()

        assert (changed, after) == (Tied(tied=2), "")
        assert await tied(world) == {email(1): "", email(2): beta.id}
        assert bot.server.faults.of("users.lookupByEmail") == []
        assert len(bot.server.faults.of("users.list")) == 2


async def test_fault_22_a_token_that_is_dead_at_home_takes_nobody_elsewhere(world: World) -> None:
    async with connected() as bot:
        beta = bot.server.add_workspace("Beta", installed=True)
        bot.kept.there = [installed(beta, world)]
        bot.server.add_person(email(1))
        bot.server.add_person(email(2), workspace=beta)
        del bot.server.state.tokens[bot.server.bot_token]

        await tie(bot, world)()

        assert await tied(world) == {email(2): beta.id}
