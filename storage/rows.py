"""Rows into values of the domain and back."""

import json
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, cast, func

from storage.tables import campaigns, invitations, people
from survey.accounts import Accounts
from survey.campaign import Campaign, Period
from survey.contact import Silence
from survey.localtime import Window
from survey.occasion import Trigger
from survey.person import Person
from survey.scale import SCALES
from survey.states import UNDER_WAY, CampaignState, DeliveryKind, DeliveryState
from survey.survey import COMMENT_LIMIT, Answers, Mode, Survey

PERSON = (
    people.c.id.label("person_id"),
    people.c.email,
    people.c.name,
    people.c.timezone,
    func.coalesce(people.c.language, people.c.locale).label("locale"),
    people.c.attributes,
    people.c.compact,
)
"""What `person_of` reads."""
UNTIL = func.coalesce(invitations.c.closes_at, campaigns.c.closes_at)
"""When an invitation closes: by itself, or with its round."""
SILENCE = (people.c.snoozed_until, people.c.away_from, people.c.away_until)
"""What `silence_of` reads."""


def named(invitation_id: ColumnElement[UUID]) -> ColumnElement[str]:
    """The respondent of an identified survey: the invitation itself."""
    return func.replace(cast(invitation_id, String), "-", "")


def attributes_text(attributes: Mapping[str, str]) -> str:
    """Canonical JSON: the same attributes are the same text."""
    return json.dumps(dict(attributes), sort_keys=True, ensure_ascii=False)


def survey_text(survey: Survey) -> str:
    """The definition, as a campaign freezes it."""
    return json.dumps(
        {
            "name": survey.name,
            "subject": survey.subject,
            "scale": survey.scale.name,
            "mode": survey.mode.value,
            "k": survey.k,
            "answers": survey.answers.value,
            "owner": survey.owner,
            "question": survey.question,
            "window": [survey.window.opens.isoformat(), survey.window.closes.isoformat()],
            "open_days": survey.open_days,
            "rest_days": survey.rest_days,
            "audience": {name: list(values) for name, values in survey.audience.items()},
            "schedule": survey.schedule,
            "reminders": list(survey.reminders),
            "asks_per_year": survey.asks_per_year,
            "channels": list(survey.channels),
            "link_days": survey.link_days,
            "one_press": survey.one_press,
            "after": None if survey.after is None else survey.after.value,
            "waits": survey.waits.total_seconds(),
            "comment_limit": survey.comment_limit,
            "alert_at": survey.alert_at,
        },
        ensure_ascii=False,
        sort_keys=True,
    )


@lru_cache(maxsize=256)
def survey_of(definition: str) -> Survey:
    """The definition again."""
    found = json.loads(definition)
    after = found.get("after")
    opens, closes = (time.fromisoformat(clock) for clock in found["window"])
    return Survey(
        name=found["name"],
        subject=found["subject"],
        scale=SCALES[found["scale"]],
        mode=Mode(found["mode"]),
        k=found["k"],
        answers=Answers(found["answers"]),
        owner=found["owner"],
        question=found["question"],
        window=Window(opens=opens, closes=closes),
        open_days=found["open_days"],
        rest_days=found["rest_days"],
        audience={name: tuple(values) for name, values in found["audience"].items()},
        # Rounds of the first version know nothing of these.
        schedule=found.get("schedule", ""),
        reminders=tuple(found.get("reminders", ())),
        asks_per_year=found.get("asks_per_year"),
        channels=tuple(found.get("channels", ())),
        link_days=found.get("link_days", 30),
        one_press=found.get("one_press", False),
        after=None if after is None else Trigger(after),
        waits=timedelta(seconds=found.get("waits", 0)),
        comment_limit=found.get("comment_limit", COMMENT_LIMIT),
        alert_at=found.get("alert_at"),
    )


def campaign_of(row: Row[Any]) -> Campaign:
    """A row of `campaigns`."""
    return Campaign(
        id=row.id,
        survey=survey_of(row.definition),
        period=Period.parse(row.period),
        state=CampaignState(row.state),
        started_at=row.started_at,
        closes_at=row.closes_at,
        closed_at=row.closing_at,
        invited=row.invited,
        reached=row.reached,
    )


def silence_of(row: Row[Any]) -> Silence:
    """The columns `SILENCE`."""
    return Silence(
        snoozed_until=row.snoozed_until, away_from=row.away_from, away_until=row.away_until
    )


def accounts_of(rows: Sequence[Row[Any]]) -> Accounts:
    """Messages of one round, counted by kind, state and reason (`n`)."""
    counted: dict[str, dict[str, int]] = {state.value: {} for state in DeliveryState}
    put_off: dict[str, int] = {}
    reminders = 0
    for row in rows:
        if row.kind == DeliveryKind.REMINDER.value:
            reminders += row.n
        else:
            reasons = counted[row.state]
            reasons[row.reason or ""] = reasons.get(row.reason or "", 0) + row.n
            if row.state == DeliveryState.PLANNED.value and row.tried and row.reason:
                put_off[row.reason] = put_off.get(row.reason, 0) + row.n
    return Accounts(
        sent=sum(counted[DeliveryState.SENT.value].values()),
        waiting=sum(sum(counted[state.value].values()) for state in UNDER_WAY),
        failed=counted[DeliveryState.FAILED.value],
        skipped=counted[DeliveryState.SKIPPED.value],
        put_off=put_off,
        reminders=reminders,
    )


def person_of(row: Mapping[str, Any], *, timezone: str) -> Person:
    """The columns `PERSON`; `timezone` stands in where they have none.

    `active` need only be read where somebody may have left and it matters.
    """
    return Person(
        id=row["person_id"],
        email=row["email"],
        name=row["name"],
        timezone=row["timezone"] or timezone,
        locale=row["locale"] or "en",
        attributes=json.loads(row["attributes"]),
        active=bool(row.get("active", True)),
        compact=bool(row["compact"]),
    )
