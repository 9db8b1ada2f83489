"""Invitations as the rules know them, read whole: with their round, person and answer."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.rows import PERSON, campaign_of, person_of
from storage.tables import campaign_keys, campaigns, invitations, people, responses
from survey.campaign import Campaign
from survey.errors import OutOfDate
from survey.invitation import Invitation, Response
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
        campaigns.c.closes_at,
        campaigns.c.closing_at,
        campaigns.c.invited,
        campaigns.c.reached,
        *PERSON[1:],
    )
    .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
    .join(people, people.c.id == invitations.c.person_id)
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
            campaign=replace(
                known[row.campaign_id].campaign,
                state=CampaignState(row.campaign_state),
                closes_at=row.closes_at,
                closed_at=row.closing_at,
                invited=row.invited,
                reached=row.reached,
            ),
            person=person_of(dict(row._mapping), timezone=ballots.timezone),  # noqa: SLF001 - its public name
            state=InvitationState(row.state),
            response=answers.get((row.campaign_id, names[row.id]), Response()),
            pressed_at=row.pressed_at,
            first_contact=row.first_contact,
            ask_number=row.ask_number,
        )
        for row in rows
    }
    return {number: found[number] for number in ids if number in found}


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
