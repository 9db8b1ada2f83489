"""Rows into values of the domain and back."""

import json
from collections.abc import Mapping
from datetime import time
from typing import Any

from sqlalchemy import Row

from storage.tables import people
from survey.campaign import Campaign, Period
from survey.localtime import Window
from survey.person import Person
from survey.scale import SCALES
from survey.states import CampaignState
from survey.survey import Answers, Mode, Survey

PERSON = (
    people.c.id.label("person_id"),
    people.c.email,
    people.c.name,
    people.c.timezone,
    people.c.locale,
    people.c.attributes,
)
"""What `person_of` reads."""


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
        },
        ensure_ascii=False,
        sort_keys=True,
    )


def survey_of(definition: str) -> Survey:
    """The definition again."""
    found = json.loads(definition)
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


def person_of(row: Mapping[str, Any], *, timezone: str) -> Person:
    """The columns `PERSON`; `timezone` stands in where they have none."""
    return Person(
        id=row["person_id"],
        email=row["email"],
        name=row["name"],
        timezone=row["timezone"] or timezone,
        locale=row["locale"] or "en",
        attributes=json.loads(row["attributes"]),
    )
