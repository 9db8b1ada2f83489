from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.errors import InvalidValue
from survey.person import Administrators
from tests.examples import person


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ada Okafor", "Ada"),
        ("Ada", "Ada"),
        ("  Ada  Okafor ", "Ada"),
        ("Ada\u00a0Okafor", "Ada"),
        ("李小龍", "李小龍"),
        ("", "someone@example.org"),
        ("   ", "someone@example.org"),
    ],
)
def test_people_are_addressed_by_their_first_name(name: str, first: str) -> None:
    assert person(name=name, email="someone@example.org").first_name == first


@given(st.text(max_size=40))
def test_everybody_can_be_addressed(name: str) -> None:
    first = person(name=name, email="someone@example.org").first_name
    assert first
    assert not any(character.isspace() for character in first)


def test_a_person_lives_in_their_zone() -> None:
    assert person(timezone="Asia/Kathmandu").zone == ZoneInfo("Asia/Kathmandu")


def test_an_unknown_zone_of_a_person_is_refused() -> None:
    with pytest.raises(InvalidValue, match="'Mars/Olympus'"):
        _ = person(timezone="Mars/Olympus").zone


def test_administrators_are_known_by_their_e_mail() -> None:
    administrators = Administrators(emails=("ada@example.org",))
    assert person() in administrators
    assert person(number=2) in administrators
    assert person(name="Ben") not in administrators
    assert person() not in Administrators()
