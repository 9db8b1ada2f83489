"""Consent: what people said on being asked, and the stops that follow from it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ScalarSelect, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.ledger import ALL_SURVEYS
from storage.returning import open_rounds
from storage.tables import consents, invitations, opt_outs
from storage.updates import plan_updates
from survey.consent import Consent, How
from survey.delivery import MessageRef
from survey.states import InvitationState

_WAITING = [InvitationState.PENDING.value, InvitationState.SENT.value]


async def stop(
    connection: AsyncConnection,
    person_id: int,
    *,
    survey: str | None,
    at: datetime,
    how: How,
    reason: str = "",
    but: MessageRef | None = None,
) -> None:
    """Within a transaction: no more of this survey, or of any (None).

    Open invitations leave with it, and their messages are updated, except `but`. A line of consent
    is added, unless it stood so already by their own word and no reason is given.
    """
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    name = survey or ALL_SURVEYS
    stopped = await connection.execute(
        insert(opt_outs).values(person_id=person_id, survey=name, at=at).on_conflict_do_nothing()
    )
    # A no at a desk is lifted by a yes at a desk; their own is not, and so has a line of its own.
    by_others = await connection.scalar(select(last_way(person_id, name))) == How.FRONT_DESK.value
    if stopped.rowcount or reason or by_others:
        await note(connection, person_id, [name], may_ask=False, how=how, reason=reason, at=at)
    left = InvitationState.DECLINED if survey else InvitationState.OPTED_OUT
    left_open = await connection.scalars(
        invitations.update()
        .where(
            invitations.c.person_id == person_id,
            invitations.c.state.in_(_WAITING),
            invitations.c.campaign_id.in_(open_rounds(survey)),
        )
        .values(state=left.value)
        .returning(invitations.c.id)
    )
    await plan_updates(connection, invitations.c.id.in_(left_open.all()), at=at, but=but)


def last_way(person_id: int, survey: str) -> ScalarSelect[str]:
    """How the last that is known of a survey was said: perhaps at a desk, by somebody else."""
    return (
        select(consents.c.how)
        .where(consents.c.person_id == person_id, consents.c.survey == survey)
        .order_by(consents.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


async def note(
    connection: AsyncConnection,
    person_id: int,
    surveys: Sequence[str],
    *,
    may_ask: bool,
    how: How,
    at: datetime,
    reason: str = "",
) -> None:
    """Add a line for each survey; an empty name stands for all."""
    if not surveys:
        return
    await connection.execute(
        consents.insert(),
        [
            {
                "person_id": person_id,
                "survey": name,
                "may_ask": may_ask,
                "how": how.value,
                "reason": reason,
                "at": at,
            }
            for name in surveys
        ],
    )


async def read_consents(connection: AsyncConnection, person_id: int) -> tuple[Consent, ...]:
    """What they have said, oldest first."""
    rows = await connection.execute(
        select(consents).where(consents.c.person_id == person_id).order_by(consents.c.id)
    )
    return tuple(
        Consent(
            at=row.at,
            survey=row.survey,
            may_ask=row.may_ask,
            how=How(row.how),
            reason=row.reason,
        )
        for row in rows
    )
