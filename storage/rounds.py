"""Campaigns: start, close, list."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import PRESS_TIMEOUT_SECONDS, Database
from storage.rows import attributes_text, campaign_of, survey_text
from storage.tables import campaign_keys, campaigns, cohorts, deliveries, invitations
from storage.updates import plan_updates
from survey.campaign import Campaign, Period
from survey.errors import CampaignExists, NotFound
from survey.planning import Plan
from survey.states import (
    OPEN_CAMPAIGN,
    CampaignState,
    DeliveryKind,
    DeliveryState,
    InvitationState,
)

CLOCKS_APART_SECONDS = 3
"""How far apart the clocks of two machines may be; `voxpop doctor` tells."""
_OPEN = [state.value for state in OPEN_CAMPAIGN]


class SqlRounds:
    """The port `Rounds` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, plan: Plan) -> Campaign:
        """See the port."""
        try:
            async with self._database.write() as connection:
                return await self._start(connection, plan)
        except IntegrityError as error:
            raise CampaignExists(f"A round of {plan.survey.name} is running already.") from error

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
            await connection.execute(
                invitations.update()
                .where(
                    of_campaign,
                    invitations.c.state.in_(
                        [InvitationState.PENDING.value, InvitationState.SENT.value]
                    ),
                )
                .values(state=InvitationState.EXPIRED.value)
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

    async def accounts(self, campaign: Campaign) -> Mapping[str, int]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(deliveries.c.state, func.count())
                .join(invitations)
                .where(
                    invitations.c.campaign_id == campaign.id,
                    deliveries.c.kind == DeliveryKind.INITIAL.value,
                    deliveries.c.ordinal == 1,
                )
                .group_by(deliveries.c.state)
            )
            return {state: count for state, count in rows}  # noqa: C416 - rows are no pairs to mypy

    async def _read(self, query: Select[Any]) -> list[Campaign]:
        async with self._database.read() as connection:
            return [campaign_of(row) for row in await connection.execute(query)]

    async def _start(self, connection: AsyncConnection, plan: Plan) -> Campaign:
        survey = plan.survey
        taken = await connection.scalars(
            select(campaigns.c.period).where(campaigns.c.survey == survey.name)
        )
        periods = {Period.parse(text) for text in taken}
        period = plan.period
        while period in periods:
            period = Period(period.year, period.quarter, period.ordinal + 1)
        number: int = (
            await connection.execute(
                campaigns.insert()
                .values(
                    survey=survey.name,
                    period=str(period),
                    definition=survey_text(survey),
                    state=CampaignState.RUNNING.value,
                    started_at=plan.starts_at,
                    closes_at=plan.closes_at,
                    invited=len(plan.asks),
                    at_once=plan.at_once,
                )
                .returning(campaigns.c.id)
            )
        ).scalar_one()
        await connection.execute(
            campaign_keys.insert().values(campaign_id=number, key=secrets.token_bytes(32))
        )
        await connection.execute(
            cohorts.insert(),
            [
                {"campaign_id": number, "cohort": place, "attributes": attributes_text(shared)}
                for place, shared in enumerate(plan.cohorts)
            ],
        )
        ids = [uuid4() for _ in plan.asks]
        await connection.execute(
            invitations.insert(),
            [
                {
                    "id": invitation_id,
                    "campaign_id": number,
                    "person_id": ask.person_id,
                    "cohort": ask.cohort,
                    "state": InvitationState.PENDING.value,
                    "first_contact": ask.first_contact,
                    "asked_at": plan.starts_at,
                }
                for invitation_id, ask in zip(ids, plan.asks, strict=True)
            ],
        )
        await connection.execute(
            deliveries.insert(),
            [
                {
                    "id": uuid4(),
                    "invitation_id": invitation_id,
                    "kind": DeliveryKind.INITIAL.value,
                    "ordinal": 1,
                    "platform": ask.address.platform,
                    "workspace": ask.address.workspace,
                    "user_id": ask.address.user_id,
                    "state": DeliveryState.PLANNED.value,
                    "due_at": ask.due_at,
                }
                for invitation_id, ask in zip(ids, plan.asks, strict=True)
            ],
        )
        return Campaign(
            id=number,
            survey=survey,
            period=period,
            state=CampaignState.RUNNING,
            started_at=plan.starts_at,
            closes_at=plan.closes_at,
            invited=len(plan.asks),
        )
