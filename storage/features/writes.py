"""What a rejection, feedback, and the end of a question in chat do to the counts.

Invitations are locked before interactions, everywhere.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, RowMapping, and_, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.features.rows import USE, about_any
from storage.instants import Instant
from storage.tables import (
    campaigns,
    deliveries,
    feature_feedbacks,
    features,
    interactions,
    invitations,
    people,
)
from storage.updates import plan_updates
from survey.features import Feature, Source, occasion_prefix
from survey.ports import Feedback
from survey.states import COUNTED, OPEN_CAMPAIGN, DeliveryState, InvitationState

AT_ONCE = 500
"""How many answers one transaction settles."""
DECLINED = "not now"
"""Why a planned message is skipped."""
WAITING = (InvitationState.PENDING.value, InvitationState.SENT.value)
_SAME = ("feature_id", "email")


def _insert(connection: AsyncConnection) -> Any:
    return sqlite_insert if connection.dialect.name == "sqlite" else pg_insert


async def waiting_question(
    connection: AsyncConnection, email: str, feature: Feature, *, at: datetime
) -> UUID | None:
    """The question about a feature that waits for somebody, locked."""
    found: UUID | None = await connection.scalar(
        select(invitations.c.id)
        .join(people, people.c.id == invitations.c.person_id)
        .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
        .where(
            people.c.email == email,
            invitations.c.occasion.startswith(occasion_prefix(feature), autoescape=True),
            invitations.c.state.in_(WAITING),
            invitations.c.closes_at > at,
            campaigns.c.state.in_([state.value for state in OPEN_CAMPAIGN]),
        )
        .order_by(invitations.c.asked_at.desc())
        .limit(1)
        .with_for_update(of=invitations)
    )
    return found


async def leave_question(connection: AsyncConnection, number: UUID | None, *, at: datetime) -> bool:
    """A question is declined, and its messages say so; whether it still waited."""
    mine = invitations.c.id == number
    left = await connection.execute(
        invitations.update()
        .where(mine, invitations.c.state.in_(WAITING))
        .values(state=InvitationState.DECLINED.value)
    )
    if not left.rowcount:
        return False
    await connection.execute(
        deliveries.update()
        .where(
            deliveries.c.invitation_id == number,
            deliveries.c.state == DeliveryState.PLANNED.value,
        )
        .values(state=DeliveryState.SKIPPED.value, reason=DECLINED)
    )
    await plan_updates(connection, mine, at=at)
    return True


async def reject(
    connection: AsyncConnection, feature_id: int, email: str, *, at: datetime
) -> RowMapping:
    """One rejection more, and the count from the beginning; the columns `USE`."""
    fresh = _insert(connection)(interactions).values(
        feature_id=feature_id,
        email=email,
        interaction_count=0,
        total_interaction_count=0,
        rejection_count=1,
        created_at=at,
        updated_at=at,
    )
    kept = await connection.execute(
        fresh.on_conflict_do_update(
            index_elements=_SAME,
            set_={
                "interaction_count": 0,
                "rejection_count": interactions.c.rejection_count + 1,
                "asked_at": null(),
                "updated_at": at,
            },
        ).returning(*USE)
    )
    return kept.mappings().one()


async def keep_feedback(
    connection: AsyncConnection, feature_id: int, number: UUID, feedback: Feedback
) -> None:
    """How an answer came about; both counts begin anew."""
    insert = _insert(connection)
    fresh = insert(feature_feedbacks).values(
        invitation_id=number,
        feature_id=feature_id,
        source=feedback.source.value,
        user_agent=feedback.user_agent,
        created_at=feedback.at,
    )
    await connection.execute(
        fresh.on_conflict_do_update(
            index_elements=["invitation_id"],
            set_={name: fresh.excluded[name] for name in ("source", "user_agent", "created_at")},
        )
    )
    begun = insert(interactions).values(
        feature_id=feature_id,
        email=feedback.email,
        interaction_count=0,
        total_interaction_count=0,
        rejection_count=0,
        last_feedback_at=feedback.at,
        created_at=feedback.at,
        updated_at=feedback.at,
    )
    await connection.execute(_anew(begun))


def _anew(fresh: Any) -> Any:
    return fresh.on_conflict_do_update(
        index_elements=_SAME,
        set_={
            "interaction_count": 0,
            "rejection_count": 0,
            "last_feedback_at": fresh.excluded.last_feedback_at,
            "asked_at": null(),
            "updated_at": fresh.excluded.updated_at,
        },
        where=or_(
            interactions.c.last_feedback_at.is_(None),
            interactions.c.last_feedback_at <= fresh.excluded.last_feedback_at,
        ),
    )


def _about_feature() -> Any:
    """Of `invitations` and `features`: the question is about this feature."""
    prefix = "feature:" + features.c.product_key + "/" + features.c.key + ":"
    return func.substr(invitations.c.occasion, 1, func.length(prefix)) == prefix


async def settle_answered(connection: AsyncConnection, *, since: datetime) -> int:
    """Answers to questions in chat count as feedback; 500 at a time, how many were new."""
    insert = _insert(connection)
    known = select(feature_feedbacks.c.invitation_id).where(
        feature_feedbacks.c.invitation_id == invitations.c.id
    )
    answered = (
        select(
            invitations.c.id,
            features.c.id.label("feature_id"),
            literal(Source.PROMPTED.value).label("source"),
            invitations.c.pressed_at,
        )
        .join(features, _about_feature())
        .where(
            about_any(),
            invitations.c.pressed_at >= since,
            invitations.c.state.in_(sorted(state.value for state in COUNTED)),
            ~known.exists(),
        )
        .order_by(invitations.c.id)
        .limit(AT_ONCE)
    )
    fresh = insert(feature_feedbacks).from_select(
        ["invitation_id", "feature_id", "source", "created_at"], answered
    )
    new = await connection.scalars(
        fresh.on_conflict_do_nothing().returning(feature_feedbacks.c.invitation_id)
    )
    ids = list(new)
    if not ids:
        return 0
    latest = func.max(invitations.c.pressed_at, type_=Instant)
    zero = literal(0, Integer)
    theirs = (
        select(features.c.id, people.c.email, zero, zero, zero, latest, latest, latest)
        .select_from(feature_feedbacks)
        .join(features, features.c.id == feature_feedbacks.c.feature_id)
        .join(invitations, invitations.c.id == feature_feedbacks.c.invitation_id)
        .join(people, people.c.id == invitations.c.person_id)
        .where(feature_feedbacks.c.invitation_id.in_(ids), people.c.erased_at.is_(None))
        .group_by(features.c.id, people.c.email)
        .order_by(features.c.id, people.c.email)
    )
    begun = insert(interactions).from_select(
        [
            *_SAME,
            "interaction_count",
            "total_interaction_count",
            "rejection_count",
            "last_feedback_at",
            "created_at",
            "updated_at",
        ],
        theirs,
    )
    await connection.execute(_anew(begun))
    return len(ids)


async def settle_closed(connection: AsyncConnection, *, since: datetime, at: datetime) -> int:
    """Where a question in chat was closed without a word, it is counted from the beginning."""
    closed = (
        select(invitations.c.id)
        .join(people, people.c.id == invitations.c.person_id)
        .join(features, _about_feature())
        .where(
            people.c.email == interactions.c.email,
            features.c.id == interactions.c.feature_id,
            about_any(),
            invitations.c.state == InvitationState.EXPIRED.value,
            invitations.c.closes_at >= since,
            invitations.c.asked_at >= interactions.c.asked_at,
        )
        .correlate(interactions)
    )
    begun = await connection.execute(
        interactions.update()
        .where(and_(interactions.c.asked_at.is_not(None), closed.exists()))
        .values(interaction_count=0, asked_at=null(), updated_at=at)
    )
    return begun.rowcount
