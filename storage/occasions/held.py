"""What is kept of what happened to somebody: told to them whole, gone when they are forgotten."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, cast, false, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.insights import look_again
from storage.tables import (
    branches,
    customers,
    feature_feedbacks,
    features,
    follow_ups,
    idempotency,
    insights,
    interactions,
    invitations,
    occasions,
    staff,
    ticket_events,
    tickets,
)
from storage.updates import plan_updates
from survey.rights import Happened
from survey.states import DeliveryKind

FORGOTTEN = "forgotten"
"""What became of an event that named somebody who was forgotten before it was handled."""


async def read_happened(
    connection: AsyncConnection, person_id: int, email: str
) -> tuple[Happened, ...]:
    """All of it, the latest first."""
    found: list[Happened] = []
    for kind, at, query in _queries(person_id, email):
        for row in (await connection.execute(query)).mappings():
            words = {name: row[name] for name in row if name not in {at, "details"}}
            if "details" in row:
                words |= json.loads(row["details"])
            told = {name: _word(word) for name, word in words.items() if word not in {None, ""}}
            found.append(Happened(kind=kind, at=row[at], details=told))
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def _queries(person_id: int, email: str) -> Iterator[tuple[str, str, Any]]:
    """What of, which column says when, and how it is read."""
    mine = invitations.c.person_id == person_id
    yield (
        "asked about",
        "happened_at",
        select(invitations.c.occasion.label("key"), occasions.c.happened_at, occasions.c.details)
        .join(invitations, invitations.c.id == occasions.c.invitation_id)
        .where(mine),
    )
    yield (
        "ticket",
        "state_at",
        select(
            tickets.c.source,
            tickets.c.number,
            tickets.c.state,
            tickets.c.state_at,
            tickets.c.subject,
            tickets.c.category,
            tickets.c.resolved_by,
            tickets.c.outcome,
        ).where(tickets.c.person_id == person_id),
    )
    yield (
        "visit",
        "created_at",
        select(
            customers.c.created_at,
            customers.c.name,
            customers.c.email,
            customers.c.mobile,
            customers.c.email_consent,
            customers.c.purpose_of_visit,
            branches.c.name.label("branch"),
            staff.c.name.label("staff"),
        )
        .join(branches, branches.c.id == customers.c.branch_id)
        .join(staff, staff.c.id == customers.c.staff_id)
        .where(_visits(person_id, email)),
    )
    yield (
        "feature",
        "updated_at",
        select(
            features.c.product_key.label("product"),
            features.c.key.label("feature"),
            interactions.c.interaction_count,
            interactions.c.total_interaction_count,
            interactions.c.rejection_count,
            interactions.c.last_feedback_at,
            interactions.c.created_at,
            interactions.c.updated_at,
        )
        .join(features, features.c.id == interactions.c.feature_id)
        .where(interactions.c.email == email),
    )
    yield (
        "feature feedback",
        "created_at",
        select(
            feature_feedbacks.c.source,
            feature_feedbacks.c.user_agent,
            feature_feedbacks.c.created_at,
        )
        .join(invitations, invitations.c.id == feature_feedbacks.c.invitation_id)
        .where(mine),
    )
    yield (
        "follow-up",
        "opened_at",
        select(follow_ups.c.state, follow_ups.c.opened_at, follow_ups.c.note)
        .join(invitations, invitations.c.id == follow_ups.c.invitation_id)
        .where(mine),
    )
    yield (
        "insight",
        "of_press",
        select(
            insights.c.sentiment,
            insights.c.sentiment_source,
            insights.c.summary,
            insights.c.summary_source,
            insights.c.of_press,
        )
        .join(invitations, invitations.c.id == insights.c.invitation_id)
        .where(mine),
    )


def _word(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def erase_happened(
    connection: AsyncConnection, email: str, *, person_id: int | None, at: datetime
) -> None:
    """Within a transaction: nothing that happened leads back to them any more.

    What counts of it stays: how many visits a branch had, that an answer was followed up.

    Args:
        connection: With the person and their invitations locked, if they are known.
        email: Lower case.
        person_id: None for somebody whom only events tell of.
        at: Now.
    """
    if person_id is not None:
        await _erase_asked(connection, person_id, at=at)
    # Their number leads back to them: in the helpdesk.
    if person_id is not None:
        await connection.execute(tickets.delete().where(tickets.c.person_id == person_id))
    await connection.execute(
        customers.update()
        .where(_visits(person_id, email))
        .values(
            person_id=None, name="", email="", mobile=None, purpose_of_visit="", email_consent=False
        )
    )
    await connection.execute(interactions.delete().where(interactions.c.email == email))
    await connection.execute(
        ticket_events.update()
        .where(_names(ticket_events.c.payload, email))
        .values(payload=None, handled_at=at, outcome=FORGOTTEN)
    )
    await connection.execute(idempotency.delete().where(_names(idempotency.c.body, email)))


async def _erase_asked(connection: AsyncConnection, person_id: int, *, at: datetime) -> None:
    mine = invitations.c.person_id == person_id
    ids = select(invitations.c.id).where(mine)
    await connection.execute(
        occasions.update().where(occasions.c.invitation_id.in_(ids)).values(details="{}")
    )
    await connection.execute(
        feature_feedbacks.update()
        .where(feature_feedbacks.c.invitation_id.in_(ids))
        .values(user_agent=None)
    )
    # Nobody can look after somebody who is not there; where a channel was told, it says so now.
    await connection.execute(follow_ups.delete().where(follow_ups.c.invitation_id.in_(ids)))
    await plan_updates(connection, mine, at=at, kinds=[DeliveryKind.NOTICE])
    await connection.execute(
        follow_ups.update().where(follow_ups.c.taken_by == person_id).values(taken_by=None)
    )
    await connection.execute(
        insights.update().where(insights.c.invitation_id.in_(ids)).values(summary="")
    )
    # What the archive has of them is removed by whoever looks next.
    await look_again(connection, mine, at=at)
    await connection.execute(
        invitations.update()
        .where(mine, invitations.c.occasion != "")
        .values(occasion=literal("erased:") + cast(invitations.c.id, String))
    )


def _visits(person_id: int | None, email: str) -> ColumnElement[bool]:
    known = false() if person_id is None else customers.c.person_id == person_id
    return or_(known, func.lower(customers.c.email) == email)


def _names(text: ColumnElement[Any], email: str) -> ColumnElement[bool]:
    """Whether a text names the e-mail, as it is or as JSON writes it."""
    words = {email, json.dumps(email)[1:-1], email.replace("/", r"\/")}
    return or_(*(func.lower(text).contains(word, autoescape=True) for word in sorted(words)))
