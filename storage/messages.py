"""Messages that stand in a chat: which are ours, and what they are about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect

from storage.arrivals import Arrival, record
from storage.claims import hold, load_deliveries
from storage.engine import Database
from storage.invitations import Ballots
from storage.press import Compiled
from storage.tables import addresses, deliveries, invitations
from survey.card import Subject
from survey.delivery import MessageRef
from survey.person import Address
from survey.states import ABOUT, DeliveryState

_ABOUT = sorted(kind.value for kind in ABOUT)
_UNDER_WAY = (DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value)
_STORED = select(deliveries.c.state, deliveries.c.channel_ref, deliveries.c.message_ref).where(
    deliveries.c.id == bindparam("delivery", type_=Uuid())
)


class SqlMessages:
    """The port `Messages` on a database."""

    def __init__(self, database: Database, ballots: Ballots) -> None:
        self._database = database
        self._ballots = ballots
        if not database.is_sqlite:
            self._postgresql = Compiled(_STORED, asyncpg_dialect.dialect())  # type: ignore[no-untyped-call]

    async def vouch(self, delivery_id: UUID, ref: MessageRef, *, at: datetime) -> bool:
        """See the port."""
        row = await self._stored(delivery_id)
        if row is None:
            return False
        state, channel, message = row
        if message is None and state in _UNDER_WAY:
            return await self._adopt(delivery_id, ref, at=at)
        return (channel, message) == (ref.channel, ref.message)

    async def _stored(self, delivery_id: UUID) -> Sequence[Any] | None:
        """State, channel and message; a press waits for it, so it comes the way of presses."""
        if self._database.is_sqlite:
            async with self._database.read() as connection:
                return (await connection.execute(_STORED, {"delivery": delivery_id})).one_or_none()
        async with self._database.driver() as connection:
            row: Sequence[Any] | None = await connection.fetchrow(
                self._postgresql.text, *self._postgresql.arguments({"delivery": delivery_id})
            )
            return row

    async def _adopt(self, delivery_id: UUID, ref: MessageRef, *, at: datetime) -> bool:
        """Record it as sent; whoever sent it finds its fence gone, and writes nothing."""
        under_way = (
            select(deliveries.c.id)
            .where(
                deliveries.c.id == delivery_id,
                deliveries.c.message_ref.is_(None),
                deliveries.c.state.in_(_UNDER_WAY),
            )
            # Another press may be adopting it: who waited for that one finds nothing left to do.
            .with_for_update()
        )
        async with self._database.write() as connection:
            held = await hold(connection, self._database, under_way)
            found = await load_deliveries(connection, held, self._ballots)
            if found:
                await record(connection, [Arrival(delivery=found[0], ref=ref, at=at)])
                return True
            # It was recorded meanwhile.
            return (
                await connection.scalar(
                    select(deliveries.c.id).where(
                        deliveries.c.id == delivery_id,
                        deliveries.c.channel_ref == ref.channel,
                        deliveries.c.message_ref == ref.message,
                    )
                )
            ) is not None

    async def about(self, address: Address, ref: MessageRef) -> Subject | None:
        """See the port."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(invitations.c.campaign_id, invitations.c.id)
                    .join(addresses, addresses.c.person_id == invitations.c.person_id)
                    .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
                    .where(
                        addresses.c.platform == address.platform,
                        addresses.c.workspace == address.workspace,
                        addresses.c.user_id == address.user_id,
                        deliveries.c.channel_ref == ref.channel,
                        deliveries.c.message_ref == ref.message,
                        deliveries.c.kind.in_(_ABOUT),
                    )
                    .limit(1)
                )
            ).one_or_none()
        if row is None:
            return None
        return Subject(campaign_id=row.campaign_id, invitation_id=row.id)

    async def latest(self, address: Address, subject: Subject) -> MessageRef | None:
        """See the port."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(deliveries.c.channel_ref, deliveries.c.message_ref)
                    .where(
                        deliveries.c.invitation_id == subject.invitation_id,
                        deliveries.c.platform == address.platform,
                        deliveries.c.workspace == address.workspace,
                        deliveries.c.user_id == address.user_id,
                        deliveries.c.kind.in_(_ABOUT),
                        deliveries.c.message_ref.is_not(None),
                    )
                    .order_by(deliveries.c.sent_at.desc())
                    .limit(1)
                )
            ).one_or_none()
        return None if row is None else MessageRef(channel=row.channel_ref, message=row.message_ref)
