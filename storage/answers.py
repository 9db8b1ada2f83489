"""What people answered: the press and everything beside it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import Any

import structlog
from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.heard import note
from storage.insights import look_again
from storage.invitations import Ballot, Ballots, load_invitations
from storage.planned import plan_messages
from storage.press import Compiled, SqliteStatements, postgresql_press
from storage.press_sqlite import press_on_sqlite
from storage.rows import UNTIL, person_of
from storage.tables import addresses, campaigns, deliveries, invitations, responses
from storage.troubles import UNAVAILABLE
from storage.updates import plan_updates
from survey.comment import Comment
from survey.errors import CommitUnknown, NotYours, OutOfDate, StorageUnavailable
from survey.invitation import Invitation, Response
from survey.person import Person
from survey.ports import Press
from survey.scale import Score
from survey.states import (
    AWAITED,
    OPEN_CAMPAIGN,
    CampaignState,
    DeliveryKind,
    DeliveryState,
    InvitationState,
)
from survey.survey import Answers

log = structlog.get_logger()
TRIES = 10
"""How often a press is tried again when others on the same invitation came in between."""
_KINDS = tuple(product((False, True), repeat=2))
"""Whether it is an undo, and whether it came by the invitation's own link."""


class SqlAnswers:
    """The port `Answers` on a database.

    Args:
        totals_kept: False leaves the totals alone, which only measures want: what they cost.
    """

    def __init__(self, database: Database, ballots: Ballots, *, totals_kept: bool = True) -> None:
        self._database = database
        self._ballots = ballots
        if database.is_sqlite:
            self._sqlite = {
                kind: SqliteStatements(undo=kind[0], by_link=kind[1]) for kind in _KINDS
            }
        else:
            self._postgresql = {
                kind: postgresql_press(undo=kind[0], by_link=kind[1], totals_kept=totals_kept)
                for kind in _KINDS
            }
        self._totals_kept = totals_kept

    async def record(self, press: Press, score: int) -> Invitation:
        """See the port."""
        ballot = await self._ballot(press)
        mark = Score(score, ballot.campaign.survey.scale)
        for _ in range(TRIES):
            recorded = await self._press(press, ballot, score=score)
            if recorded is not None:
                return recorded
            found = await self.show(press)
            if found.answer(mark, by=found.person.id, at=press.at) == found:
                return found  # a later press stands already
        raise StorageUnavailable(UNAVAILABLE)

    async def undo(self, press: Press) -> Invitation:
        """See the port."""
        ballot = await self._ballot(press)
        for _ in range(TRIES):
            undone = await self._press(press, ballot, score=None)
            if undone is not None:
                return undone
            found = await self.show(press)
            if found.undo(by=found.person.id, at=press.at) == found:
                return found
        raise StorageUnavailable(UNAVAILABLE)

    async def comment(self, press: Press, comment: Comment, *, added: bool = False) -> Invitation:
        """See the port."""
        after: Invitation | None = None
        try:
            async with self._database.write() as connection:
                found = await self._load(connection, press, lock=True)
                if press.event is not None and not await note(connection, press.event, at=press.at):
                    return found
                after = found.comment(comment, by=found.person.id, at=press.at, added=added)
                ballot = await self._ballots.of(connection, found.campaign.id)
                mine = invitations.c.id == found.id
                await connection.execute(
                    invitations.update().where(mine).values(state=after.state.value)
                )
                if found.campaign.rolls:
                    await look_again(connection, mine, at=press.at)
                insert = sqlite_insert if self._database.is_sqlite else pg_insert
                kept = insert(responses).from_select(
                    ["campaign_id", "respondent", "cohort", "comment", "waiting"],
                    select(
                        invitations.c.campaign_id,
                        literal(ballot.respondent(found.id)),
                        invitations.c.cohort,
                        literal(after.response.comment),
                        literal(value=False),
                    ).where(invitations.c.id == found.id),
                )
                await connection.execute(
                    kept.on_conflict_do_update(
                        index_elements=["campaign_id", "respondent"],
                        set_={"comment": kept.excluded.comment},
                    )
                )
                mine = invitations.c.id == found.id
                messages = await connection.scalar(select(invitations.c.messages).where(mine))
                if press.by is None or (messages is not None and messages > 1):
                    await plan_updates(connection, mine, at=press.at, but=press.message)
        except CommitUnknown:
            found = await self.show(press)
            if after is None or found.response.comment != after.response.comment:
                raise
        return after

    async def show(self, press: Press) -> Invitation:
        """See the port."""
        async with self._database.read() as connection:
            return await self._load(connection, press)

    async def ask_later(self, press: Press, *, due_at: datetime) -> None:
        """See the port."""
        if press.by is None:
            raise OutOfDate("Only a message can be asked to come later.")
        async with self._database.write() as connection:
            found = await self._load(connection, press, lock=True)
            mine = deliveries.c.invitation_id == found.id
            planned = deliveries.c.state == DeliveryState.PLANNED.value
            asks = (mine, deliveries.c.kind == DeliveryKind.INITIAL.value)
            # A reminder that waits would come before the time that was just promised.
            await connection.execute(
                deliveries.update()
                .where(mine, planned, deliveries.c.kind == DeliveryKind.REMINDER.value)
                .values(state=DeliveryState.SKIPPED.value, reason="asked to be asked later")
            )
            moved = await connection.execute(
                deliveries.update().where(*asks, planned).values(due_at=due_at)
            )
            if moved.rowcount:
                return
            last = await connection.scalar(select(func.max(deliveries.c.ordinal)).where(*asks))
            again = (found.id, (last or 0) + 1, press.by, due_at)
            await plan_messages(connection, DeliveryKind.INITIAL, [again])

    async def waiting(self, *, at: datetime) -> Mapping[int, int]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(invitations.c.person_id, func.count().label("n"))
                .join(campaigns)
                .where(
                    invitations.c.state == InvitationState.SENT.value,
                    campaigns.c.state.in_([state.value for state in OPEN_CAMPAIGN]),
                    at < UNTIL,
                )
                .group_by(invitations.c.person_id)
            )
            return {row.person_id: row.n for row in rows}

    async def open_for(self, person: Person, *, at: datetime) -> Sequence[Invitation]:
        """See the port."""
        async with self._database.read() as connection:
            ids = await connection.scalars(
                select(invitations.c.id)
                .join(campaigns)
                .where(
                    invitations.c.person_id == person.id,
                    invitations.c.state.in_([state.value for state in AWAITED]),
                    campaigns.c.state.in_([state.value for state in OPEN_CAMPAIGN]),
                    at < UNTIL,
                    # Nobody is shown a question before its time.
                    invitations.c.asked_at <= at,
                )
                .order_by(campaigns.c.started_at.desc(), invitations.c.asked_at.desc())
            )
            return list((await load_invitations(connection, ids.all(), self._ballots)).values())

    async def _ballot(self, press: Press) -> Ballot:
        known = self._ballots.known(press.subject.campaign_id)
        if known is not None:
            return known
        async with self._database.read() as connection:
            return await self._ballots.of(connection, press.subject.campaign_id)

    async def _load(
        self, connection: AsyncConnection, press: Press, *, lock: bool = False
    ) -> Invitation:
        number = press.subject.invitation_id
        if lock:
            await connection.execute(
                select(invitations.c.id).where(invitations.c.id == number).with_for_update()
            )
        found = await load_invitations(connection, [number], self._ballots)
        if number not in found or found[number].campaign.id != press.subject.campaign_id:
            raise OutOfDate("That invitation is not known here.")
        if press.by is None:
            return found[number]
        presser = await connection.scalar(
            select(addresses.c.person_id).where(
                addresses.c.platform == press.by.platform,
                addresses.c.workspace == press.by.workspace,
                addresses.c.user_id == press.by.user_id,
            )
        )
        if presser != found[number].person.id:
            raise NotYours("Somebody else was asked.")
        return found[number]

    async def _press(self, press: Press, ballot: Ballot, *, score: int | None) -> Invitation | None:
        respondent = ballot.respondent(press.subject.invitation_id)
        survey = ballot.campaign.survey
        values: dict[str, Any] = {
            "invitation": press.subject.invitation_id,
            "campaign": ballot.campaign.id,
            "at": press.at,
            "once": int(survey.answers is Answers.ONCE),
            "score": score,
            "respondent": respondent,
            "shard": int(respondent[:4], 16) % self._database.shards,
            "waiting": survey.gated,
        }
        if press.by is not None:
            values |= {
                "platform": press.by.platform,
                "workspace": press.by.workspace,
                "user": press.by.user_id,
            }
        kind = (score is None, press.by is None)
        if self._database.is_sqlite:
            # Whoever waits for it may leave; the transaction is ended all the same.
            under_way = asyncio.ensure_future(self._on_sqlite(values, self._sqlite[kind]))
            row = await asyncio.shield(under_way)
        else:
            try:
                row = await self._on_postgresql(values, self._postgresql[kind])
            except CommitUnknown:
                if (found := await self._stands(press, score)) is not None:
                    return found
                row = await self._on_postgresql(values, self._postgresql[kind])
        if row is None:
            return None
        if row["others"]:
            await self._tell_others(press)
        after = self._after(press, ballot, row)
        return await self._told(after) if ballot.campaign.rolls else after

    async def _told(self, after: Invitation) -> Invitation:
        """With what it is about, and what the settings say of its campaign by now."""
        try:
            async with self._database.read() as connection:
                found = (await load_invitations(connection, [after.id], self._ballots))[after.id]
        except StorageUnavailable:  # the answer is kept: that is what counts
            log.warning("answer_shown_without_occasion", invitation=str(after.id))
            return after
        return replace(
            after, campaign=found.campaign, about=found.about, ask_number=found.ask_number
        )

    async def _tell_others(self, press: Press) -> None:
        """The other messages of the invitation change too; seldom is there another."""
        mine = invitations.c.id == press.subject.invitation_id
        try:
            async with self._database.write() as connection:
                await connection.execute(select(invitations.c.id).where(mine).with_for_update())
                await plan_updates(connection, mine, at=press.at, but=press.message)
        except StorageUnavailable:  # the answer is kept: that is what counts
            log.warning("other_messages_not_updated", invitation=str(press.subject.invitation_id))

    async def _on_sqlite(
        self, values: dict[str, Any], statements: SqliteStatements
    ) -> Mapping[str, Any] | None:
        async with self._database.driver() as connection:
            return await press_on_sqlite(
                connection, statements, values, totals_kept=self._totals_kept
            )

    async def _on_postgresql(
        self, values: dict[str, Any], statement: Compiled
    ) -> Mapping[str, Any] | None:
        async with self._database.driver() as connection:
            row: Mapping[str, Any] | None = await connection.fetchrow(
                statement.text, *statement.arguments(values)
            )
            return row

    async def _stands(self, press: Press, score: int | None) -> Invitation | None:
        """The invitation, if it is this press that it was left by."""
        found = await self.show(press)
        if found.pressed_at != press.at or found.response.score != score:
            return None
        await self._tell_others(press)
        return found

    def _after(self, press: Press, ballot: Ballot, row: Mapping[str, Any]) -> Invitation:
        return Invitation(
            id=press.subject.invitation_id,
            campaign=replace(ballot.campaign, state=CampaignState(row["campaign_state"])),
            person=person_of(row, timezone=self._ballots.timezone),
            state=InvitationState(row["state"]),
            response=Response(score=row["score"], previous=row["previous"], comment=row["comment"]),
            pressed_at=press.at,
            first_contact=bool(row["first_contact"]),
        )
