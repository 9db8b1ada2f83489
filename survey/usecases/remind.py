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

    async def __call__(self, campaigns: Sequence[Campaign] | None = None) -> int:
        """Plan what the schedules want by now.

        Args:
            campaigns: Of these rounds; None for all.

        Returns:
            How many reminders were planned.

        Raises:
            NoReminder: If the rounds that are meant are paused.
        """
        now = self.clock()
        everything = await self.rounds.all() if campaigns is None else campaigns
        if campaigns and all(one.state is CampaignState.PAUSED for one in campaigns):
            raise NoReminder(WhyNoReminder.PAUSED)
        running = [
            found
            for found in everything
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
