"""The deliveries as a queue: claimed under a lease, recorded with a fence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.invitations import Ballots, load_invitations
from storage.lanes import Lane, Paces, database_now, open_lanes, shut, take, well_again
from storage.rows import SILENCE, silence_of
from storage.tables import Instant, campaigns, deliveries, invitations, people
from survey.delivery import LEASE, Delivery, MessageRef, Method, method_of
from survey.person import Address
from survey.states import CampaignState, DeliveryKind, DeliveryState, InvitationState

_queue = deliveries.alias("queue")
_NO_LIMITS: Paces = {}


class SqlOutbox:
    """The port `Outbox` on a database. Leases run by the database's own clock.

    Args:
        paces: How fast each platform is used, over all processes.
    """

    def __init__(self, database: Database, ballots: Ballots, *, paces: Paces = _NO_LIMITS) -> None:
        self._database = database
        self._paces = paces
        self._ballots = ballots

    async def claim(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        taken: list[UUID] = []
        probes: set[UUID] = set()
        async with self._database.write() as connection:
            for lane in await open_lanes(connection, self._database, self._paces):
                left = limit - len(taken)
                number = left if lane.allowed is None else min(left, lane.allowed)
                if number < 1:
                    continue
                mine = await self._take(connection, self._due(lane, at=at, number=number))
                taken.extend(mine)
                if lane.troubled:
                    probes.update(mine)
                if mine and lane.allowed is not None:
                    await take(connection, lane, len(mine))
            found = await self._load(connection, taken)
        return [replace(one, probe=one.id in probes) for one in found]

    def _due(self, lane: Lane, *, at: datetime, number: int) -> Any:
        updates = _queue.c.kind == DeliveryKind.UPDATE.value
        return (
            select(_queue.c.id)
            .join(invitations, invitations.c.id == _queue.c.invitation_id)
            .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
            .where(
                _queue.c.state == DeliveryState.PLANNED.value,
                _queue.c.platform == lane.platform,
                _queue.c.workspace == lane.workspace,
                updates if lane.method is Method.UPDATE else ~updates,
                _queue.c.due_at <= at,
                # A paused round sends nothing, but its messages still change.
                or_(campaigns.c.state != CampaignState.PAUSED.value, updates),
            )
            .order_by(_queue.c.due_at)
            .limit(number)
            .with_for_update(skip_locked=True, of=_queue)
        )

    async def claim_unknown(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        lost = (
            select(_queue.c.id)
            .where(
                _queue.c.state.in_([DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value]),
                _queue.c.lease_until < database_now(self._database),
                _queue.c.due_at <= at,
            )
            .order_by(_queue.c.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True, of=_queue)
        )
        async with self._database.write() as connection:
            return await self._load(connection, await self._take(connection, lost))

    async def busy(self, delivery: Delivery, *, wait: timedelta | None, reason: str) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await self._end(
                connection,
                delivery,
                state=DeliveryState.PLANNED,
                reason=reason,
                lease_until=None,
            )
            await shut(
                connection,
                self._database,
                (delivery.address.platform, delivery.address.workspace),
                [method_of(delivery)],
                wait=wait,
                reason=reason,
            )

    async def refused(self, delivery: Delivery, *, reason: str) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            await self._end(
                connection,
                delivery,
                state=DeliveryState.PLANNED,
                reason=reason,
                lease_until=None,
            )
            return await shut(
                connection,
                self._database,
                (delivery.address.platform, delivery.address.workspace),
                tuple(Method),
                wait=None,
                reason=reason,
            )

    async def well(self, delivery: Delivery) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            return await well_again(
                connection, delivery.address.platform, delivery.address.workspace
            )

    async def sent(self, delivery: Delivery, ref: MessageRef, *, at: datetime) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            written = await self._end(
                connection,
                delivery,
                state=DeliveryState.SENT,
                sent_at=at,
                channel_ref=ref.channel,
                message_ref=ref.message,
            )
            if not written or delivery.kind is DeliveryKind.UPDATE:
                return written
            others = await connection.scalar(
                select(func.count()).where(
                    deliveries.c.invitation_id == delivery.invitation.id,
                    deliveries.c.id != delivery.id,
                    deliveries.c.kind != DeliveryKind.UPDATE.value,
                    deliveries.c.sent_at.is_not(None),
                )
            )
            # The campaign before the invitation, as everywhere: nobody waits in a circle.
            if others:
                await connection.execute(
                    invitations.update()
                    .where(invitations.c.id == delivery.invitation.id)
                    .values(messages=others + 1)
                )
            else:
                await connection.execute(
                    campaigns.update()
                    .where(campaigns.c.id == delivery.invitation.campaign.id)
                    .values(reached=campaigns.c.reached + 1)
                )
            await connection.execute(
                invitations.update()
                .where(
                    invitations.c.id == delivery.invitation.id,
                    invitations.c.state == InvitationState.PENDING.value,
                )
                .values(state=InvitationState.SENT.value)
            )
            await self._catch_up(connection, delivery, at=at)
        return True

    async def postponed(
        self, delivery: Delivery, *, until: datetime, reason: str, tried: bool = False
    ) -> bool:
        """See the port."""
        return await self._close(
            delivery,
            state=DeliveryState.PLANNED,
            due_at=until,
            reason=reason,
            lease_until=None,
            tries=deliveries.c.tries + int(tried),
        )

    async def unknown(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """See the port."""
        return await self._close(
            delivery,
            state=DeliveryState.UNKNOWN,
            due_at=until,
            reason=reason,
            lease_until=database_now(self._database),
            tries=deliveries.c.tries + 1,
        )

    async def failed(self, delivery: Delivery, *, reason: str) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            written = await self._end(
                connection, delivery, state=DeliveryState.FAILED, reason=reason
            )
            if written and delivery.kind is DeliveryKind.INITIAL:
                await connection.execute(
                    invitations.update()
                    .where(
                        invitations.c.id == delivery.invitation.id,
                        invitations.c.state == InvitationState.PENDING.value,
                    )
                    .values(state=InvitationState.UNDELIVERABLE.value)
                )
            return written

    async def skipped(self, delivery: Delivery, *, reason: str) -> bool:
        """See the port."""
        return await self._close(delivery, state=DeliveryState.SKIPPED, reason=reason)

    async def _take(self, connection: AsyncConnection, which: Any) -> Sequence[UUID]:
        taken = await connection.scalars(
            deliveries.update()
            .where(deliveries.c.id.in_(which.scalar_subquery()))
            .values(
                state=DeliveryState.SENDING.value,
                attempt=deliveries.c.attempt + 1,
                lease_until=database_now(self._database, seconds=LEASE.total_seconds()),
            )
            .returning(deliveries.c.id)
        )
        return taken.all()

    async def _load(self, connection: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Delivery]:
        target, other = deliveries.alias("target"), deliveries.alias("other")
        last_sent = (
            select(func.max(other.c.sent_at))
            .where(
                other.c.invitation_id == deliveries.c.invitation_id,
                other.c.kind != DeliveryKind.UPDATE.value,
            )
            .scalar_subquery()
        )
        rows = (
            await connection.execute(
                select(
                    deliveries,
                    campaigns.c.at_once,
                    target.c.channel_ref.label("target_channel"),
                    target.c.message_ref.label("target_message"),
                    type_coerce(last_sent, Instant).label("last_sent"),
                    *SILENCE,
                )
                .join(invitations, invitations.c.id == deliveries.c.invitation_id)
                .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
                .join(people, people.c.id == invitations.c.person_id)
                .outerjoin(target, target.c.id == deliveries.c.target_id)
                .where(deliveries.c.id.in_(ids))
                .order_by(deliveries.c.due_at)
            )
        ).all()
        found = await load_invitations(
            connection, [row.invitation_id for row in rows], self._ballots
        )
        return [
            Delivery(
                id=row.id,
                kind=DeliveryKind(row.kind),
                ordinal=row.ordinal,
                address=Address(
                    platform=row.platform, workspace=row.workspace, user_id=row.user_id
                ),
                attempt=row.attempt,
                tries=row.tries,
                invitation=found[row.invitation_id],
                target=None
                if row.target_message is None
                else MessageRef(channel=row.target_channel, message=row.target_message),
                at_once=row.at_once,
                silence=silence_of(row),
                last_sent=row.last_sent,
            )
            for row in rows
        ]

    async def _close(self, delivery: Delivery, **values: Any) -> bool:
        async with self._database.write() as connection:
            return await self._end(connection, delivery, **values)

    async def _end(
        self,
        connection: AsyncConnection,
        delivery: Delivery,
        *,
        state: DeliveryState,
        **values: Any,
    ) -> bool:
        """Write the outcome, if this attempt still holds the delivery."""
        written = await connection.execute(
            deliveries.update()
            .where(
                deliveries.c.id == delivery.id,
                deliveries.c.state == DeliveryState.SENDING.value,
                deliveries.c.attempt == delivery.attempt,
            )
            .values(state=state.value, **values)
        )
        return bool(written.rowcount)

    async def _catch_up(
        self, connection: AsyncConnection, delivery: Delivery, *, at: datetime
    ) -> None:
        """A message that arrives while its round is closing is told so as well."""
        state = await connection.scalar(
            select(campaigns.c.state).where(campaigns.c.id == delivery.invitation.campaign.id)
        )
        if state != CampaignState.CLOSED.value:
            return
        last = await connection.scalar(
            select(func.max(deliveries.c.ordinal)).where(
                deliveries.c.invitation_id == delivery.invitation.id,
                deliveries.c.kind == DeliveryKind.UPDATE.value,
            )
        )
        await connection.execute(
            deliveries.insert().values(
                id=uuid4(),
                invitation_id=delivery.invitation.id,
                kind=DeliveryKind.UPDATE.value,
                ordinal=(last or 0) + 1,
                target_id=delivery.id,
                platform=delivery.address.platform,
                workspace=delivery.address.workspace,
                user_id=delivery.address.user_id,
                state=DeliveryState.PLANNED.value,
                due_at=at,
            )
        )
