"""Asking about what has happened: who may be, about what nobody was, and what is planned."""

import json
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID, uuid4

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import insert_many
from storage.ledger import ALL_SURVEYS
from storage.occasions.rolling import cohorts_for, count_invited, group_text
from storage.planned import plan_messages
from storage.tables import campaigns, invitations, occasions, opt_outs, people
from survey.campaign import Campaign
from survey.occasion import Occasion
from survey.ports import Asking
from survey.states import DeliveryKind, InvitationState

BATCH = 5_000
"""How many words one statement looks up."""
_INVITATION = (
    "id",
    "campaign_id",
    "person_id",
    "cohort",
    "state",
    "first_contact",
    "asked_at",
    "ask_number",
    "occasion",
    "closes_at",
    "at_once",
)


async def who_may_be_asked(
    connection: AsyncConnection, campaign: Campaign, numbers: Collection[int]
) -> set[int]:
    """Those who have not stopped, left or asked to be forgotten meanwhile.

    Nobody of them is forgotten before the transaction ends.
    """
    stopped = exists().where(
        opt_outs.c.person_id == people.c.id,
        or_(opt_outs.c.survey == ALL_SURVEYS, opt_outs.c.survey == campaign.survey.name),
    )
    found: set[int] = set()
    theirs = sorted(numbers)
    for place in range(0, len(theirs), BATCH):
        rows = await connection.scalars(
            select(people.c.id)
            .where(
                people.c.id.in_(theirs[place : place + BATCH]),
                people.c.active,
                people.c.erased_at.is_(None),
                ~stopped.correlate(people),
            )
            .order_by(people.c.id)
            .with_for_update(read=True, key_share=True, of=people)
        )
        found |= set(rows)
    return found


async def known_keys(
    connection: AsyncConnection, campaign: Campaign, keys: Sequence[str]
) -> set[str]:
    """About which of these the survey has asked before, in this campaign or an earlier one."""
    same_survey = select(campaigns.c.id).where(campaigns.c.survey == campaign.survey.name)
    found: set[str] = set()
    for place in range(0, len(keys), BATCH):
        rows = await connection.scalars(
            select(invitations.c.occasion).where(
                invitations.c.campaign_id.in_(same_survey),
                invitations.c.occasion != "",
                invitations.c.occasion.in_(keys[place : place + BATCH]),
            )
        )
        found |= set(rows)
    return found


async def plan(
    connection: AsyncConnection, campaign: Campaign, askings: Sequence[Asking]
) -> Mapping[str, UUID]:
    """Invitations and first messages, however many; by the occasion's key.

    Args:
        connection: One that has locked the campaign.
        campaign: Which.
        askings: Each about something that nobody was asked about.
    """
    if not askings:
        return {}
    texts = [group_text(campaign, asking.occasion) for asking in askings]
    places = await cohorts_for(connection, campaign, texts)
    made = {asking.occasion.key: uuid4() for asking in askings}
    await insert_many(
        connection,
        invitations,
        _INVITATION,
        (
            (
                made[asking.occasion.key],
                campaign.id,
                asking.person_id,
                places[text],
                InvitationState.PENDING.value,
                asking.first_contact,
                asking.due_at,
                asking.number,
                asking.occasion.key,
                asking.closes_at,
                asking.at_once,
            )
            for asking, text in zip(askings, texts, strict=True)
        ),
    )
    await remember(connection, [(made[one.occasion.key], one.occasion) for one in askings])
    await plan_messages(
        connection,
        DeliveryKind.INITIAL,
        ((made[one.occasion.key], 1, one.address, one.due_at) for one in askings),
    )
    await count_invited(connection, campaign, len(made))
    return made


async def remember(connection: AsyncConnection, happened: Sequence[tuple[UUID, Occasion]]) -> None:
    """Keep what each invitation is about."""
    await insert_many(
        connection,
        occasions,
        ("invitation_id", "happened_at", "details"),
        (
            (
                number,
                occasion.happened_at,
                json.dumps(dict(occasion.details), ensure_ascii=False, sort_keys=True),
            )
            for number, occasion in happened
        ),
    )
