"""Hand-written stand-ins for the ports of what happens to people, on the store in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from survey.campaign import NO_END, Campaign, Period
from survey.comment import Comment
from survey.contact import Ledger
from survey.eligibility import Candidate
from survey.errors import InvitationClosed
from survey.invitation import Invitation
from survey.localtime import local_date
from survey.occasion import Occasion, Told
from survey.person import Address, Enrolment, Person
from survey.ports import Asking, Given
from survey.scale import Score
from survey.states import OPEN_CAMPAIGN, CampaignState, InvitationState
from survey.survey import Survey
from tests.fakes import Store

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class FakeOccasions:
    """Everybody has a mailbox; who has an account in the store's chat is reached there instead.

    Attributes:
        planned: What is planned and has not gone out, by the occasion's key. `deliver` sends it.
    """

    store: Store
    planned: dict[str, Asking] = field(default_factory=dict)

    async def campaign(self, survey: Survey, *, at: datetime) -> Campaign:
        self.store.read("campaign")
        for known in self.store.campaigns:
            if known.survey.name == survey.name and known.state in OPEN_CAMPAIGN:
                current = replace(known, survey=survey.in_keeping_with(known.survey))
                return known if current == known else self.store.move(current)
        begun = Campaign(
            id=len(self.store.campaigns) + 1,
            survey=survey,
            period=Period.of(local_date(at, UTC_ZONE)),
            state=CampaignState.RUNNING,
            started_at=at,
            closes_at=NO_END,
        )
        self.store.write("campaign", begun.name)
        self.store.campaigns.append(begun)
        return begun

    async def candidates(
        self,
        survey: Survey,
        occasions: Sequence[Occasion],
        *,
        platforms: Sequence[str],
        year_from: datetime,
        at: datetime,  # noqa: ARG002
    ) -> Mapping[str, Candidate]:
        self.store.read("candidates")
        found = {}
        for occasion in occasions:
            email = occasion.who.email.strip().lower()
            if email in self.store.tombstones:
                continue
            known = self._known(occasion.who)
            if known.active:
                found[email] = Candidate(
                    person=known,
                    address=self._address(known, platforms),
                    opted_out=bool(self.store.stops & {(known.id, ""), (known.id, survey.name)}),
                    ledger=self._ledger(known, survey, year_from),
                )
        return found

    async def ask(self, campaign: Campaign, askings: Sequence[Asking]) -> Mapping[str, UUID]:
        self.store.read("ask")
        now = self._now(campaign)
        if now.state not in OPEN_CAMPAIGN:
            raise InvitationClosed(f"{campaign.name} no longer takes answers.")
        asked = self._by_key(campaign)
        people = {known.id: known for known in self.store.people.values()}
        made = {}
        for asking in askings:
            key = asking.occasion.key
            if key in asked or key in made:
                continue
            self.store.write("ask", key)
            one = Invitation(
                id=uuid4(),
                campaign=replace(now, closes_at=asking.closes_at),
                person=people[asking.person_id],
                first_contact=asking.first_contact,
                ask_number=asking.number,
                about=told(asking.occasion),
            )
            self.store.invitations[one.id] = one
            self.planned[key] = asking
            made[key] = one.id
        self._count_invited(campaign)
        return made

    async def withdraw(self, campaign: Campaign, keys: Sequence[str]) -> Sequence[str]:
        self.store.read("withdraw")
        known = self._by_key(campaign)
        gone = []
        for key in keys:
            found = known.get(key)
            if found is None or found.state is not InvitationState.PENDING:
                continue
            if self.planned.pop(key, None) is not None:
                self.store.write("withdraw", key)
                del self.store.invitations[found.id]
                gone.append(key)
        self._count_invited(campaign)
        return gone

    async def answer(self, campaign: Campaign, given: Given) -> UUID:
        self.store.read("answer")
        now = self._now(campaign)
        key, email = given.occasion.key, given.occasion.who.email.strip().lower()
        if email in self.store.tombstones or not now.takes_answers(given.at):
            raise InvitationClosed(f"{campaign.name} no longer takes answers.")
        found = self._by_key(campaign).get(key) or Invitation(
            id=uuid4(),
            campaign=now,
            person=self._known(given.occasion.who),
            about=told(given.occasion),
        )
        mark = Score(given.score, now.survey.scale)
        after = found.answer(mark, by=found.person.id, at=given.at)
        if given.comment:
            after = after.comment(Comment(given.comment), by=found.person.id, at=given.at)
        self.store.write("answer", key)
        self.store.invitations[after.id] = after
        self._count_invited(campaign)
        return after.id

    async def expire(self, *, at: datetime) -> int:
        self.store.read("expire")
        ends = {
            InvitationState.PENDING: InvitationState.WITHDRAWN,
            InvitationState.SENT: InvitationState.EXPIRED,
        }
        over = [
            found
            for found in self.store.invitations.values()
            if found.about is not None and found.campaign.closes_at <= at and found.state in ends
        ]
        for found in over:
            self.store.write("expire", found.id)
            self.store.invitations[found.id] = replace(found, state=ends[found.state])
        return len(over)

    def deliver(self, *keys: str) -> None:
        """What is planned goes out: all of it, or that about these."""
        for key in keys or tuple(self.planned):
            self.planned.pop(key)
            for number, found in self.store.invitations.items():
                if found.about is not None and found.about.key == key:
                    self.store.invitations[number] = replace(found, state=InvitationState.SENT)

    def _known(self, who: Enrolment) -> Person:
        email = who.email.strip().lower()
        for known in self.store.people.values():
            if known.email == email:
                return known
        new = Person(
            id=max((known.id for known in self.store.people.values()), default=0) + 1,
            email=email,
            name=who.name,
            timezone=who.timezone or "UTC",
            locale=who.locale or "en",
            attributes=who.attributes,
        )
        self.store.people[Address.mailbox(email)] = new
        return new

    def _address(self, person: Person, platforms: Sequence[str]) -> Address | None:
        where = [at for at, known in self.store.people.items() if known.id == person.id]
        theirs = {at.platform: at for at in [Address.mailbox(person.email), *where]}
        return next((theirs[name] for name in platforms if name in theirs), None)

    def _ledger(self, person: Person, survey: Survey, year_from: datetime) -> Ledger:
        mine = [
            (self._asked_at(found), found.campaign.survey.name)
            for found in self.store.invitations.values()
            if found.person.id == person.id and found.state is not InvitationState.WITHDRAWN
        ]
        return Ledger(
            last_asked=max((at for at, name in mine if name == survey.name), default=None),
            last_asked_by_any=max((at for at, _ in mine), default=None),
            asks_this_year=sum(at >= year_from for at, _ in mine),
        )

    def _asked_at(self, found: Invitation) -> datetime:
        return found.campaign.started_at if found.about is None else found.about.happened_at

    def _now(self, campaign: Campaign) -> Campaign:
        return next(known for known in self.store.campaigns if known.id == campaign.id)

    def _by_key(self, campaign: Campaign) -> dict[str, Invitation]:
        return {
            found.about.key: found
            for found in self.store.invitations.values()
            if found.about is not None and found.campaign.id == campaign.id
        }

    def _count_invited(self, campaign: Campaign) -> None:
        n = len(self._by_key(campaign))
        self.store.campaigns = [
            replace(known, invited=n) if known.id == campaign.id else known
            for known in self.store.campaigns
        ]


def told(occasion: Occasion) -> Told:
    return Told(key=occasion.key, happened_at=occasion.happened_at, details=occasion.details)
