"""An administrator's year: from the roster to the second round, as a new user goes it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from survey.roster import Changes, Prune, read_table
from tests.world import Sandbox, World, email

TOML = """
timezone = "Europe/Berlin"
admins = ["ada@example.org"]
[contact]
rest_days = 14
asks_per_year = 4
[surveys.nps]
subject = "Acme"
owner = "the People team"
schedule = "0 9 1 */3 *"
reminders = [7]
show_budget = true
"""
HEADER = "email;name;timezone;team\n"
TEAMS = ("Platform", "Sales")


def roster(*places: int) -> bytes:
    """Ada and so many others, as a spreadsheet saves them in Germany."""
    lines = [
        f"{email(place)};Pers\u00f6n {place};Europe/Berlin;{TEAMS[place % 2]}\n" for place in places
    ]
    return (HEADER + "".join(lines)).encode("latin-1")


@pytest.fixture
async def company(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """Settings, and nobody on the roster yet; it is the 30th of December."""
    found = World(database_url, folder=tmp_path, toml=TOML)
    found.clock.at = datetime(2026, 12, 30, 9, 0, tzinfo=UTC)
    await bring_in(found, roster(*range(12)))
    await goes_on(found)
    yield found
    await found.close()


async def bring_in(company: World, file: bytes, prune: Prune = Prune.NOBODY) -> Changes:
    table = read_table(file)
    people = company.product.import_people
    return (await people(table.columns, table, source="csv", prune=prune)).changes


async def goes_on(company: World, **by: float) -> None:
    """Time passes, and everything that looks after it has its turn."""
    company.clock.forward(**by)
    product = company.product
    for _ in range(2):  # closing takes two looks: presses under way are waited for
        async for _ in product.start_due():
            pass
        await product.close.settle()
        await product.remind()
        await product.worker()
        company.clock.forward(seconds=10)


async def text(chat: Sandbox, command: str) -> str:
    said = await chat.say(0, f"/nps {command}")
    return str(said["private_text"])


async def test_from_the_roster_to_the_second_round(company: World) -> None:
    chat = company.sandbox()
    async with chat.http:
        assert "No round is running" in await text(chat, "status")
        assert "Friday 1 January" in await text(chat, "status")  # who looks, sees when one starts
        assert "This goes to 12 people" in await text(chat, "preview")

        # It starts by itself on the first of January, in Berlin's morning, in everybody's hours.
        company.clock.at = datetime(2027, 1, 1, 8, 0, 30, tzinfo=UTC)
        await goes_on(company)
        assert "Sent 12 of 12 · 0 answered" in await text(chat, "status")
        asked = (await chat.inbox(1))[-1]
        assert "1 of 4 asks this year" in asked["text"]
        assert "A round of this survey is running already" in await text(chat, "start")

        for place, score in enumerate((9, 10, 3, 8, 9, 10, 9)):
            await chat.press(place, f"s{score}")
        await chat.say(2, "Too many meetings.", thread_id=int((await chat.inbox(2))[-1]["id"]))
        assert "7 answered" in await text(chat, "status")
        assert "Groups are shown once" in await text(chat, "report by team")
        assert "once the round has closed" in await text(chat, "comments")

        # A week later those who have not answered hear once more; one press changes both messages.
        await goes_on(company, days=7)
        assert [len(await chat.inbox(place)) for place in (1, 8)] == [1, 2]
        assert "5 reminders went out" in await text(chat, "status")
        await chat.press(8, "s7")
        await goes_on(company)
        assert all("You said 7" in message["text"] for message in await chat.inbox(8))
        assert "get a reminder" in await text(chat, "remind @person9")

        # It closes on its day, and everybody is told.
        await goes_on(company, days=8)
        assert "closed" in (await chat.inbox(9))[-1]["text"]
        report = await text(chat, "report")
        assert "8 of 12 people answered" in report
        assert "from 10 counted answers" in await text(chat, "comments")  # too few to quote anybody

        # The next quarter: two have left, two are new; the figures of both rounds side by side.
        left = await bring_in(company, roster(0, *range(2, 15)), Prune.MISSING)
        assert (left.new, left.deactivated) == (3, 1)
        company.clock.at = datetime(2027, 4, 1, 7, 0, 30, tzinfo=UTC)
        await goes_on(company)
        assert "Sent 14 of 14" in await text(chat, "status")
        assert "2 of 4 asks this year" in (await chat.inbox(2))[-1]["text"]
        for place in range(2, 12):
            await chat.press(place, "s10")
        await goes_on(company, days=15)
        second = await text(chat, "report by team")
        assert "NPS +100" in second
        assert "since 2027Q1" in second
        compared = await chat.http.post(
            "/sandbox/api/press",
            json={
                "as": email(0),
                "message_id": (await chat.inbox(0))[-1]["id"],
                "button_id": "compare",
            },
        )
        assert "2027Q1" in compared.json()["private_text"]
        assert await company.product.audit.verify() is not None
