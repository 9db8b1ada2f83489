"""Any helpdesk: signed as Standard Webhooks say (https://www.standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from survey.tickets import TicketEvent, TicketState, words
from webapp.webhooks.helpdesk import (
    Headers,
    Ignored,
    Moment,
    Number,
    Rules,
    Text,
    Told,
    equal,
    header,
    just_now,
)

PREFIX = "whsec_"
ID, MOMENT, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""
_SECONDS = re.compile("[0-9]{1,11}")
"""Of eleven digits the year has four."""
_MOST_SIGNATURES = 20


class WhoAsked(Told):
    """Who opened the ticket."""

    email: Annotated[Text, Field(examples=["ada@example.org"])]
    name: Text | None = None
    locale: Text | None = Field(default=None, examples=["en-GB"])
    timezone: Text | None = Field(default=None, examples=["Europe/London"])


class TicketTold(Told):
    """A ticket."""

    number: Annotated[Number, Field(examples=["4711"])]
    subject: Text | None = Field(default=None, examples=["The door does not close"])
    category: Text | None = None
    resolved_by: Text | None = Field(default=None, examples=["Sophie"])
    requester: WhoAsked | None = None


class TicketWebhook(Told):
    """What has happened to a ticket."""

    type: Literal["ticket.resolved", "ticket.reopened", "ticket.deleted"]
    timestamp: Moment = Field(description="When it happened: the latest rules.")
    data: TicketTold


_STATES = {
    "ticket.resolved": TicketState.RESOLVED,
    "ticket.reopened": TicketState.OPEN,
    "ticket.deleted": TicketState.GONE,
}


@dataclass(frozen=True, kw_only=True)
class Standard:
    """Whoever has one of the secrets.

    Attributes:
        secrets: `whsec_…`; while one is replaced, the old one and the new one.
    """

    secrets: Sequence[str] = field(repr=False)
    rules: Rules
    source: str = "standard"

    def signed(self, headers: Headers, body: bytes, *, at: datetime) -> bool:
        """With any of the secrets, within five minutes."""
        name, moment = header(headers, ID), header(headers, MOMENT)
        if not name or _SECONDS.fullmatch(moment) is None:
            return False
        if not just_now(datetime.fromtimestamp(int(moment), UTC), at=at):
            return False
        given = header(headers, SIGNATURE).split(" ")[:_MOST_SIGNATURES]
        fit = [
            equal(one, sign(secret, name=name, moment=moment, body=body))
            for one in given
            for secret in self.secrets
        ]
        return any(fit)

    def event_of(self, headers: Headers, body: bytes) -> str:  # noqa: ARG002 - it has a name
        """Its id."""
        return header(headers, ID)

    def read(self, told: object, headers: Headers, *, event: str) -> TicketEvent | Ignored:  # noqa: ARG002
        """See `Helpdesk`."""
        found = TicketWebhook.model_validate(told)
        ticket, who, state = found.data, found.data.requester, _STATES[found.type]
        return TicketEvent(
            source=self.source,
            event=event,
            number=ticket.number,
            state=state,
            happened_at=found.timestamp,
            resolved_at=found.timestamp if state is TicketState.RESOLVED else None,
            requester=None
            if who is None
            else self.rules.requester(
                who.email, name=who.name, locale=who.locale, timezone=who.timezone
            ),
            subject=words(ticket.subject),
            category=words(ticket.category),
            resolved_by=words(ticket.resolved_by),
        )


def sign(secret: str, *, name: str, moment: str, body: bytes) -> str:
    """The signature of a call: `v1,…`.

    Args:
        secret: `whsec_…`.
        name: The event's id.
        moment: When it is sent: seconds since 1970.
        body: As it is sent.
    """
    signed = b".".join((name.encode(errors="replace"), moment.encode(), body))
    made = hmac.digest(key_in(secret), signed, hashlib.sha256)
    return f"v1,{base64.b64encode(made).decode()}"


def key_in(secret: str) -> bytes:
    """The key that a secret holds.

    Raises:
        ValueError: If it is no secret of Standard Webhooks; what it says quotes nothing of it.
    """
    if not secret.startswith(PREFIX):
        raise ValueError(f"it begins with {PREFIX}; {_MAKE}")
    word = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(word + "=" * (-len(word) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"behind {PREFIX} it is no base64; {_MAKE}") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"it holds {SHORTEST} to {LONGEST} bytes, not {len(key)}; {_MAKE}")
    return key


_MAKE = f'make one with: echo "{PREFIX}$(openssl rand -base64 32)"'
