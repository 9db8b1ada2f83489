"""Counts, as the report needs them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from survey.campaign import Campaign
from survey.language import Language
from survey.report import Distribution, Participation, Report


class Figures(Protocol):
    """Counts: what the report is made from."""

    async def participation(self, campaign: Campaign) -> Participation:
        """Who was asked, reached and has answered, as of now; told in every mode."""
        ...

    async def participations(self, campaigns: Sequence[Campaign]) -> Mapping[int, Participation]:
        """The same of several rounds, by their number."""
        ...

    async def live(self, campaign: Campaign) -> Distribution:
        """All answers as they stand; for identified surveys only."""
        ...

    async def live_groups(self, campaign: Campaign) -> Mapping[tuple[str, str], Distribution]:
        """The same by (attribute, value)."""
        ...

    async def of_rounds(self, campaigns: Sequence[Campaign]) -> Mapping[int, Distribution]:
        """By the number of the round: all answers where names are, else what the gate let out."""
        ...

    async def released_groups(
        self, campaign: Campaign
    ) -> Mapping[tuple[str, str], Distribution | None]:
        """Every group by (attribute, value), None for those that are not shown."""
        ...

    async def pending(self, campaign: Campaign) -> int:
        """How many answers and changes the released figures do not have."""
        ...

    async def step(self, campaign: Campaign, *, at: datetime, last: bool = False) -> bool:
        """Let the figures move if enough people are behind the move; whether they did.

        Args:
            campaign: The round; identified ones never need this.
            at: Now.
            last: The close: groups are settled as well.
        """
        ...


class Charts(Protocol):
    """Pictures of figures."""

    async def report(self, report: Report, language: Language) -> bytes | None:
        """A PNG, or None if it can't be drawn; drawing does not hold up anything else."""
        ...

    async def trend(self, report: Report, language: Language) -> bytes | None:
        """The same of the rounds alone; None as well if there are fewer than two."""
        ...
