"""The rounds that links lead to, read once in a while for all who open one."""

from datetime import datetime, timedelta

from survey.campaign import Campaign
from survey.errors import LinkNotValid, NotFound, StorageUnavailable
from survey.ports import Rounds

KEPT = timedelta(seconds=5)
"""How long a page may not know yet that its round was closed; a press always does."""


class KeptCampaigns:
    """A round is read every five seconds at most; while the database is away, the last one stays.

    Args:
        rounds: Where they are.
    """

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self._kept: dict[int, tuple[Campaign, datetime]] = {}

    def at_hand(self, campaign_id: int, now: datetime) -> Campaign | None:
        """The round, if it was read a moment ago."""
        found = self._kept.get(campaign_id)
        return found[0] if found is not None and now < found[1] else None

    async def of(self, campaign_id: int, now: datetime) -> Campaign:
        """The round, read if it was not a moment ago; raises what `load` raises."""
        return self.at_hand(campaign_id, now) or await self.load(campaign_id, now)

    async def load(self, campaign_id: int, now: datetime) -> Campaign:
        """The round as it stands.

        Raises:
            LinkNotValid: If there is none.
            StorageUnavailable: If the database did not tell, and never has.
        """
        known = self._kept.get(campaign_id)
        if known is not None:
            # Whoever comes meanwhile takes what is there: one look is enough for all.
            self._kept[campaign_id] = (known[0], now + KEPT)
        try:
            found = await self._rounds.by_id(campaign_id)
        except NotFound:
            self._kept.pop(campaign_id, None)
            raise LinkNotValid from None
        except StorageUnavailable:
            if known is None:
                raise
            return known[0]
        if found == (known and known[0]) and known is not None:
            found = known[0]  # pages are kept for this very one
        self._kept[campaign_id] = (found, now + KEPT)
        return found
