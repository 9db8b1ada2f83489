"""Two of each part on one PostgreSQL, as real processes: what they share, what a restart costs."""

import asyncio
import itertools
import random
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from bot.sealing import Seal, Sealed
from storage.tables import campaigns, sandbox_messages
from survey.card import Act
from survey.wording.asked import subject_of
from tests.world import Process, World, address, email

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]
PEOPLE = 30
STOPS_WITHIN = 10.0
"""Seconds."""
SCHEDULED = """
timezone = "UTC"
admins = ["ada@example.org"]
[surveys.nps]
subject = "Acme"
open_days = 30
"""


@pytest.fixture
async def company(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    found = World(database_url, folder=tmp_path, toml=SCHEDULED)
    found.clock.at = datetime.now(UTC)
    await found.populate(PEOPLE)
    yield found
    await found.close()


class Parts:
    """Processes by their number, each of one part; they are killed at the end."""

    def __init__(self, world: World, stack: AsyncExitStack) -> None:
        self._world = world
        self._stack = stack
        self.processes: dict[str, Process] = {}
        self.addresses: dict[str, str] = {}

    def begin(self, *names: str) -> None:
        """Start `web 1`, `worker 2`, …, all at once."""
        for name in names:
            part, _, _ = name.partition(" ")
            command = {"web": ("web,bot", "--port", "0")}.get(part, (part,))
            one = Process(self._world.folder, "run", "--only", *command, **self._world.environ)
            self.processes[name] = self._stack.enter_context(one)

    async def ready(self, *names: str) -> None:
        for name in names:
            word = "Voxpop answers on" if name.startswith("web") else '"event": "working"'
            said = await asyncio.to_thread(self.processes[name].until, word)
            if found := re.search(r"answers on (http://\S+)", said):
                self.addresses[name] = found[1]

    async def stop(self, name: str) -> float:
        """Ask it to stop; how many seconds it took. Until it is gone requests still come to it."""
        begun = time.monotonic()
        code = await asyncio.to_thread(self.processes[name].stop, seconds=STOPS_WITHIN)
        self.addresses.pop(name, None)
        said = self.processes[name].said.read_text()
        # uvicorn ends by the signal that it was sent, after everything was finished.
        assert code in {0, -signal.SIGTERM}, said
        assert "Traceback" not in said
        return time.monotonic() - begun

    def said(self, word: str) -> list[str]:
        """Which processes have said this."""
        return [name for name, one in self.processes.items() if word in one.said.read_text()]


@pytest.fixture
async def parts(company: World) -> AsyncIterator[Parts]:
    async with AsyncExitStack() as stack:
        yield Parts(company, stack)


async def until(condition: Any, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


class Presser:
    """People who press again and again, whichever web process answers, as behind a balancer."""

    def __init__(self, parts: Parts, http: httpx.AsyncClient) -> None:
        self._parts = parts
        self._http = http
        self._turn = itertools.count()
        self.acknowledged: dict[int, int] = {}
        self.answers: Counter[str] = Counter()
        self.going_on = True

    async def press(self, place: int, score: int, button: str) -> None:
        """Until somebody has answered with 200."""
        body = {"as": email(place), "context": button}
        while True:
            there = list(self._parts.addresses.values())
            web = there[next(self._turn) % len(there)]
            try:
                answer = await self._http.post(f"{web}/sandbox/actions", json=body)
            except httpx.TransportError as error:
                self.answers[type(error).__name__] += 1
                await asyncio.sleep(0.05)
                continue
            self.answers[str(answer.status_code)] += 1
            if answer.status_code == 200:
                assert f"You said {score}." in answer.text
                self.acknowledged[place] = score
                return

    async def people(self, places: range, buttons: dict[int, list[str]]) -> None:
        """Each of them presses in turn, never twice at once."""
        dice = random.Random(places.start)  # noqa: S311 - only which score
        while self.going_on:
            for place in places:
                score = dice.randrange(11)
                await self.press(place, score, buttons[place][score])
                await asyncio.sleep(0.1)


async def inboxes(world: World) -> dict[str, list[str]]:
    async with world.product.database.read() as connection:
        rows = await connection.execute(select(sandbox_messages.c.inbox, sandbox_messages.c.id))
        found: dict[str, list[str]] = {}
        for inbox, number in rows:
            found.setdefault(inbox, []).append(str(number))
        return found


async def all_buttons(world: World) -> dict[int, list[str]]:
    """What the score buttons of each person carry, from 0 on."""
    seal = Seal(world.settings.secret_keys)
    found = {}
    for place in range(PEOPLE):
        subject = subject_of(await world.invitation(place))
        found[place] = [
            seal.close(
                Sealed(act=Act.SCORE, value=str(n), subject=subject, to=address(email(place)))
            )
            for n in range(11)
        ]
    return found


async def test_fault_9_two_workers_and_two_schedulers_write_to_everybody_once(
    company: World, parts: Parts
) -> None:
    pairs = ("worker 1", "worker 2", "scheduler 1", "scheduler 2")
    parts.begin(*pairs)
    await parts.ready(*pairs)
    campaign = await company.start(deliver=False)

    async def all_sent() -> bool:
        return await company.states(campaign) == {"sent": PEOPLE}

    await until(all_sent)
    assert {len(found) for found in (await inboxes(company)).values()} == {1}
    assert len(await inboxes(company)) == PEOPLE

    async def led() -> bool:
        return bool(parts.said("scheduler_leads"))

    await until(led)
    (leader,) = parts.said("scheduler_leads")
    parts.processes[leader].process.kill()
    (heir,) = {"scheduler 1", "scheduler 2"} - {leader}
    await asyncio.to_thread(parts.processes[heir].until, "scheduler_leads", seconds=5)

    # What only a scheduler does still happens: the round is closed by the one that took over.
    now = datetime.now(UTC)
    await company.rows(campaigns.update().values(closes_at=now))

    async def closed() -> bool:
        return [state for (state,) in await company.rows(select(campaigns.c.state))] == ["closed"]

    await until(closed)
    assert len(parts.said("scheduler_leads")) == 2


async def test_a_rolling_restart_loses_no_press(company: World, parts: Parts) -> None:
    first = ("web 1", "web 2", "worker 1", "scheduler 1")
    parts.begin(*first)
    await company.start()
    buttons = await all_buttons(company)
    await parts.ready(*first)

    took = {}
    async with httpx.AsyncClient(timeout=15) as http:
        presser = Presser(parts, http)
        everybody = asyncio.gather(
            *(presser.people(range(place, place + 5), buttons) for place in range(0, PEOPLE, 5))
        )
        for old, new in zip(first, ("web 3", "web 4", "worker 2", "scheduler 2"), strict=True):
            parts.begin(new)
            await parts.ready(new)
            took[old] = await parts.stop(old)
        presser.going_on = False
        await everybody

    assert all(seconds < STOPS_WITHIN for seconds in took.values()), took
    assert set(presser.answers) <= {"200", "ConnectError", "ReadError", "RemoteProtocolError"}
    assert presser.answers["200"] > PEOPLE
    stored = {place: (await company.invitation(place)).response.score for place in range(PEOPLE)}
    assert stored == presser.acknowledged
    (campaign,) = await company.product.rounds.all()
    assert sum((await company.scores(campaign)).values()) == PEOPLE
    print(f"\nstopped within (s): {took}; answers: {dict(presser.answers)}")  # noqa: T201


async def test_a_process_that_was_asked_to_stop_while_the_chat_hangs_stops_all_the_same(
    company: World, parts: Parts
) -> None:
    parts.begin("worker 1", "scheduler 1")
    await parts.ready("worker 1", "scheduler 1")
    await company.start(deliver=False)

    # Who writes messages waits for whoever holds the table: the chat answers nobody.
    async with company.product.database.engine.begin() as connection:
        await connection.execute(select(func.count()).select_from(sandbox_messages))
        await connection.exec_driver_sql("LOCK TABLE sandbox_messages IN EXCLUSIVE MODE")

        async def begun() -> bool:
            found = await connection.exec_driver_sql(
                "SELECT count(*) FROM deliveries WHERE state = 'sending'"
            )
            return bool(found.scalar())

        await until(begun)
        assert await parts.stop("worker 1") < STOPS_WITHIN
        assert parts.said("work_cut_off") == ["worker 1"]
        assert await parts.stop("scheduler 1") < STOPS_WITHIN
