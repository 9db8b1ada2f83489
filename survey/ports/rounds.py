"""Campaigns, as the rules need them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from survey.accounts import Accounts
from survey.campaign import Campaign, Period
from survey.person import Person
from survey.planning import Plan
from survey.states import CampaignState


class Rounds(Protocol):
    """Campaigns."""

    async def start(self, plan: Plan, *, due: datetime | None = None) -> Campaign:
        """Make the campaign, its invitations and first deliveries.

        Args:
            plan: The round.
            due: The time of its schedule that it is started for; the schedule moves on to it in
                the same transaction.

        Raises:
            CampaignExists: If a round of this survey is open.
            StartedElsewhere: If that time of the schedule has been dealt with.
        """
        ...

    async def invite(self, campaign: Campaign, person: Person, *, at: datetime) -> UUID:
        """Somebody's invitation to an open round; made now if they have none, without a message.

        Who joins after the start counts in the total, and in no group: membership is a snapshot.

        Raises:
            InvitationClosed: If the round takes no answers any more.
        """
        ...

    async def find(self, survey: str, period: Period) -> Campaign | None:
        """One round."""
        ...

    async def by_id(self, campaign_id: int) -> Campaign:
        """One round.

        Raises:
            NotFound: If there is none.
        """
        ...

    async def all(self, survey: str | None = None) -> Sequence[Campaign]:
        """Every round (of one survey), newest first."""
        ...

    async def begin_closing(self, campaign: Campaign, *, at: datetime) -> Campaign:
        """Refuse presses from this commit on.

        Raises:
            IllegalTransition: If it is not open.
        """
        ...

    async def overdue(self, *, at: datetime) -> Sequence[Campaign]:
        """Open rounds whose time is over."""
        ...

    async def settled(self, *, at: datetime) -> Sequence[Campaign]:
        """Closing rounds in which no press can be under way any more."""
        ...

    async def finish(self, campaign: Campaign, *, at: datetime) -> None:
        """Close for good: who was open is expired, and every message is to be updated."""
        ...

    async def move(self, campaign: Campaign, to: CampaignState) -> Campaign:
        """Pause or resume.

        Raises:
            IllegalTransition: If its life does not go there.
        """
        ...

    async def accounts(self, campaigns: Sequence[Campaign]) -> Mapping[int, Accounts]:
        """Where the messages of these rounds stand, by the round's number."""
        ...
