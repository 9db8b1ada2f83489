"""Hand-written stand-ins for the ports, on one store in memory."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from survey.accounts import Accounts
from survey.audit import Line
from survey.campaign import Campaign, Period
from survey.card import Subject
from survey.comment import Comment
from survey.consent import Consent, How
from survey.contact import Ledger
from survey.delivery import MessageRef
from survey.eligibility import Candidate
from survey.errors import (
    CampaignExists,
    InvitationClosed,
    NoReminder,
    NotFound,
    NotYours,
    OutOfDate,
    StartedElsewhere,
    StorageUnavailable,
    WhyNoReminder,
)
from survey.invitation import Invitation
from survey.person import Address, Channels, Enrolment, Person
from survey.planning import Plan
from survey.ports import Key, Pin, Press, SetAside, Suppression
from survey.reminders import Reminder, Unanswered
from survey.report import Distribution, NamedAnswer, Participation
from survey.rights import Lifted
from survey.scale import Score
from survey.schedule import Schedule
from survey.states import AWAITED, COUNTED, OPEN_CAMPAIGN, CampaignState, InvitationState
from survey.survey import Survey
from tests.examples import MONDAY, address


@dataclass
class Store:
    """What a database would hold.

    Attributes:
        down: Names of port methods that raise `StorageUnavailable`; "*" stands for all.
        writes: What was written, in order, as (method, about whom or what).
    """

    people: dict[Address, Person] = field(default_factory=dict)
    invitations: dict[UUID, Invitation] = field(default_factory=dict)
    campaigns: list[Campaign] = field(default_factory=list)
    stops: set[tuple[int, str]] = field(default_factory=set)
    candidates: list[Candidate] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    writes: list[tuple[str, object]] = field(default_factory=list)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    audited: list[Line] = field(default_factory=list)
    pins: dict[tuple[str, str, str], Pin] = field(default_factory=dict)
    snoozes: dict[int, date] = field(default_factory=dict)
    chosen: dict[int, str] = field(default_factory=dict)
    first: dict[int, str] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)
    heard: set[tuple[str, str]] = field(default_factory=set)
    marks: dict[str, int] = field(default_factory=dict)
    sent: dict[UUID, MessageRef] = field(default_factory=dict)
    messages: dict[MessageRef, tuple[Address, Subject]] = field(default_factory=dict)
    consents: dict[int, list[Consent]] = field(default_factory=dict)
    aside: list[tuple[SetAside, datetime | None]] = field(default_factory=list)
    suppressions: dict[str, Suppression] = field(default_factory=dict)
    mails: dict[tuple[str, str], Invitation] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)

    def meets(self, *people: Person) -> None:
        self.people |= {address(known): known for known in people}

    def asks(self, asked: Invitation) -> Invitation:
        self.meets(asked.person)
        self.invitations[asked.id] = asked
        if asked.campaign not in self.campaigns:
            self.campaigns.append(asked.campaign)
        return asked

    def read(self, method: str) -> None:
        if self.down & {method, "*"}:
            raise StorageUnavailable("The database does not answer.")

    def write(self, method: str, about: object) -> None:
        self.read(method)
        self.writes.append((method, about))

    def becomes(self, person: Person, **changes: Any) -> None:
        for where, known in self.people.items():
            if known.id == person.id:
                self.people[where] = replace(known, **changes)
        for number, asked in self.invitations.items():
            if asked.person.id == person.id:
                them = replace(asked.person, **changes)
                self.invitations[number] = replace(asked, person=them)

    def take(self, survey: str, due: datetime, outcome: str) -> bool:
        known = self.schedules[survey]
        if known.handled_until >= due:
            return False
        self.schedules[survey] = replace(known, handled_until=due, outcome=outcome)
        return True

    def move(self, moved: Campaign) -> Campaign:
        self.campaigns = [moved if known.id == moved.id else known for known in self.campaigns]
        for key, known in self.invitations.items():
            if known.campaign.id == moved.id:
                self.invitations[key] = replace(known, campaign=moved)
        return moved


@dataclass(frozen=True)
class FakePeople:
    store: Store

    async def by_address(self, address: Address) -> Person | None:
        self.store.read("by_address")
        return self.store.people.get(address)

    async def by_accounts(
        self, platform: str, workspace: str, accounts: Collection[str]
    ) -> Mapping[str, Person]:
        self.store.read("by_accounts")
        return {
            known.user_id: found
            for known, found in self.store.people.items()
            if (known.platform, known.workspace) == (platform, workspace)
            and known.user_id in accounts
        }

    async def by_email(self, email: str) -> Person | None:
        self.store.read("by_email")
        return {found.email: found for found in self.store.people.values()}.get(email.lower())

    async def by_names(self, names: Collection[str]) -> Mapping[str, Person]:
        self.store.read("by_names")
        known = self.store.people.values()
        return {
            name: found
            for found in known
            for name in names
            if name in {found.email, found.email.partition("@")[0]}
        }

    async def reachable(self, platform: str, workspace: str) -> Sequence[Person]:
        self.store.read("reachable")
        where = (platform, workspace)
        known = self.store.people.items()
        return [found for at, found in known if (at.platform, at.workspace) == where]

    async def enrol(self, enrolments: Sequence[Enrolment]) -> None:
        for enrolment in enrolments:
            self.store.write("enrol", enrolment.email)

    async def candidates(
        self,
        survey: Survey,
        *,
        platforms: Sequence[str],
        year_from: datetime,  # noqa: ARG002
    ) -> Sequence[Candidate]:
        self.store.read("candidates")
        stopped = {number for number, name in self.store.stops if name in {"", survey.name}}
        return [
            replace(found, opted_out=found.person.id in stopped)
            for found in self.store.candidates
            if found.address is None or found.address.platform in platforms
        ]

    async def ledger(self, person: Person, campaign: Campaign, *, year_from: datetime) -> Ledger:
        self.store.read("ledger")
        before = [
            found.campaign
            for found in self.store.invitations.values()
            if found.person == person and found.campaign.started_at < campaign.started_at
        ]
        mine = [one.started_at for one in before if one.survey.name == campaign.survey.name]
        return Ledger(
            last_asked=max(mine, default=None),
            last_asked_by_any=max((one.started_at for one in before), default=None),
            asks_this_year=sum(one.started_at >= year_from for one in before),
        )

    async def opt_out(
        self,
        person: Person,
        *,
        survey: str | None,
        at: datetime,
        message: MessageRef | None = None,  # noqa: ARG002
        how: How = How.CHAT,
        reason: str = "",
    ) -> None:
        self.store.write("opt_out", (person.email, survey))
        if reason or (person.id, survey or "") not in self.store.stops:
            said = Consent(at=at, survey=survey or "", may_ask=False, how=how, reason=reason)
            self.store.consents.setdefault(person.id, []).append(said)
        self.store.stops.add((person.id, survey or ""))
        left = InvitationState.DECLINED if survey else InvitationState.OPTED_OUT
        for key, found in self.store.invitations.items():
            mine = found.person == person and found.campaign.takes_answers(at)
            waiting = found.state in {InvitationState.PENDING, InvitationState.SENT}
            if mine and waiting and survey in {None, found.campaign.survey.name}:
                self.store.invitations[key] = replace(found, state=left)

    async def consents(self, person: Person) -> Sequence[Consent]:
        self.store.read("consents")
        return list(self.store.consents.get(person.id, ()))

    async def channels(self, person: Person) -> Channels:
        self.store.read("channels")
        mine = (where for where, known in self.store.people.items() if known.id == person.id)
        there = {where.platform for where in mine}
        return Channels(platforms=tuple(sorted(there)), first=self.store.first.get(person.id))

    async def ask_first(self, person: Person, *, platform: str | None) -> None:
        self.store.write("ask_first", (person.email, platform))
        self.store.first.pop(person.id, None)
        if platform is not None:
            self.store.first[person.id] = platform

    async def prefer(self, person: Person, *, compact: bool) -> None:
        self.store.write("prefer", person.email)
        self.store.becomes(person, compact=compact)

    async def wake(self, person: Person, *, at: datetime) -> None:  # noqa: ARG002
        self.store.write("wake", person.email)
        self.store.snoozes.pop(person.id, None)

    async def speak(self, person: Person, *, language: str) -> None:
        self.store.write("speak", (person.email, language))
        self.store.chosen[person.id] = language
        self.store.becomes(person, locale=language)

    async def opt_in(
        self,
        person: Person,
        *,
        survey: str | None = None,
        at: datetime,
        how: How = How.CHAT,
    ) -> Lifted:
        self.store.write("opt_in", person.email)
        mine = {stop for stop in self.store.stops if stop[0] == person.id}
        lifted = mine if survey is None else mine & {(person.id, survey)}
        woken = self.store.snoozes.pop(person.id, None) if survey is None else None
        self.store.stops -= lifted
        self.store.consents.setdefault(person.id, []).extend(
            Consent(at=at, survey=name, may_ask=True, how=how) for _, name in sorted(lifted)
        )
        left = tuple(sorted(name for _, name in mine - lifted))
        for key, found in self.store.invitations.items():
            meant = survey in {None, found.campaign.survey.name} and "" not in left
            if found.person == person and found.state in _STOPPED and meant:
                self.store.invitations[key] = replace(found, state=InvitationState.SENT)
        return Lifted(
            anything=bool(lifted or woken),
            still_stopped=left,
            snoozed_until=self.store.snoozes.get(person.id),
        )

    async def opted_out(self, person: Person) -> Sequence[str]:
        self.store.read("opted_out")
        return sorted(survey for number, survey in self.store.stops if number == person.id)


_STOPPED = {InvitationState.DECLINED, InvitationState.OPTED_OUT}


@dataclass(frozen=True)
class FakeAnswers:
    store: Store

    async def record(self, press: Press, score: int) -> Invitation:
        self.store.read("record")
        found, by = self._found(press)
        mark = Score(score, found.campaign.survey.scale)
        return self._keep("record", found.answer(mark, by=by, at=press.at))

    async def undo(self, press: Press) -> Invitation:
        self.store.read("undo")
        found, by = self._found(press)
        return self._keep("undo", found.undo(by=by, at=press.at))

    async def comment(self, press: Press, comment: Comment, *, added: bool = False) -> Invitation:
        self.store.read("comment")
        found, by = self._found(press)
        event = None if press.event is None else (press.event.source, press.event.name)
        if event in self.store.heard:
            return found
        after = found.comment(comment, by=by, at=press.at, added=added)
        if event is not None:
            self.store.heard.add(event)
        return self._keep("comment", after)

    async def show(self, press: Press) -> Invitation:
        self.store.read("show")
        found, by = self._found(press)
        if by != found.person.id:
            raise NotYours("Somebody else was asked.")
        return found

    async def ask_later(self, press: Press, *, due_at: datetime) -> None:
        if press.by is None:
            raise OutOfDate("Only a message can be asked to come later.")
        self.store.write("ask_later", (press.by.user_id, due_at))

    async def waiting(self, *, at: datetime) -> Mapping[int, int]:
        self.store.read("waiting")
        sent = [
            found.person.id
            for found in self.store.invitations.values()
            if found.campaign.takes_answers(at) and found.state is InvitationState.SENT
        ]
        return {number: sent.count(number) for number in sent}

    async def open_for(self, person: Person, *, at: datetime) -> Sequence[Invitation]:
        self.store.read("open_for")
        everyone = self.store.invitations.values()
        mine = [found for found in everyone if found.person == person]
        mine = [found for found in mine if found.campaign.takes_answers(at)]
        mine = [found for found in mine if found.state in AWAITED]
        return sorted(mine, key=lambda found: found.campaign.started_at, reverse=True)

    def _found(self, press: Press) -> tuple[Invitation, int]:
        found = self.store.invitations.get(press.subject.invitation_id)
        if found is None or found.campaign.id != press.subject.campaign_id:
            raise OutOfDate("That invitation is not known here.")
        if press.by is None:  # whoever holds the link is the one who was asked
            return found, found.person.id
        by = self.store.people.get(press.by)
        return found, -1 if by is None else by.id

    def _keep(self, method: str, after: Invitation) -> Invitation:
        self.store.write(method, after.response)
        self.store.invitations[after.id] = after
        return after


@dataclass(frozen=True)
class FakeRounds:
    store: Store

    async def start(self, plan: Plan, *, due: datetime | None = None) -> Campaign:
        self.store.read("start")
        if due is not None and self.store.schedules[plan.survey.name].handled_until >= due:
            raise StartedElsewhere("It has been dealt with.")
        for known in self.store.campaigns:
            if known.survey.name == plan.survey.name and known.state in OPEN_CAMPAIGN:
                raise CampaignExists(f"{known.name} is running.")
        started = Campaign(
            id=len(self.store.campaigns) + 1,
            survey=plan.survey,
            period=plan.period,
            state=CampaignState.RUNNING,
            started_at=plan.starts_at,
            closes_at=plan.closes_at,
            invited=len(plan.asks),
        )
        if due is not None:
            self.store.take(plan.survey.name, due, "started")
        self.store.write("start", started.name)
        self.store.campaigns.append(started)
        return started

    async def invite(self, campaign: Campaign, person: Person, *, at: datetime) -> UUID:
        self.store.read("invite")
        if not (await self.by_id(campaign.id)).takes_answers(at):
            raise InvitationClosed(f"{campaign.name} no longer takes answers.")
        for found in self.store.invitations.values():
            if (found.campaign.id, found.person.id) == (campaign.id, person.id):
                return found.id
        self.store.write("invite", (campaign.name, person.email))
        joined = Invitation(
            id=uuid4(), campaign=campaign, person=person, state=InvitationState.SENT
        )
        self.store.invitations[joined.id] = joined
        return joined.id

    async def find(self, survey: str, period: Period) -> Campaign | None:
        named = [known for known in await self.all(survey) if known.period == period]
        return named[0] if named else None

    async def by_id(self, campaign_id: int) -> Campaign:
        self.store.read("by_id")
        for known in self.store.campaigns:
            if known.id == campaign_id:
                return known
        raise NotFound(f"There is no round {campaign_id}.")

    async def all(self, survey: str | None = None) -> Sequence[Campaign]:
        self.store.read("all")
        chosen = [known for known in self.store.campaigns if survey in {None, known.survey.name}]
        return sorted(chosen, key=lambda known: known.started_at, reverse=True)

    async def begin_closing(self, campaign: Campaign, *, at: datetime) -> Campaign:
        self.store.write("begin_closing", campaign.name)
        return self.store.move(replace(campaign.moved(CampaignState.CLOSING), closed_at=at))

    async def overdue(self, *, at: datetime) -> Sequence[Campaign]:
        open_ones = [known for known in await self.all() if known.state in OPEN_CAMPAIGN]
        return [known for known in open_ones if known.closes_at <= at]

    async def settled(self, *, at: datetime) -> Sequence[Campaign]:
        closing = [known for known in await self.all() if known.state is CampaignState.CLOSING]
        return [known for known in closing if (known.closed_at or at) < at]

    async def finish(self, campaign: Campaign, *, at: datetime) -> None:
        self.store.write("finish", (campaign.name, at))
        self.store.move(campaign.moved(CampaignState.CLOSED))

    async def move(self, campaign: Campaign, to: CampaignState) -> Campaign:
        if campaign.state is to:
            return campaign
        self.store.write("move", (campaign.name, to.value))
        return self.store.move(campaign.moved(to))

    async def accounts(self, campaigns: Sequence[Campaign]) -> Mapping[int, Accounts]:
        self.store.read("accounts")
        return {
            known.id: Accounts(
                sent=known.reached,
                failed={"not in the chat": known.invited - known.reached}
                if known.invited > known.reached
                else {},
            )
            for known in campaigns
        }


@dataclass(frozen=True)
class FakeSchedules:
    store: Store

    async def all(self) -> Sequence[Schedule]:
        self.store.read("schedules")
        return list(self.store.schedules.values())

    async def define(self, crons: Mapping[str, str], *, timezone: str, at: datetime) -> None:
        self.store.write("define", dict(crons))
        before = self.store.schedules
        self.store.schedules = {
            name: before[name]
            if name in before and before[name].reads(cron, timezone)
            else Schedule(survey=name, cron=cron, timezone=timezone, handled_until=at)
            for name, cron in crons.items()
        }

    async def pass_over(self, survey: str, *, due: datetime, outcome: str) -> bool:
        self.store.write("pass_over", (survey, due, outcome))
        return self.store.take(survey, due, outcome)


@dataclass(frozen=True)
class FakeReminders:
    """Everybody who has the question and no answer got it when the round started."""

    store: Store

    async def unanswered(
        self,
        campaigns: Sequence[Campaign],
        *,
        at: datetime,  # noqa: ARG002
        most: int,  # noqa: ARG002
    ) -> AsyncIterator[Sequence[Unanswered]]:
        self.store.read("unanswered")
        known = self.store.invitations.values()
        yield [self._unanswered(found) for found in known if found.campaign in campaigns]

    async def unanswered_by(self, campaign: Campaign, person: Person) -> Unanswered:
        self.store.read("unanswered_by")
        for found in self.store.invitations.values():
            if (found.campaign, found.person) == (campaign, person):
                if found.state in COUNTED:
                    raise NoReminder(WhyNoReminder.ANSWERED)
                return self._unanswered(found)
        raise NoReminder(WhyNoReminder.NOT_SENT)

    async def plan(self, reminders: Sequence[Reminder]) -> int:
        for reminder in reminders:
            self.store.write("remind", (reminder.address.user_id, reminder.due_at))
        return len(reminders)

    def _unanswered(self, found: Invitation) -> Unanswered:
        return Unanswered(
            invitation_id=found.id,
            campaign=found.campaign,
            person=found.person,
            address=address(found.person),
            first_sent=found.campaign.started_at,
            last_sent=found.campaign.started_at,
        )


@dataclass(frozen=True)
class FakeFigures:
    """Counts the scores in the store; the gate lets out nothing, or all of at least k."""

    store: Store

    async def participation(self, campaign: Campaign) -> Participation:
        self.store.read("participation")
        answered = sum(found.state in COUNTED for found in self._asked(campaign))
        told = {"invited": campaign.invited, "reached": campaign.reached}
        return Participation(**told, answered=answered)

    async def participations(self, campaigns: Sequence[Campaign]) -> Mapping[int, Participation]:
        return {found.id: await self.participation(found) for found in campaigns}

    async def live(self, campaign: Campaign) -> Distribution:
        return self._count(campaign, self._asked(campaign))

    async def live_groups(self, campaign: Campaign) -> Mapping[tuple[str, str], Distribution]:
        asked = self._asked(campaign)
        pairs = {pair for found in asked for pair in found.person.attributes.items()}
        return {
            (name, value): self._count(
                campaign, [found for found in asked if found.person.attributes.get(name) == value]
            )
            for name, value in pairs
        }

    async def _released(self, campaign: Campaign) -> Distribution:
        everyone = await self.live(campaign)
        nobody = Distribution(scale=campaign.survey.scale, counts={})
        return everyone if everyone.n >= campaign.survey.k else nobody

    async def of_rounds(self, campaigns: Sequence[Campaign]) -> Mapping[int, Distribution]:
        return {
            found.id: await (self._released if found.survey.gated else self.live)(found)
            for found in campaigns
        }

    async def released_groups(
        self, campaign: Campaign
    ) -> Mapping[tuple[str, str], Distribution | None]:
        groups, k = await self.live_groups(campaign), campaign.survey.k
        return {pair: members if members.n >= k else None for pair, members in groups.items()}

    async def pending(self, campaign: Campaign) -> int:
        return (await self.live(campaign)).n - (await self._released(campaign)).n

    async def step(self, campaign: Campaign, *, at: datetime, last: bool = False) -> bool:
        self.store.write("step", (campaign.name, at, last))
        return False

    def _asked(self, campaign: Campaign) -> list[Invitation]:
        everyone = self.store.invitations.values()
        return [found for found in everyone if found.campaign.id == campaign.id]

    def _count(self, campaign: Campaign, members: Sequence[Invitation]) -> Distribution:
        given = [found.response.score for found in members]
        marks = {mark: given.count(mark) for mark in campaign.survey.scale.values}
        return Distribution(scale=campaign.survey.scale, counts=marks)


@dataclass(frozen=True)
class FakeComments:
    """What was written in the store; the order of unnamed ones is that of their words."""

    store: Store

    async def named(self, campaign: Campaign) -> Sequence[NamedAnswer]:
        self.store.read("named")
        found = [answer for answer in self._answers(campaign) if answer.comment]
        return sorted(found, key=lambda answer: answer.pressed_at or MONDAY, reverse=True)

    async def unnamed(self, campaign: Campaign) -> Sequence[str]:
        self.store.read("unnamed")
        return sorted(answer.comment for answer in self._answers(campaign) if answer.comment)

    async def attributes(self, campaign: Campaign) -> Sequence[str]:
        self.store.read("attributes")
        return sorted({name for answer in self._answers(campaign) for name in answer.attributes})

    async def answers(self, campaign: Campaign) -> AsyncGenerator[NamedAnswer, None]:
        self.store.read("answers")
        for answer in sorted(self._answers(campaign), key=lambda answer: answer.email):
            yield answer

    def _answers(self, campaign: Campaign) -> list[NamedAnswer]:
        return [
            NamedAnswer(
                email=found.person.email,
                name=found.person.name,
                attributes=found.person.attributes,
                score=found.response.score,
                comment=found.response.comment,
                pressed_at=found.pressed_at,
            )
            for found in self.store.invitations.values()
            if found.campaign.id == campaign.id and found.response.score is not None
        ]


@dataclass(frozen=True)
class FakeHeard:
    store: Store

    async def mark(self, source: str) -> int | None:
        self.store.read("mark")
        return self.store.marks.get(source)

    async def set_mark(self, source: str, mark: int) -> None:
        self.store.read("set_mark")
        self.store.marks[source] = max(mark, self.store.marks.get(source, mark))

    async def is_new(self, source: str, event: str) -> bool:
        self.store.read("is_new")
        return (source, event) not in self.store.heard

    async def done(self, source: str, event: str, *, at: datetime) -> bool:  # noqa: ARG002
        self.store.read("done")
        first = (source, event) not in self.store.heard
        self.store.heard.add((source, event))
        return first


@dataclass(frozen=True)
class FakeMessages:
    store: Store

    async def vouch(self, delivery_id: UUID, ref: MessageRef, *, at: datetime) -> bool:  # noqa: ARG002
        self.store.read("vouch")
        if delivery_id in self.store.sent:
            return self.store.sent[delivery_id] == ref
        return False

    async def about(self, address: Address, ref: MessageRef) -> Subject | None:
        self.store.read("about")
        whose, subject = self.store.messages.get(ref, (None, None))
        return subject if whose == address else None

    async def latest(self, address: Address, subject: Subject) -> MessageRef | None:
        self.store.read("latest")
        mine = [ref for ref, told in self.store.messages.items() if told == (address, subject)]
        return mine[-1] if mine else None
