"""Killed while helpdesks tell and answers are archived: nothing is lost, nothing is there twice."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Column, func, select, update

from runtime.visits import trigger_of, visits_of
from storage.tables import archived, customers, deliveries, invitations, ticket_events
from survey.card import Subject
from survey.ports import Press
from survey.visits import Capture
from tests.helpdesks import ENVIRON, standard, ticket
from tests.installation import until
from tests.world import Process, World

TOML = """
timezone = "UTC"
[surveys.ticket]
after = "tickets"
subject = "our help"
[surveys.visits]
after = "visits"
subject = "our service"
"""
TICKETS = 60
ANSWERS = 40


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    environ = {
        **ENVIRON,
        "VOXPOP_SANDBOX": "",
        "VOXPOP_EMAIL__SMTP_URL": "smtp://127.0.0.1:9",  # nothing is sent within two hours
        "VOXPOP_EMAIL__FROM": "Acme <support@example.org>",
        "VOXPOP_ARCHIVE_URL": (tmp_path / "archive").as_uri(),
    }
    found = World(database_url, folder=tmp_path, toml=TOML, environ=environ)
    found.clock.at = datetime.now(UTC)
    yield found
    await found.close()


class Helpdesk:
    """Tells of its tickets, eight at a time, and of each again until somebody has taken it."""

    def __init__(self) -> None:
        self.taken = Counter[str]()
        self.address = ""
        self.is_up = asyncio.Event()

    def has_told(self, number: int) -> bool:
        return self.taken.total() >= number

    async def tells(self) -> None:
        waiting = asyncio.Queue[int]()
        for number in range(TICKETS):
            waiting.put_nowait(number)
        async with httpx.AsyncClient(timeout=10) as http, asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(self._tells(http, waiting))

    async def _tells(self, http: httpx.AsyncClient, waiting: asyncio.Queue[int]) -> None:
        while not waiting.empty():
            number = waiting.get_nowait()
            at = datetime.now(UTC)
            told = ticket(at=at, number=str(number), email=f"customer{number}@example.org")
            while True:
                call = standard(told, at=datetime.now(UTC), event=f"msg_{number}")
                try:
                    await self.is_up.wait()
                    answer = await http.post(
                        f"{self.address}{call.path}", content=call.body, headers=dict(call.headers)
                    )
                except httpx.TransportError:
                    await asyncio.sleep(0.02)
                    continue
                assert answer.status_code in {200, 202}, answer.text
                self.taken[answer.json()["status"]] += 1
                break


async def test_no_webhook_is_lost_or_handled_twice_whenever_a_process_dies(world: World) -> None:
    helpdesk = Helpdesk()
    telling = asyncio.create_task(helpdesk.tells())
    for enough in (TICKETS // 4, TICKETS // 2, None):
        with Process(world.folder, "run", "--port", "0", **world.environ) as process:
            said = await asyncio.to_thread(process.until, "Voxpop answers on")
            found = re.search(r"answers on (http://[\w.:]+)", said)
            assert found is not None
            helpdesk.address = found[1].rstrip(".")
            helpdesk.is_up.set()
            if enough is not None:
                await until(partial(helpdesk.has_told, enough))
                helpdesk.is_up.clear()
                continue  # which kills it, with calls under way
            await asyncio.wait_for(telling, 30)
            await nothing_waits(world, ticket_events.c.handled_at)
    assert helpdesk.taken.total() == TICKETS
    asked = await world.rows(
        select(invitations.c.occasion, func.count())
        .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
        .group_by(invitations.c.occasion)
    )
    assert {tuple(row) for row in asked} == {(f"standard:{n}", 1) for n in range(TICKETS)}


async def nothing_waits(world: World, ended: Column[datetime | None]) -> None:
    """Wait until this column says of all rows that they have ended."""
    waits = select(func.count()).where(ended.is_(None))
    late = asyncio.get_running_loop().time() + 30
    while (await world.rows(waits))[0][0]:
        assert asyncio.get_running_loop().time() < late
        await asyncio.sleep(0.1)


async def visited(world: World, number: int) -> None:
    """Somebody was there, agreed, was asked, and gave five stars."""
    product = world.product
    kept = await visits_of(product).capture(
        Capture(
            name=f"Customer {number}",
            email=f"customer{number}@example.org",
            mobile=None,
            email_consent=True,
            purpose="Advice",
            branch_id="soho",
            branch_name="Soho",
            staff_name="Sam Reed",
        ),
        survey="visits",
        at=world.clock.at,
    )
    await trigger_of(product, product.settings.surveys["visits"])(kept.id)
    (row,) = await world.rows(
        select(invitations.c.id, invitations.c.campaign_id)
        .join(customers, customers.c.invitation_id == invitations.c.id)
        .where(customers.c.id == kept.id)
    )
    subject = Subject(campaign_id=row.campaign_id, invitation_id=row.id)
    await product.answers.record(Press(subject=subject, by=None, at=world.clock.at), 5)


async def test_no_answer_is_missing_from_the_archive_whenever_a_process_dies(world: World) -> None:
    for number in range(ANSWERS):
        await visited(world, number)
    folder = world.folder / "archive"

    def are_written(number: int) -> bool:
        return len(list(folder.glob("feedback_*.json"))) >= number

    for enough in (1, ANSWERS // 2, ANSWERS):
        with Process(world.folder, "run", "--port", "0", **world.environ):
            await until(partial(are_written, enough))
        # What a dead process had taken is left to it for two minutes: they pass.
        left = archived.c.written_at.is_(None)
        await world.rows(update(archived).where(left).values(due_at=a_while_ago()))
    with Process(world.folder, "run", "--port", "0", **world.environ):
        await nothing_waits(world, archived.c.written_at)
    numbers = await world.rows(select(customers.c.id))
    files = [json.loads(file.read_text()) for file in folder.glob("feedback_*.json")]
    assert sorted(one["customer_id"] for one in files) == sorted(row.id for row in numbers)
    assert len(files) == ANSWERS


def a_while_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=3)
