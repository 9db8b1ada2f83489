"""Messages as they are planned: rows that a worker will claim."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import insert_many
from storage.tables import deliveries
from survey.person import Address
from survey.states import DeliveryKind, DeliveryState

_COLUMNS = (
    "id",
    "invitation_id",
    "kind",
    "ordinal",
    "platform",
    "workspace",
    "user_id",
    "state",
    "due_at",
)


async def plan_messages(
    connection: AsyncConnection,
    kind: DeliveryKind,
    messages: Iterable[tuple[UUID, int, Address, datetime]],
) -> None:
    """Plan a message each, however many, at once.

    Args:
        connection: In whose transaction.
        kind: What they are for.
        messages: The invitation, the number among its messages of this kind, where to, and when
            (UTC).

    Raises:
        IntegrityError: If an invitation has a message of that kind and number already.
    """
    planned = DeliveryState.PLANNED.value
    await insert_many(
        connection,
        deliveries,
        _COLUMNS,
        (
            (
                uuid4(),
                invitation_id,
                kind.value,
                ordinal,
                address.platform,
                address.workspace,
                address.user_id,
                planned,
                due_at,
            )
            for invitation_id, ordinal, address, due_at in messages
        ),
    )
