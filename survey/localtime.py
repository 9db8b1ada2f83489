"""Local zones: the one place where wall-clock times become instants and back.

Everything else in the product knows instants in UTC only.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from survey.errors import InvalidValue


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of this name.

    Raises:
        InvalidValue: If the name is unknown here.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise InvalidValue(
            f"I don't know the time zone {name!r}; use an IANA name such as 'Europe/Berlin'."
        ) from error


def instant_of(day: date, clock: time, tz: ZoneInfo) -> datetime:
    """The instant at which a wall clock in `tz` shows `clock` on `day`.

    A time that is skipped (clocks go forward) means the first instant that exists after it; one
    that comes twice (clocks go back) means the first of the two.

    Returns:
        An aware instant in UTC.
    """
    wall = datetime.combine(day, clock)
    early = wall.replace(tzinfo=tz, fold=0).astimezone(UTC)
    if early.astimezone(tz).replace(tzinfo=None) == wall:
        return early
    # In a gap, fold=1 lies before the change and fold=0 after it.
    return _change_between(wall.replace(tzinfo=tz, fold=1).astimezone(UTC), early, tz)


def _change_between(before: datetime, after: datetime, tz: ZoneInfo) -> datetime:
    """The instant at which the clocks of `tz` change, to the second."""
    offset = before.astimezone(tz).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle <= before:
            break
        if middle.astimezone(tz).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def local_date(instant: datetime, tz: ZoneInfo) -> date:
    """The calendar day that people in `tz` have at `instant`."""
    return instant.astimezone(tz).date()


def year_start(instant: datetime, tz: ZoneInfo) -> datetime:
    """When the calendar year began that people in `tz` have at `instant` (UTC)."""
    return instant_of(date(local_date(instant, tz).year, 1, 1), time(), tz)


@dataclass(frozen=True, kw_only=True)
class Window:
    """The hours in which people are written to, half-open: `[opens, closes)` on their own clock.

    Raises:
        InvalidValue: If it does not open before it closes.
    """

    opens: time
    closes: time

    def __post_init__(self) -> None:
        """Refuse an empty window."""
        if not self.opens < self.closes:
            raise InvalidValue(
                f"A sending window opens before it closes, not {self.opens:%H:%M} to "
                f"{self.closes:%H:%M}."
            )

    def is_open(self, instant: datetime, tz: ZoneInfo) -> bool:
        """Whether `instant` lies inside of the window in `tz`."""
        return self.opens <= instant.astimezone(tz).time() < self.closes

    def next_open(self, instant: datetime, tz: ZoneInfo) -> datetime:
        """`instant` itself if the window is open then, else the next instant at which it opens."""
        return instant if self.is_open(instant, tz) else _next_opening(self, instant, tz)

    def openings(self, day: date, tz: ZoneInfo) -> list[datetime]:
        """When it may open on a day (UTC): at its hour, at that again, or as the clocks change."""
        first = instant_of(day, self.opens, tz)
        again = datetime.combine(day, self.opens).replace(tzinfo=tz, fold=1).astimezone(UTC)
        morning = datetime.combine(day, time(), tz).astimezone(UTC)
        night = morning + timedelta(hours=26)
        if morning.astimezone(tz).utcoffset() == night.astimezone(tz).utcoffset():
            return [first, again]
        return [first, again, _change_between(morning, night, tz)]

    def opening_on(self, day: date, tz: ZoneInfo) -> datetime:
        """The first instant of the window on a calendar day in `tz`."""
        return instant_of(day, self.opens, tz)


@lru_cache(maxsize=4096)
def _next_opening(window: Window, instant: datetime, tz: ZoneInfo) -> datetime:
    """Kept, because many people in one zone are looked at together."""
    today = local_date(instant, tz)
    # A day can be missing (Samoa, 30 December 2011), never two.
    return min(
        opening
        for ahead in range(4)
        for opening in window.openings(today + timedelta(days=ahead), tz)
        if opening > instant and window.is_open(opening, tz)
    )


OFFICE_HOURS = Window(opens=time(9), closes=time(17))
