"""Invitations of campaigns that have no end: who is asked about what has just happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from storage.engine import Database
from storage.invitations import Ballots
from storage.tombstones import Tombstones
from survey.campaign import Campaign
from survey.eligibility import Candidate
from survey.occasion import Occasion
from survey.ports import Asking, Given
from survey.survey import Survey


class SqlOccasions:
    """The port `Occasions` on a database.

    Args:
        by_email: Platforms, with their workspace, on which everybody has an address who has an
            e-mail.
    """

    def __init__(
        self,
        database: Database,
        ballots: Ballots,
        tombstones: Tombstones,
        *,
        by_email: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._database = database
        self._ballots = ballots
        self._tombstones = tombstones
        self._by_email = by_email

    async def campaign(self, survey: Survey, *, at: datetime) -> Campaign:
        """See the port."""
        raise NotImplementedError

    async def candidates(
        self,
        survey: Survey,
        occasions: Sequence[Occasion],
        *,
        platforms: Sequence[str],
        year_from: datetime,
        at: datetime,
    ) -> Mapping[str, Candidate]:
        """See the port."""
        raise NotImplementedError

    async def ask(self, campaign: Campaign, askings: Sequence[Asking]) -> Mapping[str, UUID]:
        """See the port."""
        raise NotImplementedError

    async def withdraw(self, campaign: Campaign, keys: Sequence[str]) -> Sequence[str]:
        """See the port."""
        raise NotImplementedError

    async def answer(self, campaign: Campaign, given: Given) -> UUID:
        """See the port."""
        raise NotImplementedError

    async def expire(self, *, at: datetime) -> int:
        """See the port."""
        raise NotImplementedError
