"""Campaigns, as the rules need them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from survey.campaign import Campaign, Period
from survey.planning import Plan


class Rounds(Protocol):
    """Campaigns."""

    async def start(self, plan: Plan) -> Campaign:
        """Make the campaign, its invitations and first deliveries.

        Raises:
            CampaignExists: If a round of this survey is open.
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

    async def accounts(self, campaign: Campaign) -> Mapping[str, int]:
        """How many first messages stand in which state of a delivery."""
        ...
