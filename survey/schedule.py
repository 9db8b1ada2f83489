"""A survey's schedule as the database keeps it: how far it has been dealt with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from survey.campaign import Campaign

CLOCK_WENT_BACK = timedelta(days=1)
"""How far ahead of now a schedule may have been dealt with; beyond, the clock was wrong."""

STARTED = "started"
"""The outcome of a time at which a round began."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How far the schedule of one survey has been dealt with.

    Attributes:
        survey: Whose it is, by name.
        cron: The line of crontab.
        timezone: On whose clocks it is read; an IANA name.
        handled_until: Times up to this instant are dealt with (UTC).
        outcome: What became of the last one; None before the first.
    """

    survey: str
    cron: str
    timezone: str
    handled_until: datetime
    outcome: str | None = None

    def reads(self, cron: str, timezone: str) -> bool:
        """Whether it stands as the settings have it."""
        return (self.cron, self.timezone) == (cron, timezone)


@dataclass(frozen=True, kw_only=True)
class Handled:
    """One time of a schedule, dealt with for good.

    Attributes:
        survey: Whose schedule, by name.
        due: The time (UTC).
        outcome: What became of it, in a few words.
        campaign: The round that started; None if none did.
    """

    survey: str
    due: datetime
    outcome: str
    campaign: Campaign | None = None
