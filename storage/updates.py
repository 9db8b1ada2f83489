"""Messages that went out and must change: planned like everything else that goes out."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import deliveries, invitations
from survey.delivery import MessageRef
from survey.person import EMAIL
from survey.states import ABOUT, DeliveryKind, DeliveryState

EVERY_MESSAGE = frozenset({*ABOUT, DeliveryKind.NOTICE})
"""What shows how an invitation stands: the person's own messages, and alerts about it."""


async def plan_updates(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    *,
    at: datetime,
    but: MessageRef | None = None,
    kinds: Collection[DeliveryKind] = EVERY_MESSAGE,
) -> None:
    """Plan an update of every message of the invitations that `which` means, in one statement.

    What went out by e-mail stays as it was sent. An update that is planned already is as good as a
    new one: it is composed when it is sent.

    Args:
        connection: One that has locked those invitations, where others may plan updates too.
        which: Of `invitations`.
        at: Now.
        but: The message that was pressed: the answer to the press changes it.
        kinds: Messages of these alone.
    """
    original, planned = deliveries.alias("original"), deliveries.alias("planned")
    waits = exists().where(
        planned.c.invitation_id == original.c.invitation_id,  # which has an index
        planned.c.target_id == original.c.id,
        planned.c.state == DeliveryState.PLANNED.value,
    )
    pressed = (
        false()
        if but is None
        else and_(original.c.channel_ref == but.channel, original.c.message_ref == but.message)
    )
    place = func.row_number().over(
        partition_by=original.c.invitation_id, order_by=original.c.sent_at
    )
    before = (
        select(func.coalesce(func.max(deliveries.c.ordinal), 0))
        .where(
            deliveries.c.invitation_id == original.c.invitation_id,
            deliveries.c.kind == DeliveryKind.UPDATE.value,
        )
        .scalar_subquery()
    )
    fresh_id = func.gen_random_uuid()
    if connection.dialect.name == "sqlite":
        fresh_id = func.lower(func.hex(func.randomblob(16)))
    await connection.execute(
        deliveries.insert().from_select(
            [
                "id",
                "invitation_id",
                "kind",
                "ordinal",
                "target_id",
                "platform",
                "workspace",
                "user_id",
                "state",
                "due_at",
            ],
            select(
                fresh_id,
                original.c.invitation_id,
                literal(DeliveryKind.UPDATE.value),
                before + place,
                original.c.id,
                original.c.platform,
                original.c.workspace,
                original.c.user_id,
                literal(DeliveryState.PLANNED.value),
                literal(at, deliveries.c.due_at.type),
            )
            .join(invitations, invitations.c.id == original.c.invitation_id)
            .where(
                which,
                original.c.message_ref.is_not(None),
                original.c.platform != EMAIL,
                original.c.kind.in_(sorted(kind.value for kind in kinds)),
                ~waits,
                ~pressed,
            ),
        )
    )
