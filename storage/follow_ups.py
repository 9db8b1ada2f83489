"""Low marks that somebody looks after."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import low_marks
from storage.engine import Database
from storage.invitations import Ballots, load_invitations
from storage.rows import PERSON, person_of
from storage.tables import (
    cohorts,
    deliveries,
    follow_ups,
    invitations,
    people,
    responses,
)
from storage.updates import plan_updates
from survey.delivery import MessageRef
from survey.errors import NotFound
from survey.follow_ups import Alert, FollowUp, FollowUpState
from survey.person import Address, Person
from survey.ports import Found
from survey.states import DeliveryKind


class SqlFollowUps:
    """The port `FollowUps` on a database."""

    def __init__(self, database: Database, ballots: Ballots) -> None:
        self._database = database
        self._ballots = ballots

    async def find(self, channels: Sequence[Address], *, since: datetime, at: datetime) -> Found:
        """See the port."""
        opened = reopened = 0
        while True:
            async with self._database.read() as connection:
                low = await low_marks.low(connection, since=since)
                new = await low_marks.unknown(connection, low, since=since)
                fallen = await low_marks.fallen(connection, since=since)
            if not new and not fallen:
                return Found(opened=opened, reopened=reopened)
            async with self._database.write() as connection:
                await low_marks.lock(connection, [*new, *fallen])
                begun = await self._open(connection, new, low, at=at)
                again = await low_marks.reopen(connection, fallen, at=at)
                await low_marks.alert(connection, [*begun, *again], channels, at=at)
            opened, reopened = opened + len(begun), reopened + len(again)

    async def _open(
        self,
        connection: AsyncConnection,
        new: Sequence[UUID],
        low: ColumnElement[bool],
        *,
        at: datetime,
    ) -> Sequence[UUID]:
        """Those that are low still, and that nobody else has opened meanwhile."""
        if not new:
            return []
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        opened = await connection.scalars(
            insert(follow_ups)
            .from_select(
                ["invitation_id", "campaign_id", "state", "mark", "opened_at"],
                select(
                    invitations.c.id,
                    invitations.c.campaign_id,
                    literal(FollowUpState.OPEN.value),
                    responses.c.score,
                    literal(at, follow_ups.c.opened_at.type),
                )
                .join(responses, low_marks.ANSWER)
                .where(invitations.c.id.in_(new), low),
            )
            .on_conflict_do_nothing(index_elements=["invitation_id"])
            .returning(follow_ups.c.invitation_id)
        )
        return opened.all()

    async def show(self, invitation_id: UUID) -> FollowUp:
        """See the port."""
        async with self._database.read() as connection:
            return await self._one(connection, invitation_id)

    async def change(
        self,
        invitation_id: UUID,
        rule: Callable[[FollowUp], FollowUp],
        *,
        at: datetime,
        message: MessageRef | None = None,
    ) -> FollowUp:
        """See the port."""
        async with self._database.write() as connection:
            # Invitations before all else, as everywhere: nobody waits in a circle.
            await low_marks.lock(connection, [invitation_id])
            before = await self._one(connection, invitation_id)
            after = rule(before)
            if after == before:
                return before
            await connection.execute(
                follow_ups.update()
                .where(follow_ups.c.invitation_id == invitation_id)
                .values(
                    state=after.state.value,
                    mark=after.mark,
                    opened_at=after.opened_at,
                    taken_by=None if after.taken_by is None else after.taken_by.id,
                    taken_at=after.taken_at,
                    done_at=after.done_at,
                    note=after.note,
                )
            )
            which = invitations.c.id == invitation_id
            kinds = [DeliveryKind.NOTICE]
            await plan_updates(connection, which, at=at, but=message, kinds=kinds)
            return after

    async def all(
        self,
        states: Collection[FollowUpState],
        *,
        taken_by: Person | None = None,
        after: tuple[datetime, UUID] | None = None,
        limit: int,
    ) -> Sequence[FollowUp]:
        """See the port."""
        where: list[ColumnElement[bool]] = [
            follow_ups.c.state.in_(sorted(state.value for state in states))
        ]
        if taken_by is not None:
            where.append(follow_ups.c.taken_by == taken_by.id)
        if after is not None:
            opened_at, number = after
            later = follow_ups.c.opened_at > opened_at
            same = and_(follow_ups.c.opened_at == opened_at, follow_ups.c.invitation_id > number)
            where.append(or_(later, same))
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(follow_ups)
                .where(*where)
                .order_by(follow_ups.c.opened_at, follow_ups.c.invitation_id)
                .limit(limit)
            )
            return await load_follow_ups(connection, rows.all(), self._ballots)

    async def count(self, states: Collection[FollowUpState]) -> int:
        """See the port."""
        meant = follow_ups.c.state.in_(sorted(state.value for state in states))
        async with self._database.read() as connection:
            return await connection.scalar(select(func.count()).where(meant)) or 0

    async def _one(self, connection: AsyncConnection, invitation_id: UUID) -> FollowUp:
        rows = await connection.execute(
            select(follow_ups).where(follow_ups.c.invitation_id == invitation_id)
        )
        found = await load_follow_ups(connection, rows.all(), self._ballots)
        if not found:
            raise NotFound("Nobody looks after that answer.")
        return found[0]


async def load_follow_ups(
    connection: AsyncConnection, rows: Sequence[Any], ballots: Ballots
) -> Sequence[FollowUp]:
    """Rows of `follow_ups`, read whole, in their order."""
    if not rows:
        return []
    ids = [row.invitation_id for row in rows]
    asked = await load_invitations(connection, ids, ballots)
    takers = await _people(connection, {row.taken_by for row in rows}, ballots)
    told = await _alerts(connection, ids)
    groups = await _groups(connection, ids)
    return [
        FollowUp(
            invitation=asked[row.invitation_id],
            state=FollowUpState(row.state),
            mark=row.mark,
            opened_at=row.opened_at,
            taken_by=takers.get(row.taken_by),
            taken_at=row.taken_at,
            done_at=row.done_at,
            note=row.note,
            groups=groups.get(row.invitation_id, {}),
            alerts=tuple(told.get(row.invitation_id, ())),
        )
        for row in rows
    ]


async def _people(
    connection: AsyncConnection, ids: Collection[int | None], ballots: Ballots
) -> Mapping[int, Person]:
    meant = [number for number in ids if number is not None]
    if not meant:
        return {}
    rows = await connection.execute(select(*PERSON).where(people.c.id.in_(meant)))
    return {
        row["person_id"]: person_of(dict(row), timezone=ballots.timezone) for row in rows.mappings()
    }


async def _alerts(
    connection: AsyncConnection, ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[Alert]]:
    rows = await connection.execute(
        select(deliveries)
        .where(
            deliveries.c.invitation_id.in_(ids),
            deliveries.c.kind == DeliveryKind.NOTICE.value,
            deliveries.c.message_ref.is_not(None),
        )
        .order_by(deliveries.c.ordinal.desc())
    )
    found: dict[UUID, list[Alert]] = {}
    for row in rows:
        where = Address(platform=row.platform, workspace=row.workspace, user_id=row.user_id)
        ref = MessageRef(channel=row.channel_ref, message=row.message_ref)
        found.setdefault(row.invitation_id, []).append(Alert(address=where, ref=ref))
    return found


async def _groups(
    connection: AsyncConnection, ids: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, str]]:
    rows = await connection.execute(
        select(invitations.c.id, cohorts.c.attributes)
        .join(
            cohorts,
            and_(
                cohorts.c.campaign_id == invitations.c.campaign_id,
                cohorts.c.cohort == invitations.c.cohort,
            ),
        )
        .where(invitations.c.id.in_(ids))
    )
    return {row.id: json.loads(row.attributes) for row in rows}
