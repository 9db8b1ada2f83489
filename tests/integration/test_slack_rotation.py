"""Tokens that end are renewed before they do: once, by one process, and never lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.slack.client import SlackApi
from bot.slack.rotation import Rotation
from bot.slack.workspaces import Workspaces
from storage.installations import SqlInstallations
from survey.errors import StorageUnavailable
from survey.ports import Installation
from tests.slack.records import Workspace
from tests.slack.server import SlackServer
from tests.world import World

EXCHANGE = "oauth.v2.access"
KEYS = ("a-key-for-tests-that-is-long-enough-to-pass",)


class Flaky(SqlInstallations):
    """A database that is away as new tokens are to be saved."""

    away = 0

    async def rotated(self, workspace: str, **what: Any) -> bool:
        if self.away:
            self.away -= 1
            raise StorageUnavailable("The database is away.")
        return await super().rotated(workspace, **what)


@dataclass(frozen=True, kw_only=True)
class Office:
    """One workspace that installed us, and as many processes as a test wants."""

    server: SlackServer
    world: World
    beta: Workspace
    installations: Flaky
    apis: list[SlackApi] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def process(self) -> Rotation:
        api = SlackApi(self.server.api_url)
        self.apis.append(api)
        workspaces = Workspaces(api, None, self.installations, self.world.clock)

        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)

        return Rotation(
            api=api,
            installations=self.installations,
            workspaces=workspaces,
            client_id=self.server.client_id,
            client_secret=self.server.client_secret,
            clock=self.world.clock,
            pause=pause,
        )

    async def kept(self) -> Installation:
        (found,) = await self.installations.all()
        return found

    def exchanges(self) -> int:
        return len(self.server.faults.of(EXCHANGE))


@pytest.fixture
async def office(world: World) -> AsyncIterator[Office]:
    async with SlackServer(rotation=True) as server:
        beta = server.add_workspace("Beta", installed=True)
        installations = Flaky(world.product.database, KEYS)
        await installations.save(
            Installation(
                workspace=beta.id,
                name="Beta",
                bot_user_id=beta.bot_user_id,
                app_id=server.state.app.id,
                scopes=("chat:write",),
                token=beta.bot_token,
                refresh_token=beta.refresh_token,
                expires_at=world.clock.at + timedelta(hours=12),
                installed_at=world.clock.at,
                installed_by="U0ADA",
            )
        )
        made = Office(server=server, world=world, beta=beta, installations=installations)
        yield made
        for api in made.apis:
            await api.close()


async def test_a_token_is_renewed_two_hours_before_it_ends(office: Office) -> None:
    rotation = office.process()
    old = office.beta.bot_token
    office.world.clock.forward(hours=9, minutes=59)
    assert await rotation() == 0
    assert await rotation.workspaces.token(office.beta.id) == old

    office.world.clock.forward(minutes=1)
    assert await rotation() == 1

    kept = await office.kept()
    assert old != kept.token == office.beta.bot_token
    assert kept.refresh_token == office.beta.refresh_token
    assert kept.expires_at == office.world.clock.at + timedelta(hours=12)
    assert await rotation.workspaces.token(office.beta.id) == kept.token
    assert await rotation() == 0


async def test_the_next_token_is_renewed_as_well(office: Office) -> None:
    rotation = office.process()
    for _ in range(3):
        office.world.clock.forward(hours=11)
        assert await rotation() == 1
    assert (await office.kept()).token == office.beta.bot_token


async def test_of_many_processes_one_renews_it(office: Office) -> None:
    office.world.clock.forward(hours=11)
    renewed = await asyncio.gather(*(office.process()() for _ in range(6)))
    assert sorted(renewed) == [0, 0, 0, 0, 0, 1]
    assert office.exchanges() == 1
    assert (await office.kept()).token == office.beta.bot_token


async def test_a_token_that_stays_is_left_alone(office: Office) -> None:
    kept = await office.kept()
    await office.installations.save(
        Installation(
            workspace=kept.workspace,
            name=kept.name,
            bot_user_id=kept.bot_user_id,
            app_id=kept.app_id,
            scopes=kept.scopes,
            token=kept.token,
            installed_at=kept.installed_at,
            installed_by=kept.installed_by,
        )
    )
    office.world.clock.forward(days=365)
    assert await office.process()() == 0
    assert office.exchanges() == 0


async def test_what_slack_refuses_now_is_tried_again_later(office: Office) -> None:
    rotation = office.process()
    old = office.beta.bot_token
    office.server.faults.goes_wrong("refuse", EXCHANGE, error="internal_error", times=1)
    office.world.clock.forward(hours=11)
    with capture_logs() as told:
        assert await rotation() == 0
    assert [(one["event"], one["reason"]) for one in told] == [
        ("slack_token_not_renewed", "internal_error")
    ]
    assert (await office.kept()).token == old
    assert await rotation() == 0  # it may still be under way elsewhere
    office.world.clock.forward(minutes=5)
    assert await rotation() == 1
    assert (await office.kept()).token == office.beta.bot_token


async def test_a_new_token_is_not_lost_while_the_database_is_away(office: Office) -> None:
    office.installations.away = 3
    office.world.clock.forward(hours=11)
    assert await office.process()() == 1
    assert office.pauses == [1.0, 2.0, 5.0]
    assert (await office.kept()).token == office.beta.bot_token


async def test_no_token_is_told_to_the_log(office: Office) -> None:
    rotation = office.process()
    secrets = [office.beta.bot_token, office.beta.refresh_token, office.server.client_secret]
    office.world.clock.forward(hours=11)
    with capture_logs() as told:
        await rotation()
    said = str(told) + repr(rotation)
    assert "slack_token_renewed" in said
    for secret in [*secrets, office.beta.bot_token, office.beta.refresh_token]:
        assert secret not in said
