"""Helpdesks that tell of their tickets, each in its published format and with its own signature."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The key of the published test vector of Standard Webhooks."""
OTHER_WHSEC = "whsec_" + base64.b64encode(b"another-secret-of-thirty-two-byte").decode()
ZAMMAD_TOKEN = "zammad-token-for-tests"
ZENDESK_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
"""As Zendesk's own page on signatures has it."""
JIRA_SECRET = "a-secret-that-everybody-has"
ENVIRON = {
    "VOXPOP_TICKETS__SECRETS": WHSEC,
    "VOXPOP_TICKETS__ZAMMAD_TOKEN": ZAMMAD_TOKEN,
    "VOXPOP_TICKETS__ZENDESK_SECRET": ZENDESK_SECRET,
    "VOXPOP_TICKETS__JIRA_SECRET": JIRA_SECRET,
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a helpdesk sends."""

    path: str
    headers: Mapping[str, str]
    body: bytes


def _body(told: Any) -> bytes:
    return told if isinstance(told, bytes) else json.dumps(told).encode()


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def standard(
    told: Any, *, at: datetime, event: str = "msg_1", secret: str = WHSEC, **headers: str
) -> Call:
    """Signed by hand, so that no line of ours checks itself."""
    body, moment = _body(told), str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = hmac.new(key, f"{event}.{moment}.".encode() + body, hashlib.sha256).digest()
    signed = {
        "webhook-id": event,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }
    return Call(path="/webhooks/tickets", headers=signed | headers, body=body)


def ticket(
    kind: str = "resolved",
    *,
    at: datetime,
    number: Any = "4711",
    email: str | None = "grace@example.com",
    **more: Any,
) -> dict[str, Any]:
    """What a standard webhook says."""
    who = {"requester": {"email": email, "name": "Grace Hopper"}} if email else {}
    data = {"number": number, "subject": "The door does not close", **who, **more}
    return {"type": f"ticket.{kind}", "timestamp": stamp(at), "data": data}


def zammad(told: Any, *, delivery: str = "d-1", token: str = ZAMMAD_TOKEN) -> Call:
    body = _body(told)
    made = hmac.new(token.encode(), body, hashlib.sha1).hexdigest()
    signed = {
        "User-Agent": "Zammad User Agent",
        "X-Zammad-Trigger": "tell voxpop",
        "X-Zammad-Delivery": delivery,
        "X-Hub-Signature": f"sha1={made}",
    }
    return Call(path="/webhooks/tickets/zammad", headers=signed, body=body)


def zammad_ticket(state: str = "closed", *, at: datetime, **more: Any) -> dict[str, Any]:
    """Its default payload, as its documentation shows it, in short."""
    found = {
        "article_count": 1,
        "close_at": None,
        "created_at": "2020-11-13T14:34:35.282Z",
        "customer": {
            "active": True,
            "email": "Emily@Example.com",
            "firstname": "Emily",
            "id": 8,
            "lastname": "Adams",
            "organization": "Awesome Customer Inc.",
            "vip": False,
        },
        "group": {"id": 3, "name": "Service Desk", "follow_up_possible": "yes"},
        "id": 81,
        "number": "10081",
        "owner": {"email": "emma@chrispresso.com", "firstname": "Emma", "lastname": "Taylor"},
        "state": state,
        "state_id": 4,
        "title": "Webhook-Test",
        "updated_at": stamp(at),
    }
    return {"ticket": found | more, "article": {"id": 104, "body": "<div>a private word</div>"}}


def zendesk(
    told: Any, *, at: datetime, invocation: str = "8350205582", secret: str = ZENDESK_SECRET
) -> Call:
    body, moment = _body(told), stamp(at)
    made = hmac.new(secret.encode(), moment.encode() + body, hashlib.sha256).digest()
    signed = {
        "x-zendesk-account-id": "123456",
        "x-zendesk-webhook-id": "01F1KRFQ6BG29CNWFR60NK5FNY",
        "x-zendesk-webhook-invocation-id": invocation,
        "x-zendesk-webhook-signature": base64.b64encode(made).decode(),
        "x-zendesk-webhook-signature-timestamp": moment,
    }
    return Call(path="/webhooks/tickets/zendesk", headers=signed, body=body)


def zendesk_ticket(status: str = "solved", **more: Any) -> dict[str, Any]:
    """What the trigger of our page on tickets sends."""
    found = {
        "id": "35436",
        "status": status,
        "subject": "Help, my printer is on fire!",
        "assignee": {"name": "Lucy"},
        "requester": {"email": "grace@example.com", "name": "Grace Hopper"},
    }
    return {"ticket": found | more}


def zendesk_event(current: str, *, at: datetime, kind: str = "status_changed") -> dict[str, Any]:
    """What a webhook that is subscribed to ticket events sends, as its reference shows it."""
    return {
        "account_id": 22129848,
        "detail": {
            "actor_id": "8447388090494",
            "id": "35436",
            "requester_id": "8447388090495",
            "status": current,
            "subject": "Help, my printer is on fire!",
            "updated_at": stamp(at),
        },
        "event": {"current": current, "previous": "OPEN"},
        "id": "2b24ef10-19d5-4740-93cf-5f98ec4776c0",
        "subject": "zen:ticket:35436",
        "time": stamp(at),
        "type": f"zen:event-type:ticket.{kind}",
        "zendesk_event_version": "2022-06-20",
    }


def jira(told: Any, *, identifier: str = "w-1", secret: str = JIRA_SECRET) -> Call:
    body = _body(told)
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    signed = {"X-Atlassian-Webhook-Identifier": identifier, "X-Hub-Signature": f"sha256={made}"}
    return Call(path="/webhooks/tickets/jira", headers=signed, body=body)


def jira_issue(
    category: str = "done", *, at: datetime, kind: str = "jira:issue_updated", **more: Any
) -> dict[str, Any]:
    """An issue that was changed, in short."""
    local = (at + timedelta(hours=1)).replace(tzinfo=None).isoformat(timespec="milliseconds")
    found = {
        "summary": "The VPN is slow",
        "status": {"name": "Erledigt", "id": "5", "statusCategory": {"id": 3, "key": category}},
        "statuscategorychangedate": f"{local}+0100",
        "resolutiondate": f"{local}+0100" if category == "done" else None,
        "issuetype": {"name": "Service Request", "subtask": False},
        "reporter": {
            "accountId": "qm:1",
            "accountType": "customer",
            "displayName": "Grace Hopper",
            "emailAddress": "grace@example.com",
            "timeZone": "America/New_York",
        },
        "assignee": {"displayName": "Tom", "accountType": "atlassian"},
    }
    return {
        "timestamp": int(at.timestamp() * 1_000),
        "webhookEvent": kind,
        "issue_event_type_name": "issue_generic",
        "issue": {"id": "10002", "key": "IT-12", "fields": found | more},
        "changelog": {"id": "1", "items": [{"field": "status", "toString": "Erledigt"}]},
    }
