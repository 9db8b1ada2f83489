"""Schedules of surveys, as the rules need them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from survey.schedule import Schedule


class Schedules(Protocol):
    """How far each schedule has been dealt with; a round that is due moves it on as it starts."""

    async def all(self) -> Sequence[Schedule]:
        """Every schedule."""
        ...

    async def define(self, crons: Mapping[str, str], *, timezone: str, at: datetime) -> None:
        """Have these schedules and no others.

        One that is new or changed counts as dealt with up to now: writing a schedule never fires
        a time that is past. One that stands as it is stays as it is.

        Args:
            crons: By survey.
            timezone: On whose clocks all of them are read.
            at: Now.
        """
        ...

    async def pass_over(self, survey: str, *, due: datetime, outcome: str) -> bool:
        """Deal with a time without a round; False if somebody else has dealt with it."""
        ...
