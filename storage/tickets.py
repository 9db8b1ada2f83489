"""Tickets of helpdesks, and the events that they were told of by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Text, and_, bindparam, case, func, select, tuple_, type_coerce
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import among
from storage.engine import Database
from storage.instants import Instant
from storage.tables import deliveries, invitations, people
from storage.tables_moments import ticket_events, tickets
from storage.ticket_owners import THIS, belong, known, lock
from storage.ticket_payloads import read, written
from storage.together import Together
from survey.campaign import Campaign
from survey.states import DeliveryKind, DeliveryState
from survey.tickets import (
    BEGINNING,
    NOTHING,
    Requester,
    Step,
    Ticket,
    TicketEvent,
    TicketState,
)

_TOGETHER = 100
"""How many events are kept by one transaction at most."""
_COLUMNS = (
    tickets.c.source,
    tickets.c.number,
    tickets.c.state,
    tickets.c.state_at,
    tickets.c.resolved_at,
    tickets.c.subject,
    tickets.c.category,
    tickets.c.resolved_by,
    tickets.c.invitation_id,
    tickets.c.outcome,
)
_REQUESTER = (people.c.email, people.c.name, people.c.locale, people.c.timezone)
_KEPT = ("state", "state_at", "resolved_at", "subject", "category", "resolved_by", "outcome")
_THIS_EVENT = and_(
    ticket_events.c.source == bindparam("this_source"),
    ticket_events.c.event == bindparam("this_event"),
)


class SqlTickets:
    """The port `Tickets` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = sqlite_insert if database.is_sqlite else pg_insert
        self._together = Together(self._accept, linger=0, most=_TOGETHER)

    async def accept(self, event: TicketEvent, *, at: datetime) -> bool:
        """See the port. Those that come at the same time are kept by one transaction."""
        return await self._together((event, at), more=False)

    async def _accept(self, told: Sequence[tuple[TicketEvent, datetime]]) -> Sequence[bool]:
        rows = {
            (event.source, event.event): {
                "source": event.source,
                "event": event.event,
                "received_at": at,
                "payload": written(event),
            }
            for event, at in reversed(told)  # of two with the same name the first is kept
        }
        ordered = [rows[name] for name in sorted(rows)]  # so that no two wait for each other
        async with self._database.write() as connection:
            kept = await connection.execute(
                self._insert(ticket_events)
                .on_conflict_do_nothing()
                .returning(ticket_events.c.source, ticket_events.c.event),
                ordered,
            )
            new = {(source, event) for source, event in kept}
        answers = []
        for event, _ in told:
            name = (event.source, event.event)
            answers.append(name in new)
            new.discard(name)
        return answers

    async def waiting(self, *, limit: int) -> Sequence[TicketEvent]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(ticket_events.c.source, ticket_events.c.event, ticket_events.c.payload)
                .where(ticket_events.c.handled_at.is_(None))
                .order_by(ticket_events.c.received_at, ticket_events.c.event)
                .limit(limit)
            )
            return [read(source, event, payload) for source, event, payload in rows]

    async def apply(self, events: Sequence[TicketEvent]) -> Sequence[Ticket]:
        """See the port."""
        names = list(dict.fromkeys((one.source, one.number) for one in events))
        async with self._database.write() as connection:
            before = await self._locked(connection, names)
            now = dict(before)
            for event in sorted(events, key=lambda one: one.happened_at):
                place = (event.source, event.number)
                now[place] = now[place].after(event)
            changed = [now[place] for place in names if now[place] != before[place]]
            if changed:
                await connection.execute(
                    tickets.update().where(THIS).values({name: bindparam(name) for name in _KEPT}),
                    [_place(one) | {name: getattr(one, name) for name in _KEPT} for one in changed],
                )
        return [now[place] for place in names]

    async def _locked(
        self, connection: AsyncConnection, names: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Ticket]:
        """These tickets as they stand; nobody else changes them before the transaction ends."""
        new = self._insert(tickets).values(
            state=TicketState.OPEN.value,
            state_at=BEGINNING,
            subject="",
            category="",
            resolved_by="",
            outcome=NOTHING,
        )
        # In one order everywhere, so that no two wait for each other.
        ordered = sorted(names)
        await connection.execute(
            new.on_conflict_do_nothing(index_elements=["source", "number"]),
            [{"source": source, "number": number} for source, number in ordered],
        )
        rows = await connection.execute(
            select(*_COLUMNS, *_REQUESTER)
            .outerjoin(people, people.c.id == tickets.c.person_id)
            .where(tuple_(tickets.c.source, tickets.c.number).in_(ordered))
            .order_by(tickets.c.source, tickets.c.number)
            .with_for_update(of=tickets)
        )
        return {(row.source, row.number): _ticket(row, requester=_requester(row)) for row in rows}

    async def left_to_withdraw(self, *, limit: int) -> Sequence[Ticket]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(*_COLUMNS)
                .where(tickets.c.outcome == Step.WITHDRAW.value)
                .order_by(tickets.c.id)
                .limit(limit)
            )
            return [_ticket(row) for row in rows]

    async def settle(
        self,
        events: Sequence[TicketEvent],
        tickets: Sequence[Ticket],
        *,
        campaign: Campaign | None,
        outcomes: Mapping[str, str],
        at: datetime,
    ) -> None:
        """See the port."""
        done = [one for one in tickets if one.key in outcomes]
        told: list[TicketEvent | Ticket] = [*events, *done]
        async with self._database.write() as connection:
            # The people before their tickets, as who forgets somebody locks them.
            whose = await known(connection, {one.requester.email for one in told if one.requester})
            await lock(connection, {(one.source, one.number) for one in told})
            if done:
                number = None if campaign is None else campaign.id
                await _note(connection, done, outcomes, whose, campaign_id=number)
            await belong(connection, told, whose)
            if events:
                await connection.execute(
                    ticket_events.update()
                    .where(_THIS_EVENT, ticket_events.c.handled_at.is_(None))
                    .values(handled_at=at, payload=None, outcome=bindparam("became")),
                    [
                        {
                            "this_source": one.source,
                            "this_event": one.event,
                            "became": outcomes.get(one.key, NOTHING),
                        }
                        for one in sorted(events, key=lambda one: (one.source, one.event))
                    ],
                )

    async def set_aside(self, event: TicketEvent, *, why: str, at: datetime) -> None:
        """See the port."""
        async with self._database.write() as connection:
            await connection.execute(
                tickets.update()
                .where(
                    tickets.c.source == event.source,
                    tickets.c.number == event.number,
                    tickets.c.outcome == Step.ASK.value,
                )
                .values(outcome=why)
            )
            await connection.execute(
                ticket_events.update()
                .where(ticket_events.c.source == event.source, ticket_events.c.event == event.event)
                .values(handled_at=at, payload=None, outcome=why)
            )

    async def listed(self, *, state: str | None = None, limit: int) -> Sequence[Ticket]:
        """See the port."""
        asks_at = (
            select(func.min(deliveries.c.due_at))
            .where(
                deliveries.c.invitation_id == tickets.c.invitation_id,
                deliveries.c.kind == DeliveryKind.INITIAL.value,
                deliveries.c.state == DeliveryState.PLANNED.value,
            )
            .scalar_subquery()
        )
        found = select(*_COLUMNS, type_coerce(asks_at, Instant).label("asks_at")).order_by(
            tickets.c.state_at.desc(), tickets.c.id.desc()
        )
        if state is not None:
            found = found.where(tickets.c.state == state)
        async with self._database.read() as connection:
            rows = await connection.execute(found.limit(limit))
            return [replace(_ticket(row), asks_at=row.asks_at) for row in rows]

    async def prune(self, *, before: datetime) -> int:
        """See the port."""
        async with self._database.write() as connection:
            gone = await connection.execute(
                ticket_events.delete().where(ticket_events.c.handled_at < before)
            )
            return gone.rowcount


async def _note(
    connection: AsyncConnection,
    done: Sequence[Ticket],
    outcomes: Mapping[str, str],
    whose: Mapping[str, int],
    *,
    campaign_id: int | None,
) -> None:
    """Whose tickets they are, what asks about them, and what became of what was due."""
    links = await _links(connection, [one.key for one in done], campaign_id=campaign_id)
    same = and_(
        tickets.c.state_at == bindparam("was_at"), tickets.c.state == bindparam("was_state")
    )
    # Reopened in the moment in which it was asked about.
    too_late = and_(
        bindparam("did_ask", type_=Boolean), tickets.c.state != TicketState.RESOLVED.value
    )
    await connection.execute(
        tickets.update()
        .where(THIS)
        .values(
            person_id=func.coalesce(
                bindparam("whose", type_=tickets.c.person_id.type), tickets.c.person_id
            ),
            invitation_id=func.coalesce(
                bindparam("link", type_=tickets.c.invitation_id.type), tickets.c.invitation_id
            ),
            outcome=case(
                (too_late, Step.WITHDRAW.value),
                (same, bindparam("became", type_=Text)),
                else_=tickets.c.outcome,
            ),
        ),
        [
            _place(one)
            | {
                "whose": whose.get(one.requester.email) if one.requester else None,
                "link": links.get(one.key),
                "was_at": one.state_at,
                "was_state": one.state.value,
                "did_ask": one.outcome == Step.ASK and one.key in links,
                "became": NOTHING if one.key in links else outcomes[one.key],
            }
            for one in sorted(done, key=lambda one: (one.source, one.number))
        ],
    )


async def _links(
    connection: AsyncConnection, keys: Sequence[str], *, campaign_id: int | None
) -> Mapping[str, UUID]:
    """What asks about them, by their keys."""
    if campaign_id is None:
        return {}
    occasion = invitations.c.occasion
    rows = await connection.execute(
        select(occasion, invitations.c.id).where(
            invitations.c.campaign_id == campaign_id,
            among(occasion, "keys", sqlite=connection.dialect.name == "sqlite"),
            occasion != "",  # as the index says it
        ),
        {"keys": keys},
    )
    return {key: number for key, number in rows}  # noqa: C416 - rows are no pairs to mypy


def _place(ticket: Ticket) -> dict[str, Any]:
    return {"this_source": ticket.source, "this_number": ticket.number}


def _requester(row: Any) -> Requester | None:
    if row.email is None:
        return None
    return Requester(email=row.email, name=row.name, locale=row.locale, timezone=row.timezone)


def _ticket(row: Any, *, requester: Requester | None = None) -> Ticket:
    return Ticket(
        source=row.source,
        number=row.number,
        state=TicketState(row.state),
        state_at=row.state_at,
        resolved_at=row.resolved_at,
        requester=requester,
        subject=row.subject,
        category=row.category,
        resolved_by=row.resolved_by,
        asked=row.invitation_id is not None,
        outcome=row.outcome,
    )
