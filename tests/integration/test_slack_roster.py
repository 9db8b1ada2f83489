"""The members of the Slack workspaces that we are in, as a roster."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from runtime.chat_roster import roster_of
from runtime.settings.slack import SlackSettings
from runtime.slack_roster import HIDDEN, members
from storage.installations import SqlInstallations
from survey.errors import InvalidValue
from survey.ports import Account, Installation
from tests.slack.records import Workspace
from tests.slack.server import SlackServer
from tests.world import World


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as server:
        yield server


def slack_of(server: SlackServer, *, home: bool = True) -> SlackSettings:
    return SlackSettings(
        bot_token=server.bot_token if home else None,
        signing_secret=None,
        app_token=server.app_token,
        api_url=server.api_url,
        client_id=server.client_id,
        client_secret=server.client_secret,
        base_url="https://survey.example.org",
    )


async def install(world: World, workspace: Workspace) -> None:
    kept = SqlInstallations(world.product.database, world.product.settings.secret_keys)
    await kept.save(
        Installation(
            workspace=workspace.id,
            name=workspace.name,
            bot_user_id=workspace.bot_user_id,
            app_id="A0APP",
            scopes=(),
            token=workspace.bot_token,
            installed_at=datetime.now(UTC),
            installed_by="U0ADA",
        )
    )


async def fetched(server: SlackServer, world: World, *, home: bool = True) -> dict[str, Account]:
    """The people by their e-mails, each of which must come once."""
    found = await members(world.product.settings, slack_of(server, home=home), told=lambda _: None)
    people = [one for one in found if one.active and not one.is_bot and not one.is_guest]
    by_email = {one.email: one for one in people}
    assert len(by_email) == len(people)
    return by_email


async def test_everybody_comes_once_however_many_workspaces_they_are_in(
    server: SlackServer, world: World
) -> None:
    beta = server.add_workspace("Beta", installed=True)
    await install(world, beta)
    ann = server.add_person("ann@acme.test")
    server.add_person("Ann@acme.test", workspace=beta)
    server.add_person("ben@beta.test", workspace=beta)

    found = await fetched(server, world)

    assert found["ann@acme.test"].user_id == ann.id
    assert found["ben@beta.test"].user_id == ""  # found by the e-mail, in the workspace of theirs
    assert {"admin@acme.test", "admin@beta.test"} <= set(found)


async def test_a_guest_in_one_workspace_is_a_member_of_another(
    server: SlackServer, world: World
) -> None:
    beta = server.add_workspace("Beta", installed=True)
    await install(world, beta)
    server.add_person("ann@acme.test", is_restricted=True)
    server.add_person("ann@acme.test", workspace=beta)
    assert "ann@acme.test" in await fetched(server, world)


async def test_workspaces_that_installed_us_are_enough(server: SlackServer, world: World) -> None:
    beta = server.add_workspace("Beta", installed=True)
    await install(world, beta)
    assert set(await fetched(server, world, home=False)) == {"admin@beta.test"}


async def test_a_workspace_that_can_not_be_asked_is_told_and_nothing_comes(
    server: SlackServer, world: World
) -> None:
    beta = server.add_workspace("Beta", installed=True)
    await install(world, beta)
    server.state.uninstall(beta)
    with pytest.raises(InvalidValue, match="The members can't be read: Slack: "):
        await fetched(server, world)


async def test_where_nobody_has_an_e_mail_the_missing_scope_is_told(
    server: SlackServer, world: World
) -> None:
    server.state.install(server.home, "chat:write,users:read")
    found = await members(world.product.settings, slack_of(server), told=lambda _: None)
    with pytest.raises(InvalidValue, match=r"users:read\.email"):
        roster_of(found, platform="slack", hidden=HIDDEN)
