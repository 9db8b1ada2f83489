"""What people wrote, and single answers where names are."""

import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from sqlalchemy import Select, String, and_, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.invitations import Ballots
from storage.one_each import whose_answers
from storage.tables import cohorts, invitations, people, responses
from survey.campaign import Campaign
from survey.report import GROUPS_OF_K, NamedAnswer

AT_A_TIME = 1_000
"""Answers in memory at once."""
_SHUFFLE = b"comments"
_ERASED = people.c.erased_at.is_not(None)


class SqlComments:
    """The port `Comments` on a database."""

    def __init__(self, database: Database, ballots: Ballots) -> None:
        self._database = database
        self._ballots = ballots

    async def named(self, campaign: Campaign) -> Sequence[NamedAnswer]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                _named(campaign)
                .where(responses.c.comment.is_not(None))
                .order_by(invitations.c.pressed_at.desc(), invitations.c.id)
            )
            return [_answer(row) for row in rows]

    async def unnamed(self, campaign: Campaign) -> Sequence[str]:
        """See the port."""
        async with self._database.read() as connection:
            if campaign.rolls and await self._few(connection, campaign):
                return []
            key = (await self._ballots.of(connection, campaign.id)).key
            rows = await connection.execute(
                select(responses.c.respondent, responses.c.comment).where(
                    responses.c.campaign_id == campaign.id,
                    responses.c.comment.is_not(None),
                    # Counted, and not taken back since.
                    responses.c.released_score.is_not(None),
                    responses.c.score.is_not(None),
                )
            )
            drawn = [(_place(key, row.respondent), row.comment) for row in rows]
        return [comment for _, comment in sorted(drawn)]

    async def _few(self, connection: AsyncConnection, campaign: Campaign) -> bool:
        """Whether there are too few people behind all those answers to tell what was written."""
        counted = await connection.scalars(
            select(responses.c.respondent).where(
                responses.c.campaign_id == campaign.id, responses.c.released_score.is_not(None)
            )
        )
        whose = await whose_answers(connection, campaign)
        people = {whose[name] for name in counted if name in whose}
        return len(people) < GROUPS_OF_K * campaign.survey.k

    async def attributes(self, campaign: Campaign) -> Sequence[str]:
        """See the port."""
        names: set[str] = set()
        async with self._database.read() as connection:
            rows = await connection.scalars(
                select(cohorts.c.attributes).where(cohorts.c.campaign_id == campaign.id)
            )
            for attributes in rows:
                names |= json.loads(attributes).keys()
        return sorted(names)

    async def answers(self, campaign: Campaign) -> AsyncGenerator[NamedAnswer, None]:
        """See the port."""
        async with (
            self._database.read() as connection,
            connection.stream(
                _named(campaign).order_by(people.c.email, invitations.c.id),
                execution_options={"yield_per": AT_A_TIME},
            ) as rows,
        ):
            async for row in rows:
                yield _answer(row)


def _place(key: bytes, respondent: str) -> bytes:
    """Where a comment stands in the list: another digest than any that is a pseudonym."""
    return hmac.digest(key, _SHUFFLE + respondent.encode(), hashlib.sha256)


def _named(campaign: Campaign) -> Select[Any]:
    """Counted answers with their people; a respondent is the invitation where names are."""
    return (
        select(
            case((_ERASED, ""), else_=people.c.email).label("email"),
            case((_ERASED, ""), else_=people.c.name).label("name"),
            case((_ERASED, "{}"), else_=cohorts.c.attributes).label("attributes"),
            responses.c.score,
            responses.c.comment,
            invitations.c.pressed_at,
        )
        .select_from(invitations)
        .join(people, people.c.id == invitations.c.person_id)
        .join(
            cohorts,
            and_(
                cohorts.c.campaign_id == invitations.c.campaign_id,
                cohorts.c.cohort == invitations.c.cohort,
            ),
        )
        .join(
            responses,
            and_(
                responses.c.campaign_id == invitations.c.campaign_id,
                responses.c.respondent == func.replace(cast(invitations.c.id, String), "-", ""),
            ),
        )
        .where(invitations.c.campaign_id == campaign.id, responses.c.score.is_not(None))
    )


def _answer(row: Any) -> NamedAnswer:
    return NamedAnswer(
        email=row.email,
        name=row.name,
        attributes=json.loads(row.attributes),
        score=row.score,
        comment=row.comment,
        pressed_at=row.pressed_at,
    )
