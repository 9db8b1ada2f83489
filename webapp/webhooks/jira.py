"""Jira Service Management's webhooks, of the cloud and of Data Center alike.

https://developer.atlassian.com/cloud/jira/service-desk/webhooks/.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

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
)

SIGNATURE = "x-hub-signature"
CREATED, UPDATED, DELETED = "jira:issue_created", "jira:issue_updated", "jira:issue_deleted"
_LAST = 253_402_300_799_000
"""The end of the year 9999 in milliseconds."""


class _User(Told):
    emailAddress: Text | None = None  # noqa: N815 - Jira's names
    displayName: Text | None = None  # noqa: N815
    timeZone: Text | None = None  # noqa: N815
    locale: Text | None = None


class _Category(Told):
    key: Text


class _Status(Told):
    statusCategory: _Category  # noqa: N815


class _Kind(Told):
    name: Text | None = None


class _Fields(Told):
    status: _Status | None = None
    summary: Text | None = None
    reporter: _User | None = None
    assignee: _User | None = None
    issuetype: _Kind | None = None
    statuscategorychangedate: Moment | None = None
    resolutiondate: Moment | None = None


class _Issue(Told):
    key: Number
    fields: _Fields


class _Webhook(Told):
    timestamp: Annotated[int, Field(strict=True, ge=0, le=_LAST)]
    issue: _Issue


@dataclass(frozen=True, kw_only=True)
class Jira:
    """A Jira.

    Attributes:
        secret: Of its webhook.
    """

    secret: str = field(repr=False)
    rules: Rules
    source: str = "jira"

    def signed(self, headers: Headers, body: bytes, *, at: datetime) -> bool:  # noqa: ARG002
        """With the secret. Jira does not sign when, so an old call is as good as a new one."""
        made = hmac.digest(self.secret.encode(), body, hashlib.sha256)
        return equal(header(headers, SIGNATURE), f"sha256={made.hex()}")

    def event_of(self, headers: Headers, body: bytes) -> str:  # noqa: ARG002
        """What it says: the name of the delivery is not signed, so anybody could change it."""
        return digest_of(body)

    def read(self, told: object, headers: Headers, *, event: str) -> TicketEvent | Ignored:  # noqa: ARG002
        """See `Helpdesk`."""
        kind = told.get("webhookEvent") if isinstance(told, dict) else None
        if isinstance(kind, str) and kind not in {CREATED, UPDATED, DELETED}:
            return Ignored("it changes nothing about asking")
        found = _Webhook.model_validate(told)
        issue = found.issue.fields
        state = _state(issue, deleted=kind == DELETED)
        who, kind_of = issue.reporter, issue.issuetype
        return TicketEvent(
            source=self.source,
            event=event,
            number=found.issue.key,
            state=state,
            happened_at=datetime.fromtimestamp(found.timestamp / 1_000, UTC),
            resolved_at=(issue.statuscategorychangedate or issue.resolutiondate)
            if state is TicketState.RESOLVED
            else None,
            requester=None
            if who is None
            else self.rules.requester(
                who.emailAddress, name=who.displayName, locale=who.locale, timezone=who.timeZone
            ),
            subject=words(issue.summary),
            category=words(None if kind_of is None else kind_of.name),
            resolved_by=words(None if issue.assignee is None else issue.assignee.displayName),
        )


def _state(issue: _Fields, *, deleted: bool) -> TicketState:
    """Statuses have any name; the category "Done" has one key everywhere."""
    if deleted:
        return TicketState.GONE
    if issue.status is None:
        raise InvalidValue("issue.fields.status: Jira tells it with every issue.")
    done = issue.status.statusCategory.key == "done"
    return TicketState.RESOLVED if done else TicketState.OPEN
