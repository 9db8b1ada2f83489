"""Rounds that start by schedule: each time once, named by the date on which it was due."""

import asyncio
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.cron import Cron
from survey.eligibility import Candidate
from survey.errors import StorageUnavailable
from survey.schedule import Handled
from survey.survey import Survey
from survey.usecases.close_campaign import CloseCampaign
from survey.usecases.next_rounds import NextRounds
from survey.usecases.start_campaign import StartCampaign
from survey.usecases.start_due_rounds import CHANGED, MISSED, OPEN, StartDueRounds
from tests.examples import NPS_SURVEY, SetClock, address, person
from tests.fakes import FakeFigures, FakePeople, FakeRounds, FakeSchedules, Store

BERLIN = ZoneInfo("Europe/Berlin")
QUARTERLY = "0 9 1 */3 *"
ZONES = sorted(available_timezones())
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def everywhere() -> list[Candidate]:
    """A person in each time zone."""
    people = [
        replace(person(number=place), email=f"p{place}@example.org", timezone=name)
        for place, name in enumerate(ZONES)
    ]
    return [Candidate(person=one, address=address(one)) for one in people]


@dataclass
class Office:
    """Whoever looks at the schedules; each look tells what was dealt with."""

    store: Store = field(default_factory=lambda: Store(candidates=everywhere()[:3]))
    clock: SetClock = field(default_factory=lambda: SetClock(utc("2026-09-01 12:00")))
    surveys: dict[str, Survey] = field(
        default_factory=lambda: {"nps": replace(NPS_SURVEY, schedule=QUARTERLY)}
    )
    zone: ZoneInfo = BERLIN

    def __post_init__(self) -> None:
        rounds = FakeRounds(self.store)
        start = StartCampaign(
            surveys=self.surveys,
            people=FakePeople(self.store),
            rounds=rounds,
            clock=self.clock,
            platforms=["chat"],
            zone=self.zone,
        )
        self.close = CloseCampaign(rounds=rounds, figures=FakeFigures(self.store), clock=self.clock)
        self.start = StartDueRounds(
            start=start,
            close=self.close,
            schedules=FakeSchedules(self.store),
            clock=self.clock,
        )

    async def look(self, at: str | datetime | None = None) -> list[Handled]:
        if at is not None:
            self.clock.at = utc(at) if isinstance(at, str) else at
        return [handled async for handled in self.start()]

    def schedule(self, line: str, name: str = "nps", **changes: object) -> None:
        self.surveys[name] = replace(NPS_SURVEY, name=name, schedule=line, **changes)  # type: ignore[arg-type]

    @property
    def rounds(self) -> list[str]:
        return [known.name for known in self.store.campaigns]


async def test_a_round_starts_at_its_time_and_not_before() -> None:
    office = Office()
    assert await office.look() == []
    assert await office.look("2026-10-01 06:59:59") == []
    (started,) = await office.look("2026-10-01 07:00")
    assert started.campaign is not None
    assert (started.due, started.outcome) == (utc("2026-10-01 07:00"), "started")
    assert started.campaign.name == "nps/2026Q4"
    assert started.campaign.invited == 3
    assert await office.look() == []
    assert await office.look("2026-10-01 07:01") == []
    assert office.rounds == ["nps/2026Q4"]


async def test_writing_a_schedule_starts_nothing_that_is_past() -> None:
    office = Office(clock=SetClock(utc("2026-10-01 07:00:30")))
    assert await office.look() == []
    assert await office.look("2026-10-02 07:00") == []
    assert office.rounds == []


async def test_a_round_is_named_by_the_local_date_on_which_it_was_due() -> None:
    office = Office()
    office.schedule("0 23 30 9 *")
    await office.look()
    await office.look("2026-10-01 09:00")  # it was down that night
    assert office.rounds == ["nps/2026Q3"]


async def test_new_year_is_the_organisations_own() -> None:
    for place, due, name in (
        ("Pacific/Kiritimati", "2026-12-31 10:00", "nps/2027Q1"),
        ("America/Los_Angeles", "2027-01-01 08:00", "nps/2027Q1"),
    ):
        office = Office(zone=ZoneInfo(place))
        office.schedule("@yearly")
        await office.look()
        assert await office.look(utc(due) - timedelta(seconds=1)) == []
        await office.look(due)
        assert office.rounds == [name]


async def test_fault_59_down_for_three_days_the_round_starts_once_and_late() -> None:
    office = Office()
    office.schedule("0 9 * * *")
    await office.look("2026-10-01 12:00")
    (started,) = await office.look("2026-10-04 12:00")
    assert started.due == utc("2026-10-04 07:00")
    assert started.campaign is not None
    assert started.campaign.started_at == utc("2026-10-04 12:00")
    assert await office.look("2026-10-04 12:01") == []
    assert office.rounds == ["nps/2026Q4"]


async def test_a_time_that_lies_longer_back_than_a_round_is_open_is_missed() -> None:
    office = Office()
    await office.look()
    (missed,) = await office.look("2026-10-15 07:00:01")
    assert (missed.outcome, missed.campaign) == (MISSED, None)
    assert await office.look() == []
    assert office.rounds == []

    office = Office()
    await office.look()
    (started,) = await office.look("2026-10-15 07:00:00")
    assert started.campaign is not None


async def test_while_a_round_is_open_the_time_is_passed_over_and_not_tried_again() -> None:
    office = Office()
    office.schedule("0 9 * * mon")
    await office.look("2026-11-15 12:00")
    await office.look("2026-11-16 08:00")
    (passed,) = await office.look("2026-11-23 08:00")
    assert (passed.outcome, passed.campaign) == (OPEN, None)
    await office.close(office.store.campaigns[0])
    assert await office.look("2026-11-23 12:00") == []
    assert len(office.rounds) == 1


async def test_a_round_whose_time_was_over_during_the_outage_is_in_nobodys_way() -> None:
    office = Office()
    office.schedule("0 9 * * mon", open_days=6)
    await office.look("2026-11-15 12:00")
    await office.look("2026-11-16 08:00")
    (started,) = await office.look("2026-11-24 08:00")  # down from the 16th on
    assert started.campaign is not None


async def test_nobody_to_ask_is_told_and_not_tried_again() -> None:
    office = Office(store=Store())
    await office.look()
    (passed,) = await office.look("2026-10-01 07:00")
    assert passed.outcome.startswith("Nobody would be asked in nps")
    assert await office.look() == []


async def test_a_database_that_is_away_is_tried_again() -> None:
    office = Office()
    await office.look()
    office.store.down = {"start"}
    with pytest.raises(StorageUnavailable):
        await office.look("2026-10-01 07:00")
    office.store.down = set()
    (started,) = await office.look("2026-10-01 07:00:20")
    assert started.due == utc("2026-10-01 07:00")


async def test_a_survey_that_can_not_start_does_not_hold_up_the_others() -> None:
    office = Office()
    office.schedule(QUARTERLY, "pulse", open_days=1)
    await office.look()
    office.store.down, office.clock.at = {"start"}, utc("2026-10-03 07:00")
    looking = office.start()
    handled = await anext(looking)
    assert (handled.survey, handled.outcome) == ("pulse", MISSED)
    with pytest.raises(StorageUnavailable):
        await anext(looking)


# A schedule that is changed


async def test_a_changed_schedule_starts_anew_and_tells_what_it_left_behind() -> None:
    office = Office()
    await office.look()
    office.schedule("0 10 1 */3 *")
    (left,) = await office.look("2026-10-01 09:00")  # it was down at nine
    assert (left.due, left.outcome) == (utc("2026-10-01 07:00"), CHANGED)
    assert await office.look("2026-10-01 10:00") == []
    await office.look("2027-01-01 09:00")
    assert office.rounds == ["nps/2027Q1"]


async def test_other_spaces_are_no_change() -> None:
    office = Office()
    await office.look()
    office.schedule(" 0  9 1 */3 * ")
    await office.look("2026-10-01 07:00")
    assert office.rounds == ["nps/2026Q4"]


async def test_a_schedule_that_comes_back_does_not_start_what_came_meanwhile() -> None:
    office = Office()
    await office.look()
    office.schedule("")
    assert await office.look("2026-09-30 09:00") == []
    office.schedule(QUARTERLY)
    assert await office.look("2026-10-02 09:00") == []
    assert office.rounds == []


async def test_a_schedule_of_another_zone_starts_anew() -> None:
    office = Office()
    await office.look()
    moved = Office(store=office.store, clock=office.clock, zone=ZoneInfo("Asia/Tokyo"))
    (left,) = await moved.look("2026-10-01 08:00")
    assert left.outcome == CHANGED
    await moved.look("2027-01-01 00:00")
    assert office.rounds == ["nps/2027Q1"]


# Clocks that jump


@pytest.mark.parametrize("hours", [1, -1])
async def test_fault_57_the_clock_jumps_an_hour_and_no_round_starts_twice_or_early(
    hours: int,
) -> None:
    due = utc("2026-10-01 07:00")
    for minutes in range(-90, 91, 5):  # where the clock stands as it jumps
        office = Office()
        await office.look(due - timedelta(hours=4))
        for minute in range(-180, 181, 5):
            jumped = hours * HOUR if minute >= minutes else timedelta(0)
            started = await office.look(due + timedelta(minutes=minute) + jumped)
            assert all(office.clock.at >= one.due for one in started)
        assert office.rounds == ["nps/2026Q4"]


@pytest.mark.parametrize(
    ("line", "night", "times"),
    [
        ("30 2 * * *", "2026-03-29 00:00", ["2026-03-29 01:00"]),
        ("30 2 * * *", "2026-10-25 00:00", ["2026-10-25 00:30"]),
    ],
)
async def test_fault_58_a_dst_night_starts_one_round(
    line: str, night: str, times: list[str]
) -> None:
    office = Office()
    office.schedule(line, rest_days=0)
    at, found = utc(night), []
    await office.look(at)
    while at < utc(night) + 5 * HOUR:
        at += timedelta(minutes=1)
        for handled in await office.look(at):
            found.append(handled.due)
            if handled.campaign:
                await office.close(handled.campaign)
    assert found == [utc(time) for time in times]


# Two years of quarters


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.sampled_from(["Europe/Berlin", "Pacific/Apia", "UTC", *ZONES]))
def test_two_years_of_quarters_start_once_each_whenever_somebody_looks(
    seed: int, place: str
) -> None:
    """Looks come at random, are down for up to thirteen days, and twice at once."""
    chance = random.Random(seed)  # noqa: S311
    office = Office(zone=ZoneInfo(place))
    office.store.candidates = everywhere()

    async def live() -> None:
        at = utc("2025-12-30 00:00")
        while at < utc("2027-12-31 00:00"):
            await asyncio.gather(*(office.look(at) for _ in range(chance.choice([1, 1, 2]))))
            await office.close.settle()
            longest = chance.choice([1, 24, 24, 13 * 24])
            at += timedelta(hours=longest * chance.random())

    asyncio.run(live())
    quarters = [f"nps/{year}Q{quarter}" for year in (2026, 2027) for quarter in (1, 2, 3, 4)]
    assert office.rounds == quarters
    assert {known.invited for known in office.store.campaigns} == {len(ZONES)}
    cron, tz = Cron.parse(QUARTERLY), ZoneInfo(place)
    for earlier, later in pairwise(office.store.campaigns):
        due = cron.next_due(tz, after=earlier.started_at)
        assert due <= later.started_at <= due + timedelta(days=14)


async def test_what_comes_next_is_told_in_the_organisations_zone() -> None:
    office = Office()
    office.schedule("0 9 * * 1", "pulse")
    office.schedule("", "ticket")
    ahead = NextRounds(surveys=office.surveys, zone=BERLIN, clock=office.clock)
    assert [(name, f"{at:%Y-%m-%d %H:%M%z}") for name, at in ahead()] == [
        ("pulse", "2026-09-07 09:00+0200"),
        ("nps", "2026-10-01 09:00+0200"),
    ]
    assert [name for name, _ in ahead("nps")] == ["nps"]
    assert ahead("ticket") == []
