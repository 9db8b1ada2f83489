"""A round of one survey: `nps/2026Q4`."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from survey.errors import InvalidPeriod
from survey.localtime import local_date
from survey.states import CAMPAIGN_LIFE, OPEN_CAMPAIGN, CampaignState, move
from survey.survey import Survey

NO_END = datetime(2999, 12, 31, tzinfo=UTC)
"""When campaigns close that have no end."""
_PERIOD = re.compile(
    r"^(?P<year>\d{4})Q(?P<quarter>[1-4])(?:\.(?P<ordinal>[1-9]\d{0,3}))?$", re.ASCII
)
_MONTHS_IN_QUARTER = 3


@dataclass(frozen=True, order=True)
class Period:
    """A quarter, and which round of the survey in it: `2026Q4`, `2026Q4.2` for a second one.

    Raises:
        InvalidPeriod: If the text names no quarter.
    """

    year: int
    quarter: int
    ordinal: int = 1

    @classmethod
    def of(cls, day: date) -> "Period":
        """The quarter of a local date."""
        return cls(day.year, (day.month - 1) // _MONTHS_IN_QUARTER + 1)

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read what `str` writes."""
        found = _PERIOD.match(text.strip().upper())
        if found is None:
            raise InvalidPeriod(f"A period looks like 2026Q4 (or 2026Q4.2), not {text!r}.")
        return cls(int(found["year"]), int(found["quarter"]), int(found["ordinal"] or 1))

    def __str__(self) -> str:
        """As people write it."""
        suffix = f".{self.ordinal}" if self.ordinal > 1 else ""
        return f"{self.year}Q{self.quarter}{suffix}"


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One round, with the survey as it stood when the round started.

    Attributes:
        id: Our number for it.
        survey: The definition, frozen.
        period: Which round it is.
        state: Where it stands.
        started_at: When its audience was fixed (UTC).
        closes_at: From this instant on nothing is counted (UTC). `NO_END` where each invitation
            closes by itself; in an `Invitation` it is that invitation's own.
        closed_at: When it was closed, if it was (UTC).
        invited: How many people were asked.
        reached: How many of them got the message.
    """

    id: int
    survey: Survey
    period: Period
    state: CampaignState
    started_at: datetime
    closes_at: datetime
    closed_at: datetime | None = None
    invited: int = 0
    reached: int = 0

    @property
    def rolls(self) -> bool:
        """Whether it has no end: people are asked whenever something happens to them."""
        return self.survey.after is not None

    @property
    def name(self) -> str:
        """As people write it: survey/period."""
        return f"{self.survey.name}/{self.period}"

    def takes_answers(self, at: datetime) -> bool:
        """Whether a press at this instant counts."""
        return self.state in OPEN_CAMPAIGN and at < self.closes_at

    def closed_on(self, tz: ZoneInfo) -> date:
        """The calendar day in `tz` on which it closed or closes."""
        return local_date(min(self.closed_at or self.closes_at, self.closes_at), tz)

    def moved(self, to: CampaignState) -> "Campaign":
        """The same campaign one step on in its life.

        Raises:
            IllegalTransition: If its life does not go there.
        """
        return replace(self, state=move(CAMPAIGN_LIFE, self.state, to))
