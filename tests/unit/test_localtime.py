from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from survey.errors import InvalidValue
from survey.localtime import OFFICE_HOURS, Window, instant_of, local_date, zone

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = sorted(available_timezones())
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def window(text: str) -> Window:
    opens, closes = text.split("-")
    return Window(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))


def wall(instant: datetime, tz: ZoneInfo) -> datetime:
    return instant.astimezone(tz).replace(tzinfo=None)


# Wall clocks become instants: the vectors of FAULTS.md


@pytest.mark.parametrize(
    ("place", "local", "expected"),
    [
        pytest.param("Europe/Berlin", "2026-11-16 09:00", "2026-11-16 08:00", id="an ordinary day"),
        pytest.param("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:00", id="Berlin's gap"),
        pytest.param("Europe/Berlin", "2026-03-29 02:00", "2026-03-29 01:00", id="its first"),
        pytest.param("Europe/Berlin", "2026-03-29 01:59", "2026-03-29 00:59", id="just before it"),
        pytest.param("Europe/Berlin", "2026-03-29 03:00", "2026-03-29 01:00", id="just after it"),
        pytest.param("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30", id="Berlin's fold"),
        pytest.param("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00", id="after the fold"),
        pytest.param("Africa/Cairo", "2026-04-24 00:00", "2026-04-23 22:00", id="Cairo's midnight"),
        pytest.param("Asia/Beirut", "2026-03-29 00:00", "2026-03-28 22:00", id="Beirut's midnight"),
        pytest.param("America/Santiago", "2026-09-06 00:00", "2026-09-06 04:00", id="Santiago's"),
        pytest.param("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30", id="half gap"),
        pytest.param("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04 14:45", id="half fold"),
        pytest.param("Africa/Casablanca", "2026-02-15 02:30", "2026-02-15 01:30", id="Ramadan in"),
        pytest.param("Africa/Casablanca", "2026-02-20 09:00", "2026-02-20 09:00", id="Ramadan"),
        pytest.param("Africa/Casablanca", "2026-03-22 02:30", "2026-03-22 02:00", id="Ramadan out"),
        pytest.param("Pacific/Apia", "2011-12-30 09:00", "2011-12-30 10:00", id="Samoa's lost day"),
        pytest.param(
            "Pacific/Apia", "2011-12-29 23:59", "2011-12-30 09:59", id="the minute before"
        ),
        pytest.param("Asia/Kathmandu", "2026-11-16 09:00", "2026-11-16 03:15", id="odd quarters"),
    ],
)
def test_a_wall_clock_means_the_first_instant_that_exists(
    place: str, local: str, expected: str
) -> None:
    asked = datetime.fromisoformat(local)
    found = instant_of(asked.date(), asked.time(), ZoneInfo(place))
    assert found == utc(expected)
    assert found.tzinfo is UTC


def test_midnight_in_cairo_is_one_oclock_when_midnight_is_missing() -> None:
    midnight = instant_of(date(2026, 4, 24), time(0), ZoneInfo("Africa/Cairo"))
    assert wall(midnight, ZoneInfo("Africa/Cairo")) == datetime.fromisoformat("2026-04-24 01:00")


days = st.dates(date(1990, 1, 1), date(2037, 12, 31))
clocks = st.integers(0, 24 * 60 - 1).map(clock)


@given(st.sampled_from(ZONES), days, clocks)
def test_an_instant_shows_its_wall_clock_or_ends_the_gap_that_swallowed_it(
    place: str, day: date, at: time
) -> None:
    tz, asked = ZoneInfo(place), datetime.combine(day, at)
    found = instant_of(day, at, tz)
    if wall(found, tz) == asked:
        assert found <= asked.replace(tzinfo=tz, fold=1).astimezone(UTC)
    else:
        assert wall(found - timedelta(seconds=1), tz) < asked < wall(found, tz)


def test_days_are_local_ones() -> None:
    late = utc("2026-11-16 23:30")
    assert local_date(late, BERLIN) == date(2026, 11, 17)
    assert local_date(late, ZoneInfo("America/New_York")) == date(2026, 11, 16)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Mars/Olympus",
        "Europe",
        "../etc/passwd",
        "/etc/passwd",
        "Europe/Berlin\0",
        "\ud800",
        ".",
        "x" * 5_000,
    ],
)
def test_an_unknown_zone_is_refused_with_an_example_of_a_good_one(name: str) -> None:
    with pytest.raises(InvalidValue, match="Europe/Berlin"):
        zone(name)


@given(st.text(max_size=30))
def test_a_zone_of_garbage_is_a_zone_or_an_invalid_value(name: str) -> None:
    try:
        assert isinstance(zone(name), ZoneInfo)
    except InvalidValue:
        assert name not in ZONES


# Windows


def test_a_window_is_half_open() -> None:
    office = window("08:00-20:00")
    assert not office.is_open(utc("2026-11-16 06:59:59"), BERLIN)
    assert office.is_open(utc("2026-11-16 07:00"), BERLIN)
    assert office.is_open(utc("2026-11-16 18:59:59"), BERLIN)
    assert not office.is_open(utc("2026-11-16 19:00"), BERLIN)


@pytest.mark.parametrize("text", ["09:00-09:00", "17:00-09:00"])
def test_a_window_opens_before_it_closes(text: str) -> None:
    with pytest.raises(InvalidValue, match="opens before it closes"):
        window(text)


@pytest.mark.parametrize(
    ("hours", "place", "at", "expected"),
    [
        pytest.param("09:00-17:00", "Europe/Berlin", "2026-11-16 10:00", None, id="open now"),
        pytest.param("09:00-17:00", "Europe/Berlin", "2026-11-16 08:00", None, id="as it opens"),
        pytest.param(
            "09:00-17:00", "Europe/Berlin", "2026-11-16 05:00", "2026-11-16 08:00", id="early"
        ),
        pytest.param(
            "09:00-17:00", "Europe/Berlin", "2026-11-16 16:00", "2026-11-17 08:00", id="as it shuts"
        ),
        pytest.param(
            "00:00-06:00", "Africa/Cairo", "2026-04-23 12:00", "2026-04-23 22:00", id="no midnight"
        ),
        pytest.param(
            "02:30-04:00", "Europe/Berlin", "2026-03-29 00:00", "2026-03-29 01:00", id="half a gap"
        ),
        pytest.param(
            "02:00-03:00",
            "Europe/Berlin",
            "2026-03-29 00:00",
            "2026-03-30 00:00",
            id="all in a gap",
        ),
        pytest.param(
            "09:00-17:00", "Pacific/Apia", "2011-12-30 04:00", "2011-12-30 19:00", id="a lost day"
        ),
        pytest.param(
            "02:30-17:00",
            "Europe/Berlin",
            "2026-10-24 16:00",
            "2026-10-25 00:30",
            id="first of two",
        ),
        # 02:59:59 summer time is followed by 02:00 winter time, half an hour before it opens again
        pytest.param(
            "02:30-17:00", "Europe/Berlin", "2026-10-25 01:10", "2026-10-25 01:30", id="in a fold"
        ),
        pytest.param(
            "02:15-02:45", "Europe/Berlin", "2026-10-25 00:50", "2026-10-25 01:15", id="twice a day"
        ),
    ],
)
def test_the_next_opening(hours: str, place: str, at: str, expected: str | None) -> None:
    assert window(hours).next_open(utc(at), ZoneInfo(place)) == utc(expected or at)


def test_an_opening_on_a_day_is_the_first_instant_of_the_window() -> None:
    assert OFFICE_HOURS.opening_on(date(2026, 3, 29), BERLIN) == utc("2026-03-29 07:00")
    assert OFFICE_HOURS.opening_on(date(2026, 3, 28), BERLIN) == utc("2026-03-28 08:00")


def first_open_minute(hours: Window, at: datetime, tz: ZoneInfo) -> datetime:
    """By looking at every minute; offsets are whole minutes since 1972."""
    while not hours.opens <= wall(at, tz).time() < hours.closes:
        at += MINUTE
    return at


def change_of_clocks(tz: ZoneInfo, noon: datetime) -> datetime | None:
    """The minute in the day before `noon` from which the offset is another, if there is one."""
    before, after = noon - timedelta(days=1), noon
    if before.astimezone(tz).utcoffset() == after.astimezone(tz).utcoffset():
        return None
    while after - before > MINUTE:
        middle = before + (after - before) // MINUTE // 2 * MINUTE
        if middle.astimezone(tz).utcoffset() == before.astimezone(tz).utcoffset():
            before = middle
        else:
            after = middle
    return after


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Window, str, datetime]:
    """A window, a zone and a minute; often all of them close to a change of the clocks."""
    place, day = draw(st.sampled_from(ZONES)), draw(days)
    at = datetime.combine(day, draw(clocks), UTC)
    opens = draw(st.integers(0, 24 * 60 - 2))
    noons = [datetime(day.year, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(365)]
    found = [change_of_clocks(ZoneInfo(place), noon) for noon in noons]
    changes = [change for change in found if change is not None]
    if changes:
        change = draw(st.sampled_from(changes))
        shown = wall(change, ZoneInfo(place))
        at = change + draw(st.integers(-180, 180)) * MINUTE
        opens = (shown.hour * 60 + shown.minute + draw(st.integers(-90, 90))) % (24 * 60 - 1)
    closes = draw(st.integers(opens + 1, 24 * 60 - 1))
    return Window(opens=clock(opens), closes=clock(closes)), place, at


@settings(deadline=None)
@given(schedules())
@example((OFFICE_HOURS, "Pacific/Apia", utc("2011-12-30 05:00")))
@example((window("00:00-00:30"), "America/Santiago", utc("2026-09-05 12:00")))
@example((window("02:30-17:00"), "Europe/Berlin", utc("2026-10-25 01:10")))
def test_the_next_opening_is_open_and_nothing_opens_earlier(
    schedule: tuple[Window, str, datetime],
) -> None:
    hours, place, at = schedule
    tz = ZoneInfo(place)
    found = hours.next_open(at, tz)
    assert found >= at
    assert hours.is_open(found, tz)
    assert found == first_open_minute(hours, at, tz)


@given(st.sampled_from(ZONES), days, clocks)
def test_office_hours_open_within_three_days_everywhere(place: str, day: date, at: time) -> None:
    start = datetime.combine(day, at, UTC)
    assert OFFICE_HOURS.next_open(start, ZoneInfo(place)) - start < timedelta(days=3)
