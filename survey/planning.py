"""Who is asked in a round, who is not and why, and when each message is due: one pure engine."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from survey.campaign import Period
from survey.errors import NobodyToAsk
from survey.localtime import instant_of, local_date
from survey.person import Address, Person
from survey.survey import Survey


class LeftOut(StrEnum):
    """Why somebody in the audience is not asked."""

    OPTED_OUT = "opted out"
    ASKED_RECENTLY = "asked recently"
    NOT_REACHABLE = "not reachable"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Somebody who could be asked.

    Attributes:
        person: Who.
        address: Where; None if no platform that is on reaches them.
        opted_out: Whether they stopped this survey or all.
        last_asked: When this survey asked them last (UTC), or None.
        first_contact: Whether we have never written to them.
    """

    person: Person
    address: Address | None
    opted_out: bool = False
    last_asked: datetime | None = None
    first_contact: bool = True


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One person in a plan; `cohort` is an index into the plan's cohorts."""

    person_id: int
    address: Address
    due_at: datetime
    cohort: int
    first_contact: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A round before it starts.

    Attributes:
        survey: What is asked.
        period: Of which quarter it is; the storage gives a second round its number.
        starts_at: The instant of the snapshot (UTC).
        closes_at: When it closes (UTC).
        asks: Who is asked.
        cohorts: Combinations of attribute values, as far as k or more invited people share each
            value; membership is fixed with the plan (R2).
        zones: In how many time zones they are.
        left_out: Who in the audience is not asked, by reason.
        at_once: Whether sending windows are set aside.
    """

    survey: Survey
    period: Period
    starts_at: datetime
    closes_at: datetime
    asks: tuple[Ask, ...]
    cohorts: tuple[Mapping[str, str], ...]
    zones: int = 0
    left_out: Mapping[LeftOut, tuple[Person, ...]] = field(default_factory=dict)
    at_once: bool = False


def in_audience(survey: Survey, person: Person) -> bool:
    """Whether the survey means this person; every attribute named must fit."""
    return all(person.attributes.get(name) in values for name, values in survey.audience.items())


def reason_to_leave_out(survey: Survey, candidate: Candidate, *, at: datetime) -> LeftOut | None:
    """Why this person is not asked now; None if they are. Rests count in local dates."""
    if candidate.opted_out:
        return LeftOut.OPTED_OUT
    if candidate.last_asked is not None:
        tz = candidate.person.zone
        rested = local_date(at, tz) - local_date(candidate.last_asked, tz)
        if rested < timedelta(days=survey.rest_days):
            return LeftOut.ASKED_RECENTLY
    return LeftOut.NOT_REACHABLE if candidate.address is None else None


def cohorts_of(people: Sequence[Person], *, k: int) -> tuple[list[int], tuple[dict[str, str], ...]]:
    """Each person's cohort, and what the cohorts have in common.

    A value that fewer than k of the people share is left away: it could never be shown, and
    a roster column such as a badge number would make a cohort of each person.
    """
    sizes = Counter(pair for person in people for pair in person.attributes.items())
    index: dict[tuple[tuple[str, str], ...], int] = {}
    membership = []
    for person in people:
        key = tuple(sorted(pair for pair in person.attributes.items() if sizes[pair] >= k))
        membership.append(index.setdefault(key, len(index)))
    return membership, tuple(dict(key) for key in index)


def plan_round(
    survey: Survey,
    candidates: Sequence[Candidate],
    *,
    at: datetime,
    zone: ZoneInfo,
    to: frozenset[str] = frozenset(),
    at_once: bool = False,
) -> Plan:
    """Decide a round.

    Args:
        survey: What is asked.
        candidates: Everybody active.
        at: Now; the snapshot's instant.
        zone: The organisation's zone: it names the period and the closing day.
        to: E-mails (lower case) to which the round is limited; empty for the whole audience. People
            named here are asked even if they were asked recently, never if they opted out.
        at_once: Send without waiting for anybody's window.
    """
    left_out: dict[LeftOut, list[Person]] = {}
    chosen: list[tuple[Person, Address, bool]] = []
    for candidate in candidates:
        person = candidate.person
        if (to and person.email not in to) or not in_audience(survey, person):
            continue
        reason = reason_to_leave_out(survey, candidate, at=at)
        if reason is LeftOut.ASKED_RECENTLY and to:
            reason = LeftOut.NOT_REACHABLE if candidate.address is None else None
        if reason is not None or candidate.address is None:
            left_out.setdefault(reason or LeftOut.NOT_REACHABLE, []).append(person)
        else:
            chosen.append((person, candidate.address, candidate.first_contact))
    membership, cohorts = cohorts_of([person for person, _, _ in chosen], k=survey.smallest_group)
    openings: dict[str, datetime] = {}
    asks = []
    for (person, address, first_contact), cohort in zip(chosen, membership, strict=True):
        if person.timezone not in openings:
            openings[person.timezone] = at if at_once else survey.window.next_open(at, person.zone)
        asks.append(
            Ask(
                person_id=person.id,
                address=address,
                due_at=openings[person.timezone],
                cohort=cohort,
                first_contact=first_contact,
            )
        )
    today = local_date(at, zone)
    return Plan(
        survey=survey,
        period=Period.of(today),
        starts_at=at,
        closes_at=instant_of(today + timedelta(days=survey.open_days), survey.window.closes, zone),
        asks=tuple(asks),
        cohorts=cohorts,
        zones=len(openings),
        left_out={reason: tuple(people) for reason, people in left_out.items()},
        at_once=at_once,
    )


def require_somebody(plan: Plan) -> Plan:
    """The plan itself.

    Raises:
        NobodyToAsk: If it asks nobody; the message says who was left out and why.
    """
    if plan.asks:
        return plan
    why = ", ".join(f"{len(people)} {reason.value}" for reason, people in plan.left_out.items())
    raise NobodyToAsk(
        f"Nobody would be asked in {plan.survey.name}: "
        + (why or "nobody active fits the audience")
        + "."
    )
