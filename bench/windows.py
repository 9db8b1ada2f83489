"""P6: is anything ever sent outside of its sending window?

Messages are planned in every time zone there is, most of them around changes of the clocks, with
windows that open or close right there. Each goes through the function that the worker asks before
it sends; what is postponed comes back at the time given, on time or late. Every send is judged by
arithmetic of its own on a table of offsets, which knows nothing of the product's rules.

    python -m bench.windows --schedules 1000000
"""

import argparse
import random
import sys
import time as stopwatch
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from math import ceil
from multiprocessing import get_context
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from survey.campaign import Campaign, Period
from survey.contact import QUIET_NEVER, Silence
from survey.delivery import Delivery, Postpone, sending
from survey.invitation import Invitation
from survey.localtime import Window
from survey.person import Address, Person
from survey.states import CampaignState, DeliveryKind
from survey.survey import Survey

SECOND = 1_000_000
"""Instants and wall clocks are whole microseconds since 1970 here, and exact."""
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = sorted(available_timezones())
PLANNED_EACH = 4
"""How many messages are planned in one zone with one window."""
MOST_TRIES = 12
MONTHS = range(1, 13)
_MOST_SHOWN = 10


def number_of(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant_of(number: int) -> datetime:
    return EPOCH + timedelta(microseconds=number)


FIRST, LAST = (number_of(datetime(year, 1, 1, tzinfo=UTC)) for year in (2024, 2029))
NIGHTS_FROM, NIGHTS_TO = (number_of(datetime(year, 1, 1, tzinfo=UTC)) for year in (2026, 2027))


@dataclass(frozen=True)
class Offsets:
    """A zone as a table: from which instant on its clocks are how far ahead."""

    since: tuple[int, ...]
    ahead: tuple[int, ...]

    @classmethod
    def of(cls, name: str) -> "Offsets":
        tz = ZoneInfo(name)

        def ahead(number: int) -> int:
            offset = instant_of(number).astimezone(tz).utcoffset()
            assert offset is not None
            return offset // timedelta(microseconds=1)

        since, offsets = [FIRST - 60 * DAY], [ahead(FIRST - 60 * DAY)]
        for noon in range(since[0], LAST + 60 * DAY, DAY):
            if ahead(noon) != offsets[-1]:
                low, high = noon - DAY, noon
                while high - low > SECOND:
                    middle = (low + high) // (2 * SECOND) * SECOND
                    low, high = (middle, high) if ahead(middle) == offsets[-1] else (low, middle)
                since.append(high)
                offsets.append(ahead(high))
        return cls(tuple(since), tuple(offsets))

    @property
    def changes(self) -> list[int]:
        return [number for number in self.since[1:] if FIRST <= number < LAST]

    def wall(self, at: int) -> int:
        """What a wall clock there shows."""
        return at + self.ahead[bisect_right(self.since, at) - 1]

    def first_open(self, opens: int, closes: int, at: int) -> int:
        """The first instant from `at` on at which the window is open, stretch by stretch."""
        place = bisect_right(self.since, at) - 1
        while True:
            shown = (at + self.ahead[place]) % DAY
            if shown >= closes:
                at += DAY - shown + opens
            elif shown < opens:
                at += opens - shown
            if place + 1 == len(self.since) or at < self.since[place + 1]:
                return at
            place += 1
            at = self.since[place]


@dataclass(kw_only=True)
class Tally:
    """What came of it.

    Attributes:
        beside_changes: Messages planned within a day and a half of a change of the clocks.
        longest: The longest that one was postponed at once, without a snooze.
        violations: Sends outside of the window or before the end of a snooze.
        needless: Waits that were longer than to the first instant at which the window is open.
    """

    schedules: int = 0
    sent: int = 0
    postponed: int = 0
    zones: int = 0
    changes: int = 0
    beside_changes: int = 0
    longest: int = 0
    violations: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        for name, value in vars(other).items():
            mine = getattr(self, name)
            setattr(self, name, max(mine, value) if name == "longest" else mine + value)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Messages that share a person and a window; its edges on the clock of a day."""

    delivery: Delivery
    opens: int
    closes: int
    planned: tuple[int, ...]

    def __str__(self) -> str:
        window = self.delivery.invitation.campaign.survey.window
        place = self.delivery.invitation.person.timezone
        return f"{place} {window.opens:%H:%M}-{window.closes:%H:%M}"

    def allows(self, at: int, offsets: Offsets) -> bool:
        wall = offsets.wall(at)
        day, until = instant_of(wall).date(), self.delivery.silence.snoozed_until
        return self.opens <= wall % DAY < self.closes and (until is None or day >= until)


_SURVEY = Survey(name="nps", subject="Acme")
_CAMPAIGN = Campaign(
    id=1,
    survey=_SURVEY,
    period=Period(2026, 4),
    state=CampaignState.RUNNING,
    started_at=datetime(2024, 1, 1, tzinfo=UTC),
    closes_at=datetime(2040, 1, 1, tzinfo=UTC),
)
_PERSON = Person(id=1, email="p@example.org", name="P", timezone="UTC", locale="en")
_DELIVERY = Delivery(
    id=UUID(int=1),
    kind=DeliveryKind.INITIAL,
    ordinal=1,
    address=Address(platform="chat", workspace="acme", user_id="p"),
    attempt=1,
    invitation=Invitation(id=UUID(int=2), campaign=_CAMPAIGN, person=_PERSON),
)


def delivery_in(place: str, window: Window, silence: Silence) -> Delivery:
    campaign = replace(_CAMPAIGN, survey=replace(_SURVEY, window=window))
    asked = replace(
        _DELIVERY.invitation, campaign=campaign, person=replace(_PERSON, timezone=place)
    )
    return replace(_DELIVERY, invitation=asked, silence=silence)


def plans(
    place: str, offsets: Offsets, number: int, kind: type[Window], chance: random.Random
) -> Iterator[Plan]:
    """So many windows of a zone, three in four around a change of its clocks."""
    changes = offsets.changes
    nights = [change for change in changes if NIGHTS_FROM <= change < NIGHTS_TO]
    for turn in range(number):
        centre, edge = chance.randrange(FIRST, LAST), chance.randrange(24 * 60 - 1)
        if changes and turn % 4:
            centre = chance.choice(nights if nights and turn % 2 else changes)
            if chance.random() < 0.8:  # it opens, or closes, around the time that is changed
                shown = offsets.wall(centre) % DAY // (60 * SECOND)
                edge = (shown + chance.randint(-150, 150)) % (24 * 60 - 1)
        length = chance.choice([1, 15, 30, 60, 240, 480, 660, 1_440])
        opens, closes = edge, min(24 * 60 - 1, edge + length)
        if turn % 3 == 0 and edge:
            opens, closes = max(0, edge - length), edge
        today = instant_of(offsets.wall(centre)).date()
        snooze = Silence(snoozed_until=today + timedelta(days=chance.randint(0, 2)))
        window = kind(opens=_clock(opens), closes=_clock(closes))
        edges = (opens * 60 * SECOND, closes * 60 * SECOND)
        yield Plan(
            delivery=_delivery(place, window, snooze if turn % 10 == 0 else QUIET_NEVER),
            opens=edges[0],
            closes=edges[1],
            planned=tuple(_near(centre, edges, offsets, chance) for _ in range(PLANNED_EACH)),
        )


def _clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _delivery(place: str, window: Window, silence: Silence) -> Delivery:
    campaign = replace(_CAMPAIGN, survey=replace(_SURVEY, window=window))
    person = replace(_PERSON, timezone=place)
    asked = replace(_DELIVERY.invitation, campaign=campaign, person=person)
    return replace(_DELIVERY, invitation=asked, silence=silence)


def _near(centre: int, edges: tuple[int, int], offsets: Offsets, chance: random.Random) -> int:
    """An instant in the day and a half around; one in three at an edge of the window."""
    at = centre + chance.randint(-36 * 3_600, 36 * 3_600) * SECOND
    if chance.random() < 1 / 3:
        at += chance.choice(edges) - offsets.wall(at) % DAY
        at += chance.choice([-SECOND, -1, 0, 0, 1, SECOND])
    return at


def play(plan: Plan, planned: int, offsets: Offsets, chance: random.Random, told: Tally) -> None:
    """One message until it is sent; the worker comes back in time, or late."""
    told.schedules += 1
    at = planned
    for turn in range(MOST_TRIES):
        outcome = sending(plan.delivery, at=instant_of(at))
        if outcome is None:
            told.sent += 1
            if not plan.allows(at, offsets):
                told.violations.append(f"{plan}: sent at {instant_of(at)}")
            return
        assert isinstance(outcome, Postpone), outcome
        told.postponed += 1
        until = number_of(outcome.until)
        if plan.delivery.silence is QUIET_NEVER:
            told.longest = max(told.longest, until - at)
            expected = offsets.first_open(plan.opens, plan.closes, at)
            if until != expected:
                first = instant_of(expected)
                told.needless.append(f"{plan}: {instant_of(at)} to {outcome.until}, open {first}")
        late = chance.choice([0, 0, 0, 1, SECOND, 600 * SECOND, 2 * HOUR, 11 * HOUR])
        at = until + (late if turn < MOST_TRIES // 2 else 0)
    told.needless.append(f"{plan}: planned for {instant_of(planned)}, never sent")


def play_zone(place: str, number: int, *, kind: type[Window] = Window, seed: int = 1) -> Tally:
    """So many messages, give or take a few, in one zone."""
    offsets, chance = Offsets.of(place), random.Random(f"{seed}/{place}")
    told = Tally(zones=1, changes=len(offsets.changes))
    for plan in plans(place, offsets, ceil(number / PLANNED_EACH), kind, chance):
        for planned in plan.planned:
            near = bisect_right(offsets.changes, planned)
            around = offsets.changes[max(0, near - 1) : near + 1]
            told.beside_changes += any(abs(planned - change) <= 36 * HOUR for change in around)
            play(plan, planned, offsets, chance, told)
    return told


def shares(total: int) -> dict[str, int]:
    """How many messages each zone gets: four times as many where the clocks change."""

    def changing(place: str) -> bool:
        tz = ZoneInfo(place)
        months = (datetime(year, month, 1, tzinfo=tz) for year in (2024, 2026) for month in MONTHS)
        return len({month.utcoffset() for month in months}) > 1

    weights = {place: 4 if changing(place) else 1 for place in ZONES}
    one = total / sum(weights.values())
    return {place: ceil(one * weight) for place, weight in weights.items()}


def play_share(share: tuple[str, int], *, seed: int) -> Tally:
    place, number = share
    return play_zone(place, number, seed=seed)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.windows")
    parser.add_argument("--schedules", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    began = stopwatch.perf_counter()
    each = partial(play_share, seed=options.seed)
    told = Tally()
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for part in (map if options.jobs == 1 else pool.map)(
            each, shares(options.schedules).items()
        ):
            told.add(part)
    print(f"schedules                  {told.schedules:,}, sent {told.sent:,}")
    print(f"time zones                 {told.zones:,}")
    print(f"changes of clocks          {told.changes:,} from 2024 to 2028")
    print(f"planned beside a change    {told.beside_changes:,}")
    print(f"postponements              {told.postponed:,}, the longest {told.longest / HOUR:.1f} h")
    print(f"sent outside of a window   {len(told.violations):,}")
    print(f"waits longer than needed   {len(told.needless):,}")
    print(f"seconds                    {stopwatch.perf_counter() - began:.1f}")
    for broken in (told.violations + told.needless)[:_MOST_SHOWN]:
        print(broken)
    return 1 if told.violations or told.needless or told.sent < told.schedules else 0


if __name__ == "__main__":
    sys.exit(main())
