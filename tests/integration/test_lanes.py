"""One pace over all processes, and what happens when a platform wants patience or refuses us."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from runtime.wiring import put_together
from storage.invitations import Ballots
from storage.lanes import Paces, database_now
from storage.outbox import SqlOutbox
from storage.tables import deliveries, lanes
from survey.campaign import Campaign
from survey.card import Card
from survey.delivery import Delivery, MessageRef, Method, Pace
from survey.messenger import OutcomeUnknown, PlatformBusy, PlatformRefuses
from survey.person import Address
from survey.states import DeliveryKind
from tests.peer.messenger import PeerMessenger
from tests.world import World

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SLOW: Mapping[tuple[str, Method], Pace] = {("sandbox", Method.SEND): Pace(per_second=0.05, burst=3)}


@pytest.fixture
async def due(world: World) -> Campaign:
    """A round of which nothing has gone out yet."""
    return await world.start(deliver=False)


def paced(world: World, paces: Paces = SLOW) -> SqlOutbox:
    """The outbox of another process, at this pace."""
    ballots = Ballots(timezone="Europe/Berlin")
    return SqlOutbox(world.product.database, ballots, paces=paces)


async def seconds_pass(world: World, seconds: float) -> None:
    """On the database's clock, which nobody can turn: all it knows was so much earlier."""
    for row in await world.rows(select(lanes)):
        mine = (lanes.c.platform == row.platform) & (lanes.c.method == row.method)
        by = timedelta(seconds=seconds)
        values = {"filled_at": row.filled_at - by}
        if row.closed_until is not None:
            values["closed_until"] = row.closed_until - by
        await world.rows(lanes.update().where(mine).values(values))


async def lane(world: World, method: Method = Method.SEND) -> tuple[int, float]:
    """How often there was trouble, and for how many seconds it is shut still."""
    now = database_now(world.product.database).label("now")
    (row,) = await world.rows(select(lanes, now).where(lanes.c.method == method.value))
    left = 0.0 if row.closed_until is None else (row.closed_until - row.now).total_seconds()
    return row.trouble, left


async def claim(outbox: SqlOutbox, world: World, limit: int = 50) -> list[Delivery]:
    return list(await outbox.claim(at=world.clock.at, limit=limit))


async def test_two_processes_share_one_pace(world: World, due: Campaign) -> None:
    other = world.restarted()
    here, there = paced(world), paced(other)
    claims = await asyncio.gather(*(claim(one, world) for one in (here, there) * 4))
    assert sum(len(found) for found in claims) == 3 < due.invited

    await seconds_pass(world, 40)
    claims = await asyncio.gather(*(claim(one, world) for one in (here, there)))
    await other.close()
    assert sum(len(found) for found in claims) == 2


@pytest.mark.usefixtures("due")
async def test_a_platform_is_used_at_the_pace_that_it_names(world: World) -> None:
    platform = PeerMessenger("http://peer.test", paces={Method.SEND: SLOW["sandbox", Method.SEND]})
    other = put_together(world.settings, clock=world.clock, others={"peer": platform})
    await world.rows(deliveries.update().values(platform="peer"))
    claimed = await other.outbox.claim(at=world.clock.at, limit=50)
    await other.let_go()
    assert len(claimed) == 3


@pytest.mark.usefixtures("due")
async def test_tokens_come_by_the_databases_clock_whatever_ours_says(world: World) -> None:
    outbox = paced(world)
    assert len(await claim(outbox, world)) == 3
    world.clock.forward(hours=1)
    assert await claim(outbox, world) == []


@pytest.mark.usefixtures("due")
async def test_a_long_pause_saves_up_no_more_than_a_burst(world: World) -> None:
    outbox = paced(world)
    assert len(await claim(outbox, world, limit=1)) == 1
    await seconds_pass(world, 3_600)
    assert len(await claim(outbox, world)) == 3


async def test_updates_have_a_pace_of_their_own(world: World) -> None:
    campaign = await world.start()
    await world.product.close(campaign)
    world.clock.forward(seconds=10)
    await world.product.close.settle()
    updates = paced(world, {("sandbox", Method.SEND): Pace(per_second=0.001, burst=1)})
    found = await claim(updates, world)
    assert {delivery.kind for delivery in found} == {DeliveryKind.UPDATE}
    assert len(found) == campaign.invited


class Gate:
    """The sandbox behind a gate that answers as it is told."""

    def __init__(self, world: World) -> None:
        self.inner = world.product.worker.messengers["sandbox"]
        self.says: Exception | None = None
        self.calls = 0
        object.__setattr__(world.product.worker, "messengers", {"sandbox": self})

    async def send(self, address: Address, card: Card, *, delivery_id: object) -> MessageRef:
        self.calls += 1
        if self.says is not None:
            raise self.says
        return await self.inner.send(address, card, delivery_id=delivery_id)  # type: ignore[arg-type]

    async def update(self, address: Address, ref: MessageRef, card: Card) -> None:
        await self.inner.update(address, ref, card)

    async def find(self, address: Address, delivery_id: object) -> MessageRef | None:
        return await self.inner.find(address, delivery_id)  # type: ignore[arg-type]


async def test_a_platform_that_tells_nothing_is_asked_by_one_message_at_a_time(
    world: World, due: Campaign
) -> None:
    gate = Gate(world)
    gate.says = OutcomeUnknown("503")
    await world.product.worker()
    assert (gate.calls, (await world.states(due))["planned"]) == (5, due.invited - 5)
    await world.product.worker()
    assert gate.calls == 5
    await seconds_pass(world, 3)
    await world.product.worker()
    assert gate.calls == 6
    trouble, left = await lane(world)
    assert (trouble, 1.9 < left <= 4) == (2, True)

    gate.says = None
    await seconds_pass(world, 5)
    world.clock.forward(minutes=5)
    await world.product.worker()
    world.clock.forward(minutes=5)
    await world.product.worker()
    assert await world.states(due) == {"sent": due.invited}
    assert (await lane(world))[0] == 0


async def test_retry_after_shuts_that_method_alone(world: World, due: Campaign) -> None:
    first, *_ = await claim(world.product.outbox, world, limit=1)
    wait = timedelta(seconds=40)
    await world.product.outbox.busy(first, wait=wait, reason="429")

    trouble, left = await lane(world)
    assert (trouble, 38 < left <= 40) == (0, True)
    assert await lane(world, Method.UPDATE) == (0, 0.0)
    assert await claim(world.product.outbox, world) == []
    await seconds_pass(world, 41)
    assert len(await claim(world.product.outbox, world)) == due.invited  # and nobody is a probe


@pytest.mark.usefixtures("due")
async def test_a_shorter_wish_does_not_open_a_lane_before_a_longer_one(world: World) -> None:
    one, two = await claim(world.product.outbox, world, limit=2)
    await world.product.outbox.busy(one, wait=timedelta(seconds=40), reason="429")
    await world.product.outbox.busy(two, wait=timedelta(seconds=1), reason="429")
    assert (await lane(world))[1] > 38


@pytest.mark.usefixtures("due")
async def test_what_many_hear_at_once_doubles_no_pause(world: World) -> None:
    claimed = await claim(world.product.outbox, world)
    busy = world.product.outbox.busy
    await asyncio.gather(*(busy(one, wait=None, reason="429") for one in claimed))
    trouble, left = await lane(world)
    assert (trouble, 0 < left <= 2) == (1, True)

    await seconds_pass(world, 3)
    (probe,) = await claim(world.product.outbox, world)
    assert probe.probe
    await busy(probe, wait=None, reason="429")
    trouble, left = await lane(world)
    assert (trouble, 1.9 < left <= 4) == (2, True)


async def test_a_refusal_pauses_all_with_one_alert_and_a_probe_resumes_by_itself(
    world: World, due: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = Gate(world)
    gate.says = PlatformRefuses("invalid_auth")
    await world.product.worker()
    await world.product.worker()
    assert gate.calls <= 10
    assert await world.states(due) == {"planned": due.invited}
    for method in Method:
        trouble, left = await lane(world, method)
        assert (trouble, left > 5) == (1, True)

    before = gate.calls
    await seconds_pass(world, 60)
    await world.product.worker()
    assert gate.calls == before + 1  # a probe, which found out that it still does
    said = capsys.readouterr().out
    assert said.count("platform_refuses_us") == 1

    gate.says = None
    await seconds_pass(world, 3_600)
    await world.product.worker()
    assert await world.states(due) == {"sent": due.invited}
    assert capsys.readouterr().out.count("platform_is_well_again") == 1
    assert await lane(world) == (0, 0.0)


@pytest.mark.usefixtures("due")
async def test_two_processes_that_are_refused_at_once_raise_one_alert(world: World) -> None:
    other = world.restarted()
    claimed = await claim(world.product.outbox, world)
    outboxes = (world.product.outbox, other.product.outbox)
    alerts = await asyncio.gather(
        *(
            outboxes[place % 2].refused(delivery, reason="invalid_auth")
            for place, delivery in enumerate(claimed)
        )
    )
    await other.close()
    assert alerts.count(True) == 1


async def test_a_busy_platform_makes_nobody_fail(world: World, due: Campaign) -> None:
    gate = Gate(world)
    gate.says = PlatformBusy("429")
    for _ in range(12):
        await world.product.worker()
        await seconds_pass(world, 3_600)
    assert await world.states(due) == {"planned": due.invited}
    gate.says = None
    await world.product.worker()
    assert await world.states(due) == {"sent": due.invited}


async def test_whoever_waits_in_however_many_workspaces_is_found_by_one_look(
    world: World, due: Campaign
) -> None:
    rows = await world.rows(select(deliveries.c.id))
    for place, row in enumerate(rows):
        await world.rows(
            deliveries.update()
            .where(deliveries.c.id == row.id)
            .values(platform=f"chat{place % 2}", workspace=f"w{place % 5}")
        )
    looks = []

    def run(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "RECURSIVE" in statement:
            looks.append(statement)

    event.listen(world.product.database.engine.sync_engine, "before_cursor_execute", run)
    claimed = await claim(paced(world, {}), world)
    assert {found.id for found in claimed} == {row.id for row in rows}
    assert len(claimed) == due.invited
    assert len(looks) == 1


async def test_another_workspace_goes_on(world: World, due: Campaign) -> None:
    first, *_ = await claim(world.product.outbox, world, limit=1)
    elsewhere = replace(first, address=replace(first.address, workspace="elsewhere"))
    await world.product.outbox.refused(elsewhere, reason="invalid_auth")
    assert len(await claim(world.product.outbox, world)) == due.invited
