"""People of whom only what happened to them tells: added where nobody knew them.

Their `source` is what the survey waited for. No round asks them, no roster prunes them, and one
that names them later takes them over.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.locks import Lock, wait_for
from storage.rows import attributes_text
from storage.tables import addresses, people
from storage.tombstones import Tombstones
from survey.occasion import Trigger
from survey.person import Enrolment

TRIGGERS = sorted(trigger.value for trigger in Trigger)
"""In `people.source`: whom no roster has named yet."""


def of_a_roster(*, named: bool = False) -> ColumnElement[bool]:
    """Of `people`: not only known from what happened to them.

    Args:
        named: Whether only those are meant of whom it is noted which roster they are from.
    """
    other = and_(*(people.c.source != trigger for trigger in TRIGGERS))
    unknown = people.c.source.is_(None)
    return and_(~unknown, other) if named else or_(unknown, other)


async def meet(
    database: Database,
    tombstones: Tombstones,
    told: Mapping[str, Enrolment],
    *,
    source: Trigger,
    by_email: Sequence[tuple[str, str]],
) -> None:
    """Add those who are not known yet; nothing is written where everybody is.

    Args:
        database: Where.
        tombstones: Who asked to be forgotten, and so is not added.
        told: By lower-case e-mail, what is told of them.
        source: What happened to them.
        by_email: Platforms, with their workspace, on which their e-mail is their address.

    Raises:
        InvalidValue: If it can't be told who asked to be forgotten.
    """
    async with database.read() as connection:
        missing, renamed = await _news(connection, told)
    if not missing and not renamed:
        return
    async with database.write() as connection:
        # Nobody is forgotten meanwhile.
        await wait_for(connection, Lock.ROSTER)
        gone = await tombstones.forgotten(connection, missing)
        rows = [_row(email, told[email], source) for email in missing if email not in gone]
        if rows:
            await _add(connection, rows, told, by_email)
        if renamed:
            await connection.execute(
                people.update()
                .where(people.c.email == bindparam("whose"), people.c.source.in_(TRIGGERS))
                .values(name=bindparam("told")),
                [{"whose": email, "told": told[email].name} for email in renamed],
            )


async def _news(
    connection: AsyncConnection, told: Mapping[str, Enrolment]
) -> tuple[list[str], list[str]]:
    """Who is not known, and who has another name by now; what a roster says of them stays."""
    rows = await connection.execute(
        select(people.c.email, people.c.name, people.c.source).where(people.c.email.in_(told))
    )
    known = {row.email: row for row in rows}
    renamed = [
        email
        for email, row in known.items()
        if row.source in TRIGGERS and told[email].name.strip() not in {"", row.name}
    ]
    return [email for email in told if email not in known], renamed


def _row(email: str, who: Enrolment, source: Trigger) -> dict[str, Any]:
    return {
        "email": email,
        "name": who.name,
        "timezone": who.timezone,
        "locale": who.locale,
        "attributes": attributes_text(who.attributes),
        "active": True,
        "source": source.value,
    }


async def _add(
    connection: AsyncConnection,
    rows: Sequence[Mapping[str, Any]],
    told: Mapping[str, Enrolment],
    by_email: Sequence[tuple[str, str]],
) -> None:
    insert: Any = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    await connection.execute(
        insert(people).on_conflict_do_nothing(index_elements=["email"]), list(rows)
    )
    found = await connection.execute(
        select(people.c.email, people.c.id).where(
            and_(people.c.email.in_([row["email"] for row in rows]), people.c.erased_at.is_(None))
        )
    )
    where = [
        {"platform": platform, "workspace": workspace, "user_id": user_id, "person_id": row.id}
        for row in found
        for platform, workspace, user_id in [
            *((platform, workspace, row.email) for platform, workspace in by_email),
            *((at.platform, at.workspace, at.user_id) for at in told[row.email].addresses),
        ]
    ]
    if where:
        await connection.execute(
            insert(addresses).on_conflict_do_nothing(
                index_elements=["platform", "workspace", "user_id"]
            ),
            where,
        )
