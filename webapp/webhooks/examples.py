"""What each helpdesk sends when a ticket was resolved, as the description shows it."""

from collections.abc import Mapping
from typing import Any

_ASKED, _SUBJECT = "ada@example.org", "The door does not close"

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "standard": {
        "type": "ticket.resolved",
        "timestamp": "2026-11-16T14:00:00Z",
        "data": {
            "number": "4711",
            "subject": _SUBJECT,
            "category": "Repairs",
            "resolved_by": "Sophie",
            "requester": {
                "email": _ASKED,
                "name": "Ada Okafor",
                "locale": "en-GB",
                "timezone": "Europe/London",
            },
        },
    },
    "zammad": {
        "ticket": {
            "number": "4711",
            "title": _SUBJECT,
            "state": "closed",
            "updated_at": "2026-11-16T14:00:00Z",
            "last_close_at": "2026-11-16T14:00:00Z",
            "customer": {"email": _ASKED, "firstname": "Ada", "lastname": "Okafor"},
            "owner": {"firstname": "Sophie", "lastname": "Reed"},
            "group": {"name": "Repairs"},
        }
    },
    "zendesk": {
        "ticket": {
            "id": "4711",
            "status": "Solved",
            "subject": _SUBJECT,
            "category": "Repairs",
            "requester": {"email": _ASKED, "name": "Ada Okafor", "locale": "English"},
            "assignee": {"name": "Sophie Reed"},
        }
    },
    "jira": {
        "webhookEvent": "jira:issue_updated",
        "timestamp": 1794837600000,
        "issue": {
            "key": "HELP-4711",
            "fields": {
                "summary": _SUBJECT,
                "status": {"statusCategory": {"key": "done"}},
                "reporter": {"emailAddress": _ASKED, "displayName": "Ada Okafor"},
                "assignee": {"displayName": "Sophie Reed"},
                "issuetype": {"name": "Repairs"},
            },
        },
    },
}
"""By the helpdesk's source."""
