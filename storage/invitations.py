"""Invitations as the rules know them, read whole: with their round, person and answer."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.rows import PERSON, UNTIL, campaign_of, person_of, survey_of
from storage.tables import campaign_keys, campaigns, invitations, occasions, people, responses
from survey.campaign import Campaign
from survey.errors import OutOfDate
from survey.invitation import Invitation, Response
from survey.occasion import Told
from survey.states import CampaignState, InvitationState
from survey.survey import Mode


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """What a round never changes: its frozen survey, and the key of its pseudonyms."""

    campaign: Campaign
    key: bytes

    def respondent(self, invitation_id: UUID) -> str:
        """Who answered: the invitation itself where names are, a pseudonym otherwise."""
        if self.campaign.survey.mode is Mode.IDENTIFIED:
            return invitation_id.hex
        return hmac.digest(self.key, invitation_id.bytes, hashlib.sha256).hex()


class Ballots:
    """Ballots that were read once are kept: a press needs one and must not wait for it.

    Args:
        timezone: The organisation's zone; it stands in for people who have none.
    """

    def __init__(self, *, timezone: str) -> None:
        self.timezone = timezone
        self._known: dict[int, Ballot] = {}

    def known(self, campaign_id: int) -> Ballot | None:
        """The ballot, if it was read before."""
        return self._known.get(campaign_id)

    async def of(self, connection: AsyncConnection, campaign_id: int) -> Ballot:
        """The ballot of one round.

        Raises:
            OutOfDate: If there is no such round.
        """
        await self.learn(connection, [campaign_id])
        if campaign_id not in self._known:
            raise OutOfDate("That round is not known here.")
        return self._known[campaign_id]

    async def learn(self, connection: AsyncConnection, campaign_ids: Sequence[int]) -> None:
        """Read those that are not known yet, at once."""
        missing = set(campaign_ids) - self._known.keys()
        if not missing:
            return
        rows = await connection.execute(
            select(campaigns, campaign_keys.c.key)
            .join(campaign_keys)
            .where(campaigns.c.id.in_(missing))
        )
        for row in rows:
            self._known[row.id] = Ballot(campaign=campaign_of(row), key=row.key)


# Made once: every batch, every comment and every look at a message reads with them.
_WHOLE = (
    select(
        invitations,
        campaigns.c.state.label("campaign_state"),
        UNTIL.label("until"),
        campaigns.c.closing_at,
        campaigns.c.invited,
        campaigns.c.reached,
        # What the settings say anew of a campaign without an end.
        case((invitations.c.closes_at.is_not(None), campaigns.c.definition)).label("definition"),
        occasions.c.happened_at,
        occasions.c.details,
        *PERSON[1:],
    )
    .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
    .join(people, people.c.id == invitations.c.person_id)
    .outerjoin(occasions, occasions.c.invitation_id == invitations.c.id)
    .where(invitations.c.id.in_(bindparam("ids", expanding=True)))
)
_ANSWERS = select(
    responses.c.campaign_id,
    responses.c.respondent,
    responses.c.score,
    responses.c.previous,
    responses.c.comment,
).where(
    responses.c.campaign_id.in_(bindparam("campaigns", expanding=True)),
    responses.c.respondent.in_(bindparam("respondents", expanding=True)),
)


async def load_invitations(
    connection: AsyncConnection, ids: Sequence[UUID], ballots: Ballots
) -> Mapping[UUID, Invitation]:
    """These invitations in the order of `ids`; those that do not exist are left out."""
    rows = (await connection.execute(_WHOLE, {"ids": ids})).all()
    await ballots.learn(connection, [row.campaign_id for row in rows])
    known = {row.campaign_id: await ballots.of(connection, row.campaign_id) for row in rows}
    names = {row.id: known[row.campaign_id].respondent(row.id) for row in rows}
    answers = await _responses(connection, list(known), list(names.values()))
    found = {
        row.id: Invitation(
            id=row.id,
            campaign=_campaign_of(row, known[row.campaign_id].campaign),
            person=person_of(dict(row._mapping), timezone=ballots.timezone),  # noqa: SLF001 - its public name
            state=InvitationState(row.state),
            response=answers.get((row.campaign_id, names[row.id]), Response()),
            pressed_at=row.pressed_at,
            first_contact=row.first_contact,
            ask_number=row.ask_number,
            about=_told(row),
        )
        for row in rows
    }
    return {number: found[number] for number in ids if number in found}


def _campaign_of(row: Row[Any], frozen: Campaign) -> Campaign:
    return replace(
        frozen,
        survey=frozen.survey if row.definition is None else survey_of(row.definition),
        state=CampaignState(row.campaign_state),
        closes_at=row.until,
        closed_at=row.closing_at,
        invited=row.invited,
        reached=row.reached,
    )


def _told(row: Row[Any]) -> Told | None:
    if row.happened_at is None:
        return None
    return Told(key=row.occasion, happened_at=row.happened_at, details=json.loads(row.details))


async def _responses(
    connection: AsyncConnection, campaign_ids: Sequence[int], respondents: Sequence[str]
) -> Mapping[tuple[int, str], Response]:
    rows = await connection.execute(
        _ANSWERS, {"campaigns": campaign_ids, "respondents": respondents}
    )
    return {
        (row.campaign_id, row.respondent): Response(
            score=row.score, previous=row.previous, comment=row.comment
        )
        for row in rows
    }
