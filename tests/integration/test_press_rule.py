"""The rule and the SQL: whatever happens, `Invitation` and `SqlAnswers` end in the same place."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.tables import campaigns, invitations
from survey.campaign import Campaign
from survey.comment import Comment
from survey.errors import VoxpopError
from survey.invitation import Invitation
from survey.occasion import Occasion, Trigger
from survey.person import Enrolment, Person
from survey.ports import Asking, Press
from survey.scale import Score
from survey.states import OPEN_CAMPAIGN, CampaignState, InvitationState
from survey.survey import Answers, Mode
from survey.wording.asked import subject_of
from tests.world import World, address, email

OWNER, COLLEAGUE, STRANGER = 1, 2, 99
LINK = -1
"""Nobody's account: the invitation's own link, whose holder is the owner."""
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Step:
    """One thing that happens; people act at an instant so many seconds from the clock's."""

    what: str
    by: int = OWNER
    seconds: int = 0
    score: int = 0
    words: str = ""
    added: bool = False


people = st.sampled_from([OWNER] * 6 + [LINK] * 4 + [COLLEAGUE, STRANGER])
moments = st.sampled_from([0] * 8 + [-1, -1, -2, 1, -90, 60])
marks = st.sampled_from([*range(11), *range(11), -1, 11])
words = st.sampled_from(["why", "and\nmore", "🙂 \u202eabc", "x" * 1_995, "y" * 2_000])
presses = st.builds(Step, st.just("press"), people, moments, marks)
undos = st.builds(Step, st.just("undo"), people, moments)
comments = st.builds(Step, st.just("comment"), people, moments, words=words, added=st.booleans())
passing = st.builds(Step, st.just("clock"), seconds=st.sampled_from([1, 30, 3_600]))
others = st.sampled_from(["pause", "resume", "decline", "opt out", "opt in"])
ends = st.sampled_from(["close", "fail", "withdraw", "nearly over"])
step = st.one_of(
    *(presses, presses, presses, presses, undos, undos, comments, comments, passing),
    *(st.builds(Step, others), st.builds(Step, ends)),
)
# What seldom comes about by chance, and must not go wrong.
habits = st.sampled_from(
    [
        (Step("press", score=6), Step("comment", words="why"), Step("undo"), Step("undo")),
        (Step("comment", words="why"), Step("press", score=9), Step("undo"), Step("press")),
        (Step("nearly over"), Step("press"), Step("press", score=1), Step("press", score=2)),
        (Step("decline"), Step("press", score=3), Step("opt in"), Step("undo")),
    ]
)
courses = st.lists(st.one_of(*[st.tuples(step)] * 5, habits), min_size=6, max_size=20)


@dataclass
class Pair:
    """One invitation as the rule has it, and the same in the database."""

    world: World
    rule: Invitation
    ids: Mapping[int, int]
    sent: bool
    log: list[str] = field(default_factory=list)

    async def apply(self, step: Step) -> None:
        """Do it to both; the same must come of it."""
        self.world.clock.forward(seconds=1)
        at = self.world.clock.at + timedelta(seconds=step.seconds)
        match step.what:
            case "press" | "undo" | "comment":
                expected = self._by_rule(step, at)
                found = await self._by_sql(step, at)
                self.log.append(f"{step} -> {expected}")
                assert found == expected, "\n".join(self.log)
            case "clock":
                self.world.clock.forward(seconds=step.seconds)
            case "nearly over":
                self.world.clock.at = max(self.world.clock.at, self._closes_at - 3 * SECOND)
            case what:
                await self._moved(what)
        shown = await self.world.product.answers.show(self._press(OWNER, at))
        assert _told(shown) == _told(self.rule), "\n".join([*self.log, str(step)])

    def _by_rule(self, step: Step, at: datetime) -> object:
        by = self.ids.get(step.by, -1)
        try:
            match step.what:
                case "press":
                    score = Score(step.score, self.rule.campaign.survey.scale)
                    self.rule = self.rule.answer(score, by=by, at=at)
                case "undo":
                    self.rule = self.rule.undo(by=by, at=at)
                case _:
                    comment = Comment(step.words)
                    self.rule = self.rule.comment(comment, by=by, at=at, added=step.added)
        except VoxpopError as error:
            return type(error)
        return _told(self.rule)

    async def _by_sql(self, step: Step, at: datetime) -> object:
        answers, press = self.world.product.answers, self._press(step.by, at)
        try:
            match step.what:
                case "press":
                    return _told(await answers.record(press, step.score))
                case "undo":
                    return _told(await answers.undo(press))
                case _:
                    return _told(
                        await answers.comment(press, Comment(step.words), added=step.added)
                    )
        except VoxpopError as error:
            return type(error)

    def _press(self, by: int, at: datetime) -> Press:
        account = None if by == LINK else address(email(by))
        return Press(subject=subject_of(self.rule), by=account, at=at)

    async def _moved(self, what: str) -> None:
        """What others do to the round and the invitation in the meantime."""
        state = self.rule.state
        match what:
            case "pause" | "resume" if self._is_open:
                await self._round(
                    CampaignState.PAUSED if what == "pause" else CampaignState.RUNNING
                )
            case "close" if self._is_open:
                await self.world.product.close(self.rule.campaign)
                self._rule_round(CampaignState.CLOSING)
            case "fail" if state is InvitationState.PENDING:
                await self._invitation(InvitationState.UNDELIVERABLE)
            case "withdraw":
                await self._invitation(InvitationState.WITHDRAWN)
            case "decline" | "opt out" | "opt in":
                await self._left(what)

    async def _left(self, what: str) -> None:
        """The person leaves, or comes back; an answer that was given stands."""
        people, person, state = self.world.product.people, self.rule.person, self.rule.state
        waits = {InvitationState.PENDING, InvitationState.SENT}
        gone = {InvitationState.DECLINED, InvitationState.OPTED_OUT}
        if what == "opt in":
            await people.opt_in(person, at=self.world.clock.at)
            # Whoever never got the message waits for it again.
            became = InvitationState.SENT if self.sent else InvitationState.PENDING
            fits = state in gone
        elif what == "decline":
            await people.opt_out(person, survey="nps", at=self.world.clock.at)
            became, fits = InvitationState.DECLINED, state in waits
        else:
            await people.opt_out(person, survey=None, at=self.world.clock.at)
            became, fits = InvitationState.OPTED_OUT, state in waits
        # What has closed by itself does not come back.
        over = self.rule.campaign.rolls and self.world.clock.at >= self._closes_at
        if fits and self._is_open and not (over and what == "opt in"):
            self.rule = replace(self.rule, state=became)

    @property
    def _closes_at(self) -> datetime:
        return self.rule.campaign.closes_at

    @property
    def _is_open(self) -> bool:
        return self.rule.campaign.state in OPEN_CAMPAIGN

    async def _round(self, state: CampaignState) -> None:
        mine = campaigns.c.id == self.rule.campaign.id
        await self.world.rows(campaigns.update().where(mine).values(state=state.value))
        self._rule_round(state)

    def _rule_round(self, state: CampaignState) -> None:
        self.rule = replace(self.rule, campaign=replace(self.rule.campaign, state=state))

    async def _invitation(self, state: InvitationState) -> None:
        mine = invitations.c.id == self.rule.id
        await self.world.rows(invitations.update().where(mine).values(state=state.value))
        self.rule = replace(self.rule, state=state)


def _told(found: Invitation) -> tuple[object, ...]:
    told = (found.id, found.person, found.state, found.response, found.pressed_at)
    return *told, found.campaign.closes_at, found.about


async def _person(world: World, place: int) -> Person:
    found = await world.product.people.by_email(email(place))
    assert found is not None
    return found


async def _ask_both(world: World, people: Sequence[Person]) -> Campaign:
    """Something happened to each, and they have twenty seconds to say something about it."""
    at, occasions = world.clock.at, world.product.occasions
    survey = replace(world.product.start.surveys["nps"], after=Trigger.TICKETS)
    campaign = await occasions.campaign(survey, at=at)
    await occasions.ask(
        campaign,
        [
            Asking(
                occasion=Occasion(
                    key=str(uuid4()),
                    who=Enrolment(email=person.email, name=person.name),
                    happened_at=at,
                    details={"subject": "Printer"},
                ),
                person_id=person.id,
                address=address(person.email),
                due_at=at,
                closes_at=at + 20 * SECOND,
                first_contact=False,
                number=1,
                at_once=True,
            )
            for person in people
        ],
    )
    return campaign


async def _begin(
    world: World, mode: Mode, rule: Answers, *, sent: bool, rolls: bool
) -> tuple[Campaign, Pair]:
    """A fresh round for two, or a campaign without an end; the one before it lets go."""
    for before in await world.product.rounds.all("nps"):
        if before.state in OPEN_CAMPAIGN:
            await world.product.close(before)
    owner, colleague = await _person(world, OWNER), await _person(world, COLLEAGUE)
    await asyncio.gather(
        *(world.product.people.opt_in(one, at=world.clock.at) for one in (owner, colleague))
    )
    world.survey(mode=mode, answers=rule)
    if rolls:
        campaign = await _ask_both(world, [owner, colleague])
    else:
        asked = frozenset({owner.email, colleague.email})
        campaign = await world.start(to=asked, deliver=False)
    if sent:
        await world.product.worker()
    ids = {OWNER: owner.id, LINK: owner.id, COLLEAGUE: colleague.id}
    return campaign, Pair(world, await world.invitation(OWNER), ids, sent)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    mode=st.sampled_from([Mode.CONFIDENTIAL, Mode.IDENTIFIED]),
    rule=st.sampled_from([Answers.CHANGEABLE] * 3 + [Answers.ONCE]),
    sent=st.booleans(),
    rolls=st.booleans(),
    course=courses,
)
async def test_the_rule_and_the_database_agree_on_everything_that_can_happen(
    world: World,
    mode: Mode,
    rule: Answers,
    sent: bool,
    rolls: bool,
    course: list[tuple[Step, ...]],
) -> None:
    campaign, pair = await _begin(world, mode, rule, sent=sent, rolls=rolls)

    for step in chain.from_iterable(course):
        await pair.apply(step)

    stands = pair.rule.response.score
    assert await world.scores(campaign) == ({} if stands is None else {stands: 1})
