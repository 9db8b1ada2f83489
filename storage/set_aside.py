"""Answers that are kept and not counted, until their person has their say."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.tables import campaigns, invitations, set_aside
from survey.campaign import Campaign
from survey.card import Subject
from survey.errors import OutOfDate
from survey.ports import SetAside, Suspicion
from survey.states import COUNTED, OPEN_CAMPAIGN

_ANSWERED = sorted(state.value for state in COUNTED)
_OPEN = sorted(state.value for state in OPEN_CAMPAIGN)


def _unanswered() -> tuple[ColumnElement[bool], ...]:
    """The person has said nothing since, and nothing that stands."""
    return (
        invitations.c.state.not_in(_ANSWERED),
        or_(invitations.c.pressed_at.is_(None), invitations.c.pressed_at < set_aside.c.at),
    )


class SqlDoubtful:
    """The port `Doubtful` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(
        self,
        subject: Subject,
        score: int,
        *,
        why: Suspicion,
        at: datetime,
        counts_at: datetime | None = None,
    ) -> Suspicion:
        """See the port."""
        async with self._database.write() as connection:
            await _lock(connection, subject)
            mine = set_aside.c.invitation_id == subject.invitation_id
            rows = (await connection.execute(select(set_aside).where(mine))).all()
            followed = [row for row in rows if row.score != score and _by_itself(row)]
            if counts_at is not None and followed:
                why, counts_at = Suspicion.SEVERAL, None
                await connection.execute(
                    set_aside.update()
                    .where(set_aside.c.id.in_([row.id for row in followed]))
                    .values(why=_word(why), counts_at=None)
                )
            elif counts_at is None:  # a robot is about: nothing counts by itself any more
                await connection.execute(set_aside.update().where(mine).values(counts_at=None))
            elif any(row.counts_at is None for row in rows):
                counts_at = None
            await self._put(connection, subject, score, why=why, at=at, counts_at=counts_at)
            return why

    async def _put(
        self,
        connection: AsyncConnection,
        subject: Subject,
        score: int,
        *,
        why: Suspicion,
        at: datetime,
        counts_at: datetime | None,
    ) -> None:
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        row = insert(set_aside).values(
            id=uuid4(),
            invitation_id=subject.invitation_id,
            score=score,
            at=at,
            why=_word(why),
            counts_at=counts_at,
        )
        await connection.execute(
            row.on_conflict_do_update(
                index_elements=["invitation_id", "score"],
                set_={name: row.excluded[name] for name in ("at", "why", "counts_at")},
            )
        )

    async def drop(self, subject: Subject) -> int:
        """See the port."""
        theirs = select(invitations.c.id).where(*_this(subject))
        async with self._database.write() as connection:
            gone = await connection.execute(
                set_aside.delete().where(set_aside.c.invitation_id.in_(theirs))
            )
            return gone.rowcount

    async def ripe(self, *, at: datetime, limit: int) -> Sequence[SetAside]:
        """See the port."""
        return await self._read(
            _whole()
            .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
            .where(
                set_aside.c.counts_at <= at,
                campaigns.c.state.in_(_OPEN),
                set_aside.c.score.is_not(None),
                *_unanswered(),
            )
            .order_by(set_aside.c.at, set_aside.c.id)
            .limit(limit)
        )

    async def waiting(self, campaign: Campaign) -> Sequence[SetAside]:
        """See the port."""
        place = func.row_number().over(
            partition_by=set_aside.c.invitation_id,
            order_by=(set_aside.c.at.desc(), set_aside.c.id),
        )
        found = (
            _whole(place.label("place"))
            .where(
                invitations.c.campaign_id == campaign.id,
                set_aside.c.score.is_not(None),
                *_unanswered(),
            )
            .subquery()
        )
        return await self._read(
            select(found).where(found.c.place == 1).order_by(found.c.at, found.c.id)
        )

    async def told(self, campaigns: Sequence[Campaign]) -> Mapping[int, Mapping[Suspicion, int]]:
        """See the port."""
        async with self._database.read() as connection:
            return await kept_aside(connection, campaigns)

    async def _read(self, query: Select[Any]) -> list[SetAside]:
        async with self._database.read() as connection:
            return [
                SetAside(
                    id=row.id,
                    subject=Subject(campaign_id=row.campaign_id, invitation_id=row.invitation_id),
                    score=row.score,
                    at=row.at,
                    why=suspicion(row.why),
                )
                for row in await connection.execute(query)
            ]


async def kept_aside(
    connection: AsyncConnection, campaigns: Sequence[Campaign]
) -> Mapping[int, Mapping[Suspicion, int]]:
    """How many are kept aside by the number of the round, and why, without an answer beside."""
    rows = await connection.execute(
        select(invitations.c.campaign_id, set_aside.c.why, func.count().label("n"))
        .join(invitations)
        .where(
            invitations.c.campaign_id.in_([known.id for known in campaigns]),
            *_unanswered(),
        )
        .group_by(invitations.c.campaign_id, set_aside.c.why)
    )
    counted: dict[int, dict[Suspicion, int]] = {known.id: {} for known in campaigns}
    for row in rows:
        counted[row.campaign_id][suspicion(row.why)] = row.n
    return counted


def _whole(*more: ColumnElement[Any]) -> Select[Any]:
    return select(set_aside, invitations.c.campaign_id, *more).join(
        invitations, invitations.c.id == set_aside.c.invitation_id
    )


def _this(subject: Subject) -> tuple[ColumnElement[bool], ...]:
    return (
        invitations.c.id == subject.invitation_id,
        invitations.c.campaign_id == subject.campaign_id,
    )


async def _lock(connection: AsyncConnection, subject: Subject) -> UUID:
    """Those that are kept of one invitation at once come one after the other."""
    found: UUID | None = await connection.scalar(
        select(invitations.c.id).where(and_(*_this(subject))).with_for_update()
    )
    if found is None:
        raise OutOfDate("That invitation is not known here.")
    return found


def _by_itself(row: Any) -> bool:
    """Whether a page sent it by itself, as it does for each link that a program follows."""
    return suspicion(row.why) in {Suspicion.ONE_PRESS, Suspicion.SEVERAL}


def _word(why: Suspicion) -> str:
    return why.name.lower()


def suspicion(word: str) -> Suspicion:
    """The column `why`."""
    return Suspicion[word.upper()]
