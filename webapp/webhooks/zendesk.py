"""Zendesk's webhooks: https://developer.zendesk.com/documentation/webhooks/.

Two kinds of calls: those of triggers, with the body that `docs/tickets.md` gives to paste, and
those of a webhook that is subscribed to ticket events, which tell of no e-mail.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

from survey.errors import InvalidValue
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
    just_now,
)

INVOCATION = "x-zendesk-webhook-invocation-id"
SIGNATURE = "x-zendesk-webhook-signature"
MOMENT = "x-zendesk-webhook-signature-timestamp"
STATUS_CHANGED = "zen:event-type:ticket.status_changed"
GONE = frozenset(
    f"zen:event-type:ticket.{word}"
    for word in ("merged", "marked_as_spam", "soft_deleted", "permanently_deleted")
)
_CLOSED = "closed"
"""Some days after it was solved a ticket is closed: nothing has happened then."""


class _User(Told):
    email: Text | None = None
    name: Text | None = None
    locale: Text | None = None
    timezone: Text | None = None


class _Agent(Told):
    name: Text | None = None


class _Ticket(Told):
    id: Number
    status: Text
    subject: Text | None = None
    category: Text | None = None
    requester: _User | None = None
    assignee: _Agent | None = None


class _OfTrigger(Told):
    ticket: _Ticket


class _Detail(Told):
    id: Number
    status: Text | None = None
    subject: Text | None = None


class _OfEvent(Told):
    type: Text
    time: Moment
    detail: _Detail


@dataclass(frozen=True, kw_only=True)
class Zendesk:
    """A Zendesk.

    Attributes:
        secret: The webhook's signing secret.
    """

    secret: str = field(repr=False)
    rules: Rules
    source: str = "zendesk"

    def signed(self, headers: Headers, body: bytes, *, at: datetime) -> bool:
        """With the secret, within five minutes."""
        told = header(headers, MOMENT)
        moment = _instant(told)
        if moment is None or not just_now(moment, at=at):
            return False
        signed = told.encode(errors="replace") + body
        made = hmac.digest(self.secret.encode(), signed, hashlib.sha256)
        return equal(header(headers, SIGNATURE), base64.b64encode(made).decode())

    def event_of(self, headers: Headers, body: bytes) -> str:
        """What Zendesk calls the invocation, the same each time that it tries."""
        return header(headers, INVOCATION) or digest_of(body)

    def read(self, told: object, headers: Headers, *, event: str) -> TicketEvent | Ignored:
        """See `Helpdesk`."""
        if isinstance(told, dict) and "type" in told:
            return self._of_event(told, event)
        ticket, moment = _OfTrigger.model_validate(told).ticket, _instant(header(headers, MOMENT))
        if moment is None:
            raise InvalidValue(f"{MOMENT}: Zendesk tells with every call when it signed it.")
        if ticket.status.lower() == _CLOSED:
            return Ignored("it was solved before it was closed")
        who = ticket.requester
        return TicketEvent(
            source=self.source,
            event=event,
            number=ticket.id,
            state=_state(ticket.status),
            # Zendesk's placeholders tell the minute; when it signs, it tells the second.
            happened_at=moment,
            requester=None
            if who is None
            else self.rules.requester(
                who.email, name=who.name, locale=who.locale, timezone=who.timezone
            ),
            subject=words(ticket.subject),
            category=words(ticket.category),
            resolved_by=words(None if ticket.assignee is None else ticket.assignee.name),
        )

    def _of_event(self, told: object, event: str) -> TicketEvent | Ignored:
        found = _OfEvent.model_validate(told)
        status = (found.detail.status or "").lower()
        if found.type in GONE:
            state = TicketState.GONE
        elif found.type != STATUS_CHANGED or status in {"", _CLOSED}:
            return Ignored("it changes nothing about asking")
        else:
            state = _state(status)
        return TicketEvent(
            source=self.source,
            event=event,
            number=found.detail.id,
            state=state,
            happened_at=found.time,
            resolved_at=found.time if state is TicketState.RESOLVED else None,
            subject=words(found.detail.subject),
        )


def _state(status: str) -> TicketState:
    return TicketState.RESOLVED if status.lower() == "solved" else TicketState.OPEN


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
