"""How often anybody is asked at most, and when they are left alone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.contact import QUIET_NEVER, ContactPolicy, Silence
from survey.errors import InvalidValue

DAY = date(2026, 11, 16)
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
silences = st.builds(
    Silence,
    snoozed_until=st.none() | days,
    away_from=st.none() | days,
    away_until=st.none() | days,
)


def after(number: int) -> date:
    return DAY + timedelta(days=number)


@pytest.mark.parametrize(
    ("silence", "over"),
    [
        (Silence(), DAY),
        (Silence(snoozed_until=after(3)), after(3)),
        (Silence(snoozed_until=DAY), DAY),
        (Silence(away_from=after(-2), away_until=after(2)), after(3)),
        (Silence(away_until=DAY), after(1)),
        (Silence(away_from=after(1), away_until=after(2)), DAY),
        (Silence(away_from=after(-9), away_until=after(-1)), DAY),
        (Silence(away_from=DAY), None),
        (Silence(away_from=after(1)), DAY),
        # One silence ends in the middle of the other.
        (Silence(snoozed_until=after(2), away_from=after(2), away_until=after(5)), after(6)),
        (Silence(snoozed_until=after(9), away_from=DAY, away_until=after(5)), after(9)),
        (Silence(snoozed_until=after(2), away_from=after(2)), None),
    ],
)
def test_a_silence_ends_on_the_first_day_that_is_neither_snoozed_nor_away(
    silence: Silence, over: date | None
) -> None:
    assert silence.over(DAY) == over


@given(silence=silences, day=days)
def test_nothing_is_silent_on_the_day_on_which_a_silence_is_over(
    silence: Silence, day: date
) -> None:
    over = silence.over(day)
    if over is None:
        assert silence.away_until is None
        return
    assert over >= day
    assert not silence.snoozed(over)
    assert not silence.away(over)
    # And not a day later than it must be.
    before = [day + timedelta(days=n) for n in range((over - day).days)]
    assert all(silence.snoozed(one) or silence.away(one) for one in before)


def test_who_said_nothing_is_never_silent() -> None:
    assert QUIET_NEVER.over(DAY) == DAY


@pytest.mark.parametrize(
    "limits",
    [{"rest_days": -1}, {"max_reminders": -1}, {"asks_per_year": -2}, {"asks_per_year": 0}],
)
def test_a_policy_has_no_negative_limits(limits: dict[str, int]) -> None:
    with pytest.raises(InvalidValue, match="negative"):
        ContactPolicy(**limits)  # type: ignore[arg-type]
