"""The outbox on a real database: everything goes out once, whoever dies in between."""

import asyncio
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from storage.tables import deliveries, invitations, lanes, sandbox_messages
from survey.campaign import Campaign
from survey.card import Card
from survey.delivery import ATTEMPTS, Delivery, MessageRef
from survey.messenger import OutcomeUnknown, PlatformBusy, RecipientUnreachable
from survey.states import DeliveryState, InvitationState
from tests.world import Process, World, email

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def due(world: World) -> Campaign:
    """A round of which nothing has gone out yet."""
    return await world.start(deliver=False)


async def row(world: World, number: UUID) -> tuple[str, int, str | None]:
    """A delivery's state, attempt and message."""
    (found,) = await world.rows(select(deliveries).where(deliveries.c.id == number))
    return found.state, found.attempt, found.message_ref


async def leases_run_out(world: World) -> None:
    """Two minutes pass on the database's clock, which is nobody's to turn."""
    held = deliveries.c.state == DeliveryState.SENDING.value
    await world.rows(deliveries.update().where(held).values(lease_until=LONG_AGO))


async def send(world: World, delivery: Delivery) -> MessageRef:
    """Only what the platform does; nothing is recorded."""
    card = await world.product.compose(delivery.invitation)
    messenger = world.product.worker.messengers["sandbox"]
    return await messenger.send(delivery.address, card, delivery_id=delivery.id)


async def lanes_open(world: World) -> None:
    """As after a pause for a platform in trouble, on the database's clock."""
    await world.rows(lanes.update().values(closed_until=None, trouble=0))


async def messages(world: World) -> Counter[str]:
    """Inbox → messages."""
    found = await world.rows(select(sandbox_messages.c.inbox))
    return Counter(inbox for (inbox,) in found)


async def test_two_workers_at_once_never_claim_the_same(world: World, due: Campaign) -> None:
    other = world.restarted()
    at = world.clock.at
    claims = await asyncio.gather(
        *((world, other)[place % 2].product.outbox.claim(at=at, limit=3) for place in range(8))
    )
    await other.close()

    assert all(len(claim) <= 3 for claim in claims)
    taken = [delivery.id for claim in claims for delivery in claim]
    assert len(taken) == len(set(taken)) == due.invited


async def test_two_workers_at_once_send_everything_once(world: World, due: Campaign) -> None:
    other = world.restarted()
    handled = await asyncio.gather(*(one.product.worker() for one in (world, other, world)))
    await other.close()

    assert sum(handled) == due.invited
    assert set((await messages(world)).values()) == {1}
    assert await world.states(due) == {"sent": due.invited}
    assert (await world.product.rounds.by_id(due.id)).reached == due.invited


async def test_nothing_is_claimed_before_its_time(world: World, due: Campaign) -> None:
    await world.rows(deliveries.update().values(due_at=world.clock.at + timedelta(seconds=1)))
    assert await world.product.outbox.claim(at=world.clock.at, limit=50) == []
    world.clock.forward(seconds=1)
    assert len(await world.product.outbox.claim(at=world.clock.at, limit=50)) == due.invited


async def test_a_worker_whose_lease_ran_out_is_fenced_off(world: World, due: Campaign) -> None:
    outbox = world.product.outbox
    slow, *_ = await outbox.claim(at=world.clock.at, limit=1)
    assert await outbox.claim_unknown(at=world.clock.at, limit=50) == []
    await leases_run_out(world)
    (second,) = await outbox.claim_unknown(at=world.clock.at, limit=50)
    assert (second.id, second.attempt) == (slow.id, slow.attempt + 1)
    late = MessageRef(channel="late", message="1")
    later = world.clock.at + timedelta(minutes=1)

    assert await outbox.sent(slow, late, at=world.clock.at) is False
    assert await outbox.failed(slow, reason="late") is False
    assert await outbox.skipped(slow, reason="late") is False
    assert await outbox.unknown(slow, until=later, reason="late") is False
    assert await outbox.postponed(slow, until=later, reason="late") is False
    assert await row(world, slow.id) == ("sending", second.attempt, None)
    found = await world.rows(select(invitations.c.state).distinct())
    assert [state for (state,) in found] == [InvitationState.PENDING.value]
    assert (await world.product.rounds.by_id(due.id)).reached == 0

    assert await outbox.sent(second, await send(world, second), at=world.clock.at) is True
    assert await outbox.sent(second, late, at=world.clock.at) is False
    assert (await world.product.rounds.by_id(due.id)).reached == 1


async def test_fault_57_what_was_on_its_way_is_looked_up_though_the_clock_was_put_back(
    world: World, due: Campaign
) -> None:
    lost = await world.product.outbox.claim(at=world.clock.at, limit=50)
    await leases_run_out(world)
    world.clock.forward(hours=-1)
    found = await world.product.outbox.claim_unknown(at=world.clock.at, limit=50)
    assert {delivery.id for delivery in found} == {delivery.id for delivery in lost}

    soon = world.clock.at + timedelta(seconds=1)
    for delivery in found:
        assert await world.product.outbox.unknown(delivery, until=soon, reason="nobody tells")
    assert await world.product.outbox.claim_unknown(at=world.clock.at, limit=50) == []
    assert await world.states(due) == {"unknown": due.invited}


async def test_what_a_lost_worker_left_does_not_wait_behind_what_nobody_can_tell_of(
    world: World, due: Campaign
) -> None:
    outbox, at = world.product.outbox, world.clock.at
    parked = await outbox.claim(at=at, limit=due.invited - 2)
    for delivery in parked:
        await outbox.unknown(delivery, until=at, reason="nobody tells")
    waiting = deliveries.c.state == DeliveryState.UNKNOWN.value
    long_before = LONG_AGO - timedelta(hours=1)
    await world.rows(deliveries.update().where(waiting).values(lease_until=long_before))
    left = await outbox.claim(at=at, limit=2)
    await leases_run_out(world)

    found = await outbox.claim_unknown(at=at, limit=2)
    assert {delivery.id for delivery in found} == {delivery.id for delivery in left}
    found = await outbox.claim_unknown(at=at, limit=50)
    assert {delivery.id for delivery in found} == {delivery.id for delivery in parked}


async def test_who_was_quicker_than_our_bookkeeping_has_still_answered(
    world: World, due: Campaign
) -> None:
    claimed = await world.product.outbox.claim(at=world.clock.at, limit=50)
    refs = [await send(world, delivery) for delivery in claimed]
    await world.press(1, 9)
    gone = await world.press_of(2)
    person = (await world.invitation(2)).person
    await world.product.people.opt_out(person, survey=None, at=world.clock.at)
    for delivery, ref in zip(claimed, refs, strict=True):
        assert await world.product.outbox.sent(delivery, ref, at=world.clock.at)

    assert (await world.invitation(1)).state is InvitationState.ANSWERED
    assert (await world.product.answers.show(gone)).state is InvitationState.OPTED_OUT
    assert (await world.invitation(3)).state is InvitationState.SENT
    assert await world.scores(due) == {9: 1}


async def test_a_lost_message_that_had_arrived_is_adopted(world: World, due: Campaign) -> None:
    lost = await world.product.outbox.claim(at=world.clock.at, limit=3)
    refs = [await send(world, delivery) for delivery in lost]
    await leases_run_out(world)

    await world.product.worker()

    for delivery, ref in zip(lost, refs, strict=True):
        assert await row(world, delivery.id) == ("sent", delivery.attempt + 1, ref.message)
    assert set((await messages(world)).values()) == {1}
    assert (await world.product.rounds.by_id(due.id)).reached == due.invited


async def test_a_lost_message_that_had_not_arrived_is_planned_again(
    world: World, due: Campaign
) -> None:
    lost, *_ = await world.product.outbox.claim(at=world.clock.at, limit=1)
    await leases_run_out(world)

    await world.product.worker()
    assert (await row(world, lost.id))[0] == "planned"
    assert email(0) not in await messages(world)
    world.clock.forward(minutes=5)
    await world.product.worker()

    assert (await row(world, lost.id))[0] == "sent"
    assert set((await messages(world)).values()) == {1}
    assert len(await messages(world)) == due.invited


class Moody:
    """A platform on a bad day: it does what the next of its moods says."""

    repeats = False

    def __init__(self, world: World, *moods: Exception | bool) -> None:
        self.well = world.product.worker.messengers["sandbox"]
        self.moods = list(moods)
        self.mute = False

    async def send(self, address: object, card: Card, *, delivery_id: UUID) -> MessageRef:
        mood = self.moods.pop(0) if self.moods else True
        if isinstance(mood, bool):
            return await self.well.send(address, card, delivery_id=delivery_id)  # type: ignore[arg-type]
        if isinstance(mood, OutcomeUnknown) and str(mood) == "it arrived":
            await self.well.send(address, card, delivery_id=delivery_id)  # type: ignore[arg-type]
        raise mood

    async def update(self, address: object, ref: MessageRef, card: Card) -> None:
        await self.well.update(address, ref, card)  # type: ignore[arg-type]

    async def find(self, address: object, delivery_id: UUID) -> MessageRef | None:
        if self.mute:
            raise OutcomeUnknown("503")
        return await self.well.find(address, delivery_id)  # type: ignore[arg-type]


async def test_a_platform_on_a_bad_day_leaves_nothing_twice_and_nothing_behind(
    world: World, due: Campaign
) -> None:
    moody = Moody(
        world,
        OutcomeUnknown("it arrived"),
        OutcomeUnknown("it was dropped"),
        RecipientUnreachable("no such user\nreally"),
        RuntimeError("a bug of the adapter"),
        PlatformBusy("slow down", retry_after=timedelta(minutes=10)),
    )
    object.__setattr__(world.product.worker, "messengers", {"sandbox": moody})
    await world.product.worker()
    left = due.invited - 5  # claimed, and put back when the platform wanted patience
    assert await world.states(due) == {"unknown": 3, "planned": 1 + left, "failed": 1}
    world.clock.forward(minutes=9)
    await world.product.worker()  # one had arrived, and two had not
    assert await world.states(due) == {"sent": 1, "planned": 3 + left, "failed": 1}
    await world.rows(lanes.update().values(closed_until=LONG_AGO))
    for _ in range(3):
        world.clock.forward(minutes=6)
        await world.product.worker()

    assert await world.states(due) == {"sent": due.invited - 1, "failed": 1}
    assert set((await messages(world)).values()) == {1}
    assert len(await messages(world)) == due.invited - 1
    assert (await world.product.rounds.by_id(due.id)).reached == due.invited - 1


async def test_a_message_that_never_goes_out_is_given_up(world: World, due: Campaign) -> None:
    moody = Moody(world, *[OutcomeUnknown("it was dropped")] * 1_000)
    object.__setattr__(world.product.worker, "messengers", {"sandbox": moody})
    for _ in range(6 * ATTEMPTS):
        await world.product.worker()
        world.clock.forward(minutes=10)
        await lanes_open(world)

    assert await world.states(due) == {"failed": due.invited}
    rows = await world.rows(select(invitations.c.state).distinct())
    assert [state for (state,) in rows] == [InvitationState.UNDELIVERABLE.value]
    assert len(moody.moods) == 1_000 - ATTEMPTS * due.invited


async def test_an_hour_in_which_nobody_could_be_asked_gives_nobody_up(
    world: World, due: Campaign
) -> None:
    moody = Moody(world, *[OutcomeUnknown("503")] * due.invited)
    object.__setattr__(world.product.worker, "messengers", {"sandbox": moody})
    moody.mute = True
    for _ in range(3 * ATTEMPTS):
        await world.product.worker()
        world.clock.forward(minutes=5)
        await lanes_open(world)
    assert await world.states(due) == {"unknown": due.invited}

    moody.mute = False
    for _ in range(2):
        await world.product.worker()
        world.clock.forward(minutes=5)
    assert await world.states(due) == {"sent": due.invited}
    assert set((await messages(world)).values()) == {1}


async def sent_so_far(world: World) -> int:
    """Messages that are there; looking does not hold the worker up."""
    async with world.product.database.read() as connection:
        return int(await connection.scalar(select(func.count(sandbox_messages.c.id))) or 0)


async def until_sent(world: World, number: int, worker: Process) -> None:
    deadline = time.monotonic() + 60
    while await sent_so_far(world) < number:
        assert worker.process.poll() is None, worker.said.read_text()
        assert time.monotonic() < deadline, await world.rows(select(deliveries))
        await asyncio.sleep(0.005)


async def test_a_worker_that_is_killed_in_the_middle_leaves_everybody_with_one_message(
    world: World,
) -> None:
    world.clock.at = datetime.now(UTC)
    await world.populate(200)
    campaign = await world.start(deliver=False)
    with Process(world.folder, "run", "--only", "worker", **world.environ) as worker:
        await until_sent(world, 67, worker)
        assert worker.stop(signal.SIGKILL) == -signal.SIGKILL
    assert 67 <= await sent_so_far(world) < 200
    assert (await world.states(campaign))["sending"] > 0
    await leases_run_out(world)
    with Process(world.folder, "run", "--only", "worker", **world.environ) as worker:
        await until_sent(world, 200, worker)
        await asyncio.sleep(1)
        assert worker.stop() == 0

    assert await world.states(campaign) == {"sent": 200}
    found = await messages(world)
    assert len(found) == 200
    assert set(found.values()) == {1}
    assert (await world.product.rounds.by_id(campaign.id)).reached == 200


async def test_a_worker_that_is_asked_to_stop_records_what_it_has_begun(world: World) -> None:
    world.clock.at = datetime.now(UTC)
    await world.populate(200)
    campaign = await world.start(deliver=False)
    soon = world.clock.at + timedelta(seconds=4)
    await world.rows(deliveries.update().values(due_at=soon))

    with Process(world.folder, "run", "--only", "worker", **world.environ) as worker:
        await until_sent(world, 5, worker)
        assert worker.stop() == 0

    sent = await sent_so_far(world)
    assert await world.states(campaign) == {"sent": sent, "planned": 200 - sent}
