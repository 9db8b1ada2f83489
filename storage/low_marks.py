"""Low marks in the database: found, opened again, and told to channels."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.planned import plan_messages
from storage.rows import named, survey_of
from storage.tables import campaigns, deliveries, follow_ups, invitations, people, responses
from storage.updates import plan_updates
from survey.follow_ups import FollowUpState
from survey.person import Address
from survey.states import DeliveryKind
from survey.survey import Mode

AT_A_TIME = 500
"""How many are opened in one transaction."""
ANSWER = and_(
    responses.c.campaign_id == invitations.c.campaign_id,
    responses.c.respondent == named(invitations.c.id),
)
"""The answer to an invitation, where names are."""
_DONE = FollowUpState.DONE.value


async def low(connection: AsyncConnection, *, since: datetime) -> ColumnElement[bool]:
    """Of `invitations` and `responses`: an answer that alerts, by the survey of its own round."""
    rows = await connection.execute(
        select(campaigns.c.id, campaigns.c.definition).where(
            or_(campaigns.c.closed_at.is_(None), campaigns.c.closed_at >= since)
        )
    )
    by_mark: dict[int, list[int]] = {}
    for row in rows:
        survey = survey_of(row.definition)
        if survey.alert_at is not None and survey.mode is Mode.IDENTIFIED:
            by_mark.setdefault(survey.alert_at, []).append(row.id)
    if not by_mark:
        return false()
    return or_(
        *(
            and_(invitations.c.campaign_id.in_(ids), responses.c.score <= mark)
            for mark, ids in by_mark.items()
        )
    )


async def unknown(
    connection: AsyncConnection, low: ColumnElement[bool], *, since: datetime
) -> Sequence[UUID]:
    """Low marks that nobody looks after; some of them."""
    return await _some(
        connection,
        select(invitations.c.id)
        .join(responses, ANSWER)
        .join(people, people.c.id == invitations.c.person_id)
        .outerjoin(follow_ups, follow_ups.c.invitation_id == invitations.c.id)
        .where(
            low,
            invitations.c.pressed_at >= since,
            follow_ups.c.invitation_id.is_(None),
            people.c.erased_at.is_(None),
        ),
    )


async def fallen(connection: AsyncConnection, *, since: datetime) -> Sequence[UUID]:
    """Those whose mark is worse than the one that alerted; some of them."""
    return await _some(
        connection,
        select(invitations.c.id)
        .join(follow_ups, follow_ups.c.invitation_id == invitations.c.id)
        .join(responses, ANSWER)
        .where(invitations.c.pressed_at >= since, responses.c.score < follow_ups.c.mark),
    )


async def _some(connection: AsyncConnection, which: Select[Any]) -> Sequence[UUID]:
    found = await connection.scalars(which.order_by(invitations.c.id).limit(AT_A_TIME))
    return found.all()


async def lock(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """In one order everywhere, so that two never wait for each other in a circle."""
    await connection.execute(
        select(invitations.c.id)
        .where(invitations.c.id.in_(ids))
        .order_by(invitations.c.id)
        .with_for_update()
    )


async def reopen(
    connection: AsyncConnection, which: Sequence[UUID], *, at: datetime
) -> Sequence[UUID]:
    """Write down how far they fell, as `FollowUp.fallen` has it; those that are open again."""
    if not which:
        return []
    done = follow_ups.c.state == _DONE
    was_done = await connection.scalars(
        select(follow_ups.c.invitation_id).where(follow_ups.c.invitation_id.in_(which), done)
    )
    again = was_done.all()
    score = (
        select(responses.c.score)
        .where(
            responses.c.campaign_id == follow_ups.c.campaign_id,
            responses.c.respondent == named(follow_ups.c.invitation_id),
        )
        .scalar_subquery()
    )
    await connection.execute(
        follow_ups.update()
        .where(follow_ups.c.invitation_id.in_(which), score < follow_ups.c.mark)
        .values(
            mark=score,
            state=case((done, FollowUpState.OPEN.value), else_=follow_ups.c.state),
            opened_at=case(
                (done, literal(at, follow_ups.c.opened_at.type)), else_=follow_ups.c.opened_at
            ),
            taken_by=case((~done, follow_ups.c.taken_by)),
            taken_at=case((~done, follow_ups.c.taken_at)),
            done_at=None,
        )
    )
    if again:
        mine, kinds = invitations.c.id.in_(again), [DeliveryKind.NOTICE]
        await plan_updates(connection, mine, at=at, kinds=kinds)
    return again


async def alert(
    connection: AsyncConnection,
    which: Sequence[UUID],
    channels: Sequence[Address],
    *,
    at: datetime,
) -> None:
    """Plan a message about each in every channel."""
    if not which or not channels:
        return
    rows = await connection.execute(
        select(deliveries.c.invitation_id, func.max(deliveries.c.ordinal).label("last"))
        .where(
            deliveries.c.invitation_id.in_(which),
            deliveries.c.kind == DeliveryKind.NOTICE.value,
        )
        .group_by(deliveries.c.invitation_id)
    )
    last = {row.invitation_id: row.last for row in rows}
    await plan_messages(
        connection,
        DeliveryKind.NOTICE,
        [
            (number, last.get(number, 0) + place, channel, at)
            for number in which
            for place, channel in enumerate(channels, start=1)
        ],
    )
