"""Campaigns without an end: how they begin, and the cohorts that they get as things happen."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import insert_many
from storage.cohorts import NOTHING
from storage.locks import Lock, wait_for
from storage.periods import first_free
from storage.rows import attributes_text, campaign_of, survey_text
from storage.tables import campaign_keys, campaigns, cohorts
from survey.campaign import NO_END, Campaign, Period
from survey.errors import CampaignExists, InvitationClosed
from survey.localtime import local_date, zone
from survey.occasion import Occasion
from survey.states import OPEN_CAMPAIGN, CampaignState
from survey.survey import Survey

_OPEN = [state.value for state in OPEN_CAMPAIGN]


async def running(connection: AsyncConnection, survey: Survey) -> Campaign | None:
    """The survey's campaign that takes answers, if there is one.

    Raises:
        CampaignExists: If that is a round, from before the survey waited for something.
    """
    row = (
        await connection.execute(
            select(campaigns).where(campaigns.c.survey == survey.name, campaigns.c.state.in_(_OPEN))
        )
    ).one_or_none()
    if row is None:
        return None
    found = campaign_of(row)
    if not found.rolls:
        raise CampaignExists(
            f"{found.name} is a round, and still open; {survey.name} asks when something happens "
            "once that is closed."
        )
    return found


async def begin(
    connection: AsyncConnection, survey: Survey, *, at: datetime, timezone: str
) -> Campaign:
    """Begin the survey's campaign, unless somebody else has meanwhile."""
    await wait_for(connection, Lock.START)
    found = await running(connection, survey)
    if found is not None:
        return found
    quarter = Period.of(local_date(at, zone(timezone)))
    period = await first_free(connection, survey.name, quarter)
    number: int = (
        await connection.execute(
            campaigns.insert()
            .values(
                survey=survey.name,
                period=str(period),
                definition=survey_text(survey),
                state=CampaignState.RUNNING.value,
                started_at=at,
                closes_at=NO_END,
            )
            .returning(campaigns.c.id)
        )
    ).scalar_one()
    await connection.execute(
        campaign_keys.insert().values(campaign_id=number, key=secrets.token_bytes(32))
    )
    await connection.execute(
        cohorts.insert().values(campaign_id=number, cohort=0, attributes=NOTHING)
    )
    return Campaign(
        id=number,
        survey=survey,
        period=period,
        state=CampaignState.RUNNING,
        started_at=at,
        closes_at=NO_END,
    )


async def renew(connection: AsyncConnection, campaign: Campaign) -> None:
    """Its definition holds from now on."""
    await connection.execute(
        campaigns.update()
        .where(campaigns.c.id == campaign.id, campaigns.c.state.in_(_OPEN))
        .values(definition=survey_text(campaign.survey))
    )


async def hold_open(connection: AsyncConnection, campaign: Campaign) -> Campaign:
    """The campaign as it is now, locked until the transaction ends.

    Raises:
        InvitationClosed: If it takes no answers any more.
    """
    row = (
        await connection.execute(
            select(campaigns).where(campaigns.c.id == campaign.id).with_for_update()
        )
    ).one_or_none()
    if row is None or row.state not in _OPEN:
        raise InvitationClosed(f"{campaign.name} no longer takes answers.")
    return campaign_of(row)


async def count_invited(connection: AsyncConnection, campaign: Campaign, by: int) -> None:
    """So many more are asked, or fewer."""
    await connection.execute(
        campaigns.update()
        .where(campaigns.c.id == campaign.id)
        .values(invited=campaigns.c.invited + by)
    )


def group_text(campaign: Campaign, occasion: Occasion) -> str:
    """What the cohort of such an occasion says: nothing where figures pass the gate."""
    return NOTHING if campaign.survey.gated else attributes_text(occasion.groups)


async def cohorts_for(
    connection: AsyncConnection, campaign: Campaign, texts: Iterable[str]
) -> Mapping[str, int]:
    """By what they say, the campaign's cohorts; those that are missing are made.

    Args:
        connection: One that has locked the campaign.
        campaign: Which.
        texts: As `group_text` makes them.
    """
    wanted = sorted(set(texts))
    rows = await connection.execute(
        select(cohorts.c.attributes, func.min(cohorts.c.cohort))
        .where(cohorts.c.campaign_id == campaign.id, cohorts.c.attributes.in_(wanted))
        .group_by(cohorts.c.attributes)
    )
    found: dict[str, int] = {text: number for text, number in rows}  # noqa: C416 - rows are no pairs to mypy
    missing = [text for text in wanted if text not in found]
    if not missing:
        return found
    last = await connection.scalar(
        select(func.max(cohorts.c.cohort)).where(cohorts.c.campaign_id == campaign.id)
    )
    first = 0 if last is None else last + 1
    made = {text: first + place for place, text in enumerate(missing)}
    await insert_many(
        connection,
        cohorts,
        ("campaign_id", "cohort", "attributes"),
        ((campaign.id, number, text) for text, number in made.items()),
    )
    return {**found, **made}
