"""Crontab: which wall-clock times it names, and when those are due in a zone."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survey.cron import Cron
from survey.errors import InvalidValue
from survey.localtime import instant_of

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = sorted(available_timezones())
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(line: str, *, year: int = 2026) -> list[str]:
    """The days of a year that a line names."""
    named = Cron.parse(line).names
    first = date(year, 1, 1)
    every = (first + timedelta(days=ahead) for ahead in range(365))
    return [f"{day:%a %m-%d}" for day in every if named(day)]


# What the fields mean


def test_the_first_of_each_quarter() -> None:
    cron = Cron.parse("0 9 1 */3 *")
    assert [day[4:] for day in days("0 9 1 */3 *")] == ["01-01", "04-01", "07-01", "10-01"]
    assert cron.times == (time(9),)
    assert cron.closest == timedelta(days=90)


@pytest.mark.parametrize(
    ("weekday", "expected"),
    [
        ("0", "Sun"),
        ("7", "Sun"),
        ("sun", "Sun"),
        ("1", "Mon"),
        ("MON", "Mon"),
        ("6", "Sat"),
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("mon-fri", "Mon Tue Wed Thu Fri"),
        ("0-2", "Mon Tue Sun"),
        ("5-7", "Fri Sat Sun"),
        ("sat-sun", "Sat Sun"),
        ("sun-tue", "Mon Tue Sun"),
        ("1-5/2", "Mon Wed Fri"),
        ("*/2", "Tue Thu Sat Sun"),
        ("sun,wed", "Wed Sun"),
        ("0,7", "Sun"),
        ("*", "Mon Tue Wed Thu Fri Sat Sun"),
    ],
)
def test_sunday_is_zero_and_seven(weekday: str, expected: str) -> None:
    week = [f"{date(2026, 11, day):%a}" for day in range(16, 23)]
    named = {day[:3] for day in days(f"0 9 * 11 {weekday}")}
    assert " ".join(day for day in week if day in named) == expected


def test_a_day_and_a_weekday_are_either_of_the_two() -> None:
    assert days("0 9 13 2 5") == ["Fri 02-06", "Fri 02-13", "Fri 02-20", "Fri 02-27"]
    assert days("0 9 1 11 mon") == ["Sun 11-01", "Mon 11-02"] + [
        f"Mon 11-{day:02}" for day in (9, 16, 23, 30)
    ]


def test_beside_a_star_the_other_field_decides() -> None:
    assert days("0 9 * 2 5") == days("0 9 */1 2 5") == [f"Fri 02-{n:02}" for n in (6, 13, 20, 27)]
    assert days("0 9 13 2 *") == ["Fri 02-13"]
    assert days("0 9 */10 3 sun") == ["Sun 03-01"]  # as crontab has it: a star with a step is one


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 jan *"),
        ("@Monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * sun"),
        ("@daily", "0 0 * * *"),
    ],
)
def test_words_of_crontab(word: str, line: str) -> None:
    one, other = Cron.parse(word), Cron.parse(line)
    assert days(word) == days(line)
    assert one.times == other.times == (time(0),)


def test_the_same_times_written_with_other_spaces_are_the_same_text() -> None:
    assert Cron.parse("  0 9  1 JAN\t* ").text == "0 9 1 jan *"


def test_29_february_falls_on_the_28th_in_other_years() -> None:
    assert days("0 9 29 2 *", year=2027) == ["Sun 02-28"]
    assert days("0 9 29 feb *", year=2028) == ["Tue 02-29"]
    assert days("0 9 28,29 2 *", year=2027) == ["Sun 02-28"]
    assert [day[4:] for day in days("0 9 29 2-3 *", year=2027)] == [
        "03-29"
    ]  # not the leap day alone


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "five fields"),
        ("0 9 1 1", "not 4"),
        ("0 9 1 1 * 2026", "not 6"),
        ("@quarterly", "0 9 1 */3 *"),
        ("@reboot", "@yearly, @annually, @monthly, @weekly, @daily"),
        ("60 9 1 1 *", "'60' is no minute: 0 to 59"),
        ("0 24 1 1 *", "'24' is no hour: 0 to 23"),
        ("0 9 0 1 *", "'0' is no day: 1 to 31"),
        ("0 9 1 13 *", "'13' is no month: 1 to 12 or jan to dec"),
        ("0 9 1 march *", "'march' is no month"),
        ("0 9 * * 8", "'8' is no weekday: 0 to 7 or sun to sat"),
        ("0 9 * * fri-mon", "fri-7,0-mon"),
        ("30-10 9 * * *", "30-59,0-10"),
        ("5/15 * * * *", "5-59/15"),
        ("*/0 * * * *", "a step is 1 or more"),
        ("0 9 last * *", "'last' is no day"),
        ("0 9 L * *", "is no day"),
        ("0 9 ? * 1", "is no day"),
        ("0 9 1, * *", "'' is no day"),
        ("-1 9 * * *", "is no minute"),
        ("0 9 30 2 *", "never come"),
        ("0 9 31 apr,jun,sep,nov *", "never come"),
        ("²  9 1 1 *", "is no minute"),
        ("0 " * 300, "200 characters"),
    ],
)
def test_what_is_no_schedule_is_told(line: str, told: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Cron.parse(line)
    assert told in str(caught.value)


@given(st.text(alphabet="0123456789*/,-@ adfjlmnsu", max_size=30))
def test_garbage_is_a_schedule_or_an_invalid_value(line: str) -> None:
    try:
        assert Cron.parse(line).times
    except InvalidValue:
        return


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> str:
    first = draw(st.integers(low, high - 1))
    last = draw(st.integers(first + 1, high))
    step = draw(st.integers(1, last - first))
    forms = ["*", f"*/{step}", f"{first}", f"{first}-{last}", f"{first}-{last}/{step}"]
    return draw(st.sampled_from([*forms, f"{last},{first}"]))


@settings(max_examples=200)
@given(
    fields(0, 59),
    fields(0, 23),
    fields(1, 28),
    fields(1, 12),
    st.datetimes(utc("2024-01-01").replace(tzinfo=None), datetime(2030, 1, 1)),  # noqa: DTZ001
)
def test_the_next_time_is_the_one_that_apscheduler_finds(
    minute: str, hour: str, day: str, month: str, at: datetime
) -> None:
    after = at.replace(tzinfo=UTC)
    trigger = CronTrigger(minute=minute, hour=hour, day=day, month=month, timezone=UTC)
    cron = Cron.parse(f"{minute} {hour} {day} {month} *")
    expected = trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
    assert cron.next_due(ZoneInfo("UTC"), after=after) == expected


# When they are due: the vectors


@pytest.mark.parametrize(
    ("line", "place", "after", "expected"),
    [
        pytest.param(
            "0 9 1 */3 *", "Europe/Berlin", "2026-11-21", "2027-01-01 08:00", id="an ordinary day"
        ),
        pytest.param(
            "30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 01:00", id="Berlin's gap"
        ),
        pytest.param(
            "30 2 * * *", "Europe/Berlin", "2026-03-29 01:00", "2026-03-30 00:30", id="after it"
        ),
        pytest.param(
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24 12:00",
            "2026-10-25 00:30",
            id="Berlin's",
        ),
        pytest.param(
            "30 2 * * *", "Europe/Berlin", "2026-10-25 00:30", "2026-10-26 01:30", id="never twice"
        ),
        pytest.param(
            "0 0 24 4 *", "Africa/Cairo", "2026-04-01", "2026-04-23 22:00", id="Cairo's midnight"
        ),
        pytest.param(
            "0 0 29 3 *", "Asia/Beirut", "2026-03-01", "2026-03-28 22:00", id="Beirut's midnight"
        ),
        pytest.param(
            "0 0 6 9 *", "America/Santiago", "2026-09-01", "2026-09-06 04:00", id="Santiago's"
        ),
        pytest.param(
            "15 2 4 10 *", "Australia/Lord_Howe", "2026-10-01", "2026-10-03 15:30", id="half gap"
        ),
        pytest.param(
            "45 1 5 4 *", "Australia/Lord_Howe", "2026-04-01", "2026-04-04 14:45", id="half fold"
        ),
        pytest.param(
            "30 2 15 2 *", "Africa/Casablanca", "2026-02-01", "2026-02-15 01:30", id="Ramadan in"
        ),
        pytest.param(
            "0 9 20 2 *", "Africa/Casablanca", "2026-02-01", "2026-02-20 09:00", id="Ramadan"
        ),
        pytest.param(
            "30 2 22 3 *", "Africa/Casablanca", "2026-03-01", "2026-03-22 02:00", id="Ramadan out"
        ),
        pytest.param(
            "0 9 29 2 *", "Europe/Berlin", "2026-03-01", "2027-02-28 08:00", id="the 28th"
        ),
        pytest.param(
            "0 9 29 2 *", "Europe/Berlin", "2027-03-01", "2028-02-29 08:00", id="29 February"
        ),
        pytest.param(
            "0 9 30 12 *", "Pacific/Apia", "2011-12-01", "2011-12-30 10:00", id="Samoa's lost day"
        ),
        pytest.param(
            "0 0 29,30 2 *", "UTC", "2096-03-01", "2104-02-29 00:00", id="the longest wait"
        ),
    ],
)
def test_fault_58_when_a_schedule_is_due(line: str, place: str, after: str, expected: str) -> None:
    cron, tz = Cron.parse(line), ZoneInfo(place)
    due = cron.next_due(tz, after=utc(after))
    assert due == utc(expected)
    assert cron.latest_due(tz, after=utc(after), upto=due) == due
    assert cron.latest_due(tz, after=utc(after), upto=due - MINUTE) is None
    assert cron.latest_due(tz, after=due, upto=due + MINUTE) is None


@pytest.mark.parametrize(("start", "times"), [("2026-03-28 23:00", 23), ("2026-10-24 22:00", 24)])
def test_fault_58_every_hour_of_a_day_that_is_longer_or_shorter(start: str, times: int) -> None:
    cron, at, found = Cron.parse("0 * * * *"), utc(start) - MINUTE, []
    while (at := cron.next_due(BERLIN, after=at)) < utc(start) + timedelta(hours=times + 0.5):
        found.append(at)
    walls = [due.astimezone(BERLIN).replace(tzinfo=None) for due in found]
    assert len(set(walls)) == len(walls)
    assert all(earlier < later for earlier, later in pairwise(walls))


moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)


@given(
    st.sampled_from(["30 2 * * *", "0 0 * * *", "*/20 0-3 * * *", "0 9 1 */3 *", "15 1 * * sun"]),
    st.sampled_from(ZONES),
    moments,
    st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_the_latest_is_what_walking_from_one_to_the_next_ends_at(
    line: str, place: str, after: datetime, ahead: timedelta
) -> None:
    cron, tz, upto = Cron.parse(line), ZoneInfo(place), after + ahead
    last, due = None, cron.next_due(tz, after=after)
    while due <= upto:
        assert last is None or last < due
        last, due = due, cron.next_due(tz, after=due)
    assert cron.latest_due(tz, after=after, upto=upto) == last


@given(st.sampled_from(ZONES), st.dates(date(2024, 1, 1), date(2028, 12, 31)), st.times(), moments)
def test_a_day_and_time_of_every_zone_comes_once_in_its_year(
    place: str, day: date, clock: time, other: datetime
) -> None:
    clock = clock.replace(second=0, microsecond=0)
    assume((day.month, day.day) not in {(2, 29), (2, 28)})
    cron = Cron.parse(f"{clock.minute} {clock.hour} {day.day} {day.month} *")
    tz, due = ZoneInfo(place), instant_of(day, clock, ZoneInfo(place))
    assert cron.next_due(tz, after=due - timedelta(days=300)) == due
    following = cron.next_due(tz, after=due)
    assert following == instant_of(day.replace(year=day.year + 1), clock, tz)
    assert cron.next_due(tz, after=other) > other
