from dataclasses import replace
from enum import StrEnum
from typing import cast
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.sealing import Seal, Sealed
from survey.card import Act, Subject
from survey.errors import OutOfDate
from survey.person import Address

OLD, NEW, OTHER = "old-key-" * 4, "new-key-" * 4, "other-key-" * 4
SEAL = Seal((NEW,))
NINE = Sealed(
    act=Act.SCORE,
    value="9",
    subject=Subject(campaign_id=7, invitation_id=UUID(int=42)),
    to=Address(platform="chat", workspace="acme", user_id="U1"),
)
TEXT = SEAL.close(NINE)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

words = st.text(max_size=20)
sealed = st.builds(
    Sealed,
    act=st.sampled_from(Act),
    value=words,
    subject=st.none()
    | st.builds(Subject, campaign_id=st.integers(0, 2**63), invitation_id=st.uuids()),
    to=st.builds(Address, platform=words, workspace=words, user_id=words),
)


def refused(text: str, seal: Seal = SEAL) -> bool:
    """Whether it is; anything but `OutOfDate` fails the test."""
    try:
        seal.open(text)
    except OutOfDate:
        return True
    return False


@given(sealed)
def test_what_was_sealed_is_opened(button: Sealed) -> None:
    assert SEAL.open(SEAL.close(button)) == button


@given(sealed)
def test_a_seal_is_text_for_urls_and_json(button: Sealed) -> None:
    assert set(SEAL.close(button)) <= set(ALPHABET + ".")


@given(sealed, sealed)
def test_different_buttons_have_different_seals(one: Sealed, other: Sealed) -> None:
    assert (SEAL.close(one) == SEAL.close(other)) == (one == other)


@settings(max_examples=1_000)
@given(st.integers(0, len(TEXT) - 1), st.sampled_from(ALPHABET + ".=!~ \n\0é"))
@example(len(TEXT) - 1, ALPHABET[(ALPHABET.index(TEXT[-1]) + 1) % 64])
def test_a_button_with_another_character_is_refused(place: int, character: str) -> None:
    bent = TEXT[:place] + character + TEXT[place + 1 :]
    assert bent == TEXT or refused(bent)


def test_every_single_bit_counts() -> None:
    bent = [
        TEXT[:place] + character + TEXT[place + 1 :]
        for place in range(len(TEXT))
        for character in ALPHABET
        if character != TEXT[place]
    ]
    accepted = [text for text in bent if not refused(text)]
    assert accepted == []


@settings(max_examples=1_000)
@given(st.lists(st.tuples(st.integers(0, len(TEXT)), st.text(ALPHABET, max_size=3)), max_size=4))
def test_whatever_is_accepted_does_what_we_sealed_and_nothing_else(
    edits: list[tuple[int, str]],
) -> None:
    bent = TEXT
    for place, more in edits:
        bent = bent[:place] + more + bent[place + len(more) // 2 :]
    assert refused(bent) or SEAL.open(bent) == NINE


@given(st.integers(0, len(TEXT) - 1))
def test_a_button_that_was_cut_is_refused(length: int) -> None:
    assert refused(TEXT[:length])
    assert refused(TEXT[length + 1 :])


@settings(max_examples=500)
@given(st.text(min_size=1, max_size=8), st.integers(0, len(TEXT)))
@example("=", len(TEXT))
@example("!", len(TEXT))
@example("\n", len(TEXT))
@example(".", 0)
def test_a_button_that_was_stretched_is_refused(more: str, place: int) -> None:
    assert refused(TEXT[:place] + more + TEXT[place:])


@given(sealed, sealed)
def test_parts_of_two_buttons_make_no_third(one: Sealed, other: Sealed) -> None:
    head, mark = SEAL.close(one).rsplit(".", 1)
    other_head, other_mark = SEAL.close(other).rsplit(".", 1)
    assert one == other or (refused(f"{head}.{other_mark}") and refused(f"{other_head}.{mark}"))


@given(st.text(st.characters(), max_size=200))
@example("")
@example(".")
@example("..")
@example("bnVsbA.")
@example("\ud800")
@example("ü.ü")
@example("A" * 100_000)
def test_garbage_is_refused(text: str) -> None:
    assert refused(text)


@given(sealed)
def test_another_key_opens_nothing(button: Sealed) -> None:
    assert refused(Seal((OTHER,)).close(button))


@given(sealed)
def test_while_keys_are_rotated_both_open_and_the_new_one_seals(button: Sealed) -> None:
    before, between, after = Seal((OLD,)), Seal((NEW, OLD)), Seal((NEW,))
    assert between.open(before.close(button)) == button
    assert after.open(between.close(button)) == button
    assert refused(between.close(button), before)


@given(sealed)
def test_a_key_that_was_dropped_opens_nothing_any_more(button: Sealed) -> None:
    assert refused(Seal((OLD,)).close(button), Seal((NEW,)))


class NewerAct(StrEnum):
    DANCE = "dance"


def test_a_button_of_another_version_is_out_of_date_and_breaks_nothing() -> None:
    newer = replace(NINE, act=cast("Act", NewerAct.DANCE))
    assert refused(SEAL.close(newer))


def test_a_refusal_does_not_tell_what_was_wrong() -> None:
    said = set()
    for text in (TEXT[:-2], "garbage", Seal((OTHER,)).close(NINE), "\ud800", ""):
        with pytest.raises(OutOfDate) as refusal:
            SEAL.open(text)
        said.add(str(refusal.value))
    assert len(said) == 1


def test_a_seal_names_the_key_that_it_was_made_with() -> None:
    names = {
        key: {Seal((key,)).close(one).split(".")[2] for one in (NINE, replace(NINE, value="3"))}
        for key in (OLD, NEW)
    }
    assert all(len(found) == 1 for found in names.values())
    assert names[OLD] != names[NEW]


def test_a_seal_that_names_another_key_in_use_is_refused() -> None:
    both = Seal((NEW, OLD))
    old = Seal((OLD,)).close(NINE)
    whom, what, _, signature = old.split(".")
    bent = f"{whom}.{what}.{TEXT.split('.')[2]}.{signature}"
    assert both.open(old) == NINE
    assert refused(bent, both)
