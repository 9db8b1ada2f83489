"""People who join a round after its start, by a link of their own."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.cohorts import bare_cohorts
from storage.rows import campaign_of
from storage.tables import campaigns, invitations
from survey.campaign import Campaign
from survey.errors import InvitationClosed
from survey.person import Person
from survey.states import InvitationState


async def invitation_of(
    connection: AsyncConnection, campaign: Campaign, person: Person
) -> UUID | None:
    """Somebody's invitation to a round, if they have one."""
    found: UUID | None = await connection.scalar(
        select(invitations.c.id).where(
            invitations.c.campaign_id == campaign.id,
            invitations.c.person_id == person.id,
            invitations.c.occasion == "",
        )
    )
    return found


async def join(
    connection: AsyncConnection, campaign: Campaign, person: Person, *, at: datetime
) -> UUID:
    """Make somebody's invitation, unless they have got one meanwhile.

    It counts as invited and reached: whoever asks for the link hands it over. The round is locked,
    so that two who join at once come one after the other.

    Raises:
        InvitationClosed: If the round takes no answers any more.
    """
    this = campaigns.c.id == campaign.id
    row = (await connection.execute(select(campaigns).where(this).with_for_update())).one_or_none()
    if row is None or not campaign_of(row).takes_answers(at):
        raise InvitationClosed(f"{campaign.name} no longer takes answers.")
    known = await invitation_of(connection, campaign, person)
    if known is not None:
        return known
    cohort = (await bare_cohorts(connection, [campaign.id]))[campaign.id]
    before = exists().where(invitations.c.person_id == person.id)
    made = uuid4()
    await connection.execute(
        invitations.insert().values(
            id=made,
            campaign_id=campaign.id,
            person_id=person.id,
            cohort=cohort,
            state=InvitationState.SENT.value,
            first_contact=not await connection.scalar(select(before)),
            asked_at=at,
            messages=0,
        )
    )
    await connection.execute(
        campaigns.update()
        .where(this)
        .values(invited=campaigns.c.invited + 1, reached=campaigns.c.reached + 1)
    )
    return made
