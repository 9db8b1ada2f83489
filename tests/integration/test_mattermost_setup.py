"""`voxpop mattermost setup` against a server: what is missing is made, what is there is kept."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.mattermost.client import Client
from bot.mattermost.server_settings import Outcome, Step
from bot.mattermost.setup import Setup
from tests.mattermost.server import MattermostServer

CALLBACK = "http://127.0.0.1:8000"


@pytest.fixture
async def server() -> AsyncIterator[MattermostServer]:
    async with MattermostServer() as server:
        yield server


@asynccontextmanager
async def clients(server: MattermostServer, *tokens: str | None) -> AsyncIterator[list[Any]]:
    opened = [None if token is None else Client(server.url, token) for token in tokens]
    yield opened
    for client in opened:
        if client is not None:
            await client.close()


class Ended:
    """What a run said, and what is to be set after it."""

    def __init__(self, steps: list[Step], environment: dict[str, str]) -> None:
        self.steps = {step.name: step for step in steps}
        self.environment = environment

    def __getitem__(self, name: str) -> Step:
        return self.steps[name]

    def outcomes(self) -> dict[str, str]:
        return {name: step.outcome.value for name, step in self.steps.items()}

    def lacking(self) -> list[str]:
        return [name for name, step in self.steps.items() if step.outcome is Outcome.MISSING]

    @property
    def changed(self) -> list[str]:
        done = {Outcome.CREATED, Outcome.REPAIRED}
        return [name for name, step in self.steps.items() if step.outcome in done]


async def set_up(
    server: MattermostServer,
    *,
    admin: str | None = None,
    token: str | None = None,
    **options: Any,
) -> Ended:
    known = {"callback_url": CALLBACK, "team": "acme", **options}
    async with clients(server, admin or server.admin_token, token) as (admin_client, own):
        setup = Setup(admin=admin_client, own=own, **known)
        return Ended([step async for step in setup()], setup.environment)


def things(server: MattermostServer) -> Any:
    """Everything that a run could change."""
    state = server.state
    return json.dumps(
        [
            [user.as_bot() for user in state.users.values()],
            sorted(state.access_tokens),
            [command.wire() for command in state.commands.values()],
            {team.id: team.members for team in state.teams.values()},
            state.config,
        ]
    )


async def test_a_bare_server_gets_a_bot_its_token_its_membership_and_the_command(
    server: MattermostServer,
) -> None:
    done = await set_up(server)

    assert done.lacking() == []
    assert done.changed == ["bot", "token", "membership", "/nps"]
    bot = server.state.user_named("voxpop")
    assert bot.is_bot
    assert bot.id in server.team.members
    (command,) = server.state.commands.values()
    assert command.url == f"{CALLBACK}/mattermost/commands"
    assert command.trigger == "nps"
    assert command.auto_complete
    assert done.environment == {
        "VOXPOP_MATTERMOST__TOKEN": done.environment["VOXPOP_MATTERMOST__TOKEN"],
        "VOXPOP_MATTERMOST__COMMAND_TOKEN": command.token,
    }
    assert server.state.owner(done.environment["VOXPOP_MATTERMOST__TOKEN"]) is bot


async def test_a_second_run_with_what_the_first_one_told_changes_nothing(
    server: MattermostServer,
) -> None:
    told = (await set_up(server)).environment
    before = things(server)

    again = await set_up(
        server,
        token=told["VOXPOP_MATTERMOST__TOKEN"],
        command_token=told["VOXPOP_MATTERMOST__COMMAND_TOKEN"],
    )

    assert things(server) == before
    assert again.changed == []
    assert again.lacking() == []
    assert again.environment == {}


async def test_a_token_that_was_shown_and_not_set_is_not_made_again(
    server: MattermostServer,
) -> None:
    await set_up(server)
    before = things(server)

    again = await set_up(server)

    assert things(server) == before
    assert again.lacking() == ["token"]
    assert "--new-token" in again["token"].mend
    assert list(again.environment) == ["VOXPOP_MATTERMOST__COMMAND_TOKEN"]


async def test_a_lost_token_is_made_again_on_demand_and_the_old_one_ends(
    server: MattermostServer,
) -> None:
    lost = (await set_up(server)).environment["VOXPOP_MATTERMOST__TOKEN"]

    again = await set_up(server, new_token=True)

    assert again.lacking() == []
    assert lost not in server.state.access_tokens
    assert again.environment["VOXPOP_MATTERMOST__TOKEN"] in server.state.access_tokens


async def test_a_dry_run_tells_what_it_would_do_and_does_nothing(server: MattermostServer) -> None:
    before = things(server)

    done = await set_up(server, dry_run=True)

    assert things(server) == before
    assert done.lacking() == []
    would = [name for name, step in done.steps.items() if step.outcome is Outcome.WOULD]
    assert would == ["bot", "owner", "token", "membership", "/nps"]
    assert done.environment == {}


async def test_what_was_bent_is_repaired(server: MattermostServer) -> None:
    told = (await set_up(server)).environment
    bot = server.state.user_named("voxpop")
    (command,) = server.state.commands.values()
    command.url, command.trigger = "http://old.example.org/mattermost/commands", "nosp"
    command.auto_complete = False
    del server.team.members[bot.id]
    token = told["VOXPOP_MATTERMOST__TOKEN"]
    server.state.deactivate(bot)

    done = await set_up(server, token=token, command_token=told["VOXPOP_MATTERMOST__COMMAND_TOKEN"])

    assert done.lacking() == []
    assert done.changed == ["bot", "membership", "/nps"]
    assert done["/nps"].says == "trigger, url, auto_complete"
    (command,) = server.state.commands.values()
    assert (command.trigger, command.url) == ("nps", f"{CALLBACK}/mattermost/commands")
    assert command.token == told["VOXPOP_MATTERMOST__COMMAND_TOKEN"]
    assert not bot.delete_at


async def test_the_bot_may_have_another_name(server: MattermostServer) -> None:
    done = await set_up(server, bot_name="pulse")
    assert done.lacking() == []
    token = done.environment["VOXPOP_MATTERMOST__TOKEN"]

    again = await set_up(server, token=token)  # whose token it is says the name

    assert again["bot"].says == "@pulse"
    assert again.changed == []


async def test_a_token_of_another_account_is_told_and_nothing_is_made_of_it(
    server: MattermostServer,
) -> None:
    _, token = server.add_bot("other")

    done = await set_up(server, token=token, bot_name="voxpop")

    assert done.lacking() == ["token"]
    assert "@other" in done["token"].says


async def test_the_name_of_a_person_is_not_taken_for_a_bot(server: MattermostServer) -> None:
    server.add_person("voxpop")

    done = await set_up(server)

    assert done.lacking() == ["bot", "owner", "token", "membership"]
    assert done["bot"].says == "@voxpop is a person's account"


async def test_a_command_of_somebody_else_is_left_alone(server: MattermostServer) -> None:
    admin = server.person("admin")
    await admin.ask(
        "POST",
        "/commands",
        {
            "team_id": server.team.id,
            "method": "P",
            "trigger": "nps",
            "url": "https://promoters.example.org/hook",
            "display_name": "Promoters",
        },
    )

    done = await set_up(server)

    assert done.lacking() == ["/nps"]
    assert done["/nps"].says == "belongs to Promoters (promoters.example.org)"
    (command,) = server.state.commands.values()
    assert command.url == "https://promoters.example.org/hook"


async def test_a_token_that_is_not_valid_ends_it_at_once(server: MattermostServer) -> None:
    before = things(server)

    done = await set_up(server, admin="nobodys-token-at-all")

    assert done.lacking() == ["administrator"]
    assert things(server) == before


async def test_whoever_may_not_is_told_who_may_and_how(server: MattermostServer) -> None:
    member = server.add_person("ann")
    done = await set_up(server, admin=server.state.log_in(member))

    assert {"bot", "/nps"} <= set(done.lacking())
    assert "system administrator" in done["bot"].mend
    assert "permissions" in done["/nps"].says


@pytest.mark.parametrize(
    ("section", "setting", "value", "step", "where"),
    [
        ("ServiceSettings", "EnableCommands", False, "slash commands", "Integrations"),
        ("ServiceSettings", "SiteURL", "", "site URL", "Environment > Web Server"),
        (
            "ServiceSettings",
            "AllowedUntrustedInternalConnections",
            "10.0.0.0/8",
            "callbacks",
            "Allow untrusted internal connections to: add 127.0.0.1",
        ),
        ("PrivacySettings", "ShowEmailAddress", False, "e-mails", "Show Email Address"),
    ],
)
async def test_a_setting_that_stands_in_the_way_is_told_with_its_place(
    server: MattermostServer, section: str, setting: str, value: object, step: str, where: str
) -> None:
    server.state.config[section][setting] = value

    done = await set_up(server)

    assert done.lacking() == [step]
    assert where in done[step].mend


async def test_a_network_that_is_allowed_is_enough(server: MattermostServer) -> None:
    service = server.state.config["ServiceSettings"]
    service["AllowedUntrustedInternalConnections"] = "10.0.0.0/8,127.0.0.0/8"

    assert (await set_up(server))["callbacks"].outcome is Outcome.FINE


@pytest.mark.parametrize(
    ("section", "setting", "value", "step"),
    [
        ("ServiceSettings", "EnableUserAccessTokens", False, "access tokens"),
        ("RateLimitSettings", "Enable", True, "rate limit"),
        ("ServiceSettings", "PostEditTimeLimit", 300, "editing"),
        ("EmailSettings", "RequireEmailVerification", False, "e-mails"),
    ],
)
async def test_what_only_is_good_to_know_is_no_mistake(
    server: MattermostServer, section: str, setting: str, value: object, step: str
) -> None:
    server.state.config.setdefault(section, {})[setting] = value
    admin = server.state.log_in(server.admin)

    done = await set_up(server, admin=admin)

    assert done.lacking() == []
    assert done[step].outcome is Outcome.NOTE


async def test_no_bots_can_be_made_where_that_is_switched_off(server: MattermostServer) -> None:
    server.state.config["ServiceSettings"]["EnableBotAccountCreation"] = False

    done = await set_up(server)

    assert done.lacking() == ["bot", "owner", "token", "membership"]
    assert done["bot"].mend == "Integrations > Bot Accounts > Enable Bot Account Creation"


async def test_the_only_team_is_taken_where_none_is_named(server: MattermostServer) -> None:
    done = await set_up(server, team=None)
    assert done.lacking() == []
    assert done.environment["VOXPOP_MATTERMOST__TEAM"] == "acme"

    server.state.add_team("other", "Other")
    done = await set_up(server, team=None)
    assert done["team"].says == "VOXPOP_MATTERMOST__TEAM is not set; there is: acme, other"


async def test_an_old_server_is_told_before_anything_is_done() -> None:
    async with MattermostServer(version="5.30.1") as server:
        done = await set_up(server)
    assert done.lacking() == ["server"]
    assert list(done.steps) == ["server"]


async def test_a_server_that_is_not_there_is_one_line() -> None:
    async with MattermostServer() as server:
        pass
    done = await set_up(server)
    assert done.lacking() == ["server"]
    assert "nobody answers" in done["server"].says
