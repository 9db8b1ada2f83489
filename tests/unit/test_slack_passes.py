"""Links and states of an installation: ours alone, for one thing, for a while."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.passes import Passes, Purpose, link
from survey.errors import OutOfDate
from tests.world import MONDAY

OLD, NEW = "an-old-key-for-tests-that-is-long-enough", "a-new-key-for-tests-that-is-long-enough"
HOUR = timedelta(hours=1)
OURS = Passes((OLD,))


def test_what_we_wrote_is_known_until_it_ends() -> None:
    text = OURS.write(Purpose.STATE, until=MONDAY + HOUR)
    nonce = OURS.read(Purpose.STATE, text, at=MONDAY)
    assert OURS.read(Purpose.STATE, text, at=MONDAY + HOUR - timedelta(seconds=1)) == nonce
    with pytest.raises(OutOfDate, match="over"):
        OURS.read(Purpose.STATE, text, at=MONDAY + HOUR)


def test_no_two_are_the_same() -> None:
    texts = {OURS.write(Purpose.STATE, until=MONDAY + HOUR) for _ in range(50)}
    assert len({OURS.read(Purpose.STATE, text, at=MONDAY) for text in texts}) == 50


def test_one_is_good_for_one_thing() -> None:
    text = OURS.write(Purpose.LINK, until=MONDAY + HOUR)
    with pytest.raises(OutOfDate):
        OURS.read(Purpose.STATE, text, at=MONDAY)


def test_a_new_key_in_front_still_reads_what_the_old_one_wrote() -> None:
    text = OURS.write(Purpose.LINK, until=MONDAY + HOUR)
    assert Passes((NEW, OLD)).read(Purpose.LINK, text, at=MONDAY)
    with pytest.raises(OutOfDate):
        Passes((NEW,)).read(Purpose.LINK, text, at=MONDAY)


@given(place=st.integers(min_value=0), sign=st.characters())
def test_one_that_was_bent_anywhere_is_not_ours(place: int, sign: str) -> None:
    text = OURS.write(Purpose.LINK, until=MONDAY + HOUR)
    place %= len(text)
    bent = text[:place] + sign + text[place + 1 :]
    if bent != text:
        with pytest.raises(OutOfDate):
            OURS.read(Purpose.LINK, bent, at=MONDAY)


@given(st.text())
def test_nothing_else_is_ours(text: str) -> None:
    with pytest.raises(OutOfDate):
        OURS.read(Purpose.LINK, text, at=MONDAY)


def test_a_link_leads_to_us_and_holds_as_long_as_it_was_told() -> None:
    address = urlsplit(link("https://survey.example.org/", OURS, at=MONDAY, holds=HOUR))
    assert (address.netloc, address.path) == ("survey.example.org", "/slack/install")
    (text,) = parse_qs(address.query)["pass"]
    assert OURS.read(Purpose.LINK, text, at=MONDAY + HOUR - timedelta(seconds=1))
