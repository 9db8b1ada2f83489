"""People who leave: what is still under way for them ends."""

from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import campaigns, deliveries, invitations, people
from survey.states import ABOUT, OPEN_CAMPAIGN, DeliveryState, InvitationState

_ABOUT = sorted(kind.value for kind in ABOUT)

LEFT = "left the roster"
GONE = "their account is deactivated"
REMOVED = "their workspace has removed us"
"""Why a planned message is skipped."""


async def deactivate(
    connection: AsyncConnection, who: ColumnElement[bool], *, at: datetime
) -> None:
    """They leave: nothing is asked of them any more, and what they answered stays.

    What was never sent does not count as reached, and so is out of the response rate.
    """
    theirs = select(people.c.id).where(who)
    unanswered = (
        invitations.c.person_id.in_(theirs),
        invitations.c.state.in_([InvitationState.PENDING.value, InvitationState.SENT.value]),
        invitations.c.campaign_id.in_(
            select(campaigns.c.id).where(
                campaigns.c.state.in_([state.value for state in OPEN_CAMPAIGN])
            )
        ),
    )
    # Invitations before deliveries, as everywhere: nobody waits in a circle.
    await connection.execute(
        invitations.update().where(*unanswered).values(state=InvitationState.WITHDRAWN.value)
    )
    await connection.execute(
        deliveries.update()
        .where(
            deliveries.c.invitation_id.in_(
                select(invitations.c.id).where(invitations.c.person_id.in_(theirs))
            ),
            deliveries.c.state == DeliveryState.PLANNED.value,
            deliveries.c.kind.in_(_ABOUT),
        )
        .values(state=DeliveryState.SKIPPED.value, reason=LEFT)
    )
    await connection.execute(people.update().where(who).values(active=False, left_at=at))


async def withdraw_unsent(connection: AsyncConnection, gone: FromClause, *, reason: str) -> None:
    """Some accounts are gone: nothing more goes there, and who has no question yet gets none.

    Who has it keeps it: they may answer from another account. What was never sent does not count as
    reached, and so is out of the response rate.

    Args:
        connection: In whose transaction.
        gone: The addresses, with the columns of `addresses`.
        reason: Why, for the operator.
    """
    there = exists().where(
        gone.c.platform == deliveries.c.platform,
        gone.c.workspace == deliveries.c.workspace,
        gone.c.user_id == deliveries.c.user_id,
    )
    theirs = invitations.c.person_id.in_(select(gone.c.person_id))
    waiting = (
        there,
        deliveries.c.state == DeliveryState.PLANNED.value,
        deliveries.c.kind.in_(_ABOUT),
    )
    # Invitations before deliveries, as everywhere: nobody waits in a circle.
    await connection.execute(
        invitations.update()
        .where(
            theirs,
            invitations.c.state == InvitationState.PENDING.value,
            exists()
            .where(deliveries.c.invitation_id == invitations.c.id, *waiting)
            .correlate(invitations),
        )
        .values(state=InvitationState.WITHDRAWN.value)
    )
    await connection.execute(
        deliveries.update()
        .where(deliveries.c.invitation_id.in_(select(invitations.c.id).where(theirs)), *waiting)
        .values(state=DeliveryState.SKIPPED.value, reason=reason)
    )
