"""The deliveries as a queue: claimed under a lease, recorded with a fence."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, case, exists, func, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.invitations import Ballots, load_invitations
from storage.ledger import ALL_SURVEYS
from storage.rows import SILENCE, silence_of
from storage.tables import Instant, campaigns, deliveries, invitations, opt_outs, people
from survey.delivery import LEASE, Delivery, MessageRef
from survey.person import Address
from survey.states import CampaignState, DeliveryKind, DeliveryState, InvitationState

_queue = deliveries.alias("queue")


class SqlOutbox:
    """The port `Outbox` on a database. Leases run by the database's own clock."""

    def __init__(self, database: Database, ballots: Ballots) -> None:
        self._database = database
        self._ballots = ballots

    async def claim(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        due = (
            select(_queue.c.id)
            .join(invitations, invitations.c.id == _queue.c.invitation_id)
            .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
            .where(
                _queue.c.state == DeliveryState.PLANNED.value,
                _queue.c.due_at <= at,
                # A paused round sends nothing, but its messages still change.
                or_(
                    campaigns.c.state != CampaignState.PAUSED.value,
                    _queue.c.kind == DeliveryKind.UPDATE.value,
                ),
            )
            .order_by(_queue.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=_queue)
        )
        return await self._take(due)

    async def claim_unknown(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        """See the port."""
        lost = (
            select(_queue.c.id)
            .where(
                _queue.c.state.in_([DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value]),
                _queue.c.lease_until < self._now(),
                _queue.c.due_at <= at,
            )
            .order_by(_queue.c.lease_until)
            .limit(limit)
            .with_for_update(skip_locked=True, of=_queue)
        )
        return await self._take(lost)

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
            if not others:
                await connection.execute(
                    campaigns.update()
                    .where(campaigns.c.id == delivery.invitation.campaign.id)
                    .values(reached=campaigns.c.reached + 1)
                )
            pending = invitations.c.state == InvitationState.PENDING.value
            state = await connection.scalar(
                invitations.update()
                .where(invitations.c.id == delivery.invitation.id)
                .values(
                    messages=(others or 0) + 1,
                    state=case((pending, InvitationState.SENT.value), else_=invitations.c.state),
                )
                .returning(invitations.c.state)
            )
            # A press or a close came while it was on its way: it shows what no longer holds.
            if state != InvitationState.SENT.value or await self._has_closed(connection, delivery):
                await self._catch_up(connection, delivery, at=at)
        return True

    async def postponed(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """See the port."""
        return await self._close(
            delivery, state=DeliveryState.PLANNED, due_at=until, reason=reason, lease_until=None
        )

    async def unknown(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        """See the port."""
        return await self._close(
            delivery,
            state=DeliveryState.UNKNOWN,
            due_at=until,
            reason=reason,
            lease_until=self._now(),
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

    async def _take(self, which: Any) -> Sequence[Delivery]:
        async with self._database.write() as connection:
            taken = await connection.scalars(
                deliveries.update()
                .where(deliveries.c.id.in_(which.scalar_subquery()))
                .values(
                    state=DeliveryState.SENDING.value,
                    attempt=deliveries.c.attempt + 1,
                    lease_until=self._now(seconds=int(LEASE.total_seconds())),
                )
                .returning(deliveries.c.id)
            )
            return await self._load(connection, taken.all())

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
        stopped = exists().where(
            opt_outs.c.person_id == people.c.id,
            or_(opt_outs.c.survey == ALL_SURVEYS, opt_outs.c.survey == campaigns.c.survey),
        )
        rows = (
            await connection.execute(
                select(
                    deliveries,
                    campaigns.c.at_once,
                    target.c.channel_ref.label("target_channel"),
                    target.c.message_ref.label("target_message"),
                    type_coerce(last_sent, Instant).label("last_sent"),
                    or_(~people.c.active, stopped).label("left"),
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
                invitation=found[row.invitation_id],
                target=None
                if row.target_message is None
                else MessageRef(channel=row.target_channel, message=row.target_message),
                at_once=row.at_once,
                silence=silence_of(row),
                last_sent=row.last_sent,
                left=row.left,
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

    async def _has_closed(self, connection: AsyncConnection, delivery: Delivery) -> bool:
        state = await connection.scalar(
            select(campaigns.c.state).where(campaigns.c.id == delivery.invitation.campaign.id)
        )
        return bool(state == CampaignState.CLOSED.value)

    async def _catch_up(
        self, connection: AsyncConnection, delivery: Delivery, *, at: datetime
    ) -> None:
        """Plan an update of a message that has just arrived."""
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

    def _now(self, *, seconds: int = 0) -> ColumnElement[datetime]:
        """The database's clock, so many seconds on."""
        if self._database.is_sqlite:
            clock = func.strftime("%Y-%m-%d %H:%M:%f", "now", f"+{seconds} seconds")
            return type_coerce(clock, Instant)
        return type_coerce(func.now() + timedelta(seconds=seconds), Instant)
