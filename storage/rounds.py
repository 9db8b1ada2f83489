"""Campaigns: start, close, list."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.audit import append_within, tell
from storage.engine import PRESS_TIMEOUT_SECONDS, Database
from storage.joining import invitation_of, join
from storage.rows import accounts_of, campaign_of
from storage.schedules import take_due
from storage.set_aside import kept_aside
from storage.starting import write_round
from storage.tables import campaigns, deliveries, invitations, lanes, set_aside
from storage.updates import plan_updates
from survey.accounts import Accounts
from survey.audit import THE_SCHEDULE, Chain, Entry
from survey.campaign import Campaign, Period
from survey.delivery import Method
from survey.errors import (
    CampaignExists,
    CommitUnknown,
    NoRoundRunning,
    NotFound,
    StartedElsewhere,
)
from survey.person import Person
from survey.planning import Plan
from survey.states import (
    ABOUT,
    OPEN_CAMPAIGN,
    CampaignState,
    DeliveryKind,
    DeliveryState,
    InvitationState,
)

CLOCKS_APART_SECONDS = 3
"""How far apart the clocks of two machines may be; `voxpop doctor` tells."""
_ABOUT = sorted(kind.value for kind in ABOUT)
_NOT_DELIVERED = [DeliveryState.FAILED.value, DeliveryState.SKIPPED.value]
_OPEN = [state.value for state in OPEN_CAMPAIGN]
_TRIED = (deliveries.c.tries > 0).label("tried")


class SqlRounds:
    """The port `Rounds` on a database.

    Args:
        chain: Of the audit log, in which starts by schedule stand.
    """

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    async def start(self, plan: Plan, *, due: datetime | None = None) -> Campaign:
        """See the port."""
        name = plan.survey.name
        started = line = None
        try:
            async with self._database.write() as connection:
                if due is not None and not await take_due(connection, name, due=due):
                    raise StartedElsewhere(f"That time of {name}'s schedule has been dealt with.")
                started = await write_round(connection, plan)
                if due is not None:
                    line = await append_within(connection, self._chain, _by_schedule(started))
        except IntegrityError as error:
            raise CampaignExists(f"A round of {name} is running already.") from error
        except CommitUnknown:
            known = {(found.id, found.started_at) for found in await self.all(name)}
            if started is None or (started.id, started.started_at) not in known:
                raise
        if line is not None:
            tell(line)
        return started

    async def invite(self, campaign: Campaign, person: Person, *, at: datetime) -> UUID:
        """See the port."""
        async with self._database.read() as connection:
            known = await invitation_of(connection, campaign, person)
            row = await connection.execute(select(campaigns).where(campaigns.c.id == campaign.id))
            now = campaign_of(row.one())
        if now.rolls:  # there is nothing that it could be about
            raise NoRoundRunning(campaign.survey.name)
        if known is not None and now.takes_answers(at):
            return known
        async with self._database.write() as connection:
            return await join(connection, campaign, person, at=at)

    async def find(self, survey: str, period: Period) -> Campaign | None:
        """See the port."""
        found = await self._read(
            select(campaigns).where(campaigns.c.survey == survey, campaigns.c.period == str(period))
        )
        return found[0] if found else None

    async def by_id(self, campaign_id: int) -> Campaign:
        """See the port."""
        found = await self._read(select(campaigns).where(campaigns.c.id == campaign_id))
        if not found:
            raise NotFound(f"There is no round with the number {campaign_id}.")
        return found[0]

    async def all(self, survey: str | None = None) -> Sequence[Campaign]:
        """See the port."""
        query = select(campaigns).order_by(campaigns.c.started_at.desc(), campaigns.c.id.desc())
        return await self._read(query.where(campaigns.c.survey == survey) if survey else query)

    async def begin_closing(self, campaign: Campaign, *, at: datetime) -> Campaign:
        """See the port."""
        if campaign.state is CampaignState.CLOSING:
            return campaign
        closing = campaign.moved(CampaignState.CLOSING)
        async with self._database.write() as connection:
            moved = await connection.execute(
                campaigns.update()
                .where(campaigns.c.id == campaign.id, campaigns.c.state.in_(_OPEN))
                .values(state=CampaignState.CLOSING.value, closing_at=at)
            )
        if not moved.rowcount:  # somebody else was quicker
            now = await self.by_id(campaign.id)
            return now if now.state is CampaignState.CLOSING else now.moved(CampaignState.CLOSING)
        return closing

    async def overdue(self, *, at: datetime) -> Sequence[Campaign]:
        """See the port."""
        return await self._read(
            select(campaigns).where(campaigns.c.state.in_(_OPEN), campaigns.c.closes_at <= at)
        )

    async def settled(self, *, at: datetime) -> Sequence[Campaign]:
        """See the port."""
        wait = (
            timedelta(0)
            if self._database.is_sqlite
            else timedelta(seconds=PRESS_TIMEOUT_SECONDS + CLOCKS_APART_SECONDS)
        )
        return await self._read(
            select(campaigns).where(
                campaigns.c.state == CampaignState.CLOSING.value,
                campaigns.c.closing_at <= at - wait,
            )
        )

    async def finish(self, campaign: Campaign, *, at: datetime) -> None:
        """See the port."""
        of_campaign = invitations.c.campaign_id == campaign.id
        async with self._database.write() as connection:
            closed = await connection.execute(
                campaigns.update()
                .where(
                    campaigns.c.id == campaign.id,
                    campaigns.c.state == CampaignState.CLOSING.value,
                )
                .values(state=CampaignState.CLOSED.value, closed_at=at)
            )
            if not closed.rowcount:
                return
            # Who never got the question was not asked: it is no ask of the year, and no rest.
            for was, becomes in (
                (InvitationState.SENT, InvitationState.EXPIRED),
                (InvitationState.PENDING, InvitationState.WITHDRAWN),
            ):
                await connection.execute(
                    invitations.update()
                    .where(of_campaign, invitations.c.state == was.value)
                    .values(state=becomes.value)
                )
            # What did not go out is let go; what did is told.
            in_campaign = deliveries.c.invitation_id.in_(
                select(invitations.c.id).where(of_campaign)
            )
            await connection.execute(
                deliveries.update()
                .where(in_campaign, deliveries.c.state == DeliveryState.PLANNED.value)
                .values(state=DeliveryState.SKIPPED.value, reason="the round has closed")
            )
            await plan_updates(connection, of_campaign, at=at)
            # What was kept aside can't be counted any more; that it was is told on.
            await connection.execute(
                set_aside.update()
                .where(set_aside.c.invitation_id.in_(select(invitations.c.id).where(of_campaign)))
                .values(score=None, counts_at=None)
            )

    async def move(self, campaign: Campaign, to: CampaignState) -> Campaign:
        """See the port."""
        if campaign.state is to:
            return campaign
        moved = campaign.moved(to)
        async with self._database.write() as connection:
            written = await connection.execute(
                campaigns.update()
                .where(campaigns.c.id == campaign.id, campaigns.c.state == campaign.state.value)
                .values(state=to.value)
            )
        if not written.rowcount:  # somebody else was quicker
            now = await self.by_id(campaign.id)
            return now if now.state is to else now.moved(to)
        return moved

    async def accounts(self, campaigns: Sequence[Campaign]) -> Mapping[int, Accounts]:
        """See the port."""
        reminded = and_(
            deliveries.c.kind == DeliveryKind.REMINDER.value, deliveries.c.sent_at.is_not(None)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(
                    invitations.c.campaign_id,
                    deliveries.c.kind,
                    deliveries.c.state,
                    deliveries.c.reason,
                    _TRIED,
                    func.count().label("n"),
                )
                .join(invitations)
                .where(
                    invitations.c.campaign_id.in_([known.id for known in campaigns]),
                    or_(_asked(), reminded),
                )
                .group_by(
                    invitations.c.campaign_id,
                    deliveries.c.kind,
                    deliveries.c.state,
                    deliveries.c.reason,
                    _TRIED,
                )
            )
            found = rows.all()
            held = await _held(connection, campaigns)
            aside = await kept_aside(connection, campaigns)
        return {
            known.id: replace(
                accounts_of([row for row in found if row.campaign_id == known.id]),
                held=held.get(known.id, {}),
                suspected=sum(aside[known.id].values()),
            )
            for known in campaigns
        }

    async def _read(self, query: Select[Any]) -> list[Campaign]:
        async with self._database.read() as connection:
            return [campaign_of(row) for row in await connection.execute(query)]


async def _held(
    connection: AsyncConnection, campaigns: Sequence[Campaign]
) -> Mapping[int, Mapping[str, str]]:
    """By the round: platforms that have something of it, and take nothing just now; and why."""
    rows = await connection.execute(
        select(invitations.c.campaign_id, lanes.c.platform, lanes.c.reason)
        .select_from(lanes)
        .join(
            deliveries,
            and_(
                deliveries.c.platform == lanes.c.platform,
                deliveries.c.workspace == lanes.c.workspace,
                deliveries.c.state == DeliveryState.PLANNED.value,
                deliveries.c.kind.in_(_ABOUT),
            ),
        )
        .join(invitations)
        .where(
            lanes.c.method == Method.SEND.value,
            lanes.c.trouble > 0,
            lanes.c.reason.is_not(None),
            invitations.c.campaign_id.in_([known.id for known in campaigns]),
        )
        .distinct()
    )
    found: dict[int, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row.campaign_id, {})[row.platform] = row.reason
    return found


def _asked() -> ColumnElement[bool]:
    """The message that brought each invitation's question, or was to.

    The first; where it went on to another platform, the one there.
    """
    other = deliveries.alias("other")
    same = and_(
        other.c.invitation_id == deliveries.c.invitation_id, other.c.kind == deliveries.c.kind
    )
    before = exists().where(
        same, other.c.ordinal < deliveries.c.ordinal, other.c.state.not_in(_NOT_DELIVERED)
    )
    after = exists().where(same, other.c.ordinal > deliveries.c.ordinal)
    return and_(
        deliveries.c.kind == DeliveryKind.INITIAL.value,
        or_(deliveries.c.ordinal == 1, ~before),
        or_(deliveries.c.state.not_in(_NOT_DELIVERED), ~after),
    )


def _by_schedule(campaign: Campaign) -> Entry:
    return Entry(
        at=campaign.started_at, actor=THE_SCHEDULE, action="round.started", about=campaign.name
    )
