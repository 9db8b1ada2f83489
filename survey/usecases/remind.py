"""Remind those who have not answered: by the schedule of their survey, or by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from survey.campaign import Campaign
from survey.contact import ContactPolicy
from survey.errors import NoReminder, WhyNoReminder
from survey.person import Person
from survey.ports import Clock, Reminders, Rounds
from survey.reminders import Reminder, reminder_by_hand, scheduled_reminder
from survey.states import CampaignState


@dataclass(frozen=True, kw_only=True)
class Remind:
    """Plan reminders; the worker sends them, and checks once more that they are wanted."""

    rounds: Rounds
    reminders: Reminders
    policy: ContactPolicy
    clock: Clock

    async def __call__(self) -> int:
        """Plan what the schedules of all rounds want by now; how many reminders that is."""
        return await self._plan(await self._open())

    async def now(self, campaign: Campaign | None = None) -> int:
        """The same because somebody wants it now, for one round or all of them.

        Raises:
            NoReminder: If every round that is meant is paused.
        """
        opened = await self._open() if campaign is None else [campaign]
        if opened and all(one.state is CampaignState.PAUSED for one in opened):
            raise NoReminder(WhyNoReminder.PAUSED)
        return await self._plan(opened)

    async def _open(self) -> list[Campaign]:
        now = self.clock()
        return [found for found in await self.rounds.all() if found.takes_answers(now)]

    async def _plan(self, campaigns: Sequence[Campaign]) -> int:
        now = self.clock()
        running = [
            found
            for found in campaigns
            if found.state is CampaignState.RUNNING and found.takes_answers(now)
        ]
        if not running:
            return 0
        planned = 0
        most = self.policy.max_reminders
        async for portion in self.reminders.unanswered(running, at=now, most=most):
            due = (scheduled_reminder(asked, self.policy, at=now) for asked in portion)
            planned += await self.reminders.plan([found for found in due if found is not None])
        return planned

    async def person(self, campaign: Campaign, person: Person) -> Reminder:
        """Remind one person, whatever the schedule says.

        Raises:
            NoReminder: If they have answered or stopped, or the contact policy forbids it.
        """
        if campaign.state is CampaignState.PAUSED:
            raise NoReminder(WhyNoReminder.PAUSED)
        asked = await self.reminders.unanswered_by(campaign, person)
        reminder = reminder_by_hand(asked, self.policy, at=self.clock())
        if not await self.reminders.plan([reminder]):
            raise NoReminder(WhyNoReminder.PLANNED)
        return reminder
