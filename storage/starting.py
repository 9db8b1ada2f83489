"""A round as it begins: everything that it is made of, written in one transaction."""

import secrets
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import insert_many
from storage.erasure import leave_out_erased
from storage.ledger import leave_out_who_has_left
from storage.locks import Lock, wait_for
from storage.periods import first_free
from storage.planned import plan_messages
from storage.rows import attributes_text, survey_text
from storage.tables import campaign_keys, campaigns, cohorts, invitations
from survey.campaign import Campaign
from survey.errors import PlanOutdated
from survey.planning import Plan
from survey.states import (
    CampaignState,
    DeliveryKind,
    InvitationState,
)


async def write_round(connection: AsyncConnection, plan: Plan) -> Campaign:
    """The campaign, its cohorts, invitations and first messages.

    Raises:
        PlanOutdated: If another round has started since the plan was made.
        IntegrityError: If a round of the survey is open.
    """
    survey = plan.survey
    await wait_for(connection, Lock.START)
    latest = await connection.scalar(select(func.max(campaigns.c.id)))
    if latest is not None and latest > plan.after:
        raise PlanOutdated(f"Another round has started since {survey.name} was planned.")
    period = await first_free(connection, survey.name, plan.period)
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
    await insert_many(
        connection,
        cohorts,
        ("campaign_id", "cohort", "attributes"),
        ((number, place, attributes_text(shared)) for place, shared in enumerate(plan.cohorts)),
    )
    await _invite(connection, number, plan)
    await leave_out_who_has_left(connection, number, survey.name)
    await leave_out_erased(connection, number)
    return Campaign(
        id=number,
        survey=survey,
        period=period,
        state=CampaignState.RUNNING,
        started_at=plan.starts_at,
        closes_at=plan.closes_at,
        invited=len(plan.asks),
    )


async def _invite(connection: AsyncConnection, number: int, plan: Plan) -> None:
    """An invitation and its first message for each; however many, in two statements."""
    ids = [uuid4() for _ in plan.asks]
    pending = InvitationState.PENDING.value
    await insert_many(
        connection,
        invitations,
        (
            "id",
            "campaign_id",
            "person_id",
            "cohort",
            "state",
            "first_contact",
            "asked_at",
            "ask_number",
        ),
        (
            (
                invitation_id,
                number,
                ask.person_id,
                ask.cohort,
                pending,
                ask.first_contact,
                plan.starts_at,
                ask.number,
            )
            for invitation_id, ask in zip(ids, plan.asks, strict=True)
        ),
    )
    await plan_messages(
        connection,
        DeliveryKind.INITIAL,
        (
            (invitation_id, 1, ask.address, ask.due_at)
            for invitation_id, ask in zip(ids, plan.asks, strict=True)
        ),
    )
