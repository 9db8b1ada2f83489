"""How often anybody is asked at most, over all surveys: one policy behind every message."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from survey.errors import InvalidValue
from survey.person import Person

MESSAGES_APART = timedelta(hours=24)
"""How long after a message the next one about the same question may come at the earliest."""


HOLIDAYS = "holidays"
"""The attribute that says whose public holidays somebody has, such as `DE-BE`."""

QuietDay = Callable[[Person, date], bool]
"""Whether nobody writes to this person on this local day of theirs."""


def never_quiet(_person: Person, _day: date) -> bool:
    """Every day is as good as any other."""
    return False


@dataclass(frozen=True, kw_only=True)
class ContactPolicy:
    """The limits of the organisation (`[contact]` in `voxpop.toml`); surveys add their own.

    Attributes:
        rest_days: Local days for which somebody is left alone by every survey after any of them
            asked; 0 for none.
        asks_per_year: How many questions anybody gets in a calendar year of the organisation's
            zone; None for no limit.
        budget_blocks: Whether a spent budget leaves people out, or is only told in the preview.
        max_reminders: How many reminders of one question anybody gets at most, by schedule and
            by hand together.
        quiet: Which days are nobody's to write on: public holidays, weekends.

    Raises:
        InvalidValue: If a number is negative.
    """

    rest_days: int = 0
    asks_per_year: int | None = None
    budget_blocks: bool = False
    max_reminders: int = 3
    quiet: QuietDay = field(default=never_quiet, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what could not be kept."""
        budget = 1 if self.asks_per_year is None else self.asks_per_year
        if self.rest_days < 0 or self.max_reminders < 0 or budget < 1:
            raise InvalidValue(f"A contact policy has no negative limits: {self}.")


NO_LIMITS = ContactPolicy()


@dataclass(frozen=True, kw_only=True)
class Silence:
    """When somebody is not to be written to; local dates of theirs.

    Attributes:
        snoozed_until: The first day on which they may be asked again.
        away_from: Their first day away; None with a last day means: already.
        away_until: Their last day away; None with a first day means: nobody knows yet.
    """

    snoozed_until: date | None = None
    away_from: date | None = None
    away_until: date | None = None

    def snoozed(self, day: date) -> bool:
        """Whether they asked for silence on this day."""
        return self.snoozed_until is not None and day < self.snoozed_until

    def away(self, day: date) -> bool:
        """Whether they are away on this day."""
        if self.away_from is None and self.away_until is None:
            return False
        return (self.away_from or day) <= day <= (self.away_until or day)

    def over(self, day: date) -> date | None:
        """The first day from `day` on on which they may be written to; None if nobody knows."""
        while self.snoozed(day) or self.away(day):
            if self.snoozed(day) and self.snoozed_until is not None:
                day = self.snoozed_until
            elif self.away_until is None:
                return None
            else:
                day = self.away_until + timedelta(days=1)
        return day


QUIET_NEVER = Silence()


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """How often somebody was asked, before the question at hand.

    Attributes:
        last_asked: When this survey asked them last (UTC), or None.
        last_asked_by_any: When any survey did (UTC), or None.
        asks_this_year: How many questions they got this calendar year (organisation's zone).
    """

    last_asked: datetime | None = None
    last_asked_by_any: datetime | None = None
    asks_this_year: int = 0


NEVER_ASKED = Ledger()
