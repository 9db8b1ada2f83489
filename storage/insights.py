"""Answers about visits on their way into the archive, and what was found of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.invitations import Ballots, load_invitations
from storage.rows import campaign_of
from storage.tables import (
    archived,
    branches,
    campaigns,
    customers,
    insights,
    invitations,
    staff,
)
from survey.insights import Insight, Sentiment, Source, VisitAnswer
from survey.invitation import Invitation
from survey.ports import Looked, LookedInto
from survey.scale import STARS
from survey.states import COUNTED

LEASE = timedelta(minutes=2)
"""How long one that was taken is left to who took it."""
_COUNTED = sorted(state.value for state in COUNTED)
_AT_ONCE = 1_000
_LOOKS_BACK = timedelta(days=60)
"""How far back answers are looked for that nobody has noted: longer than we are ever down."""


class SqlInsights:
    """The port `Insights` on a database."""

    def __init__(self, database: Database, ballots: Ballots) -> None:
        self._database = database
        self._ballots = ballots

    async def plan(self, surveys: Sequence[str], *, at: datetime) -> int:
        """See the port."""
        identified = await self._identified(surveys)
        noted = exists().where(
            archived.c.invitation_id == invitations.c.id,
            archived.c.of_press == invitations.c.pressed_at,
        )
        fresh = (
            select(invitations.c.id, invitations.c.pressed_at)
            .join(customers, customers.c.invitation_id == invitations.c.id)
            .where(
                invitations.c.campaign_id.in_(identified),
                invitations.c.state.in_(_COUNTED),
                invitations.c.pressed_at > at - _LOOKS_BACK,
                ~noted,
            )
            .limit(_AT_ONCE)
        )
        replaced = and_(
            invitations.c.id == archived.c.invitation_id,
            invitations.c.closes_at > at - _LOOKS_BACK,
            or_(
                invitations.c.state.not_in(_COUNTED),
                invitations.c.pressed_at != archived.c.of_press,
            ),
        )
        outdated = select(archived.c.id).where(
            archived.c.written_at.is_not(None), exists().where(replaced)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(fresh)).all()
            old = (await connection.scalars(outdated)).all()
        if old:
            async with self._database.write() as connection:
                await connection.execute(
                    archived.update()
                    .where(archived.c.id.in_(old))
                    .values(written_at=None, due_at=at)
                )
        if not found:
            return 0
        insert: Any = sqlite_insert if self._database.is_sqlite else pg_insert
        async with self._database.write() as connection:
            await connection.execute(
                insert(archived).on_conflict_do_nothing(),
                [
                    {
                        "id": uuid4(),
                        "invitation_id": row.id,
                        "of_press": row.pressed_at,
                        "due_at": at,
                    }
                    for row in found
                ],
            )
        return len(found)

    async def _identified(self, surveys: Sequence[str]) -> Sequence[int]:
        """Their campaigns in which people know that their name is seen."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(campaigns).where(campaigns.c.survey.in_(surveys))
            )
            return [row.id for row in rows if not campaign_of(row).survey.gated]

    async def due(self, *, at: datetime, limit: int) -> Sequence[VisitAnswer]:
        """See the port."""
        which = (
            select(archived.c.id)
            .where(archived.c.written_at.is_(None), archived.c.due_at <= at)
            .order_by(archived.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.write() as connection:
            taken = (
                await connection.execute(
                    archived.update()
                    .where(archived.c.id.in_(select(which.cte("taken").c.id)))
                    .values(due_at=at + LEASE)
                    .returning(
                        archived.c.invitation_id,
                        archived.c.of_press,
                        archived.c.path,
                        archived.c.tries,
                    )
                )
            ).all()
            about = await self._about(connection, [row.invitation_id for row in taken])
            found = await load_invitations(
                connection, list(dict.fromkeys(row.invitation_id for row in taken)), self._ballots
            )
        return [
            _answer(row, found.get(row.invitation_id), about.get(row.invitation_id))
            for row in taken
        ]

    async def _about(
        self, connection: AsyncConnection, invitation_ids: Sequence[UUID]
    ) -> dict[UUID, Any]:
        """Their visits; those of people who were forgotten are left out."""
        rows = await connection.execute(
            select(customers, branches.c.name.label("branch"), staff.c.name.label("staff"))
            .join(branches, branches.c.id == customers.c.branch_id)
            .join(staff, staff.c.id == customers.c.staff_id)
            .where(customers.c.invitation_id.in_(invitation_ids), customers.c.email != "")
        )
        return {row.invitation_id: row for row in rows}

    async def looked(self, answer: VisitAnswer, found: Looked, *, at: datetime) -> None:
        """See the port."""
        insert: Any = sqlite_insert if self._database.is_sqlite else pg_insert
        insight = {
            "sentiment": found.insight.sentiment.value,
            "sentiment_source": found.insight.sentiment_source.value,
            "summary": found.insight.summary,
            "summary_source": found.insight.summary_source.value,
            "of_press": answer.pressed_at,
        }
        async with self._database.write() as connection:
            await connection.execute(
                select(invitations.c.id)
                .where(invitations.c.id == answer.invitation_id)
                .with_for_update()
            )
            now = (await load_invitations(connection, [answer.invitation_id], self._ballots)).get(
                answer.invitation_id
            )
            same = now is not None and now.response.comment == answer.comment
            written = await connection.execute(
                archived.update()
                .where(_this(answer))
                .values(
                    path=found.path,
                    reason=None,
                    tries=0,
                    written_at=at if same else None,
                    due_at=at,
                )
            )
            if (
                not written.rowcount
                or not same
                or now is None
                or now.pressed_at != answer.pressed_at
            ):
                return
            await connection.execute(
                insert(insights)
                .values(invitation_id=answer.invitation_id, **insight)
                .on_conflict_do_update(index_elements=["invitation_id"], set_=insight)
            )

    async def put_off(self, answer: VisitAnswer, *, until: datetime, reason: str) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                archived.update()
                .where(_this(answer))
                .values(due_at=until, reason=reason, tries=answer.tries + 1)
            )

    async def dropped(self, answer: VisitAnswer) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(archived.delete().where(_this(answer)))
            await connection.execute(
                insights.delete().where(
                    insights.c.invitation_id == answer.invitation_id,
                    insights.c.of_press == answer.pressed_at,
                )
            )

    async def waiting(self) -> int:
        """See the port."""
        async with self._database.read() as connection:
            count = select(func.count()).where(
                archived.c.written_at.is_(None), archived.c.tries > 0
            )
            return await connection.scalar(count) or 0

    async def about(self, visit_id: int) -> LookedInto | None:
        """See the port."""
        query = (
            select(
                customers.c.invitation_id,
                *(column for column in insights.c if column.name != "invitation_id"),
                archived.c.path,
            )
            .outerjoin(insights, insights.c.invitation_id == customers.c.invitation_id)
            .outerjoin(
                archived,
                and_(
                    archived.c.invitation_id == insights.c.invitation_id,
                    archived.c.of_press == insights.c.of_press,
                ),
            )
            .where(customers.c.id == visit_id, customers.c.email != "")
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None or row.invitation_id is None:
                return None
            found = await load_invitations(connection, [row.invitation_id], self._ballots)
        invitation = found[row.invitation_id]
        fresh = row.of_press is not None and row.of_press == invitation.pressed_at
        return LookedInto(invitation=invitation, looked=_looked(row) if fresh else None)


def _looked(row: Any) -> Looked:
    return Looked(
        insight=Insight(
            sentiment=Sentiment(row.sentiment),
            sentiment_source=Source(row.sentiment_source),
            summary=row.summary,
            summary_source=Source(row.summary_source),
        ),
        path=row.path,
    )


async def look_again(
    connection: AsyncConnection, which: ColumnElement[bool], *, at: datetime
) -> None:
    """What was said about these invitations has changed, or is to be forgotten.

    Args:
        connection: In the transaction that changes it.
        which: Of `invitations`.
        at: Now.
    """
    await connection.execute(
        archived.update()
        .where(archived.c.invitation_id.in_(select(invitations.c.id).where(which)))
        .values(written_at=None, due_at=at, tries=0)
    )


def _this(answer: VisitAnswer) -> ColumnElement[bool]:
    return and_(
        archived.c.invitation_id == answer.invitation_id,
        archived.c.of_press == answer.pressed_at,
    )


def _answer(row: Any, found: Invitation | None, about: Any) -> VisitAnswer:
    """An answer as it stands now; of one that was replaced nothing is kept."""
    stands = found is not None and found.pressed_at == row.of_press
    return VisitAnswer(
        invitation_id=row.invitation_id,
        pressed_at=row.of_press,
        customer_id=None if about is None else about.id,
        score=found.response.score if found is not None and stands else None,
        scale=found.campaign.survey.scale if found is not None else STARS,
        comment=found.response.comment if found is not None else None,
        email_consent=about is not None and about.email_consent,
        purpose="" if about is None else about.purpose_of_visit,
        branch_id="" if about is None else about.branch_id,
        branch="" if about is None else about.branch,
        staff="" if about is None else about.staff,
        visited_at=row.of_press if about is None else about.created_at,
        path=row.path,
        tries=row.tries,
    )
