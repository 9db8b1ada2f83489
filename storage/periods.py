"""The names of rounds: which of a quarter's are taken."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import campaigns
from survey.campaign import Period


async def first_free(connection: AsyncConnection, survey: str, period: Period) -> Period:
    """The period, or the next of its quarter that no campaign of the survey has.

    Whoever calls this keeps others from beginning one at once.
    """
    rows = await connection.scalars(select(campaigns.c.period).where(campaigns.c.survey == survey))
    taken = {Period.parse(text) for text in rows}
    while period in taken:
        period = Period(period.year, period.quarter, period.ordinal + 1)
    return period
