"""Pages that are the same for many, rendered once."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from survey.campaign import Campaign
from survey.localtime import instant_of, local_date
from webapp.page.rendering import Rendered

MOST = 2_000
"""How many are kept; each has some 15 kB."""
Key = tuple[int, str, bytes]
"""The round's number, the locale, and what tells this page from others of these."""


@dataclass(frozen=True, slots=True)
class _Kept:
    campaign: Campaign
    until: datetime
    page: Rendered


class ReadyPages:
    """Pages as long as they stay as they are: while their round does, and for a day at most.

    Args:
        zone: In which times of day are told.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._kept: dict[Key, _Kept] = {}

    def find(self, key: Key, campaign: Campaign | None, now: datetime) -> Rendered | None:
        """The page, if it is what it would say now of this very round."""
        kept = self._kept.get(key)
        if kept is None or campaign is not kept.campaign or now >= kept.until:
            return None
        return kept.page

    def keep(
        self, key: Key, campaign: Campaign, page: Rendered, *, now: datetime, until: datetime
    ) -> None:
        """Keep it until then, or until midnight: it says "tomorrow"."""
        tomorrow = local_date(now, self._zone) + timedelta(days=1)
        midnight = instant_of(tomorrow, time(), self._zone)
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[key] = _Kept(campaign, min(midnight, until), page)
