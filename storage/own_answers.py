"""What one person was asked and has answered, as they may read it themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.instants import Instant
from storage.invitations import Ballots
from storage.set_aside import suspicion
from storage.tables import campaigns, deliveries, invitations, responses, set_aside
from survey.rights import Aside, Asked, Sent
from survey.states import COUNTED, OPEN_CAMPAIGN, DeliveryKind

_ROUNDS_OF = (
    select(
        invitations.c.id,
        invitations.c.campaign_id,
        invitations.c.state,
        invitations.c.asked_at,
        invitations.c.pressed_at,
    )
    .join(campaigns)
    .where(invitations.c.person_id == bindparam("person"))
    .order_by(campaigns.c.started_at.desc(), campaigns.c.id.desc(), invitations.c.asked_at.desc())
)
_OVER = or_(
    campaigns.c.state.not_in([state.value for state in OPEN_CAMPAIGN]),
    invitations.c.closes_at <= bindparam("at", type_=Instant),
)
_COUNTED = invitations.c.state.in_([state.value for state in COUNTED])

_ANSWERED = _ROUNDS_OF.where(_OVER, _COUNTED).limit(bindparam("latest"))


async def every_round(
    connection: AsyncConnection, ballots: Ballots, person_id: int
) -> tuple[Asked, ...]:
    """The rounds that asked them, newest first, with all that was sent to them."""
    rows = (await connection.execute(_ROUNDS_OF, {"person": person_id})).all()
    found = await _with_answers(connection, ballots, rows, await _sent(connection, person_id))
    aside = await _aside(connection, person_id)
    return tuple(
        replace(asked, set_aside=tuple(aside.get(row.id, ())))
        for row, asked in zip(rows, found, strict=True)
    )


async def latest_answers(
    connection: AsyncConnection, ballots: Ballots, person_id: int, *, at: datetime, limit: int
) -> tuple[Asked, ...]:
    """The latest rounds that are over and that they answered, newest first."""
    bound = {"person": person_id, "at": at, "latest": limit}
    rows = (await connection.execute(_ANSWERED, bound)).all()
    return await _with_answers(connection, ballots, rows, {})


async def _with_answers(
    connection: AsyncConnection,
    known: Ballots,
    rows: Sequence[Any],
    sent: Mapping[UUID, Sequence[Sent]],
) -> tuple[Asked, ...]:
    """Each with the answer that the round's key leads to."""
    await known.learn(connection, [row.campaign_id for row in rows])
    ballots = {row.campaign_id: await known.of(connection, row.campaign_id) for row in rows}
    names = {row.id: ballots[row.campaign_id].respondent(row.id) for row in rows}
    given = await connection.execute(
        select(
            responses.c.respondent,
            responses.c.score,
            responses.c.previous,
            responses.c.released_score,
            responses.c.comment,
        ).where(
            responses.c.campaign_id.in_(list(ballots)),
            responses.c.respondent.in_(list(names.values())),
        )
    )
    answers = {row.respondent: row for row in given}
    found = []
    for row in rows:
        campaign = ballots[row.campaign_id].campaign
        answer = answers.get(names[row.id])
        found.append(
            Asked(
                campaign=campaign.name,
                mode=campaign.survey.mode.value,
                state=row.state,
                asked_at=row.asked_at,
                messages=tuple(sent.get(row.id, ())),
                answered_at=row.pressed_at,
                score=None if answer is None else answer.score,
                previous_score=None if answer is None else answer.previous,
                score_in_figures=None if answer is None else answer.released_score,
                comment=None if answer is None else answer.comment,
            )
        )
    return tuple(found)


async def _sent(connection: AsyncConnection, person_id: int) -> Mapping[UUID, Sequence[Sent]]:
    """By invitation, what went out to them about it, oldest first; changes of it left out."""
    rows = await connection.execute(
        select(
            deliveries.c.invitation_id,
            deliveries.c.kind,
            deliveries.c.platform,
            deliveries.c.sent_at,
        )
        .join(invitations)
        .where(
            invitations.c.person_id == person_id,
            deliveries.c.kind != DeliveryKind.UPDATE.value,
            deliveries.c.sent_at.is_not(None),
        )
        .order_by(deliveries.c.sent_at, deliveries.c.id)
    )
    found: dict[UUID, list[Sent]] = {}
    for row in rows:
        one = Sent(kind=row.kind, platform=row.platform, at=row.sent_at)
        found.setdefault(row.invitation_id, []).append(one)
    return found


async def _aside(connection: AsyncConnection, person_id: int) -> Mapping[UUID, Sequence[Aside]]:
    """By invitation, what is kept and not counted, oldest first."""
    rows = await connection.execute(
        select(set_aside.c.invitation_id, set_aside.c.score, set_aside.c.at, set_aside.c.why)
        .join(invitations)
        .where(invitations.c.person_id == person_id)
        .order_by(set_aside.c.at, set_aside.c.id)
    )
    found: dict[UUID, list[Aside]] = {}
    for row in rows:
        one = Aside(score=row.score, at=row.at, why=suspicion(row.why).value)
        found.setdefault(row.invitation_id, []).append(one)
    return found
