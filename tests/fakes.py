"""Hand-written stand-ins for the ports, on one store in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from survey.campaign import Campaign, Period
from survey.comment import Comment
from survey.errors import CampaignExists, NotFound, NotYours, OutOfDate, StorageUnavailable
from survey.invitation import Invitation
from survey.person import Address, Enrolment, Person
from survey.planning import Candidate, Plan
from survey.ports import Press
from survey.report import Distribution, Participation
from survey.scale import Score
from survey.states import AWAITED, COUNTED, OPEN_CAMPAIGN, CampaignState, InvitationState
from survey.survey import Survey
from tests.examples import address


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

    async def by_email(self, email: str) -> Person | None:
        self.store.read("by_email")
        return {found.email: found for found in self.store.people.values()}.get(email.lower())

    async def reachable(self, platform: str, workspace: str) -> Sequence[Person]:
        self.store.read("reachable")
        where = (platform, workspace)
        known = self.store.people.items()
        return [found for at, found in known if (at.platform, at.workspace) == where]

    async def enrol(self, enrolments: Sequence[Enrolment]) -> None:
        for enrolment in enrolments:
            self.store.write("enrol", enrolment.email)

    async def candidates(self, survey: Survey, *, platforms: Sequence[str]) -> Sequence[Candidate]:
        self.store.read("candidates")
        stopped = {number for number, name in self.store.stops if name in {"", survey.name}}
        return [
            replace(found, opted_out=found.person.id in stopped)
            for found in self.store.candidates
            if found.address is None or found.address.platform in platforms
        ]

    async def last_asked(self, person: Person, campaign: Campaign) -> datetime | None:
        self.store.read("last_asked")
        before = [
            found.campaign.started_at
            for found in self.store.invitations.values()
            if (found.person, found.campaign.survey.name) == (person, campaign.survey.name)
        ]
        return max((at for at in before if at < campaign.started_at), default=None)

    async def opt_out(self, person: Person, *, survey: str | None, at: datetime) -> None:
        self.store.write("opt_out", (person.email, survey))
        self.store.stops.add((person.id, survey or ""))
        left = InvitationState.DECLINED if survey else InvitationState.OPTED_OUT
        for key, found in self.store.invitations.items():
            mine = found.person == person and found.campaign.takes_answers(at)
            waiting = found.state in {InvitationState.PENDING, InvitationState.SENT}
            if mine and waiting and survey in {None, found.campaign.survey.name}:
                self.store.invitations[key] = replace(found, state=left)

    async def opt_in(self, person: Person, *, at: datetime) -> bool:  # noqa: ARG002
        self.store.write("opt_in", person.email)
        lifted = {stop for stop in self.store.stops if stop[0] == person.id}
        self.store.stops -= lifted
        for key, found in self.store.invitations.items():
            if found.person == person and found.state in _STOPPED:
                self.store.invitations[key] = replace(found, state=InvitationState.SENT)
        return bool(lifted)

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
        return self._keep("comment", found.comment(comment, by=by, at=press.at, added=added))

    async def show(self, press: Press) -> Invitation:
        self.store.read("show")
        found, by = self._found(press)
        if by != found.person.id:
            raise NotYours("Somebody else was asked.")
        return found

    async def ask_later(self, press: Press, *, due_at: datetime) -> None:
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
        by = self.store.people.get(press.by)
        return found, -1 if by is None else by.id

    def _keep(self, method: str, after: Invitation) -> Invitation:
        self.store.write(method, after.response)
        self.store.invitations[after.id] = after
        return after


@dataclass(frozen=True)
class FakeRounds:
    store: Store

    async def start(self, plan: Plan) -> Campaign:
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
        self.store.write("start", started.name)
        self.store.campaigns.append(started)
        return started

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

    async def accounts(self, campaign: Campaign) -> Mapping[str, int]:
        self.store.read("accounts")
        return {"sent": campaign.reached, "failed": campaign.invited - campaign.reached}


@dataclass(frozen=True)
class FakeFigures:
    """Counts the scores in the store; the gate lets out nothing, or all of at least k."""

    store: Store

    async def participation(self, campaign: Campaign) -> Participation:
        self.store.read("participation")
        answered = sum(found.state in COUNTED for found in self._asked(campaign))
        told = {"invited": campaign.invited, "reached": campaign.reached}
        return Participation(**told, answered=answered)

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

    async def released(self, campaign: Campaign) -> Distribution:
        everyone = await self.live(campaign)
        nobody = Distribution(scale=campaign.survey.scale, counts={})
        return everyone if everyone.n >= campaign.survey.k else nobody

    async def of_rounds(self, campaigns: Sequence[Campaign]) -> Mapping[int, Distribution]:
        return {
            found.id: await (self.released if found.survey.gated else self.live)(found)
            for found in campaigns
        }

    async def released_groups(
        self, campaign: Campaign
    ) -> Mapping[tuple[str, str], Distribution | None]:
        groups, k = await self.live_groups(campaign), campaign.survey.k
        return {pair: members if members.n >= k else None for pair, members in groups.items()}

    async def pending(self, campaign: Campaign) -> int:
        return (await self.live(campaign)).n - (await self.released(campaign)).n

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
