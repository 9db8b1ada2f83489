"""Where a message goes on to that can't be delivered: the person's next platform."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.planned import plan_messages
from storage.rows import survey_of
from storage.tables import addresses, campaigns, deliveries, invitations, people, suppressions
from survey.person import EMAIL, Address
from survey.states import ABOUT, OPEN_CAMPAIGN, UNDER_WAY, DeliveryKind, InvitationState

_ABOUT = sorted(kind.value for kind in ABOUT)
_WAITING = [InvitationState.PENDING.value, InvitationState.SENT.value]
_OPEN = sorted(state.value for state in OPEN_CAMPAIGN)
_UNDER_WAY = sorted(state.value for state in UNDER_WAY)

Message = tuple[UUID, int, Address, datetime]
"""As `plan_messages` takes it."""


def written_to() -> ColumnElement[bool]:
    """Of `addresses`: no mailbox that refuses our mail."""
    refuses = exists().where(suppressions.c.email == addresses.c.user_id)
    return or_(addresses.c.platform != EMAIL, ~refuses.correlate(addresses))


def undelivered() -> ColumnElement[bool]:
    """Of `invitations`: nothing about it arrived, and nothing is under way."""
    other = exists().where(
        deliveries.c.invitation_id == invitations.c.id,
        deliveries.c.kind.in_(_ABOUT),
        or_(deliveries.c.sent_at.is_not(None), deliveries.c.state.in_(_UNDER_WAY)),
    )
    return and_(invitations.c.state.in_(_WAITING), ~other.correlate(invitations))


async def go_on(
    connection: AsyncConnection, lost: Sequence[UUID], platforms: Sequence[str]
) -> None:
    """Plan messages that can't be delivered anew, each on the person's next platform.

    That is the first, in their own order, the survey's or else the given one, on which nothing
    about the invitation was tried. It has the time of the one before: it is due. An invitation
    for which there is none, and of which nothing arrived, can't be delivered.

    Args:
        connection: In whose transaction.
        lost: Deliveries that have failed, or are skipped because their mailbox is not written to.
        platforms: Those that are on, the preferred first.
    """
    rows = await _waiting(connection, lost)
    if not rows:
        return
    if platforms:
        for kind, messages in (await _next(connection, rows, platforms)).items():
            await plan_messages(connection, kind, messages)
    await connection.execute(
        invitations.update()
        .where(invitations.c.id.in_([row.invitation_id for row in rows]), undelivered())
        .values(state=InvitationState.UNDELIVERABLE.value)
    )


async def _waiting(connection: AsyncConnection, lost: Sequence[UUID]) -> Sequence[Any]:
    """Those of them that somebody still waits for, with their invitations locked."""
    found = await connection.execute(
        select(
            deliveries.c.kind,
            deliveries.c.due_at,
            deliveries.c.invitation_id,
            invitations.c.person_id,
            campaigns.c.definition,
            people.c.channel,
        )
        .join(invitations, invitations.c.id == deliveries.c.invitation_id)
        .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
        .join(people, people.c.id == invitations.c.person_id)
        .where(
            deliveries.c.id.in_(lost),
            deliveries.c.kind.in_(_ABOUT),
            invitations.c.state.in_(_WAITING),
            campaigns.c.state.in_(_OPEN),
            people.c.active,
        )
        .order_by(invitations.c.id)
        .with_for_update(of=invitations)
    )
    return found.all()


async def _next(
    connection: AsyncConnection, rows: Sequence[Any], platforms: Sequence[str]
) -> Mapping[DeliveryKind, Sequence[Message]]:
    tried, last = await _tried(connection, [row.invitation_id for row in rows])
    places = await _places(connection, {row.person_id for row in rows}, platforms)
    found: dict[DeliveryKind, list[Message]] = {}
    for row in rows:
        theirs = places.get(row.person_id, {})
        left = [
            theirs[one]
            for one in _ordered(survey_of(row.definition).asks_on(platforms), first=row.channel)
            if one in theirs and one not in tried[row.invitation_id]
        ]
        if left:
            message = (
                row.invitation_id,
                last[row.invitation_id, row.kind] + 1,
                left[0],
                row.due_at,
            )
            found.setdefault(DeliveryKind(row.kind), []).append(message)
            tried[row.invitation_id].add(left[0].platform)
    return found


def _ordered(platforms: Sequence[str], *, first: str | None) -> Sequence[str]:
    """Their own choice before all others."""
    return sorted(platforms, key=lambda platform: platform != first)


async def _tried(
    connection: AsyncConnection, ids: Sequence[UUID]
) -> tuple[dict[UUID, set[str]], dict[tuple[UUID, str], int]]:
    """On which platforms each invitation was tried, and its last number of each kind."""
    tried: dict[UUID, set[str]] = {}
    last: dict[tuple[UUID, str], int] = {}
    rows = await connection.execute(
        select(
            deliveries.c.invitation_id,
            deliveries.c.kind,
            deliveries.c.ordinal,
            deliveries.c.platform,
        )
        .where(deliveries.c.invitation_id.in_(ids), deliveries.c.kind.in_(_ABOUT))
        .order_by(deliveries.c.ordinal)
    )
    for row in rows:
        tried.setdefault(row.invitation_id, set()).add(row.platform)
        last[row.invitation_id, row.kind] = row.ordinal
    return tried, last


async def _places(
    connection: AsyncConnection, person_ids: set[int], platforms: Sequence[str]
) -> Mapping[int, Mapping[str, Address]]:
    rows = await connection.execute(
        select(addresses)
        .where(
            addresses.c.person_id.in_(person_ids),
            addresses.c.platform.in_(platforms),
            written_to(),
        )
        .order_by(addresses.c.workspace.desc())
    )
    found: dict[int, dict[str, Address]] = {}
    for platform, workspace, user_id, person_id in rows:
        place = Address(platform=platform, workspace=workspace, user_id=user_id)
        found.setdefault(person_id, {})[platform] = place
    return found
