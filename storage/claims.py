"""What a claim takes from the queue, and how a delivery is read whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, case, exists, func, or_, select, tuple_, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.instants import Instant
from storage.invitations import Ballots, load_invitations
from storage.lanes import Lane, database_now
from storage.ledger import ALL_SURVEYS
from storage.rows import SILENCE, silence_of
from storage.tables import campaigns, deliveries, invitations, opt_outs, people
from survey.delivery import LEASE, Delivery, MessageRef, Method
from survey.person import EMAIL, Address
from survey.states import ABOUT, CampaignState, DeliveryKind, DeliveryState

_ABOUT = sorted(kind.value for kind in ABOUT)
_queue = deliveries.alias("queue")


def due(lane: Lane, *, at: datetime, number: int) -> Any:
    """What may go out in a lane now; what others are claiming is left to them."""
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
            # A paused round asks nobody, but its messages still change, and low marks still alert.
            or_(campaigns.c.state != CampaignState.PAUSED.value, _queue.c.kind.not_in(_ABOUT)),
        )
        .order_by(_queue.c.due_at)
        .limit(number)
        .with_for_update(skip_locked=True, of=_queue)
    )


def lost(database: Database, *, at: datetime, limit: int) -> Any:
    """What nobody knows the outcome of; first that whose worker was lost.

    However many wait for a platform that can't tell, nothing stays on its way for their sake.
    """
    sending, unknown = DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value
    return (
        select(_queue.c.id)
        .where(
            _queue.c.state.in_([sending, unknown]),
            _queue.c.lease_until < database_now(database),
            # What was on its way had been due, wherever our clock has gone since.
            or_(_queue.c.state == sending, _queue.c.due_at <= at),
        )
        .order_by(case((_queue.c.state == sending, 0), else_=1), _queue.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True, of=_queue)
    )


async def hold(connection: AsyncConnection, database: Database, which: Any) -> Sequence[UUID]:
    """Put these under a lease and a new fence; their ids."""
    taken = await connection.scalars(
        deliveries.update()
        # As an expression of its own it runs once; PostgreSQL may repeat a subquery, and its limit.
        .where(deliveries.c.id.in_(select(which.cte("taken").c.id)))
        .values(
            state=DeliveryState.SENDING.value,
            attempt=deliveries.c.attempt + 1,
            lease_until=database_now(database, seconds=LEASE.total_seconds()),
        )
        .returning(deliveries.c.id)
    )
    return taken.all()


def _whole() -> Any:
    """Deliveries (`ids`) with what is known of their messages and of when to be silent."""
    target, other = deliveries.alias("target"), deliveries.alias("other")
    last_sent = (
        select(func.max(other.c.sent_at))
        .where(
            other.c.invitation_id == deliveries.c.invitation_id,
            other.c.kind.in_(_ABOUT),
        )
        .scalar_subquery()
    )
    stopped = exists().where(
        opt_outs.c.person_id == people.c.id,
        or_(opt_outs.c.survey == ALL_SURVEYS, opt_outs.c.survey == campaigns.c.survey),
    )
    before = exists().where(
        other.c.invitation_id == deliveries.c.invitation_id,
        other.c.platform == EMAIL,
        other.c.kind.in_(_ABOUT),
        tuple_(other.c.kind, other.c.ordinal) < tuple_(deliveries.c.kind, deliveries.c.ordinal),
        other.c.attempt > 0,
    )
    return (
        select(
            deliveries,
            and_(deliveries.c.platform == EMAIL, before).label("goes_on"),
            or_(campaigns.c.at_once, invitations.c.at_once).label("at_once"),
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
        .where(deliveries.c.id.in_(bindparam("ids", expanding=True)))
        .order_by(deliveries.c.due_at)
    )


# Made once: every batch reads with it.
_WHOLE = _whole()


async def load_deliveries(
    connection: AsyncConnection, ids: Sequence[UUID], ballots: Ballots
) -> Sequence[Delivery]:
    """Deliveries with all that their messages are made of."""
    if not ids:
        return []
    rows = (await connection.execute(_WHOLE, {"ids": ids})).all()
    found = await load_invitations(connection, [row.invitation_id for row in rows], ballots)
    return [
        Delivery(
            id=row.id,
            kind=DeliveryKind(row.kind),
            ordinal=row.ordinal,
            address=Address(platform=row.platform, workspace=row.workspace, user_id=row.user_id),
            attempt=row.attempt,
            tries=row.tries,
            invitation=found[row.invitation_id],
            target=None
            if row.target_message is None
            else MessageRef(channel=row.target_channel, message=row.target_message),
            at_once=row.at_once,
            silence=silence_of(row),
            last_sent=row.last_sent,
            left=row.left,
            begins=not row.goes_on,
        )
        for row in rows
    ]
