"""A round of the real product that is killed at random moments, healed, closed and judged."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from bench.kill_check import NOTHING, Pressed, Presses, Verdict, judge
from bench.kill_script import CLOSING, LEASE, OFTEN, STUCK, TOML, fail_point, faults
from storage.engine import Database, open_database
from storage.invitations import Ballots
from storage.lanes import database_now
from storage.people import SqlPeople
from storage.schema import upgrade
from storage.tables import campaigns, deliveries, invitations
from survey.errors import StorageUnavailable
from survey.person import Enrolment
from survey.states import CampaignState, DeliveryKind, DeliveryState
from tests.peer.client import PeerProcess
from tests.peer.fail_points import POINTS
from tests.peer.process import Product
from tests.peer.product import Options, address

STOPS_WITHIN = 10.0
"""Seconds a process may take that is asked to stop."""


class KilledRounds:
    """One round after another, on one database and one peer; `told` adds up what is found.

    Args:
        lease: How long a claim holds (seconds).
        processes: How many run at a time; each kill is of one of them.
        crash: Crashes the database itself, or None.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        peer: PeerProcess,
        *,
        seed: random.Random,
        lease: float = LEASE,
        processes: int = 1,
        crash: Callable[[], None] | None = None,
    ) -> None:
        self.database: Database = open_database(url)
        self.ballots = Ballots(timezone="Europe/Berlin")
        self.told = dict(NOTHING)
        self._folder, self._peer, self._random = folder, peer, seed
        self._crash, self._lease = crash, lease
        self._running: list[Product] = []
        self._slots = range(processes)
        self._environ = {
            "VOXPOP_DATABASE_URL": url,
            "VOXPOP_SECRET_KEY": "a-key-for-kills-that-is-long-enough-to-pass",
        }
        self._stuck: set[UUID] = set()
        self._kills = 0
        self._read = 0
        (folder / "voxpop.toml").write_text(TOML)

    async def populate(self, people: int) -> None:
        await upgrade(self.database)
        await SqlPeople(self.database, timezone="Europe/Berlin").enrol(
            [
                Enrolment(
                    email=f"person{place}@example.org",
                    name=f"Person {place}",
                    timezone="Europe/Berlin",
                    attributes={"team": f"Team {place % 5}"},
                    addresses=(address(f"u{place}"),),
                )
                for place in range(people)
            ]
        )

    async def __call__(self, *, kills: int, mute: bool) -> Verdict:
        """Start a round, kill at least so often, heal, close it, and look at what is left."""
        begun, presses = time.monotonic(), Presses()
        self._kills = 0
        for fault in faults(self._lease):
            self._peer.goes_wrong(**fault)
        if mute:
            self._peer.goes_wrong("mute", method="find")
        closing = min(2, kills // 3)
        with self._processes():
            campaign = await self._start()
            async with self._pressing(campaign, presses):
                for _ in range(kills - closing):
                    await self._kill(OFTEN if self._random.random() < 0.5 else POINTS)
                self._heal(mute=mute)
                await self._until(lambda: self._gone_out(campaign, mute=mute))
            await self._close(campaign, kills=closing)
            self._heal(mute=mute)
            await self._until(lambda: self._closed(campaign))
            await self._until(lambda: self._gone_out(campaign, mute=mute))
            await self._stop()
        self._peer.all_is_well()
        ledger = self._peer.ledger(after=self._read)
        self._read += len(ledger)
        async with self.database.read() as connection:
            verdict = await judge(connection, campaign, presses, ledger, self.ballots)
        self._note(verdict, presses, mute=mute, seconds=time.monotonic() - begun)
        return verdict

    def _note(self, verdict: Verdict, presses: Presses, *, mute: bool, seconds: float) -> None:
        told = self.told
        found = asdict(verdict)
        if mute:
            told["mute_duplicates"] += found.pop("duplicates")
            told["mute_kills"] += self._kills
        elif verdict.parked:
            told["unaccounted"] += verdict.parked
        for name, number in found.items():
            told[name] += number
        told["rounds"] += 1
        told["kills"] += self._kills
        told["acknowledged"] += presses.acknowledged
        told["stuck"] = len(self._stuck)
        told["seconds"] += seconds

    # Processes

    @contextmanager
    def _processes(self) -> Iterator[None]:
        self._running = [self._begin(None, slot) for slot in self._slots]
        try:
            yield
        finally:
            for process in self._running:
                process.kill()

    def _begin(self, fail: str | None, slot: int) -> Product:
        return Product(
            Options(
                environ=self._environ,
                folder=self._folder,
                peer=self._peer.url,
                control=self._folder / f"control{slot}",
                lease=self._lease,
                timeout=self._lease / 4,
                fail=fail,
            )
        )

    async def _stop(self) -> None:
        """Ask all processes to end, and wait for it.

        What nobody can tell of is looked up again and again: killed, they would leave a claim of
        that behind, on its way until the lease is over. Asked, they put it back.
        """
        stopped = await asyncio.gather(
            *(asyncio.to_thread(one.stop, seconds=STOPS_WITHIN) for one in self._running)
        )
        if not all(stopped):
            print("  a process did not stop in time", flush=True)

    async def _kill(self, points: tuple[str, ...]) -> None:
        """End one process at a random moment, unless it has come to its end by itself.

        The next in its place dies at one of these points, if it comes there in time.
        """
        slot = self._random.randrange(len(self._running))
        armed = self._running[slot].options.fail is not None
        patience = time.monotonic() + self._random.uniform(0.25, 0.9) * (2 if armed else 1)
        if self._crash is not None and self._random.random() < 0.04:
            await asyncio.sleep(self._random.uniform(0.1, 0.5))
            await asyncio.to_thread(self._crash)
            self.told["database_crashes"] += 1
        while time.monotonic() < patience and self._running[slot].alive:
            await self._look()
            await asyncio.sleep(0.05)
        self._replace(slot, fail_point(points, self._random))

    def _replace(self, slot: int, fail: str | None) -> None:
        if not self._running[slot].alive:
            self.told["at_fail_points"] += 1
        self._running[slot].kill()
        self._kills += 1
        self._running[slot] = self._begin(fail, slot)

    def _heal(self, *, mute: bool) -> None:
        """Everything works from now on; a peer that can't be asked stays so."""
        self._peer.all_is_well()
        if mute:
            self._peer.goes_wrong("mute", method="find")
        for slot, process in enumerate(self._running):
            if process.options.fail is not None:
                self._replace(slot, None)

    # What people do

    async def _start(self) -> int:
        name = "gated" if self._random.random() < 0.5 else "named"
        mine = select(campaigns.c.id).where(campaigns.c.state == CampaignState.RUNNING.value)
        deadline = time.monotonic() + 60
        while (found := await self._one(mine)) is None:
            assert time.monotonic() < deadline, "no round was started"
            await self._running[0].tell("start", survey=name)
            await asyncio.sleep(0.05)
        return int(found)

    async def _close(self, campaign: int, *, kills: int) -> None:
        state = select(campaigns.c.state).where(campaigns.c.id == campaign)
        while await self._one(state) == CampaignState.RUNNING.value:
            await self._running[0].tell("close", campaign=campaign)
        await asyncio.sleep(2)  # a round settles when no press can be under way any more
        for _ in range(kills):
            await self._kill(CLOSING)

    @asynccontextmanager
    async def _pressing(self, campaign: int, presses: Presses) -> AsyncIterator[None]:
        """People press what they got, until the block ends."""
        done = asyncio.Event()
        inbox: list[dict[str, Any]] = []

        async def read() -> None:
            while not done.is_set():
                after = self._read + len(inbox)
                inbox.extend(await asyncio.to_thread(self._peer.ledger, after=after))
                await asyncio.sleep(0.1)

        async def press(part: int, parts: int) -> None:
            while not done.is_set():
                await asyncio.sleep(self._random.uniform(0.005, 0.03))
                # Each person is one of these alone, so that their presses have an order.
                mine = [one for one in inbox if int(one["user"][1:]) % parts == part]
                if mine:
                    await self._press(campaign, self._random.choice(mine), presses)

        tasks = [asyncio.create_task(read()), *(asyncio.create_task(press(n, 3)) for n in range(3))]
        try:
            yield
        finally:
            done.set()
            await asyncio.gather(*tasks)

    async def _press(self, campaign: int, message: dict[str, Any], presses: Presses) -> None:
        if message["campaign"] != campaign:
            return
        at, score = datetime.now(UTC), self._random.randint(0, 10)
        answer = await self._random.choice(self._running).tell(
            "press",
            campaign=campaign,
            invitation=message["invitation"],
            user=message["user"],
            at=at.isoformat(),
            score=score,
        )
        made = Pressed(at=at, score=score, kept=bool(answer))
        presses.made.setdefault(UUID(message["invitation"]), []).append(made)

    # What is looked at

    async def _gone_out(self, campaign: int, *, mute: bool) -> bool:
        waiting = {DeliveryState.PLANNED.value, DeliveryState.SENDING.value}
        if not mute:
            waiting.add(DeliveryState.UNKNOWN.value)
        left = await self._one(
            select(func.count())
            .select_from(deliveries)
            .join(invitations, invitations.c.id == deliveries.c.invitation_id)
            .where(
                invitations.c.campaign_id == campaign,
                deliveries.c.state.in_(waiting)
                | (
                    (deliveries.c.state == DeliveryState.UNKNOWN.value)
                    & (deliveries.c.kind == DeliveryKind.UPDATE.value)
                ),
            )
        )
        return bool(left == 0)

    async def _closed(self, campaign: int) -> bool:
        state = select(campaigns.c.state).where(campaigns.c.id == campaign)
        return bool(await self._one(state) == CampaignState.CLOSED.value)

    async def _until(self, met: Callable[[], Awaitable[bool]], *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not await met():
            if time.monotonic() > deadline:
                print("  it did not settle: what is left counts as unaccounted", flush=True)
                return
            await self._look()
            await asyncio.sleep(0.1)

    async def _look(self) -> None:
        """How long something has been on its way beyond its lease, and whether far too long."""
        now = database_now(self.database)
        late = select(deliveries.c.id, deliveries.c.lease_until, now.label("now")).where(
            deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.lease_until < now
        )
        with contextlib.suppress(StorageUnavailable):
            async with self.database.read() as connection:
                for row in await connection.execute(late):
                    overdue = (row.now - row.lease_until).total_seconds()
                    self.told["overdue"] = max(self.told["overdue"], overdue)
                    if self._lease + overdue > STUCK * self._lease:
                        self._stuck.add(row.id)

    async def _one(self, statement: Any) -> Any:
        for _ in range(100):
            with contextlib.suppress(StorageUnavailable):
                async with self.database.read() as connection:
                    return await connection.scalar(statement)
            await asyncio.sleep(0.1)
        raise StorageUnavailable("The database stays away.")
