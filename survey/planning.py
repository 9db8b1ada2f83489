"""Who is asked in a round, who is not and why, and when each message is due: one pure engine."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from survey.campaign import Period
from survey.contact import HOLIDAYS, NO_LIMITS, QUIET_NEVER, ContactPolicy, QuietDay
from survey.eligibility import (
    LEFT_ALONE,
    OWN_WISH,
    Candidate,
    LeftOut,
    due_or_left_out,
    in_audience,
    over_budget,
    reason_to_leave_out,
)
from survey.errors import NobodyToAsk
from survey.localtime import instant_of, local_date
from survey.person import Address, Person
from survey.release import K_DEFAULT
from survey.survey import Survey


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One person in a plan.

    Attributes:
        due_at: When the question goes out at the earliest (UTC).
        cohort: An index into the plan's cohorts.
        first_contact: Whether we have never written to them.
        number: Which question of the year it is to them.
    """

    person_id: int
    address: Address
    due_at: datetime
    cohort: int
    first_contact: bool
    number: int = 1


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
        people: The same people, in the order of `asks`.
        zones: In how many time zones they are.
        left_out: Who is not asked, by reason.
        limited: Whether it is limited to people who were named.
        later: How many are asked later than the others, because they snoozed or are away.
        over_budget: How many get more questions this year than the contact policy wants.
        at_once: Whether sending windows are set aside.
        after: The number of the latest round that it knows of; a newer one has asked people since.
    """

    survey: Survey
    period: Period
    starts_at: datetime
    closes_at: datetime
    asks: tuple[Ask, ...]
    cohorts: tuple[Mapping[str, str], ...]
    people: tuple[Person, ...] = ()
    zones: int = 0
    left_out: Mapping[LeftOut, tuple[Person, ...]] = field(default_factory=dict)
    limited: bool = False
    later: int = 0
    over_budget: int = 0
    at_once: bool = False
    after: int = 0


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


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    candidate: Candidate
    address: Address
    due_at: datetime


class _Openings:
    """When each question is due; people of one zone and region who want no silence share it."""

    def __init__(
        self,
        survey: Survey,
        *,
        at: datetime,
        closes_at: datetime,
        at_once: bool,
        quiet: QuietDay,
    ) -> None:
        self._survey = survey
        self._when = {"at": at, "closes_at": closes_at}
        self._at_once = at_once
        self._quiet = quiet
        self._by_place: dict[tuple[str, str | None], datetime | LeftOut] = {}

    def of(self, candidate: Candidate) -> datetime | LeftOut:
        if candidate.silence != QUIET_NEVER:
            return self._find(candidate)
        person = candidate.person
        place = (person.timezone, person.attributes.get(HOLIDAYS))
        found = self._by_place.get(place)
        if found is None:
            found = self._by_place[place] = self._find(candidate)
        return found

    def _find(self, candidate: Candidate) -> datetime | LeftOut:
        return due_or_left_out(
            self._survey,
            candidate.person,
            candidate.silence,
            at_once=self._at_once,
            quiet=self._quiet,
            **self._when,
        )


def _is_silent(candidate: Candidate, *, at: datetime) -> bool:
    today = local_date(at, candidate.person.zone)
    return candidate.silence.snoozed(today) or candidate.silence.away(today)


def plan_round(
    survey: Survey,
    candidates: Iterable[Candidate],
    *,
    at: datetime,
    zone: ZoneInfo,
    policy: ContactPolicy = NO_LIMITS,
    to: frozenset[str] = frozenset(),
    at_once: bool = False,
    period_at: datetime | None = None,
) -> Plan:
    """Decide a round.

    Args:
        survey: What is asked.
        candidates: Everybody active.
        at: Now; the snapshot's instant.
        zone: The organisation's zone: it names the period and the closing day.
        policy: The limits over all surveys.
        to: E-mails (lower case) to which the round is limited; empty for the whole audience. People
            named here are asked even if they were asked recently, never if they opted out.
        at_once: Send without waiting for anybody's window.
        period_at: The instant that names the period, where it is not `at`: when a round that
            starts late was due.
    """
    today = local_date(at, zone)
    closes_at = instant_of(today + timedelta(days=survey.open_days), survey.window.closes, zone)
    left_out: dict[LeftOut, list[Person]] = {}
    chosen: list[_Chosen] = []
    openings = _Openings(survey, at=at, closes_at=closes_at, at_once=at_once, quiet=policy.quiet)
    for candidate in candidates:
        person = candidate.person
        if to and person.email not in to:
            continue
        if not in_audience(survey, person):
            if to:
                left_out.setdefault(LeftOut.NOT_IN_AUDIENCE, []).append(person)
            continue
        outcome: datetime | LeftOut = reason_to_leave_out(
            survey, policy, candidate, at=at, named=bool(to)
        ) or openings.of(candidate)
        if isinstance(outcome, LeftOut) or candidate.address is None:
            reason = outcome if isinstance(outcome, LeftOut) else LeftOut.NOT_REACHABLE
            left_out.setdefault(reason, []).append(person)
        else:
            chosen.append(_Chosen(candidate=candidate, address=candidate.address, due_at=outcome))
    everyone = [one.candidate for one in chosen]
    membership, cohorts = cohorts_of([one.person for one in everyone], k=survey.smallest_group)
    return Plan(
        survey=survey,
        period=Period.of(local_date(period_at or at, zone)),
        starts_at=at,
        closes_at=closes_at,
        asks=tuple(
            Ask(
                person_id=one.candidate.person.id,
                address=one.address,
                due_at=one.due_at,
                cohort=cohort,
                first_contact=one.candidate.ledger.last_asked_by_any is None,
                number=one.candidate.ledger.asks_this_year + 1,
            )
            for one, cohort in zip(chosen, membership, strict=True)
        ),
        cohorts=cohorts,
        people=tuple(one.person for one in everyone),
        zones=len({one.person.timezone for one in everyone}),
        left_out={reason: tuple(left_out[reason]) for reason in LeftOut if reason in left_out},
        limited=bool(to),
        later=sum(_is_silent(one, at=at) for one in everyone),
        over_budget=sum(over_budget(policy, one.ledger) for one in everyone),
        at_once=at_once,
    )


def told_reasons(plan: Plan) -> Mapping[LeftOut | None, int]:
    """How many are left out, by reason; None counts those who are left alone for any reason.

    Own wishes are counted apart only among enough others, and never where people were named.
    """
    alone = sum(len(plan.left_out.get(why, ())) for why in LEFT_ALONE)
    own = sum(len(plan.left_out.get(why, ())) for why in OWN_WISH)
    apart = not plan.limited and (not own or own + K_DEFAULT <= alone)
    counts: Counter[LeftOut | None] = Counter()
    for why, people in plan.left_out.items():
        counts[why if apart or why not in LEFT_ALONE else None] += len(people)
    return counts


def require_somebody(plan: Plan) -> Plan:
    """The plan itself.

    Raises:
        NobodyToAsk: If it asks nobody; the message says how many were left out and why.
    """
    if plan.asks:
        return plan
    why = ", ".join(
        f"{n} {'left alone for now' if reason is None else reason.value}"
        for reason, n in told_reasons(plan).items()
    )
    raise NobodyToAsk(
        f"Nobody would be asked in {plan.survey.name}: "
        + (why or "nobody active fits the audience")
        + "."
    )
