"""P6: nothing is sent outside of its window, and a rule that is a little wrong would be found."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bench.windows import (
    HOUR,
    ZONES,
    Offsets,
    Tally,
    instant_of,
    main,
    number_of,
    play_zone,
    shares,
)
from survey.localtime import Window

# Zones of every kind of clock: ordinary, half an hour, backwards in Ramadan, at midnight, none.
SOME = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Santiago",
    "Asia/Kathmandu",
)


def played(kind: type[Window], *, places: tuple[str, ...] = SOME, number: int = 500) -> Tally:
    total = Tally()
    for place in places:
        total.add(play_zone(place, number, kind=kind))
    return total


def test_20_000_messages_in_every_zone_go_out_inside_of_their_windows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--schedules", "20000", "--jobs", "1"]) == 0
    told = capsys.readouterr().out
    assert f"time zones                 {len(ZONES):,}" in told
    assert "sent outside of a window   0" in told
    assert "waits longer than needed   0" in told


def test_a_message_waits_a_day_at_most_unless_its_window_falls_into_a_gap() -> None:
    told = played(Window, number=2_000)
    assert told.sent == told.schedules >= 16_000
    assert 24 * HOUR < told.longest <= 48 * HOUR


def test_half_of_what_is_planned_lies_beside_a_change_of_the_clocks() -> None:
    told = played(Window, places=SOME[:-1])
    assert told.beside_changes > told.schedules / 2
    assert told.changes >= 70
    planned = shares(1_000_000)
    assert planned.keys() == set(ZONES)
    assert 1_000_000 <= sum(planned.values()) < 1_001_000


class Closed(Window):
    """Takes the closing minute as open."""

    def is_open(self, instant: datetime, tz: ZoneInfo) -> bool:
        return self.opens <= instant.astimezone(tz).time() <= self.closes

    def next_open(self, instant: datetime, tz: ZoneInfo) -> datetime:
        return instant if self.is_open(instant, tz) else super().next_open(instant, tz)


class Wintry(Window):
    """Takes the offset of 1 January all year round."""

    def next_open(self, instant: datetime, tz: ZoneInfo) -> datetime:
        winter = datetime(instant.year, 1, 1, tzinfo=tz).utcoffset() or timedelta(0)
        wall = instant.astimezone(UTC) + winter
        if self.opens <= wall.time() < self.closes:
            return instant
        day = wall.date() + timedelta(days=wall.time() >= self.closes)
        return datetime.combine(day, self.opens, UTC) - winter


class Naive(Window):
    """Takes a wall clock for an instant, as if clocks never changed that night."""

    def next_open(self, instant: datetime, tz: ZoneInfo) -> datetime:
        wall = instant.astimezone(tz)
        if self.opens <= wall.time() < self.closes:
            return instant
        day = wall.date() + timedelta(days=wall.time() >= self.closes)
        return datetime.combine(day, self.opens, tz).astimezone(UTC)


class Unchecked(Window):
    """Does not look again: whatever comes late is sent late."""

    def next_open(self, instant: datetime, tz: ZoneInfo) -> datetime:
        opening = super().next_open(instant, tz)
        return instant if opening - instant < timedelta(hours=12) else opening


class Never(Window):
    """Always a day on."""

    def next_open(self, instant: datetime, tz: ZoneInfo) -> datetime:
        return super().next_open(instant, tz) + timedelta(days=1)


@pytest.mark.parametrize("wrong", [Closed, Wintry, Unchecked])
def test_a_rule_that_sends_outside_of_the_window_is_found(wrong: type[Window]) -> None:
    assert played(wrong).violations


@pytest.mark.parametrize("wrong", [Naive, Never])
def test_a_rule_that_waits_too_long_is_found(wrong: type[Window]) -> None:
    assert played(wrong).needless


def test_a_rule_that_never_sends_is_found() -> None:
    told = played(Never, places=("Europe/Berlin",))
    assert told.sent < told.schedules
    assert any("never sent" in broken for broken in told.needless)


@pytest.mark.parametrize(
    ("place", "change", "before", "after"),
    [
        ("Europe/Berlin", "2026-03-29 01:00", 60, 120),
        ("Europe/Berlin", "2026-10-25 01:00", 120, 60),
        ("Africa/Cairo", "2026-04-23 22:00", 120, 180),
        ("Asia/Beirut", "2026-03-28 22:00", 120, 180),
        ("America/Santiago", "2026-09-06 04:00", -240, -180),
        ("Australia/Lord_Howe", "2026-10-03 15:30", 630, 660),
        ("Africa/Casablanca", "2026-02-15 02:00", 60, 0),
        ("Africa/Casablanca", "2026-03-22 02:00", 0, 60),
    ],
)
def test_fault_58_the_judge_knows_when_clocks_change(
    place: str, change: str, before: int, after: int
) -> None:
    """Minutes ahead of UTC, as the tables of the zones have them."""
    offsets = Offsets.of(place)
    at = number_of(datetime.fromisoformat(change).replace(tzinfo=UTC))
    assert at in offsets.changes
    assert offsets.wall(at - 1) == at - 1 + before * HOUR // 60
    assert offsets.wall(at) == at + after * HOUR // 60


@pytest.mark.parametrize(
    ("place", "opens", "at", "expected"),
    [
        pytest.param("Europe/Berlin", "02:30", "2026-03-28 22:00", "2026-03-29 01:00", id="gap"),
        pytest.param("Europe/Berlin", "02:30", "2026-10-24 22:00", "2026-10-25 00:30", id="fold"),
        pytest.param(
            "Africa/Cairo", "00:00", "2026-04-23 21:59:59", "2026-04-23 22:00", id="Cairo"
        ),
        pytest.param(
            "Asia/Beirut", "00:00", "2026-03-28 21:59:59", "2026-03-28 22:00", id="Beirut"
        ),
        pytest.param(
            "America/Santiago", "00:30", "2026-09-06 03:00", "2026-09-06 04:00", id="Santiago"
        ),
        pytest.param(
            "Australia/Lord_Howe", "02:15", "2026-10-03 12:00", "2026-10-03 15:30", id="half gap"
        ),
        pytest.param(
            "Australia/Lord_Howe", "01:45", "2026-04-04 12:00", "2026-04-04 14:45", id="half fold"
        ),
        pytest.param(
            "Africa/Casablanca", "02:30", "2026-02-15 00:00", "2026-02-15 01:30", id="Ramadan in"
        ),
        pytest.param(
            "Africa/Casablanca", "02:30", "2026-03-22 00:00", "2026-03-22 02:00", id="Ramadan out"
        ),
        pytest.param(
            "Europe/Berlin", "09:00", "2028-02-28 18:00", "2028-02-29 08:00", id="leap day"
        ),
    ],
)
def test_fault_58_a_window_opens_at_the_first_instant_that_exists(
    place: str, opens: str, at: str, expected: str
) -> None:
    window = Window(opens=time.fromisoformat(opens), closes=time(16))
    start = datetime.fromisoformat(at).replace(tzinfo=UTC)
    opening = window.next_open(start, ZoneInfo(place))
    assert opening == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("opens", "at", "expected"),
    [
        (2, "2026-03-29 00:30", "2026-03-30 00:00"),
        (3, "2026-03-29 00:30", "2026-03-29 01:00"),
        (2, "2026-10-25 00:30", "2026-10-25 00:30"),
        (2, "2026-10-24 20:00", "2026-10-25 00:00"),
    ],
)
def test_the_judge_finds_the_first_open_hour_in_berlin(opens: int, at: str, expected: str) -> None:
    start = number_of(datetime.fromisoformat(at).replace(tzinfo=UTC))
    found = Offsets.of("Europe/Berlin").first_open(opens * HOUR, (opens + 1) * HOUR, start)
    assert instant_of(found) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
