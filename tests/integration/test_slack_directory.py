"""Who is in a Slack workspace."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from bot.slack import WORKSPACE_AT_HOME
from bot.slack.client import SlackApi
from bot.slack.directory import ONE_BY_ONE, Directory
from bot.slack.says import SlackSays
from bot.slack.workspaces import Workspaces
from survey.messenger import PlatformRefuses
from survey.ports import Account
from tests.slack.server import SlackServer


@dataclass
class Place:
    """A workspace, its directory and what time it is there."""

    server: SlackServer
    workspaces: Workspaces
    seconds: float = 0.0

    def directory(self, workspace: str = WORKSPACE_AT_HOME) -> Directory:
        return Directory(self.workspaces, workspace, seconds=lambda: self.seconds)

    def calls(self, method: str) -> int:
        return len(self.server.faults.of(method))


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with SlackServer() as server:
        api = SlackApi(server.api_url, timeout=1.2)
        clock = lambda: datetime.now(UTC)  # noqa: E731 - a port of one call
        yield Place(server, Workspaces(api, server.bot_token, None, clock))
        await api.close()


async def everybody(directory: Directory) -> list[Account]:
    return [account async for page in directory.members() for account in page]


async def test_the_members_are_told_a_page_at_a_time(place: Place) -> None:
    for number in range(405):
        place.server.add_person(f"p{number}@acme.test")
    pages = [len(page) async for page in place.directory().members()]
    assert pages == [200, 200, 8]  # the administrator, the bot and Slackbot too
    assert place.calls("users.list") == 3


async def test_an_account_is_told_with_its_zone_and_language(place: Place) -> None:
    place.server.add_person(
        "Ada@Acme.test", name="ada", real_name="Ada Lovelace", tz="Europe/Berlin", locale="de-DE"
    )
    (ada,) = [one for one in await everybody(place.directory()) if one.username == "ada"]
    assert (ada.email, ada.name) == ("ada@acme.test", "Ada Lovelace")
    assert (ada.timezone, ada.locale) == ("Europe/Berlin", "de-DE")
    assert (ada.active, ada.is_bot, ada.is_guest) == (True, False, False)


async def test_bots_guests_and_deactivated_accounts_are_marked(place: Place) -> None:
    place.server.add_person("guest@acme.test", is_restricted=True)
    place.server.add_person("single@acme.test", is_ultra_restricted=True)
    place.server.add_person("gone@acme.test")
    place.server.deactivate("gone@acme.test")
    found = {one.username: one for one in await everybody(place.directory())}
    assert [name for name, one in found.items() if one.is_guest] == ["guest", "single"]
    assert [name for name, one in found.items() if not one.active] == ["gone"]
    assert [name for name, one in found.items() if one.is_bot] == ["slackbot", "voxpop"]


async def test_a_guest_is_not_found_by_their_email(place: Place) -> None:
    place.server.add_person("guest@acme.test", is_restricted=True)
    assert await place.directory().by_emails(["guest@acme.test"]) == {}


async def test_people_are_found_by_their_emails_and_asked_for_once(place: Place) -> None:
    ada = place.server.add_person("ada@acme.test")
    place.server.add_person("gone@acme.test")
    place.server.deactivate("gone@acme.test")
    directory = place.directory()
    for _ in range(2):
        found = await directory.by_emails(["Ada@acme.test", "gone@acme.test", "nobody@acme.test"])
        assert {email: one.user_id for email, one in found.items()} == {"ada@acme.test": ada.id}
    assert place.calls("users.lookupByEmail") == 3
    place.seconds = 601.0
    await directory.by_emails(["ada@acme.test"])
    assert place.calls("users.lookupByEmail") == 4


async def test_many_emails_are_looked_for_in_the_list_alone(place: Place) -> None:
    emails = [f"p{number}@acme.test" for number in range(ONE_BY_ONE + 20)]
    for email in emails[:-5]:
        place.server.add_person(email)
    found = await place.directory().by_emails(emails)
    assert sorted(found) == sorted(emails[:-5])
    assert (place.calls("users.list"), place.calls("users.lookupByEmail")) == (1, 0)


async def test_a_workspace_that_hides_emails_is_not_taken_for_one_without_people(
    place: Place,
) -> None:
    emails = [f"p{number}@acme.test" for number in range(ONE_BY_ONE + 20)]
    for email in emails:
        place.server.add_person(email)
    token = place.server.state.tokens[place.server.bot_token]
    token.scopes = token.scopes.replace(",users:read.email", "")
    with pytest.raises(SlackSays, match=r"missing_scope, the token lacks users:read\.email"):
        await place.directory().by_emails(emails)


async def test_fault_13_a_list_waits_while_slack_wants_to_be_left_alone(place: Place) -> None:
    for number in range(250):
        place.server.add_person(f"p{number}@acme.test")
    place.server.faults.goes_wrong("busy", "users.list", calls=[2], seconds=1)
    begun = time.monotonic()
    assert len(await everybody(place.directory())) == 253
    assert time.monotonic() - begun > 0.9
    assert place.calls("users.list") == 3


async def test_fault_13_a_look_up_waits_too_and_only_so_long(place: Place) -> None:
    ada = place.server.add_person("ada@acme.test")
    rule = place.server.faults.goes_wrong("busy", "users.lookupByEmail", times=1, seconds=0.3)
    found = await place.directory().by_emails(["ada@acme.test"])
    assert found["ada@acme.test"].user_id == ada.id
    rule.times, rule.seconds = 1, 3600
    with pytest.raises(SlackSays, match="ratelimited"):
        await place.directory().by_emails(["ada@acme.test"])


@pytest.mark.parametrize("fault", ["error", "garbage", "drop"])
async def test_a_slack_that_does_not_tell_is_not_taken_for_an_empty_one(
    place: Place, fault: str
) -> None:
    place.server.faults.goes_wrong(fault, "users.*")
    with pytest.raises(SlackSays):
        await place.directory().by_emails(["a@acme.test", "b@acme.test"])
    with pytest.raises(SlackSays):
        await everybody(place.directory())


async def test_a_workspace_without_us_says_so(place: Place) -> None:
    with pytest.raises(PlatformRefuses, match="not installed"):
        await everybody(place.directory("T0GONE"))
