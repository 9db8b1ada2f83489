"""Zammad's webhooks: https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from survey.tickets import TicketEvent, TicketState, words
from webapp.webhooks.helpdesk import (
    Headers,
    Ignored,
    Moment,
    Number,
    Rules,
    Text,
    Told,
    digest_of,
    equal,
    header,
)

SIGNATURE = "x-hub-signature"
_RESOLVED = frozenset({"closed", "resolved", "solved"})
_GONE = frozenset({"merged", "removed"})
_NOBODY = "-"
"""What Zammad calls the owner of a ticket that nobody owns."""


class _User(Told):
    email: Text | None = None
    firstname: Text | None = None
    lastname: Text | None = None

    @property
    def name(self) -> str:
        parts = [one for one in (self.firstname, self.lastname) if one and one != _NOBODY]
        return " ".join(parts)


class _Group(Told):
    name: Text | None = None


class _Ticket(Told):
    number: Number
    title: Text | None = None
    state: Text
    updated_at: Moment
    close_at: Moment | None = None
    last_close_at: Moment | None = None
    customer: _User | None = None
    owner: _User | None = None
    group: _Group | None = None


class _Webhook(Told):
    ticket: _Ticket


@dataclass(frozen=True, kw_only=True)
class Zammad:
    """A Zammad.

    Attributes:
        token: The "HMAC SHA1 Signature Token" of its webhook.
    """

    token: str = field(repr=False)
    rules: Rules
    source: str = "zammad"

    def signed(self, headers: Headers, body: bytes, *, at: datetime) -> bool:  # noqa: ARG002
        """With the token. Zammad does not tell when, so an old call is as good as a new one."""
        # It is the only signature that Zammad makes; HMAC does not need what SHA-1 has lost.
        made = hmac.digest(self.token.encode(), body, hashlib.sha1)
        return equal(header(headers, SIGNATURE), f"sha1={made.hex()}")

    def event_of(self, headers: Headers, body: bytes) -> str:  # noqa: ARG002
        """What it says: the name of the delivery is not signed, so anybody could change it."""
        return digest_of(body)

    def read(self, told: object, headers: Headers, *, event: str) -> TicketEvent | Ignored:  # noqa: ARG002
        """See `Helpdesk`."""
        if not _of_ticket(told):
            return Ignored("it is about no ticket")
        ticket = _Webhook.model_validate(told).ticket
        state = _state(ticket.state)
        customer, group = ticket.customer, ticket.group
        return TicketEvent(
            source=self.source,
            event=event,
            number=ticket.number,
            state=state,
            happened_at=ticket.updated_at,
            # `close_at` is the first time: what was reopened since is closed later.
            resolved_at=ticket.last_close_at if state is TicketState.RESOLVED else None,
            requester=None
            if customer is None
            else self.rules.requester(customer.email, name=customer.name),
            subject=words(ticket.title),
            category=words(None if group is None else group.name),
            resolved_by=words(None if ticket.owner is None else ticket.owner.name),
        )


def _of_ticket(told: object) -> bool:
    found: Any = told.get("ticket") if isinstance(told, dict) else told
    return not isinstance(told, dict) or isinstance(found, dict)


def _state(name: str) -> TicketState:
    word = name.lower()
    if word in _RESOLVED:
        return TicketState.RESOLVED
    return TicketState.GONE if word in _GONE else TicketState.OPEN
