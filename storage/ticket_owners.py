"""Whose tickets are whose: of nobody's, nothing is kept that anybody said."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, bindparam, case, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.bulk import among
from storage.tables import people
from storage.tables_moments import tickets
from survey.tickets import Ticket, TicketEvent

THIS = and_(
    tickets.c.source == bindparam("this_source"), tickets.c.number == bindparam("this_number")
)
"""One ticket, by the parameters of a statement."""


async def known(connection: AsyncConnection, emails: Collection[str]) -> Mapping[str, int]:
    """By e-mail; nobody of them is forgotten before the transaction ends."""
    rows = await connection.execute(
        select(people.c.email, people.c.id)
        .where(among(people.c.email, "emails", sqlite=connection.dialect.name == "sqlite"))
        .order_by(people.c.id)
        .with_for_update(read=True, key_share=True),
        {"emails": sorted(emails)},
    )
    return {email: number for email, number in rows}  # noqa: C416 - rows are no pairs to mypy


async def lock(connection: AsyncConnection, places: Collection[tuple[str, str]]) -> None:
    """Lock these tickets in one order everywhere, so that no two wait for each other."""
    await connection.execute(
        select(tickets.c.id)
        .where(tuple_(tickets.c.source, tickets.c.number).in_(sorted(places)))
        .order_by(tickets.c.source, tickets.c.number)
        .with_for_update()
    )


async def belong(
    connection: AsyncConnection,
    told: Sequence[TicketEvent | Ticket],
    whose: Mapping[str, int],
) -> None:
    """Whose the other tickets are.

    What is said of those that are nobody's goes: it would be forgotten with nobody.
    """
    emails = {(one.source, one.number): one.requester.email for one in told if one.requester}
    mine = bindparam("whose", type_=tickets.c.person_id.type)
    places = sorted({(one.source, one.number) for one in told})
    if not places:
        return
    await connection.execute(
        tickets.update()
        .where(THIS, tickets.c.person_id.is_(None))
        .values(
            person_id=mine,
            subject=case((mine.is_(None), ""), else_=tickets.c.subject),
            resolved_by=case((mine.is_(None), ""), else_=tickets.c.resolved_by),
        ),
        [
            {
                "this_source": source,
                "this_number": number,
                "whose": whose.get(emails.get((source, number), "")),
            }
            for source, number in places
        ],
    )
