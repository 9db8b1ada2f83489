"""Erasing one person: what goes, what is taken back, and what stays without a name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, case, exists, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.cohorts import Answer, add_to_totals, among, leave_cohorts, shard_of
from storage.invitations import Ballot, Ballots
from storage.occasions.held import erase_happened
from storage.rows import survey_of
from storage.tables import (
    addresses,
    administrator_pins,
    campaigns,
    consents,
    deliveries,
    invitations,
    opt_outs,
    people,
    responses,
    sandbox_messages,
    set_aside,
    suppressions,
)
from survey.person import CHANNEL, EMAIL
from survey.rights import Erased
from survey.states import OPEN_CAMPAIGN, DeliveryState, InvitationState

_OPEN = [state.value for state in OPEN_CAMPAIGN]
_ON_THEIR_WAY = [
    DeliveryState.PLANNED.value,
    DeliveryState.SENDING.value,
    DeliveryState.UNKNOWN.value,
]
SANDBOX = "sandbox"
"""The platform whose conversations are kept here, and so are ours to erase."""
FORGOTTEN = "forgotten"
"""Why their messages were not sent."""


async def erase_person(
    connection: AsyncConnection, person_id: int, ballots: Ballots, *, shards: int, at: datetime
) -> Erased | None:
    """Erase within a transaction; None if they were erased before.

    Rows are locked in the order that everybody keeps: the person, the rounds, the invitations. A
    round that is about to close waits for it, a press that waits for it finds nothing to press.
    """
    email = await connection.scalar(
        select(people.c.email)
        .where(people.c.id == person_id, people.c.erased_at.is_(None))
        .with_for_update()
    )
    if email is None:
        return None
    mine = await _invitations(connection, person_id, ballots)
    kept = await _count(connection, [name for name, ballot, open_ in mine if not open_])
    taken_back = await _take_back(
        connection, {name: ballot for name, ballot, open_ in mine if open_}, shards=shards
    )
    await _silence_answers(connection, [name for name, _, _ in mine])
    by_name = [name for name, ballot, _ in mine if not ballot.campaign.survey.gated]
    await leave_cohorts(
        connection,
        invitations.c.person_id == person_id,
        sorted({number for number, _ in by_name}),
        answers=by_name,
        shards=shards,
    )
    await _withdraw(connection, person_id)
    await erase_happened(connection, email, person_id=person_id, at=at)
    await _erase_row(connection, person_id, email, at=at)
    return Erased(taken_back=taken_back, kept=kept)


async def _invitations(
    connection: AsyncConnection, person_id: int, ballots: Ballots
) -> Sequence[tuple[Answer, Ballot, bool]]:
    """Where their answers stand, in which round, and whether it is open; all of it locked."""
    asked = select(invitations.c.campaign_id).where(invitations.c.person_id == person_id)
    rounds = await connection.execute(
        select(campaigns.c.id, campaigns.c.state)
        .where(campaigns.c.id.in_(asked))
        .order_by(campaigns.c.id)
        .with_for_update(read=True)
    )
    states: Mapping[int, str] = {row.id: row.state for row in rounds}
    rows = await connection.execute(
        select(invitations.c.id, invitations.c.campaign_id)
        .where(invitations.c.person_id == person_id)
        .order_by(invitations.c.id)
        .with_for_update()
    )
    found: list[tuple[UUID, int]] = [(row.id, row.campaign_id) for row in rows]
    await ballots.learn(connection, list(states))
    known = {number: await ballots.of(connection, number) for number in states}
    return [
        (
            (campaign_id, known[campaign_id].respondent(invitation_id)),
            known[campaign_id],
            states[campaign_id] in _OPEN,
        )
        for invitation_id, campaign_id in found
    ]


async def _count(connection: AsyncConnection, answers: Sequence[Answer]) -> int:
    counted = select(func.count()).where(among(answers), responses.c.score.is_not(None))
    return await connection.scalar(counted) or 0


async def _take_back(
    connection: AsyncConnection, ballots: Mapping[Answer, Ballot], *, shards: int
) -> int:
    """Like an undo: out of the totals now, out of released figures when the gate lets it."""
    rows = (
        await connection.execute(
            select(
                responses.c.campaign_id,
                responses.c.respondent,
                responses.c.cohort,
                responses.c.score,
            )
            .where(among(list(ballots)), responses.c.score.is_not(None))
            .order_by(responses.c.campaign_id)
            .with_for_update()
        )
    ).all()
    if not rows:
        return 0
    gated = sorted({number for (number, _), one in ballots.items() if one.campaign.survey.gated})
    await connection.execute(
        responses.update()
        .where(among([(row.campaign_id, row.respondent) for row in rows]))
        .values(score=null(), waiting=responses.c.campaign_id.in_(gated))
    )
    await add_to_totals(
        connection,
        [
            {
                "campaign_id": row.campaign_id,
                "cohort": row.cohort,
                "shard": shard_of(row.respondent, shards),
                "score": row.score,
                "n": -1,
            }
            for row in rows
        ],
    )
    return len(rows)


async def _silence_answers(connection: AsyncConnection, answers: Sequence[Answer]) -> None:
    """No words stay, and no score that no figure needs."""
    await connection.execute(
        responses.update().where(among(answers)).values(comment=null(), previous=null())
    )


async def _withdraw(connection: AsyncConnection, person_id: int) -> None:
    """No press counts any more, nothing goes out, and no message leads back to them."""
    of_person = invitations.c.person_id == person_id
    open_rounds = select(campaigns.c.id).where(campaigns.c.state.in_(_OPEN))
    await connection.execute(
        invitations.update()
        .where(of_person, invitations.c.campaign_id.in_(open_rounds))
        .values(state=InvitationState.WITHDRAWN.value)
    )
    await connection.execute(invitations.update().where(of_person).values(pressed_at=null()))
    await connection.execute(
        set_aside.delete().where(
            set_aside.c.invitation_id.in_(select(invitations.c.id).where(of_person))
        )
    )
    await _recall(connection, of_person)


async def leave_out_erased(connection: AsyncConnection, campaign_id: int) -> None:
    """Withdraw from a round that starts who was erased while it was planned.

    In the transaction that wrote its invitations: whoever is erased later waits for its end.
    """
    erased = select(people.c.id).where(people.c.erased_at.is_not(None))
    theirs = and_(invitations.c.campaign_id == campaign_id, invitations.c.person_id.in_(erased))
    await connection.execute(
        invitations.update().where(theirs).values(state=InvitationState.WITHDRAWN.value)
    )
    await _recall(connection, theirs)
    definition = await connection.scalar(
        select(campaigns.c.definition).where(campaigns.c.id == campaign_id, exists().where(theirs))
    )
    if definition is not None and not survey_of(definition).gated:
        await leave_cohorts(connection, theirs, [campaign_id])


async def _recall(connection: AsyncConnection, theirs: ColumnElement[bool]) -> None:
    under_way = deliveries.c.state.in_(_ON_THEIR_WAY)
    in_channel = deliveries.c.user_id.startswith(CHANNEL, autoescape=True)
    await connection.execute(
        deliveries.update()
        .where(deliveries.c.invitation_id.in_(select(invitations.c.id).where(theirs)))
        .values(
            # What a channel was told is changed there; its address is nobody's.
            user_id=case((in_channel, deliveries.c.user_id), else_=""),
            channel_ref=case((in_channel, deliveries.c.channel_ref)),
            message_ref=case((in_channel, deliveries.c.message_ref)),
            lease_until=null(),
            state=case((under_way, DeliveryState.SKIPPED.value), else_=deliveries.c.state),
            # What a mail server said may name the mailbox, in whatever form.
            reason=case(
                (under_way, FORGOTTEN),
                (deliveries.c.platform == EMAIL, null()),
                else_=deliveries.c.reason,
            ),
        )
    )


async def _erase_row(
    connection: AsyncConnection, person_id: int, email: str, *, at: datetime
) -> None:
    """The row stays, for its answers to count, and says nothing about anybody."""
    await connection.execute(
        people.update()
        .where(people.c.id == person_id)
        .values(
            email=f"erased-{uuid4()}",
            name="",
            attributes="{}",
            timezone=null(),
            locale=null(),
            language=null(),
            channel=null(),
            source=null(),
            snoozed_until=null(),
            away_from=null(),
            away_until=null(),
            active=False,
            erased_at=at,
        )
    )
    inboxes = select(addresses.c.user_id).where(
        addresses.c.person_id == person_id, addresses.c.platform == SANDBOX
    )
    await connection.execute(
        sandbox_messages.delete().where(
            or_(sandbox_messages.c.inbox.in_(inboxes), sandbox_messages.c.inbox == email)
        )
    )
    mailboxes = select(addresses.c.user_id).where(
        addresses.c.person_id == person_id, addresses.c.platform == EMAIL
    )
    await connection.execute(suppressions.delete().where(suppressions.c.email.in_(mailboxes)))
    await connection.execute(addresses.delete().where(addresses.c.person_id == person_id))
    await connection.execute(consents.delete().where(consents.c.person_id == person_id))
    await connection.execute(opt_outs.delete().where(opt_outs.c.person_id == person_id))
    await connection.execute(administrator_pins.delete().where(administrator_pins.c.email == email))
