"""Messages that arrived are written down together, each by its own right."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import event, select

from storage.tables import deliveries, invitations
from survey.campaign import Campaign
from survey.delivery import Delivery, MessageRef
from survey.states import DeliveryState, InvitationState
from tests.world import World


async def arrive(world: World, claimed: Sequence[Delivery]) -> list[bool]:
    """All of them at about the same time."""
    last = len(claimed) - 1
    return await asyncio.gather(
        *(
            world.product.outbox.sent(
                delivery,
                MessageRef(channel="c", message=f"m{place}"),
                at=world.clock.at,
                more=place < last,
            )
            for place, delivery in enumerate(claimed)
        )
    )


async def test_a_batch_that_arrived_is_one_transaction(world: World) -> None:
    campaign = await world.start(deliver=False)
    claimed = await world.product.outbox.claim(at=world.clock.at, limit=50)
    assert len(claimed) == campaign.invited
    commits: list[object] = []
    engine = world.product.database.engine.sync_engine

    def committed(connection: object) -> None:
        commits.append(connection)

    event.listen(engine, "commit", committed)

    assert await arrive(world, claimed) == [True] * campaign.invited

    assert len(commits) == 1
    states = await world.rows(select(deliveries.c.state, invitations.c.state).join(invitations))
    assert {tuple(row) for row in states} == {
        (DeliveryState.SENT.value, InvitationState.SENT.value)
    }
    refs = await world.rows(select(deliveries.c.id, deliveries.c.message_ref))
    expected = {delivery.id: f"m{place}" for place, delivery in enumerate(claimed)}
    assert {row.id: row.message_ref for row in refs} == expected
    assert (await world.product.rounds.by_id(campaign.id)).reached == campaign.invited


async def test_in_a_batch_too_each_is_held_by_its_own_fence(world: World) -> None:
    campaign: Campaign = await world.start(deliver=False)
    one, other, *_ = await world.product.outbox.claim(at=world.clock.at, limit=50)
    await world.rows(
        deliveries.update().where(deliveries.c.id == other.id).values(attempt=other.attempt + 1)
    )

    assert await arrive(world, [one, other, one]) == [True, False, False]

    found = await world.rows(
        select(deliveries.c.message_ref).where(deliveries.c.state == DeliveryState.SENT.value)
    )
    assert [row.message_ref for row in found] == ["m0"]
    assert (await world.product.rounds.by_id(campaign.id)).reached == 1
