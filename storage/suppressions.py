"""Mailboxes that are not written to, and mails that came back."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.channels import go_on
from storage.consents import stop
from storage.engine import Database
from storage.tables import addresses, campaigns, deliveries, invitations, people, suppressions
from survey.audit import plain
from survey.consent import How
from survey.person import EMAIL
from survey.ports import Cause, Suppression
from survey.states import COUNTED, DeliveryKind, DeliveryState

SUPPRESSED = "the mailbox refuses our mail"
"""Why a planned mail is skipped."""
_COUNTED = {state.value for state in COUNTED}
_OVER = {DeliveryState.FAILED.value, DeliveryState.SKIPPED.value}

log = structlog.get_logger()


class SqlSuppressions:
    """The port `Suppressions` on a database.

    Args:
        platforms: Those that are on, the preferred first: where a mail that came back goes on to.
    """

    def __init__(self, database: Database, *, platforms: Sequence[str] = ()) -> None:
        self._database = database
        self._platforms = platforms

    async def find(self, email: str) -> Suppression | None:
        """See the port."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(suppressions).where(suppressions.c.email == _mailbox(email))
                )
            ).one_or_none()
            return None if row is None else _suppression(row)

    async def all(self) -> Sequence[Suppression]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(suppressions).order_by(suppressions.c.email))
            return [_suppression(row) for row in rows]

    async def refused(self, email: str, *, reason: str, at: datetime) -> None:
        """See the port."""
        async with self._database.write() as connection:
            mailbox = _mailbox(email)
            told = _told(reason, mailbox)
            await _suppress(connection, mailbox, Cause.BOUNCED, told, at=at)

    async def returned(
        self,
        name: str,
        email: str,
        *,
        cause: Cause,
        reason: str,
        at: datetime,
        for_good: bool = True,
    ) -> bool:
        """See the port.

        A mail that bounced goes on to the person's next platform; one that they complained about
        goes nowhere.
        """
        mailbox = _mailbox(email)
        if not mailbox:  # mails to people who were erased since are kept without theirs
            return False
        reason = _told(reason, mailbox)
        async with self._database.write() as connection:
            mail = await _mail(connection, name, mailbox)
            if mail is None:
                return False
            heard = mail.reason == reason or cause is not Cause.COMPLAINED
            if mail.state in _OVER and heard:
                return True
            await _fail(connection, mail, reason)
            skipped: Sequence[UUID] = ()
            if for_good:
                await _suppress(connection, mailbox, cause, reason, at=at)
                skipped = await _skip(connection, mail.person_id, mailbox)
            if cause is Cause.COMPLAINED:
                await stop(connection, mail.person_id, survey=None, at=at, how=How.COMPLAINT)
            await go_on(connection, [mail.id, *skipped], self._platforms)
        log.warning("mail_returned", delivery=str(mail.id), cause=cause.value)
        return True

    async def release(self, email: str) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            released = await connection.execute(
                suppressions.delete().where(suppressions.c.email == _mailbox(email))
            )
            if released.rowcount:
                await _give_back(connection, _mailbox(email))
            return bool(released.rowcount)


async def _give_back(connection: AsyncConnection, mailbox: str) -> None:
    """Whoever has this e-mail can be reached there again."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    theirs = select(literal(EMAIL), literal(""), people.c.email, people.c.id).where(
        people.c.email == mailbox, people.c.active
    )
    names = ["platform", "workspace", "user_id", "person_id"]
    await connection.execute(insert(addresses).from_select(names, theirs).on_conflict_do_nothing())


async def _mail(connection: AsyncConnection, name: str, mailbox: str) -> Any:
    """The delivery that a Message-ID names, locked; the first of an invitation bears its name."""
    try:
        number = UUID(hex=name)
    except ValueError:
        return None
    found = await connection.execute(
        select(
            deliveries.c.id,
            deliveries.c.state,
            deliveries.c.reason,
            deliveries.c.invitation_id,
            deliveries.c.sent_at,
            invitations.c.state.label("invitation_state"),
            invitations.c.campaign_id,
            invitations.c.person_id,
        )
        .join(invitations, invitations.c.id == deliveries.c.invitation_id)
        .where(
            deliveries.c.platform == EMAIL,
            deliveries.c.user_id == mailbox,
            deliveries.c.kind != DeliveryKind.UPDATE.value,
            or_(deliveries.c.id == number, deliveries.c.invitation_id == number),
            deliveries.c.attempt > 0,
        )
        .order_by(deliveries.c.kind, deliveries.c.ordinal)
        .limit(1)
        .with_for_update(of=deliveries)
    )
    return found.one_or_none()


async def _fail(connection: AsyncConnection, mail: Any, reason: str) -> None:
    """It never arrived, unless they have answered: then it did, whatever a server says.

    One that was about to be sent once more, because nobody knew its outcome, is not.
    """
    again = mail.state == DeliveryState.PLANNED.value
    answered = mail.invitation_state in _COUNTED
    await connection.execute(
        deliveries.update()
        .where(deliveries.c.id == mail.id)
        .values(
            state=DeliveryState.SKIPPED.value if again else DeliveryState.FAILED.value,
            reason=reason,
            sent_at=mail.sent_at if answered else None,
        )
    )
    if answered or mail.sent_at is None:
        return
    other = exists().where(
        deliveries.c.invitation_id == mail.invitation_id,
        deliveries.c.kind != DeliveryKind.UPDATE.value,
        deliveries.c.sent_at.is_not(None),
    )
    await connection.execute(
        campaigns.update()
        .where(campaigns.c.id == mail.campaign_id, ~other)
        .values(reached=campaigns.c.reached - 1)
    )


async def _suppress(
    connection: AsyncConnection, mailbox: str, cause: Cause, reason: str, *, at: datetime
) -> None:
    insert = sqlite_insert if connection.dialect.name == "sqlite" else pg_insert
    row = insert(suppressions).values(email=mailbox, cause=cause.value, reason=reason, at=at)
    await connection.execute(row.on_conflict_do_nothing(index_elements=["email"]))


async def _skip(connection: AsyncConnection, person_id: int, mailbox: str) -> Sequence[UUID]:
    """What was planned for the mailbox does not go out; which mails these are."""
    theirs = select(invitations.c.id).where(invitations.c.person_id == person_id)
    skipped = await connection.scalars(
        deliveries.update()
        .where(
            deliveries.c.invitation_id.in_(theirs),
            deliveries.c.state == DeliveryState.PLANNED.value,
            deliveries.c.platform == EMAIL,
            deliveries.c.user_id == mailbox,
        )
        .values(state=DeliveryState.SKIPPED.value, reason=SUPPRESSED)
        .returning(deliveries.c.id)
    )
    return skipped.all()


def _mailbox(email: str) -> str:
    return email.strip().lower()


def _told(reason: str, mailbox: str) -> str:
    """A reason without the address: it is kept with the mail when its person is erased."""
    return plain(re.sub(re.escape(mailbox), "…", reason, flags=re.IGNORECASE))


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(email=row.email, cause=Cause(row.cause), reason=row.reason, at=row.at)
