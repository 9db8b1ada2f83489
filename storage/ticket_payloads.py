"""Events of tickets as they stand in the inbox until they are handled."""

import json
from datetime import datetime

from survey.tickets import Requester, TicketEvent, TicketState


def written(event: TicketEvent) -> str:
    """An event as JSON; in its own letters, so that whoever is named in it can be found."""
    who = event.requester
    told = {
        "number": event.number,
        "state": event.state.value,
        "happened_at": event.happened_at.isoformat(),
        "resolved_at": None if event.resolved_at is None else event.resolved_at.isoformat(),
        "requester": None
        if who is None
        else {
            "email": who.email,
            "name": who.name,
            "locale": who.locale,
            "timezone": who.timezone,
        },
        "subject": event.subject,
        "category": event.category,
        "resolved_by": event.resolved_by,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def read(source: str, event: str, payload: str) -> TicketEvent:
    """The event that was written so."""
    found = json.loads(payload)
    return TicketEvent(
        source=source,
        event=event,
        number=found["number"],
        state=TicketState(found["state"]),
        happened_at=datetime.fromisoformat(found["happened_at"]),
        resolved_at=_instant(found["resolved_at"]),
        requester=None if found["requester"] is None else Requester(**found["requester"]),
        subject=found["subject"],
        category=found["category"],
        resolved_by=found["resolved_by"],
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
