"""Start a round, or only look at who would be asked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from survey.campaign import Campaign
from survey.contact import NO_LIMITS, ContactPolicy
from survey.errors import (
    AsksByItself,
    CampaignExists,
    PlanOutdated,
    UnknownPeople,
    UnknownSurvey,
)
from survey.localtime import year_start
from survey.planning import Plan, plan_round, require_somebody
from survey.ports import Clock, People, Rounds
from survey.states import OPEN_CAMPAIGN
from survey.survey import Survey


def survey_named(surveys: Mapping[str, Survey], name: str) -> Survey:
    """The survey that the settings define under this name.

    Raises:
        NotFound: The message lists those there are.
    """
    if name in surveys:
        return surveys[name]
    raise UnknownSurvey(name, tuple(sorted(surveys)))


Beside = Callable[[Callable[[], Plan]], Awaitable[Plan]]
TRIES = 5
"""How often a round is planned anew because another has started in the meantime."""


async def at_once_here(work: Callable[[], Plan]) -> Plan:
    """Runs it right here."""
    return work()


async def nothing() -> None:
    """Does nothing."""


@dataclass(frozen=True, kw_only=True)
class StartCampaign:
    """Fix the audience, and plan a message to each.

    Attributes:
        surveys: By name, as the settings define them.
        platforms: Those that are on, the preferred first.
        zone: The organisation's; it names the period.
        policy: The limits over all surveys.
        beside: Runs what takes long, so that presses do not wait for it.
        refresh: Brings up to date who can be reached; it takes a little time, and never fails.
    """

    surveys: Mapping[str, Survey]
    people: People
    rounds: Rounds
    clock: Clock
    platforms: Sequence[str]
    zone: ZoneInfo
    policy: ContactPolicy = NO_LIMITS
    beside: Beside = at_once_here
    refresh: Callable[[], Awaitable[None]] = nothing

    async def plan(
        self,
        name: str,
        *,
        to: frozenset[str] = frozenset(),
        at_once: bool = False,
        due: datetime | None = None,
    ) -> Plan:
        """Who would be asked; nothing is written.

        Raises:
            NotFound: If there is no such survey, or an e-mail is nobody's.
            AsksByItself: If it has no rounds.
        """
        survey = self._with_rounds(name)
        await self.refresh()
        to = await self._emails(to)
        now = self.clock()
        latest = max((known.id for known in await self.rounds.all()), default=0)
        candidates = await self.people.candidates(
            survey, platforms=survey.asks_on(self.platforms), year_from=year_start(now, self.zone)
        )
        plan = await self.beside(
            partial(
                plan_round,
                survey,
                candidates,
                at=now,
                zone=self.zone,
                policy=self.policy,
                to=to,
                at_once=at_once,
                period_at=due,
            )
        )
        return replace(plan, after=latest)

    async def require_none_open(self, name: str) -> None:
        """Nothing, unless a round of the survey is open.

        Raises:
            AsksByItself: If it has no rounds.
            CampaignExists: If one is; only one at a time asks people the same.
        """
        self._with_rounds(name)
        if any(found.state in OPEN_CAMPAIGN for found in await self.rounds.all(name)):
            raise CampaignExists(f"A round of {name} is running already; close it first.")

    def _with_rounds(self, name: str) -> Survey:
        survey = survey_named(self.surveys, name)
        if survey.after is not None:
            raise AsksByItself(name, survey.after.value)
        return survey

    async def _emails(self, names: frozenset[str]) -> frozenset[str]:
        """The e-mails of those who are named."""
        if not names:
            return names
        found = await self.people.by_names(names)
        if found.keys() < names:
            raise UnknownPeople(tuple(sorted(names - found.keys())))
        return frozenset(person.email for person in found.values())

    async def __call__(
        self,
        name: str,
        *,
        to: frozenset[str] = frozenset(),
        at_once: bool = False,
        due: datetime | None = None,
    ) -> Campaign:
        """Start the round; the worker sends from now on.

        Args:
            name: The survey.
            to: E-mails, lower case, to which it is limited; empty for the whole audience.
            at_once: Send without waiting for anybody's window.
            due: The time of its schedule (UTC), if it starts by that; it names the period.

        Raises:
            NotFound: If there is no such survey.
            AsksByItself: If it has no rounds.
            NobodyToAsk: If nobody is left to be asked.
            CampaignExists: If a round of it is open.
            StartedElsewhere: If that time of the schedule has been dealt with.
        """
        for _ in range(TRIES):
            await self.require_none_open(name)
            with suppress(PlanOutdated):
                return await self._start(name, to=to, at_once=at_once, due=due)
        raise PlanOutdated("Other rounds keep starting at the same time: try again in a minute.")

    async def _start(
        self, name: str, *, to: frozenset[str], at_once: bool, due: datetime | None
    ) -> Campaign:
        plan = await self.plan(name, to=to, at_once=at_once, due=due)
        if not plan.asks:  # because somebody else has asked them in the meantime, perhaps
            await self.require_none_open(name)
        return await self.rounds.start(require_somebody(plan), due=due)
