"""Campaigns without an end ask somebody often: the gate counts the people behind their answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.invitations import Ballot
from storage.tables import campaign_keys, invitations, responses
from survey.campaign import Campaign

_MOST = 10_000
"""How many people one step takes in; the others wait for the next one."""


@dataclass(frozen=True, kw_only=True)
class OneEach:
    """What one step may take in.

    Attributes:
        respondents: Of answers that wait, one of each person: a step that describes k answers
            describes k people then.
        counted: People with an answer in the figures now.
    """

    respondents: Sequence[str]
    counted: int


async def one_each(connection: AsyncConnection, campaign: Campaign) -> OneEach:
    """Choose among the answers that wait: new ones first, then changed ones, then undone ones."""
    of_campaign = responses.c.campaign_id == campaign.id
    waiting = select(func.count()).where(of_campaign, responses.c.waiting)
    if (await connection.scalar(waiting) or 0) < campaign.survey.k:
        return OneEach(respondents=[], counted=0)
    whose = await whose_answers(connection, campaign)
    rows = await connection.execute(
        select(
            responses.c.respondent,
            responses.c.score,
            responses.c.released_score,
            responses.c.entered_step,
            responses.c.changed_step,
            responses.c.waiting,
        )
        .where(of_campaign)
        .order_by(
            responses.c.entered_step.is_not(None),
            responses.c.score.is_(None),
            responses.c.respondent,
        )
    )
    counted: set[int] = set()
    chosen: dict[int, str] = {}
    for row in rows:
        person = whose.get(row.respondent)
        if person is None:
            continue
        if row.released_score is not None:
            counted.add(person)
        if row.waiting and row.changed_step is None:  # what has changed once stays as it is
            chosen.setdefault(person, row.respondent)
    return OneEach(respondents=list(chosen.values())[:_MOST], counted=len(counted))


async def whose_answers(connection: AsyncConnection, campaign: Campaign) -> Mapping[str, int]:
    """Pseudonym → person; it exists in memory alone."""
    key = await connection.scalar(
        select(campaign_keys.c.key).where(campaign_keys.c.campaign_id == campaign.id)
    )
    ballot = Ballot(campaign=campaign, key=key or b"")
    rows = await connection.execute(
        select(invitations.c.id, invitations.c.person_id).where(
            invitations.c.campaign_id == campaign.id
        )
    )
    return {ballot.respondent(number): person for number, person in rows}
