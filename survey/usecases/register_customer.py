"""Write down a visit, with what the customer said on being asked about it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from survey.errors import InvitationClosed, StorageUnavailable
from survey.ports import Captured, Clock, Occasions, Visits
from survey.survey import Survey
from survey.visits import Branch, Capture


@dataclass(frozen=True, kw_only=True)
class RegisterCustomer:
    """Nobody is asked by this; a no takes back what is planned about earlier visits.

    Attributes:
        survey: The one that asks about visits.
        branches: By id, as the settings name them: their names win over what comes in.
    """

    visits: Visits
    occasions: Occasions
    clock: Clock
    survey: Survey
    branches: Mapping[str, Branch] = field(default_factory=dict)

    async def __call__(self, capture: Capture, *, by: str) -> Captured:
        """Keep it.

        Args:
            capture: What is written down.
            by: Who does so: the name of their key.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        now = self.clock()
        known = self.branches.get(capture.branch_id)
        if known is not None:
            capture = replace(capture, branch_name=known.name)
        capture = replace(capture, taken_by=by)
        kept = await self.visits.capture(capture, survey=self.survey.name, at=now)
        if kept.unwanted:
            # What is left of them is looked at again as it goes out.
            with suppress(StorageUnavailable, InvitationClosed):
                campaign = await self.occasions.campaign(self.survey, at=now)
                await self.occasions.withdraw(campaign, kept.unwanted)
        return kept
