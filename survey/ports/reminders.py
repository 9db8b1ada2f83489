"""Who has not answered, as the reminders need it."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from survey.campaign import Campaign
from survey.person import Person
from survey.reminders import Reminder, Unanswered


class Reminders(Protocol):
    """Reminders are planned as deliveries; planning one twice makes one."""

    def unanswered(
        self, campaigns: Sequence[Campaign], *, at: datetime, most: int
    ) -> AsyncIterator[Sequence[Unanswered]]:
        """Who has a question of these rounds, has not answered it, and may be due a reminder.

        Args:
            campaigns: Rounds that are running.
            at: Now.
            most: How many reminders anybody gets.

        Returns:
            Portions, so that other things have their turn between them.
        """
        ...

    async def unanswered_by(self, campaign: Campaign, person: Person) -> Unanswered:
        """One person's question.

        Raises:
            NoReminder: If they have answered, stopped, or a message is under way already.
        """
        ...

    async def plan(self, reminders: Sequence[Reminder]) -> int:
        """Make deliveries of them, all at once.

        How many were made: none, if somebody else planned one of them in the meantime.
        """
        ...
