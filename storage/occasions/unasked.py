"""Questions that are taken back before anybody saw them, and answers that nobody asked for."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import exists, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.cohorts import add_to_totals, shard_of
from storage.invitations import Ballot, Ballots, load_invitations
from storage.occasions.asking import remember
from storage.occasions.rolling import cohorts_for, count_invited, group_text, hold_open
from storage.tables import campaigns, deliveries, invitations, people, responses
from storage.updates import plan_updates
from survey.campaign import Campaign
from survey.comment import Comment
from survey.errors import InvitationClosed
from survey.invitation import Invitation
from survey.ports import Given
from survey.scale import Score
from survey.states import DeliveryState, InvitationState

SENT_AGAIN = "sent once more"
"""How the reason begins of what is planned anew although it may have arrived."""
_NOT_OUT = [DeliveryState.PLANNED.value, DeliveryState.SKIPPED.value]


async def withdraw(
    connection: AsyncConnection, campaign: Campaign, keys: Sequence[str]
) -> Mapping[str, UUID]:
    """Delete the invitations about these of which nothing went out; by key, their ids."""
    await connection.execute(
        select(campaigns.c.id).where(campaigns.c.id == campaign.id).with_for_update()
    )
    rows = await connection.execute(
        select(invitations.c.id, invitations.c.occasion)
        .where(
            invitations.c.campaign_id == campaign.id,
            invitations.c.occasion != "",
            invitations.c.occasion.in_(keys),
            invitations.c.state == InvitationState.PENDING.value,
        )
        .order_by(invitations.c.id)
        .with_for_update()
    )
    waiting = {row.id: row.occasion for row in rows}
    gone_out = await _gone_out(connection, list(waiting))
    unseen = {key: number for number, key in waiting.items() if number not in gone_out}
    if not unseen:
        return {}
    ids = list(unseen.values())
    await connection.execute(deliveries.delete().where(deliveries.c.invitation_id.in_(ids)))
    await connection.execute(invitations.delete().where(invitations.c.id.in_(ids)))
    await count_invited(connection, campaign, -len(ids))
    return unseen


async def _gone_out(connection: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of which something went out, is just going out, or may have arrived."""
    theirs = deliveries.c.invitation_id.in_(ids)
    held = await connection.scalars(
        select(deliveries.c.id)
        .where(
            theirs,
            deliveries.c.state.in_(_NOT_OUT),
            deliveries.c.sent_at.is_(None),
            or_(deliveries.c.reason.is_(None), ~deliveries.c.reason.startswith(SENT_AGAIN)),
        )
        # Who sends one locks it before its invitation: what is on its way is let go.
        .with_for_update(skip_locked=True)
    )
    still = set(held)
    rows = await connection.execute(
        select(deliveries.c.id, deliveries.c.invitation_id).where(theirs)
    )
    return {row.invitation_id for row in rows if row.id not in still}


async def answer(
    connection: AsyncConnection,
    campaign: Campaign,
    given: Given,
    ballots: Ballots,
    *,
    shards: int,
) -> UUID:
    """Keep an answer with the invitation about its occasion; made if there is none.

    Raises:
        InvitationClosed: If it, or the campaign, takes no answers any more.
        AlreadyAnswered: If it takes one answer and has it.
        InvalidScore: If the mark is not on the scale.
    """
    email = given.occasion.who.email.strip().lower()
    person_id: int | None = await connection.scalar(
        select(people.c.id)
        .where(people.c.email == email, people.c.erased_at.is_(None))
        .with_for_update(read=True, key_share=True)
    )
    if person_id is None:
        raise InvitationClosed("They asked to be forgotten: nothing is kept of them.")
    now = await hold_open(connection, campaign)
    number = await _about(connection, now, given, person_id)
    found = (await load_invitations(connection, [number], ballots))[number]
    mark = Score(given.score, now.survey.scale)
    after = found.answer(mark, by=found.person.id, at=given.at)
    if after == found:
        return number  # a later press stands already
    if given.comment:
        after = after.comment(Comment(given.comment), by=found.person.id, at=given.at)
    await _keep(connection, await ballots.of(connection, now.id), found, after, shards=shards)
    await plan_updates(connection, invitations.c.id == number, at=given.at)
    return number


async def _about(
    connection: AsyncConnection, campaign: Campaign, given: Given, person_id: int
) -> UUID:
    """The invitation about what happened, locked."""
    rows = await connection.execute(
        select(invitations.c.id, invitations.c.campaign_id)
        .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
        .where(
            campaigns.c.survey == campaign.survey.name,
            invitations.c.occasion != "",
            invitations.c.occasion == given.occasion.key,
        )
        .with_for_update(of=invitations)
    )
    known: dict[int, UUID] = {row.campaign_id: row.id for row in rows}
    if campaign.id in known:
        return known[campaign.id]
    if known:
        raise InvitationClosed("That was asked in a campaign that is closed.")
    text = group_text(campaign, given.occasion)
    places = await cohorts_for(connection, campaign, [text])
    before = exists().where(invitations.c.person_id == person_id)
    made = uuid4()
    await connection.execute(
        invitations.insert().values(
            id=made,
            campaign_id=campaign.id,
            person_id=person_id,
            cohort=places[text],
            state=InvitationState.PENDING.value,
            first_contact=not await connection.scalar(select(before)),
            asked_at=given.at,
            messages=0,
            occasion=given.occasion.key,
            closes_at=given.at + timedelta(days=campaign.survey.open_days),
        )
    )
    await remember(connection, [(made, given.occasion)])
    await count_invited(connection, campaign, 1)
    # As who opens a link of their own, they have been reached.
    await connection.execute(
        campaigns.update()
        .where(campaigns.c.id == campaign.id)
        .values(reached=campaigns.c.reached + 1)
    )
    return made


async def _keep(
    connection: AsyncConnection,
    ballot: Ballot,
    before: Invitation,
    after: Invitation,
    *,
    shards: int,
) -> None:
    """As a press writes it."""
    mine = invitations.c.id == after.id
    cohort = await connection.scalar(select(invitations.c.cohort).where(mine))
    await connection.execute(
        invitations.update()
        .where(mine)
        .values(state=after.state.value, pressed_at=after.pressed_at)
    )
    campaign, respondent = ballot.campaign, ballot.respondent(after.id)
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    kept = insert(responses).values(
        campaign_id=campaign.id,
        respondent=respondent,
        cohort=cohort,
        score=after.response.score,
        previous=after.response.previous,
        comment=after.response.comment,
        waiting=campaign.survey.gated,
    )
    await connection.execute(
        kept.on_conflict_do_update(
            index_elements=["campaign_id", "respondent"],
            set_={
                name: kept.excluded[name] for name in ("score", "previous", "comment", "waiting")
            },
        )
    )
    old, new = before.response.score, after.response.score
    if old == new:
        return
    counts = [(score, by) for score, by in ((old, -1), (new, 1)) if score is not None]
    await add_to_totals(
        connection,
        [
            {
                "campaign_id": campaign.id,
                "cohort": cohort or 0,
                "shard": shard_of(respondent, shards),
                "score": score,
                "n": by,
            }
            for score, by in sorted(counts)
        ],
    )
