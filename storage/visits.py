"""Visits: customers, what they said on being asked, and where it was."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.consents import last_way, note
from storage.engine import Database
from storage.occasions.met import meet
from storage.tables import (
    branches,
    campaigns,
    customers,
    deliveries,
    invitations,
    opt_outs,
    people,
    staff,
)
from storage.tombstones import Tombstones
from survey.consent import How
from survey.occasion import Trigger
from survey.person import Enrolment
from survey.ports import Captured
from survey.states import DeliveryKind, DeliveryState, InvitationState
from survey.visits import Branch, Capture, Progress, Staff, Visit, first_key

_VISIT = (
    select(customers, branches.c.name.label("branch_name"), staff.c.name.label("staff_name"))
    .join(branches, branches.c.id == customers.c.branch_id)
    .join(staff, staff.c.id == customers.c.staff_id)
    .where(customers.c.email != "")  # those were forgotten
)


class SqlVisits:
    """The port `Visits` on a database.

    Args:
        tombstones: Who asked to be forgotten: no visit brings them back.
        by_email: Platforms, with their workspace, on which everybody has an address who has an
            e-mail.
    """

    def __init__(
        self,
        database: Database,
        tombstones: Tombstones,
        *,
        by_email: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._database = database
        self._tombstones = tombstones
        self._by_email = by_email
        self._insert: Any = sqlite_insert if database.is_sqlite else pg_insert

    async def capture(self, capture: Capture, *, survey: str, at: datetime) -> Captured:
        """See the port."""
        if capture.email_consent:
            await self._meet(capture)
        async with self._database.write() as connection:
            if await self._tombstones.find(connection, [capture.email]):
                capture = _without_a_name(capture)
            staff_id = await self._place(connection, capture, at=at)
            person_id = await connection.scalar(
                select(people.c.id).where(people.c.email == capture.email)
            )
            visit_id = await connection.scalar(
                customers.insert()
                .values(
                    person_id=person_id,
                    name=capture.name,
                    email=capture.email,
                    mobile=capture.mobile,
                    email_consent=capture.email_consent,
                    taken_by=capture.taken_by,
                    purpose_of_visit=capture.purpose,
                    branch_id=capture.branch_id,
                    staff_id=staff_id,
                    created_at=at,
                )
                .returning(customers.c.id)
            )
            unwanted: Sequence[str] = ()
            if person_id is not None and capture.email_consent:
                await _may_ask(connection, person_id, survey=survey, at=at)
            elif person_id is not None:
                unwanted = await self._may_not(connection, person_id, survey=survey, at=at)
        return Captured(id=visit_id or 0, person_id=person_id, unwanted=unwanted)

    async def _place(self, connection: AsyncConnection, capture: Capture, *, at: datetime) -> int:
        """Find or make the branch and who works there; their number."""
        branch = self._insert(branches).values(
            id=capture.branch_id, name=capture.branch_name, created_at=at
        )
        await connection.execute(
            branch.on_conflict_do_update(
                index_elements=["id"],
                set_={"name": branch.excluded.name},
                where=branches.c.name != branch.excluded.name,
            )
        )
        await connection.execute(
            self._insert(staff)
            .values(name=capture.staff_name, branch_id=capture.branch_id, created_at=at)
            .on_conflict_do_nothing()
        )
        found = await connection.scalar(
            select(staff.c.id).where(
                staff.c.branch_id == capture.branch_id, staff.c.name == capture.staff_name
            )
        )
        return found or 0

    async def _meet(self, capture: Capture) -> None:
        """Whoever may be asked and is not known yet is added."""
        told = {capture.email: Enrolment(email=capture.email, name=capture.name)}
        await meet(
            self._database,
            self._tombstones,
            told,
            source=Trigger.VISITS,
            by_email=self._by_email,
        )

    async def _may_not(
        self, connection: AsyncConnection, person_id: int, *, survey: str, at: datetime
    ) -> Sequence[str]:
        """A no: it holds from now on, and is looked at again whenever something goes out."""
        stopped = await connection.execute(
            self._insert(opt_outs)
            .values(person_id=person_id, survey=survey, at=at)
            .on_conflict_do_nothing()
        )
        if stopped.rowcount:
            await note(connection, person_id, [survey], may_ask=False, how=How.FRONT_DESK, at=at)
        waiting = await connection.scalars(
            select(invitations.c.occasion)
            .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
            .where(
                invitations.c.person_id == person_id,
                invitations.c.state == InvitationState.PENDING.value,
                invitations.c.occasion != "",
                campaigns.c.survey == survey,
            )
        )
        return waiting.all()

    async def one(self, visit_id: int, *, survey: str) -> Visit | None:
        """See the port."""
        if not 0 < visit_id < 2**31:
            return None
        async with self._database.read() as connection:
            row = (await connection.execute(_VISIT.where(customers.c.id == visit_id))).one_or_none()
            if row is None:
                return None
            progress = await _progress(connection, row, survey=survey)
        return _visit(row, progress)

    async def of(self, invitation_id: UUID) -> Visit | None:
        """See the port."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(_VISIT.where(customers.c.invitation_id == invitation_id))
            ).one_or_none()
        return None if row is None else _visit(row, None)

    async def asked(self, visit_id: int, *, key: str, survey: str) -> None:
        """See the port."""
        question = (
            select(invitations.c.id)
            .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
            .where(
                invitations.c.person_id == customers.c.person_id,
                invitations.c.occasion == key,
                campaigns.c.survey == survey,
            )
            .order_by(invitations.c.asked_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        async with self._database.write() as connection:
            await connection.execute(
                customers.update().where(customers.c.id == visit_id).values(invitation_id=question)
            )

    async def mend(self, *, survey: str) -> int:
        """See the port."""
        waiting = (
            invitations.c.closes_at.is_not(None),
            invitations.c.state.in_([InvitationState.PENDING.value, InvitationState.SENT.value]),
            invitations.c.campaign_id.in_(
                select(campaigns.c.id).where(campaigns.c.survey == survey)
            ),
        )
        question = (
            select(invitations.c.id)
            .where(
                invitations.c.person_id == customers.c.person_id,
                invitations.c.occasion == literal(first_key("")) + cast(customers.c.id, String),
                *waiting,
            )
            .limit(1)
            .correlate(customers)
        )
        async with self._database.write() as connection:
            mended = await connection.execute(
                customers.update()
                .where(
                    customers.c.invitation_id.is_(None),
                    customers.c.person_id.in_(select(invitations.c.person_id).where(*waiting)),
                    question.exists(),
                )
                .values(invitation_id=question.scalar_subquery())
            )
        return mended.rowcount

    async def branches(self) -> Sequence[Branch]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(branches.c.id, branches.c.name, staff.c.id.label("staff_id"), staff.c.name)
                .outerjoin(staff, staff.c.branch_id == branches.c.id)
                .order_by(branches.c.name, branches.c.id, staff.c.name)
            )
            found: dict[str, tuple[str, list[Staff]]] = {}
            for branch_id, name, staff_id, staff_name in rows:
                _, working = found.setdefault(branch_id, (name, []))
                if staff_id is not None:
                    working.append(Staff(id=staff_id, name=staff_name))
        return [
            Branch(id=branch_id, name=name, staff=tuple(working))
            for branch_id, (name, working) in found.items()
        ]


def _without_a_name(capture: Capture) -> Capture:
    """The visit of somebody who was forgotten: it counts for its branch, and says no more."""
    return replace(capture, name="", email="", mobile=None, purpose="", email_consent=False)


async def _may_ask(
    connection: AsyncConnection, person_id: int, *, survey: str, at: datetime
) -> None:
    """A yes; it lifts what was said at a desk before, and nothing else."""
    await connection.execute(
        opt_outs.delete().where(
            opt_outs.c.person_id == person_id,
            opt_outs.c.survey == survey,
            last_way(person_id, survey) == How.FRONT_DESK.value,
        )
    )
    stands = select(opt_outs.c.survey).where(
        opt_outs.c.person_id == person_id, opt_outs.c.survey == survey
    )
    if await connection.scalar(stands) is None:
        await note(connection, person_id, [survey], may_ask=True, how=How.FRONT_DESK, at=at)


def _questions(row: Any, *, survey: str) -> Select[Any]:
    """What was asked about a visit, the latest first, with the first messages of each."""
    key = first_key(row.id)
    return (
        select(
            invitations.c.id,
            invitations.c.state.label("invitation_state"),
            deliveries.c.state,
            deliveries.c.due_at,
            deliveries.c.sent_at,
            deliveries.c.reason,
        )
        .join(campaigns, campaigns.c.id == invitations.c.campaign_id)
        .join(deliveries, deliveries.c.invitation_id == invitations.c.id)
        .where(
            invitations.c.person_id == row.person_id,
            or_(invitations.c.occasion == key, invitations.c.occasion.startswith(f"{key}:")),
            campaigns.c.survey == survey,
            deliveries.c.kind == DeliveryKind.INITIAL.value,
        )
        .order_by(
            func.length(invitations.c.occasion).desc(),  # "visit:1:10" comes after "visit:1:9"
            invitations.c.occasion.desc(),
            invitations.c.asked_at.desc(),
            deliveries.c.ordinal.desc(),
        )
    )


async def _progress(connection: AsyncConnection, row: Any, *, survey: str) -> Progress | None:
    if row.person_id is None:
        return None
    found = (await connection.execute(_questions(row, survey=survey))).all()
    if not found:
        return None
    latest = found[0]
    return Progress(
        invitation_id=latest.id,
        state=InvitationState(latest.invitation_state),
        delivery=DeliveryState(latest.state),
        due_at=latest.due_at,
        sent_at=latest.sent_at,
        reason=latest.reason or "",
        tries=len({one.id for one in found}),
    )


def _visit(row: Any, progress: Progress | None) -> Visit:
    return Visit(
        id=row.id,
        name=row.name,
        email=row.email,
        email_consent=row.email_consent,
        purpose=row.purpose_of_visit,
        branch=Branch(id=row.branch_id, name=row.branch_name),
        staff_name=row.staff_name,
        created_at=row.created_at,
        progress=progress,
    )
