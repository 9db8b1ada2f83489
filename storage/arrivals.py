"""Messages that arrived: what is written down about them, for many at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Uuid, and_, bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import among
from storage.rows import named
from storage.tables import campaigns, deliveries, follow_ups, invitations, responses
from storage.updates import plan_updates
from survey.delivery import Delivery, MessageRef
from survey.follow_ups import FollowUpState
from survey.states import ABOUT, DeliveryKind, DeliveryState, InvitationState

_ABOUT = sorted(kind.value for kind in ABOUT)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A message that a platform has taken.

    Attributes:
        delivery: As it was claimed.
        ref: What the platform calls it.
        at: When it was taken (UTC).
    """

    delivery: Delivery
    ref: MessageRef
    at: datetime


async def record(connection: AsyncConnection, arrivals: Sequence[Arrival]) -> Sequence[bool]:
    """Write them down; for each, whether its attempt still held the delivery."""
    held = await _held(connection, arrivals)
    # Taken out as it is written down: a second time it is held no more.
    before = [held.pop((one.delivery.id, one.delivery.attempt), None) for one in arrivals]
    mine = [(one, sent) for one, sent in zip(arrivals, before, strict=True) if sent is not None]
    if mine:
        await connection.execute(_WRITE, [_values(one) for one, _ in mine])
    messages = {
        one.delivery.invitation.id: (one, sent) for one, sent in mine if one.delivery.kind in ABOUT
    }
    alerts = [one.delivery for one, _ in mine if one.delivery.kind is DeliveryKind.NOTICE]
    # The campaign before the invitation, as everywhere: nobody waits in a circle.
    reached = Counter(
        one.delivery.invitation.campaign.id for one, sent in messages.values() if not sent
    )
    if reached:
        await connection.execute(
            _REACH, [{"campaign": campaign, "n": n} for campaign, n in sorted(reached.items())]
        )
    if messages:
        changed = await _mark_sent(connection, list(messages))
        if changed:
            at = max(one.at for one, _ in mine)
            await plan_updates(connection, invitations.c.id.in_(changed), at=at)
    if alerts:
        at = max(one.at for one, _ in mine)
        await _mark_alerted(connection, alerts, at=at)
    return [sent is not None for sent in before]


_WRITE = (
    deliveries.update()
    .where(deliveries.c.id == bindparam("delivery", type_=Uuid()))
    .values(
        state=DeliveryState.SENT.value,
        sent_at=bindparam("at"),
        channel_ref=bindparam("channel"),
        message_ref=bindparam("message"),
    )
)
_REACH = (
    campaigns.update()
    .where(campaigns.c.id == bindparam("campaign"))
    .values(reached=campaigns.c.reached + bindparam("n", type_=Integer))
)


def _values(arrival: Arrival) -> Mapping[str, Any]:
    return {
        "delivery": arrival.delivery.id,
        "at": arrival.at,
        "channel": arrival.ref.channel,
        "message": arrival.ref.message,
    }


async def _held(
    connection: AsyncConnection, arrivals: Sequence[Arrival]
) -> dict[tuple[UUID, int], int]:
    """What is under way still: its fence → how many messages its invitation had before."""
    ids = [one.delivery.id for one in arrivals]
    rows = await connection.execute(_hold(connection.dialect.name == "sqlite"), {"ids": ids})
    return {(row.id, row.attempt): row.sent for row in rows}


async def _mark_sent(connection: AsyncConnection, ids: Sequence[UUID]) -> Sequence[UUID]:
    """Mark invitations that have their message; those whose message shows what no longer holds.

    A press or a close came while it was on its way.
    """
    rows = await connection.execute(_mark(connection.dialect.name == "sqlite"), {"ids": ids})
    return [row.id for row in rows if row.state != InvitationState.SENT.value]


async def _mark_alerted(
    connection: AsyncConnection, alerts: Sequence[Delivery], *, at: datetime
) -> None:
    """From now on a press changes these, too; what came while they were on their way does now."""
    shown = {one.invitation.id: one.invitation.response for one in alerts}
    await connection.execute(_mark(connection.dialect.name == "sqlite"), {"ids": list(shown)})
    rows = await connection.execute(
        select(
            follow_ups.c.invitation_id,
            follow_ups.c.state,
            follow_ups.c.note,
            responses.c.score,
            responses.c.comment,
        )
        .join(
            responses,
            and_(
                responses.c.campaign_id == follow_ups.c.campaign_id,
                responses.c.respondent == named(follow_ups.c.invitation_id),
            ),
        )
        .where(follow_ups.c.invitation_id.in_(list(shown)))
    )
    changed = [
        row.invitation_id
        for row in rows
        if (row.score, row.comment)
        != (shown[row.invitation_id].score, shown[row.invitation_id].comment)
        or row.state != FollowUpState.OPEN.value
        or row.note
    ]
    if changed:
        which = invitations.c.id.in_(changed)
        await plan_updates(connection, which, at=at, kinds=[DeliveryKind.NOTICE])


# Both are made once for each database: every batch needs them.
@cache
def _hold(sqlite: bool) -> Any:
    other = deliveries.alias("other")
    sent = (
        select(func.count())
        .where(
            other.c.invitation_id == deliveries.c.invitation_id,
            other.c.id != deliveries.c.id,
            other.c.kind.in_(_ABOUT),
            other.c.sent_at.is_not(None),
        )
        .scalar_subquery()
    )
    return (
        select(deliveries.c.id, deliveries.c.attempt, sent.label("sent"))
        .where(
            among(deliveries.c.id, "ids", sqlite=sqlite),
            deliveries.c.state == DeliveryState.SENDING.value,
        )
        .order_by(deliveries.c.id)
        .with_for_update(of=deliveries)
    )


@cache
def _mark(sqlite: bool) -> Any:
    pending = invitations.c.state == InvitationState.PENDING.value
    sent = (
        select(func.count())
        .where(
            deliveries.c.invitation_id == invitations.c.id,
            deliveries.c.kind != DeliveryKind.UPDATE.value,
            deliveries.c.sent_at.is_not(None),
        )
        .scalar_subquery()
    )
    asked = invitations.alias("asked")
    locked = (
        # In one order everywhere, so that two workers never wait for each other in a circle.
        select(asked.c.id)
        .where(among(asked.c.id, "ids", sqlite=sqlite))
        .order_by(asked.c.id)
        .with_for_update()
        .cte("locked")
    )
    return (
        invitations.update()
        .where(invitations.c.id.in_(select(locked.c.id)))
        .values(
            messages=sent,
            state=case((pending, InvitationState.SENT.value), else_=invitations.c.state),
        )
        .returning(invitations.c.id, invitations.c.state)
    )
