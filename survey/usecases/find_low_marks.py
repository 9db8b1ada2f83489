"""Look for low marks, and alert the team."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from survey.person import Address
from survey.ports import Clock, FollowUps, Found

JUST_NOW = timedelta(hours=2)
"""How far a quick look reaches back: a platform tells of a press an hour later at most."""
LATELY = timedelta(days=30)
"""How far a thorough look reaches back, after a standstill."""


@dataclass(frozen=True, kw_only=True)
class FindLowMarks:
    """Somebody gave a low mark where names are: a person should look after it.

    Attributes:
        channels: Where alerts go.
    """

    follow_ups: FollowUps
    channels: Sequence[Address]
    clock: Clock

    async def __call__(self, *, back: timedelta = JUST_NOW) -> Found:
        """Open what is new, and plan the alerts.

        Args:
            back: How old the presses may be that are looked at.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        now = self.clock()
        return await self.follow_ups.find(self.channels, since=now - back, at=now)
