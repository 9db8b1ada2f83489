"""People on the roster get their accounts in a chat by e-mail, and lose those that are gone."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select, update

from bot.mattermost.client import Client
from bot.mattermost.directory import Directory
from runtime.tying import STILL_FRESH, Tying
from storage.tables import addresses, administrator_pins, deliveries, invitations, people
from storage.ties import SqlTies
from survey.errors import VoxpopError
from survey.person import Address, Enrolment
from survey.ports import Account, Tied
from survey.usecases.tie_accounts import LOOKED_UP, TieAccounts
from tests.mattermost.server import MattermostServer
from tests.world import World, email

PLATFORM = "mattermost"


def account(place: int, **changes: object) -> Account:
    known = Account(user_id=f"account{place}", username=f"p{place}", email=email(place), name="A B")
    return replace(known, **changes)  # type: ignore[arg-type]


@dataclass
class FakeDirectory:
    """A team in pages of two; and who else is on the server."""

    team: list[Account] = field(default_factory=list)
    others: list[Account] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    away: bool = False
    waits: asyncio.Event | None = None

    async def members(self) -> AsyncIterator[Sequence[Account]]:
        for first in range(0, len(self.team), 2):
            if self.away and first:
                raise VoxpopError("The server went away.")
            if self.waits is not None:
                await self.waits.wait()
            yield self.team[first : first + 2]

    async def by_emails(self, emails: Collection[str]) -> Mapping[str, Account]:
        self.asked.extend(emails)
        return {one.email: one for one in self.others if one.email in emails and one.active}


def tying(world: World, directory: object) -> Tying:
    ties = SqlTies(world.product.database)
    tie = TieAccounts(platform=PLATFORM, workspace="", directory=directory, ties=ties)  # type: ignore[arg-type]
    return Tying(tie=tie, clock=world.clock)


async def tied(world: World) -> dict[str, str]:
    """E-mail → account."""
    rows = await world.rows(
        select(people.c.email, addresses.c.user_id)
        .join(addresses)
        .where(addresses.c.platform == PLATFORM)
    )
    return {row.email: row.user_id for row in rows}


async def test_members_are_tied_by_their_e_mail_and_a_second_run_changes_nothing(
    world: World,
) -> None:
    run = tying(world, FakeDirectory([account(place) for place in range(3)]))

    assert await run.run() == Tied(tied=3)
    assert await tied(world) == {email(place): f"account{place}" for place in range(3)}
    assert await run.run() == Tied()


async def test_bots_guests_deactivated_accounts_and_strangers_are_nobodys(world: World) -> None:
    team = [
        account(1, is_bot=True),
        account(2, active=False),
        account(3, email="stranger@example.org"),
        account(4, email=""),
        account(5, is_guest=True),
    ]
    assert await tying(world, FakeDirectory(team)).run() == Tied()
    assert await tied(world) == {}


async def test_who_left_or_was_forgotten_gets_no_account(world: World) -> None:
    person = await world.product.people.by_email(email(1))
    assert person is not None
    await world.product.rights.forget(person, at=world.clock())
    await world.rows(update(people).where(people.c.email == email(2)).values(active=False))

    run = tying(world, FakeDirectory([account(1), account(2), account(3)]))
    await run.run()

    assert await tied(world) == {email(3): "account3"}


async def test_an_e_mail_that_moves_to_another_account_takes_nobody_over(world: World) -> None:
    directory = FakeDirectory([account(0), account(1)])
    run = tying(world, directory)
    await run.run()

    directory.team = [account(0, email="else@example.org"), account(9, email=email(0))]

    assert await run.run() == Tied()
    assert (await tied(world))[email(0)] == "account0"


async def test_an_account_that_is_somebodys_stays_theirs(world: World) -> None:
    directory = FakeDirectory([account(1)])
    run = tying(world, directory)
    await run.run()

    directory.team = [account(1, email=email(2))]

    assert await run.run() == Tied()
    assert await tied(world) == {email(1): "account1"}


async def test_an_administrator_with_a_new_account_still_has_to_be_confirmed(
    world: World,
) -> None:
    await world.rows(
        administrator_pins.insert().values(
            email=email(0),
            platform=PLATFORM,
            workspace="",
            user_id="account0",
            pinned_at=world.clock(),
        )
    )
    directory = FakeDirectory([account(0)])
    run = tying(world, directory)
    await run.run()
    directory.team = [account(0, active=False), account(9, email=email(0))]

    await run.run()
    await run.run()

    assert (await tied(world))[email(0)] == "account9"
    (pin,) = await world.rows(select(administrator_pins))
    assert pin.user_id == "account0"  # and so its commands are refused


async def test_a_deactivated_account_is_freed_and_its_person_is_not_asked(world: World) -> None:
    directory = FakeDirectory([account(place) for place in range(12)])
    run = tying(world, directory)
    await run.run()
    object.__setattr__(world.product.start, "platforms", (PLATFORM,))
    campaign = await world.start(deliver=False)
    assert await world.states(campaign) == {"planned": 12}

    directory.team[3] = account(3, active=False)

    assert await run.run() == Tied(freed=1)
    assert email(3) not in await tied(world)
    assert await world.states(campaign) == {"planned": 11, "skipped": 1}
    (found,) = await world.rows(
        select(deliveries.c.reason, invitations.c.state)
        .join(invitations)
        .where(deliveries.c.state == "skipped")
    )
    assert tuple(found) == ("their account is deactivated", "withdrawn")


async def test_who_has_the_question_may_answer_from_their_next_account(world: World) -> None:
    directory = FakeDirectory([account(place) for place in range(12)])
    run = tying(world, directory)
    await run.run()
    object.__setattr__(world.product.start, "platforms", (PLATFORM,))
    await world.start(deliver=False)
    await world.rows(update(deliveries).values(state="sent"))
    await world.rows(update(invitations).values(state="sent"))

    directory.team[3] = account(3, active=False)
    directory.team.append(account(33, email=email(3)))
    await run.run()

    assert (await tied(world))[email(3)] == "account33"
    states = {row.state for row in await world.rows(select(invitations.c.state))}
    assert states == {"sent"}


async def test_whoever_is_not_in_the_team_is_looked_up_a_part_at_a_time(world: World) -> None:
    number = LOOKED_UP + 10
    await world.product.people.enrol(
        [Enrolment(email=f"x{place:03}@example.org", name="X") for place in range(number)]
    )
    last = account(100, email=f"x{number - 1:03}@example.org")
    directory = FakeDirectory([account(place) for place in range(12)], others=[last])
    run = tying(world, directory)

    await run.run()
    assert len(directory.asked) == LOOKED_UP
    assert last.email not in await tied(world)

    await run.run()
    assert (await tied(world))[last.email] == "account100"
    assert len(directory.asked) == number
    assert len(set(directory.asked)) == number

    await run.run()  # from the beginning again
    assert len(directory.asked) == number + LOOKED_UP


async def test_where_the_list_tells_of_everybody_nobody_is_looked_up(world: World) -> None:
    directory = FakeDirectory([account(1)])
    run = tying(world, directory)
    assert isinstance(run.tie, TieAccounts)
    run.tie = replace(run.tie, looks_up=False)
    assert await run.run() == Tied(tied=1)
    assert directory.asked == []


async def test_who_removed_us_has_no_accounts_any_more_and_may_have_others(world: World) -> None:
    run = tying(world, FakeDirectory([account(place) for place in range(12)]))
    await run.run()
    object.__setattr__(world.product.start, "platforms", (PLATFORM,))
    campaign = await world.start(deliver=False)
    ties = SqlTies(world.product.database)

    assert await ties.release(PLATFORM, "T0ANOTHER") == 0
    assert await world.states(campaign) == {"planned": 12}
    assert await ties.release(PLATFORM, "") == 12

    assert await tied(world) == {}
    assert await world.states(campaign) == {"skipped": 12}
    found = await world.rows(select(deliveries.c.reason, invitations.c.state).join(invitations))
    assert {tuple(row) for row in found} == {("their workspace has removed us", "withdrawn")}
    assert await ties.release(PLATFORM, "") == 0
    assert await run.run() == Tied(tied=12)


async def test_who_has_these_accounts(world: World) -> None:
    await tying(world, FakeDirectory([account(1), account(2)])).run()
    asked = ["account1", "account2", "account3"]
    found = await world.product.people.by_accounts(PLATFORM, "", asked)
    assert {name: one.email for name, one in found.items()} == {
        "account1": email(1),
        "account2": email(2),
    }
    assert await world.product.people.by_accounts(PLATFORM, "T0ANOTHER", asked) == {}
    assert await world.product.people.by_accounts("slack", "", asked) == {}


async def test_what_was_found_stays_if_the_server_goes_away(world: World) -> None:
    run = tying(world, FakeDirectory([account(place) for place in range(5)], away=True))

    with pytest.raises(VoxpopError):
        await run.run()

    assert len(await tied(world)) == 2
    await run.sweep()  # fails without a word but the log's


async def test_before_a_round_it_is_done_unless_it_was_just_now(world: World) -> None:
    directory = FakeDirectory([account(1)])
    run = tying(world, directory)
    await run.refresh()
    assert await tied(world) == {email(1): "account1"}

    directory.team = [account(1), account(2)]
    await run.refresh()
    await run.sweep()
    assert email(2) not in await tied(world)

    world.clock.at += STILL_FRESH
    await run.refresh()
    assert email(2) in await tied(world)


async def test_nobody_waits_long_for_a_slow_server(world: World) -> None:
    slow = FakeDirectory([account(1)], waits=asyncio.Event())
    run = tying(world, slow)
    async with asyncio.timeout(5):
        await run.refresh(within=STILL_FRESH * 0)
    assert await tied(world) == {}

    assert slow.waits is not None
    slow.waits.set()
    assert await run.run() == Tied(tied=1)  # it was the same run all along
    await run.stop()


async def test_a_roster_that_names_the_account_itself_has_the_last_word(world: World) -> None:
    named = Address(platform=PLATFORM, workspace="", user_id="named")
    await world.product.people.enrol([Enrolment(email=email(1), name="P", addresses=(named,))])

    assert await tying(world, FakeDirectory([account(1)])).run() == Tied()
    assert await tied(world) == {email(1): "named"}


async def test_a_whole_team_on_a_server(world: World) -> None:
    async with MattermostServer() as server:
        _, token = server.add_bot()
        for place in range(3):
            server.add_person(f"p{place}", email=email(place).upper())
        server.add_person("p3", email=email(3), in_team=False)
        server.add_person("p4", email=email(4))
        server.deactivate("p4")
        client = Client(server.url, token)
        run = tying(world, Directory(client, "acme"))

        assert await run.run() == Tied(tied=4)

        assert set(await tied(world)) == {email(place) for place in range(4)}
        await client.close()
