"""What must hold after a round in which processes were killed, by the database and the ledger."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.invitations import Ballots, load_invitations
from storage.tables import campaigns, deliveries, invitations, responses, totals
from survey.invitation import Invitation
from survey.states import DeliveryKind, DeliveryState

NOTHING: dict[str, Any] = {
    "kills": 0,
    "at_fail_points": 0,
    "database_crashes": 0,
    "rounds": 0,
    "messages": 0,
    "acknowledged": 0,
    "lost": 0,
    "duplicates": 0,
    "mute_kills": 0,
    "mute_duplicates": 0,
    "parked": 0,
    "stuck": 0,
    "overdue": 0.0,
    "unaccounted": 0,
    "totals_wrong": 0,
    "failed": 0,
    "seconds": 0.0,
}
"""The figures that are added up over all rounds."""
UNDER_WAY = {
    DeliveryState.PLANNED.value,
    DeliveryState.SENDING.value,
    DeliveryState.UNKNOWN.value,
}


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """A press that was made; `kept` says whether it was acknowledged."""

    at: datetime
    score: int
    kept: bool


@dataclass(kw_only=True)
class Presses:
    """What people pressed in a round, in the order of their presses."""

    made: dict[UUID, list[Pressed]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def acknowledged(self) -> int:
        return sum(press.kept for presses in self.made.values() for press in presses)

    def lost(self, found: dict[UUID, Invitation]) -> int:
        """People whose last acknowledged press is neither there nor replaced by a later one."""
        return sum(not _stands(presses, found.get(number)) for number, presses in self.made.items())


def _stands(presses: list[Pressed], found: Invitation | None) -> bool:
    last = max((place for place, press in enumerate(presses) if press.kept), default=None)
    if last is None:
        return True
    # What came after it was not acknowledged: it may stand, or not.
    may_stand = {(press.at, press.score) for press in presses[last:]}
    return found is not None and (found.pressed_at, found.response.score) in may_stand


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found of one round; all but the first two should be 0."""

    messages: int
    parked: int
    lost: int
    duplicates: int
    unaccounted: int
    totals_wrong: int
    failed: int


async def judge(
    connection: AsyncConnection,
    campaign_id: int,
    presses: Presses,
    ledger: list[dict[str, Any]],
    ballots: Ballots,
) -> Verdict:
    """Compare everything; no process may be at work any more."""
    mine = [message for message in ledger if message["campaign"] == campaign_id]
    arrived: dict[str, list[str]] = {}
    for message in mine:
        arrived.setdefault(message["delivery"], []).append(str(message["id"]))
    rows = (
        await connection.execute(
            select(deliveries)
            .join(invitations, invitations.c.id == deliveries.c.invitation_id)
            .where(invitations.c.campaign_id == campaign_id)
        )
    ).all()
    asks = {str(row.id): row for row in rows if row.kind != DeliveryKind.UPDATE.value}
    parked = {number for number, row in asks.items() if row.state == DeliveryState.UNKNOWN.value}
    found = await load_invitations(connection, list(presses.made), ballots)
    return Verdict(
        messages=len(mine),
        parked=len(parked),
        lost=presses.lost(dict(found)),
        duplicates=sum(len(messages) - 1 for messages in arrived.values()),
        # What arrives for another round comes after its close.
        unaccounted=len(ledger)
        - len(mine)
        + len(arrived.keys() - asks.keys())
        + sum(
            not _agrees(row, arrived.get(number, []))
            for number, row in asks.items()
            if number not in parked
        )
        + await _miscounted(connection, campaign_id, asks)
        + sum(row.state in UNDER_WAY for row in rows if row.kind == DeliveryKind.UPDATE.value),
        totals_wrong=int(not await _totals_right(connection, campaign_id)),
        failed=sum(row.state == DeliveryState.FAILED.value for row in rows),
    )


def _agrees(row: Any, messages: list[str]) -> bool:
    """Whether the database says of a delivery what the ledger says."""
    if row.state == DeliveryState.SENT.value:
        return row.message_ref in messages
    return row.state == DeliveryState.SKIPPED.value and not messages


async def _miscounted(connection: AsyncConnection, campaign_id: int, asks: dict[str, Any]) -> int:
    """How far the campaign's own counts are from those of its rows."""
    campaign = (
        await connection.execute(select(campaigns).where(campaigns.c.id == campaign_id))
    ).one()
    reached = {row.invitation_id for row in asks.values() if row.state == DeliveryState.SENT.value}
    asked = {row.invitation_id for row in asks.values()}
    return int(abs(campaign.reached - len(reached)) + abs(campaign.invited - len(asked)))


async def _totals_right(connection: AsyncConnection, campaign_id: int) -> bool:
    kept = (
        select(totals.c.cohort, totals.c.score, func.sum(totals.c.n).label("n"))
        .where(totals.c.campaign_id == campaign_id)
        .group_by(totals.c.cohort, totals.c.score)
    )
    anew = (
        select(responses.c.cohort, responses.c.score, func.count().label("n"))
        .where(responses.c.campaign_id == campaign_id, responses.c.score.is_not(None))
        .group_by(responses.c.cohort, responses.c.score)
    )
    told = {(row.cohort, row.score): int(row.n) for row in await connection.execute(kept) if row.n}
    found = {(row.cohort, row.score): int(row.n) for row in await connection.execute(anew)}
    return told == found
