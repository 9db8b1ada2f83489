"""Counts over any span of time, of surveys where names are."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.follow_ups import load_follow_ups
from storage.invitations import Ballots, load_invitations
from storage.low_marks import ANSWER
from storage.tables import cohorts, deliveries, follow_ups, invitations, responses
from survey.analytics import LowMark, Sending
from survey.campaign import Campaign
from survey.ports import Counted
from survey.states import COUNTED, DeliveryKind, DeliveryState


class SqlSpans:
    """The port `Spans` on a database."""

    def __init__(self, database: Database, ballots: Ballots) -> None:
        self._database = database
        self._ballots = ballots

    async def count(
        self, campaigns: Sequence[Campaign], *, since: datetime, until: datetime, by: str | None
    ) -> Counted:
        """See the port."""
        ids = [campaign.id for campaign in campaigns]
        async with self._database.read() as connection:
            rows = (
                await connection.execute(
                    select(
                        invitations.c.campaign_id,
                        invitations.c.cohort,
                        responses.c.score,
                        func.count().label("n"),
                    )
                    .join(responses, ANSWER)
                    .where(
                        invitations.c.campaign_id.in_(ids),
                        invitations.c.pressed_at >= since,
                        invitations.c.pressed_at < until,
                        responses.c.score.is_not(None),
                    )
                    .group_by(invitations.c.campaign_id, invitations.c.cohort, responses.c.score)
                )
            ).all()
            sending = await _sending(connection, ids, since=since, until=until)
            shared = {} if by is None else await _cohorts(connection, ids)
        marks: dict[int, int] = defaultdict(int)
        groups: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for row in rows:
            marks[row.score] += row.n
            for name, value in shared.get((row.campaign_id, row.cohort), {}).items():
                if by is not None and name.casefold() == by.casefold():
                    groups[value][row.score] += row.n
        return Counted(
            marks=dict(marks),
            sending=sending,
            attributes=tuple(sorted({name for values in shared.values() for name in values})),
            groups={value: dict(found) for value, found in groups.items()},
        )

    async def low_marks(
        self,
        campaigns: Sequence[Campaign],
        *,
        highest: int,
        since: datetime,
        until: datetime,
        before: tuple[datetime, UUID] | None = None,
        limit: int,
    ) -> Sequence[LowMark]:
        """See the port."""
        where = [
            invitations.c.campaign_id.in_([campaign.id for campaign in campaigns]),
            invitations.c.pressed_at >= since,
            invitations.c.pressed_at < until,
            responses.c.score <= highest,
        ]
        if before is not None:
            given, number = before
            same = and_(invitations.c.pressed_at == given, invitations.c.id < number)
            where.append(or_(invitations.c.pressed_at < given, same))
        async with self._database.read() as connection:
            ids = (
                await connection.scalars(
                    select(invitations.c.id)
                    .join(responses, ANSWER)
                    .where(*where)
                    .order_by(invitations.c.pressed_at.desc(), invitations.c.id.desc())
                    .limit(limit)
                )
            ).all()
            found = await load_invitations(connection, ids, self._ballots)
            rows = await connection.execute(
                select(follow_ups).where(follow_ups.c.invitation_id.in_(ids))
            )
            looked_after = {
                one.invitation.id: one
                for one in await load_follow_ups(connection, rows.all(), self._ballots)
            }
        return [
            LowMark(invitation=one, follow_up=looked_after.get(number))
            for number, one in found.items()
        ]


async def _sending(
    connection: AsyncConnection, ids: Sequence[int], *, since: datetime, until: datetime
) -> Sending:
    """Of the questions that were due: whatever it was tried on, an invitation counts once."""
    asked = (
        select(
            func.max(case((deliveries.c.sent_at.is_not(None), 1), else_=0)).label("sent"),
            func.max(
                case(
                    (invitations.c.state.in_(sorted(state.value for state in COUNTED)), 1), else_=0
                )
            ).label("answered"),
        )
        .select_from(invitations)
        .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
        .where(
            invitations.c.campaign_id.in_(ids),
            deliveries.c.kind == DeliveryKind.INITIAL.value,
            deliveries.c.state != DeliveryState.SKIPPED.value,
            deliveries.c.due_at >= since,
            deliveries.c.due_at < until,
        )
        .group_by(invitations.c.id)
        .subquery()
    )
    row = (
        await connection.execute(
            select(
                func.count().label("scheduled"),
                func.coalesce(func.sum(asked.c.sent), 0).label("sent"),
                func.coalesce(func.sum(asked.c.sent * asked.c.answered), 0).label("answered"),
            )
        )
    ).one()
    return Sending(scheduled=int(row.scheduled), sent=int(row.sent), answered=int(row.answered))


async def _cohorts(
    connection: AsyncConnection, ids: Sequence[int]
) -> Mapping[tuple[int, int], Mapping[str, Any]]:
    rows = await connection.execute(
        select(cohorts.c.campaign_id, cohorts.c.cohort, cohorts.c.attributes).where(
            cohorts.c.campaign_id.in_(ids)
        )
    )
    return {(row.campaign_id, row.cohort): json.loads(row.attributes) for row in rows}
