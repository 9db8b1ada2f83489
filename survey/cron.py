"""Crontab's five fields: which wall-clock times they name, and when those are due.

Rules as in crontab(5): Sunday is 0 and 7; where day and weekday are both given, either is enough;
a field that begins with `*` gives no day. One is ours, because yearly rounds need it: what names
29 February alone comes on the 28th in years without one.
"""

import calendar
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from survey.errors import InvalidValue
from survey.localtime import instant_of, local_date

_DAY = timedelta(days=1)
# The first of a month is a given weekday at least once in 12 years, over a century as well.
_LONGEST_WAIT_DAYS = 12 * 366 + 1
_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
}
_ITEM = re.compile(r"(?:\*|(?P<first>[a-z0-9]+)(?:-(?P<last>[a-z0-9]+))?)(?:/(?P<step>[0-9]+))?")
_LONGEST = 200
_SUNDAY = 7
_LEAP_DAY = 29
_FEBRUARY = 2


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field(
        "month",
        1,
        12,
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    _Field("weekday", 0, 7, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)


@dataclass(frozen=True, kw_only=True)
class Cron:
    """The times that a line of crontab names.

    Attributes:
        text: The line, in lower case with single spaces: the same times, the same text.
        minutes: Of an hour.
        hours: Of a day.
        days: Of a month.
        months: Of a year, from 1.
        weekdays: As `date.isoweekday` counts them: Monday is 1, Sunday is 7.
        either: Whether the day or the weekday is enough; else it takes both.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    @staticmethod
    @lru_cache(maxsize=256)
    def parse(text: str) -> "Cron":
        """Read a line of crontab.

        Raises:
            InvalidValue: If it is none, or names no day that ever comes.
        """
        line = " ".join(text.lower().split())
        if len(line) > _LONGEST:
            raise InvalidValue(f"a schedule has {_LONGEST} characters at most, not {len(line)}")
        parts = _WORDS.get(line, line).split()
        if line.startswith("@") and line not in _WORDS:
            raise InvalidValue(
                f"{line.split()[0]} is not known; write {', '.join(_WORDS)} or five fields, such "
                'as "0 9 1 */3 *" for 09:00 on the first day of each quarter'
            )
        if len(parts) != len(_FIELDS):
            raise InvalidValue(
                "a schedule has five fields (minute, hour, day, month, weekday), such as "
                f'"0 9 1 */3 *", not {len(parts)}'
            )
        minutes, hours, days, months, weekdays = (
            _numbers(part, field) for part, field in zip(parts, _FIELDS, strict=True)
        )
        found = Cron(
            text=line,
            minutes=minutes,
            hours=hours,
            days=days,
            months=months,
            weekdays=frozenset(number or _SUNDAY for number in weekdays),
            either=not parts[2].startswith("*") and not parts[4].startswith("*"),
        )
        if next(found._days_from(date(2096, 3, 1)), None) is None:  # the longest wait there is
            raise InvalidValue("no month that it names has such a day, so it would never come")
        return found

    def names(self, day: date) -> bool:
        """Whether it names this day."""
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self._days_of(day), day.isoweekday() in self.weekdays
        return in_month or in_week if self.either else in_month and in_week

    @cached_property
    def times(self) -> tuple[time, ...]:
        """The times of a day that it names, rising."""
        return tuple(
            time(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes)
        )

    def latest_due(self, tz: ZoneInfo, *, after: datetime, upto: datetime) -> datetime | None:
        """The latest instant in (after, upto] that it names on the clocks of `tz`; None if none.

        A time that is skipped is due at the first instant after it; one that comes twice is due
        the first time only.
        """
        # Clocks that go back over midnight show yesterday after the first of today's times.
        day, last = local_date(upto, tz) + _DAY, local_date(after, tz) - _DAY
        while day >= last:
            if self.names(day):
                found = self._latest_on(day, tz, upto=upto)
                if found is not None:
                    return found if found > after else None
            day -= _DAY
        return None

    def next_due(self, tz: ZoneInfo, *, after: datetime) -> datetime:
        """The first instant after `after` that it names on the clocks of `tz`."""
        return next(
            due
            for day in self._days_from(local_date(after, tz) - _DAY)
            if (due := self._first_on(day, tz, after=after)) is not None
        )

    @cached_property
    def closest(self) -> timedelta:
        """The shortest time by a wall clock between one time and the next, in twelve years."""
        days = list(self._days_from(date(2024, 1, 1)))
        gaps = [later - earlier for earlier, later in pairwise(days)]
        between = [
            datetime.combine(
                days[0] + min(gaps, default=timedelta(_LONGEST_WAIT_DAYS)), self.times[0]
            )
            - datetime.combine(days[0], self.times[-1])
        ]
        within = [
            datetime.combine(days[0], later) - datetime.combine(days[0], earlier)
            for earlier, later in pairwise(self.times)
        ]
        return min(between + within)

    def _days_of(self, day: date) -> frozenset[int]:
        leap_day_only = self.days == {_LEAP_DAY} and self.months == {_FEBRUARY}
        if leap_day_only and not calendar.isleap(day.year):
            return frozenset({_LEAP_DAY - 1})
        return self.days

    def _days_from(self, first: date) -> Iterator[date]:
        days = (first + timedelta(days=ahead) for ahead in range(_LONGEST_WAIT_DAYS))
        return (day for day in days if self.names(day))

    def _latest_on(self, day: date, tz: ZoneInfo, *, upto: datetime) -> datetime | None:
        place = bisect_right(self.times, upto, key=lambda clock: instant_of(day, clock, tz))
        return instant_of(day, self.times[place - 1], tz) if place else None

    def _first_on(self, day: date, tz: ZoneInfo, *, after: datetime) -> datetime | None:
        place = bisect_right(self.times, after, key=lambda clock: instant_of(day, clock, tz))
        return instant_of(day, self.times[place], tz) if place < len(self.times) else None


def _numbers(text: str, field: _Field) -> frozenset[int]:
    return frozenset(number for item in text.split(",") for number in _range(item, field))


def _range(item: str, field: _Field) -> Sequence[int]:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise InvalidValue(f"{item[:20]!r} is no {field.name}: {_fitting(field)}")
    step = int(found["step"] or 1)
    if step < 1:
        raise InvalidValue(f"{item!r} goes nowhere: a step is 1 or more")
    if found["first"] is None:
        return range(field.low, field.high + 1, step)
    first = _number(found["first"], field)
    if found["last"] is None:
        if found["step"]:
            raise InvalidValue(f"{item!r} has no end: write {first}-{field.high}/{step}")
        return [first]
    last = _number(found["last"], field)
    if field.name == "weekday" and found["last"] == "sun":
        last = _SUNDAY
    if last < first:
        raise InvalidValue(
            f"{item!r} ends before it begins: write it as two, such as "
            f"{found['first']}-{field.high},{field.low}-{found['last']}"
        )
    return range(first, last + 1, step)


def _number(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.low
    if text.isdigit() and field.low <= int(text) <= field.high:
        return int(text)
    raise InvalidValue(f"{text[:20]!r} is no {field.name}: {_fitting(field)}")


def _fitting(field: _Field) -> str:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return f"{field.low} to {field.high}{names}, with , - * and /"
