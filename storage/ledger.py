"""Who could be asked, and how often they were: what the contact policy judges by."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.channels import written_to
from storage.occasions.met import of_a_roster
from storage.rows import PERSON, SILENCE
from storage.tables import addresses, campaigns, invitations, opt_outs, people
from survey.contact import NEVER_ASKED, QUIET_NEVER, Ledger, Silence
from survey.eligibility import Candidate
from survey.person import Address, Person
from survey.states import InvitationState

ALL_SURVEYS = ""
"""In `opt_outs`: every survey."""
_ASKED = invitations.c.state.not_in(
    [InvitationState.UNDELIVERABLE.value, InvitationState.WITHDRAWN.value]
)
"""What did not reach anybody was no question to them."""


def _asks(survey: str, year_from: datetime) -> Select[Any]:
    """Each person's questions, counted."""
    return (
        select(
            invitations.c.person_id,
            func.max(invitations.c.asked_at).label("ever"),
            func.max(invitations.c.asked_at).filter(campaigns.c.survey == survey).label("by_this"),
            func.count().filter(invitations.c.asked_at >= year_from).label("this_year"),
        )
        .join(campaigns)
        .where(_ASKED)
        .group_by(invitations.c.person_id)
    )


async def read_candidates(
    connection: AsyncConnection,
    survey: str,
    *,
    platforms: Sequence[str],
    year_from: datetime,
    timezone: str,
    emails: Collection[str] | None = None,
) -> list[Candidate]:
    """Everybody active, in three statements however many they are.

    Args:
        connection: With a transaction.
        survey: Whose rest and stops count, by its name.
        platforms: Those that are on, the preferred first.
        year_from: Since when questions count as those of this year (UTC).
        timezone: The organisation's, for people who have none.
        emails: Only these, lower case, whoever tells of them; None for all whom a roster names.
    """
    meant = and_(people.c.active, of_a_roster() if emails is None else people.c.email.in_(emails))
    asks = _asks(survey, year_from)
    stops = select(opt_outs.c.person_id).where(
        or_(opt_outs.c.survey == ALL_SURVEYS, opt_outs.c.survey == survey)
    )
    if emails is not None:  # few of them: theirs are looked up, rather than everybody's counted
        them = select(people.c.id).where(meant)
        asks = asks.where(invitations.c.person_id.in_(them))
        stops = stops.where(opt_outs.c.person_id.in_(them))
    asked, stopped = asks.subquery(), stops.distinct().subquery()
    rows = await connection.execute(
        select(
            *PERSON,
            *SILENCE,
            asked.c.ever,
            asked.c.by_this,
            asked.c.this_year,
            stopped.c.person_id.label("out"),
        )
        .outerjoin(asked, asked.c.person_id == people.c.id)
        .outerjoin(stopped, stopped.c.person_id == people.c.id)
        .where(meant)
        .order_by(people.c.id)
    )
    found = rows.all()
    where = await _addresses(connection, platforms, true() if emails is None else meant)
    # Presses have their turn while a hundred thousand people are read.
    return await asyncio.to_thread(_candidates, found, where, timezone)


def _candidates(
    rows: Sequence[Any], where: Mapping[int, Address], timezone: str
) -> list[Candidate]:
    return [
        Candidate(
            person=Person(
                id=number,
                email=email,
                name=name,
                timezone=zone or timezone,
                locale=locale or "en",
                attributes=json.loads(attributes),
                compact=compact,
            ),
            address=where.get(number),
            opted_out=out is not None,
            ledger=NEVER_ASKED
            if ever is None
            else Ledger(last_asked=by_this, last_asked_by_any=ever, asks_this_year=this_year),
            silence=QUIET_NEVER
            if snoozed is away_from is away_until is None
            else Silence(snoozed_until=snoozed, away_from=away_from, away_until=away_until),
        )
        for (
            number,
            email,
            name,
            zone,
            locale,
            attributes,
            compact,
            snoozed,
            away_from,
            away_until,
            ever,
            by_this,
            this_year,
            out,
        ) in rows
    ]


async def _addresses(
    connection: AsyncConnection, platforms: Sequence[str], whose: ColumnElement[bool]
) -> dict[int, Address]:
    """Where each person is written to: their own choice, else the preferred platform.

    A mailbox that refuses our mail reaches nobody.
    """
    if not platforms:
        return {}
    preferred = case(
        (people.c.channel == addresses.c.platform, -1),
        else_=case(
            {platform: place for place, platform in enumerate(platforms)},
            value=addresses.c.platform,
        ),
    )
    rows = await connection.execute(
        select(addresses)
        .join(people, people.c.id == addresses.c.person_id)
        .where(addresses.c.platform.in_(platforms), written_to(), whose)
        .order_by(preferred.desc(), addresses.c.workspace.desc())
    )
    # The last one stands: that of the platform that comes first.
    return {
        person_id: Address(platform=platform, workspace=workspace, user_id=user_id)
        for platform, workspace, user_id, person_id in rows
    }


async def leave_out_who_has_left(
    connection: AsyncConnection, campaign_id: int, survey: str
) -> None:
    """In a round that starts: nobody is asked who stopped or left while it was planned."""
    of_round = invitations.c.campaign_id == campaign_id
    stopped = select(opt_outs.c.person_id)
    for state, which in (
        (InvitationState.DECLINED, stopped.where(opt_outs.c.survey == survey)),
        (InvitationState.OPTED_OUT, stopped.where(opt_outs.c.survey == ALL_SURVEYS)),
        (InvitationState.WITHDRAWN, select(people.c.id).where(~people.c.active)),
    ):
        await connection.execute(
            invitations.update()
            .where(of_round, invitations.c.person_id.in_(which))
            .values(state=state.value)
        )


async def read_ledger(
    connection: AsyncConnection,
    person: Person,
    *,
    survey: str,
    before: datetime,
    year_from: datetime,
) -> Ledger:
    """What was asked of one person before an instant."""
    row = (
        await connection.execute(
            _asks(survey, year_from).where(
                invitations.c.person_id == person.id, invitations.c.asked_at < before
            )
        )
    ).one_or_none()
    if row is None:
        return NEVER_ASKED
    return Ledger(last_asked=row.by_this, last_asked_by_any=row.ever, asks_this_year=row.this_year)
