"""A press below a message of which nobody knows yet that it arrived."""

import asyncio

from sqlalchemy import select

from storage.invitations import Ballots
from storage.messages import SqlMessages
from storage.tables import campaigns, deliveries
from survey.delivery import MessageRef
from tests.world import World

POSTED = MessageRef(channel="c" * 26, message="p" * 26)


async def test_a_message_that_many_presses_adopt_at_once_is_counted_once(world: World) -> None:
    round_ = await world.start(deliver=False)
    product = world.product
    taken = await product.outbox.claim(at=world.clock.at, limit=3)
    messages = SqlMessages(product.database, Ballots(timezone="Europe/Berlin"))

    for one in taken:
        vouched = await asyncio.gather(
            *(messages.vouch(one.id, POSTED, at=world.clock.at) for _ in range(8))
        )
        assert vouched == [True] * 8
        await product.outbox.sent(one, POSTED, at=world.clock.at)

    rows = await world.rows(
        select(deliveries.c.state).where(deliveries.c.id.in_([one.id for one in taken]))
    )
    assert [row.state for row in rows] == ["sent"] * 3
    (reached,) = await world.rows(select(campaigns.c.reached).where(campaigns.c.id == round_.id))
    assert reached.reached == 3
