"""Whether somebody is asked, and when: the rules behind preview, start and `Why me?`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from survey.contact import (
    NEVER_ASKED,
    QUIET_NEVER,
    ContactPolicy,
    Ledger,
    QuietDay,
    Silence,
    never_quiet,
)
from survey.localtime import instant_of, local_date
from survey.person import Address, Person
from survey.survey import Survey


class LeftOut(StrEnum):
    """Why somebody is not asked, the reasons that count most first."""

    NOT_IN_AUDIENCE = "not in the audience"
    OPTED_OUT = "opted out"
    NOT_REACHABLE = "not reachable"
    ASKED_RECENTLY = "asked recently"
    RESTING = "asked recently by another survey"
    BUDGET_SPENT = "asked often enough this year"
    SNOOZED = "snoozed until after the close"
    AWAY = "away until after the close"
    CLOSES_BEFORE = "no sending hours before the close"
    FORGOTTEN = "asked to be forgotten"
    TOO_LATE = "too long ago"
    ALREADY_ASKED = "asked about it before"


OWN_WISH = frozenset({LeftOut.OPTED_OUT, LeftOut.SNOOZED})
"""Reasons that are somebody's own wish."""
LEFT_ALONE = OWN_WISH | {
    LeftOut.ASKED_RECENTLY,
    LeftOut.RESTING,
    LeftOut.BUDGET_SPENT,
    LeftOut.AWAY,
}
"""Reasons that are told alike where people are named, so that a wish can hide among them."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody who could be asked.

    Attributes:
        person: Who.
        address: Where; None if no platform that is on reaches them.
        opted_out: Whether they stopped this survey or all.
        ledger: How often they were asked before.
        silence: When they are not to be written to.
    """

    person: Person
    address: Address | None
    opted_out: bool = False
    ledger: Ledger = NEVER_ASKED
    silence: Silence = QUIET_NEVER


def in_audience(survey: Survey, person: Person) -> bool:
    """Whether the survey means this person; every attribute named must fit."""
    return all(person.attributes.get(name) in values for name, values in survey.audience.items())


def reason_to_leave_out(
    survey: Survey,
    policy: ContactPolicy,
    candidate: Candidate,
    *,
    at: datetime,
    named: bool = False,
) -> LeftOut | None:
    """Why this person is not asked now, silence aside; None if they are.

    Args:
        survey: What would be asked; its rest counts in the person's local dates.
        policy: The limits over all surveys.
        candidate: Who.
        at: Now.
        named: Whether the round was limited to them by name: rests do not count then.
    """
    if candidate.opted_out:
        return LeftOut.OPTED_OUT
    if candidate.address is None:
        return LeftOut.NOT_REACHABLE
    ledger = candidate.ledger
    if not named and ledger.last_asked_by_any is not None:
        tz = candidate.person.zone
        today = local_date(at, tz)
        if ledger.last_asked is not None and today < local_date(ledger.last_asked, tz) + timedelta(
            days=survey.rest_days
        ):
            return LeftOut.ASKED_RECENTLY
        if today < local_date(ledger.last_asked_by_any, tz) + timedelta(days=policy.rest_days):
            return LeftOut.RESTING
    if policy.budget_blocks and over_budget(policy, ledger):
        return LeftOut.BUDGET_SPENT
    return None


def over_budget(policy: ContactPolicy, ledger: Ledger) -> bool:
    """Whether one more question this year is more than the policy wants."""
    return policy.asks_per_year is not None and ledger.asks_this_year >= policy.asks_per_year


def due_or_left_out(
    survey: Survey,
    person: Person,
    silence: Silence,
    *,
    at: datetime,
    closes_at: datetime,
    at_once: bool = False,
    quiet: QuietDay = never_quiet,
) -> datetime | LeftOut:
    """When the question goes out: in an open window, after any silence, before the close.

    Never on a quiet day of theirs either, unless it goes out at once.
    """
    tz = person.zone
    today = local_date(at, tz)
    day = silence.over(today)
    if day is None:
        return LeftOut.AWAY
    if day > today:
        due = survey.window.next_open(instant_of(day, survey.window.opens, tz), tz)
        late = LeftOut.SNOOZED if silence.snoozed(today) else LeftOut.AWAY
    else:
        if at_once:
            return at if at < closes_at else LeftOut.CLOSES_BEFORE
        due = survey.window.next_open(at, tz)
        late = LeftOut.CLOSES_BEFORE
    while due < closes_at and quiet(person, local_date(due, tz)):
        tomorrow = local_date(due, tz) + timedelta(days=1)
        due = survey.window.next_open(instant_of(tomorrow, survey.window.opens, tz), tz)
    return due if due < closes_at else late
