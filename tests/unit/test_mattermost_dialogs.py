"""Forms in Mattermost."""

from typing import Any

import pytest

from bot.sealing import Place, Seal
from survey.card import Act
from survey.delivery import MessageRef
from survey.messenger import RecipientUnreachable
from survey.states import CampaignState
from tests.callbacks import POST, SQUARE, Mattermost, a_mattermost, direct, id_of
from tests.chat import ADA, BEN


async def a_form() -> tuple[Mattermost, str]:
    """Ada said 6, and the form for a reason stands before her."""
    chat = a_mattermost()
    chat.ask()
    await chat.press(Act.SCORE, "6")
    await chat.press(Act.REASON)
    return chat, chat.opened()["dialog"]["state"]


async def test_a_form_keeps_the_reason_and_changes_the_message() -> None:
    chat, state = await a_form()

    assert await chat.submit(state, "Slow laptops") == {}

    assert chat.invitation().response.comment == "Slow laptops"
    ((address, ref, card),) = chat.messenger.updates
    assert address.user_id == id_of(ADA)
    assert ref == MessageRef(channel=direct(ADA), message=POST)
    assert "You wrote: Slow laptops" in card.lines


async def test_a_cancelled_form_does_nothing() -> None:
    chat, state = await a_form()
    assert await chat.submit(state, "x", submission={}, cancelled=True) == {}
    assert await chat.submit("forged", "x", submission={}, cancelled=True) == {}
    assert chat.invitation().response.comment is None


@pytest.mark.parametrize(
    ("text", "says"),
    [("x" * 2_001, "That is 2,001 characters"), ("  ", "at least one character"), ("\x00", "one")],
)
async def test_words_that_do_not_fit_keep_the_form_open(text: str, says: str) -> None:
    chat, state = await a_form()
    answer = await chat.submit(state, text)
    assert says in answer["errors"]["comment"]
    assert await chat.submit(state, "Shorter") == {}
    assert chat.invitation().response.comment == "Shorter"


async def test_words_before_a_score_are_told_so_in_the_thread() -> None:
    chat = a_mattermost()
    chat.ask()
    await chat.press(Act.REASON)
    assert await chat.submit(chat.opened()["dialog"]["state"], "Early") == {}
    (said,) = chat.client.posted()
    assert said["root_id"] == POST
    assert said["message"].startswith("Thank you, I kept that.")


async def test_a_form_sent_twice_counts_once() -> None:
    chat, state = await a_form()
    await chat.submit(state, "First")
    assert await chat.submit(state, "Second") == {}
    assert chat.invitation().response.comment == "First"
    assert len(chat.messenger.updates) == 1


async def test_the_reason_counts_where_the_message_can_not_be_changed() -> None:
    chat, state = await a_form()
    chat.messenger.refuses = RecipientUnreachable("The message is too old to be edited.")
    assert await chat.submit(state, "Slow laptops") == {}
    assert chat.invitation().response.comment == "Slow laptops"
    (said,) = chat.client.posted()
    assert "Slow laptops" in said["message"]


async def test_a_database_that_is_away_keeps_the_words_in_the_form() -> None:
    chat, state = await a_form()
    chat.store.down.add("*")
    answer = await chat.submit(state, "Slow laptops")
    assert answer["errors"]["comment"].startswith("I couldn't save that just now")
    chat.store.down.clear()
    assert await chat.submit(state, "Slow laptops") == {}
    assert chat.invitation().response.comment == "Slow laptops"


async def test_a_form_after_the_close_says_so_and_keeps_nothing() -> None:
    chat, state = await a_form()
    campaign = chat.store.campaigns[0].moved(CampaignState.CLOSING)
    chat.store.move(campaign)
    before = list(chat.store.writes)
    await chat.submit(state, "Too late")
    (said,) = chat.client.posted()
    assert said["message"].startswith("This round closed on")
    assert chat.store.writes == before


@pytest.mark.parametrize(
    "changes",
    [
        {"submission": {"comment": 5}},
        {"submission": None},
        {"submission": {}},
        {"submission": {"comment": ["a"]}},
    ],
)
async def test_a_form_with_strange_fields_keeps_nothing(changes: dict[str, Any]) -> None:
    chat, state = await a_form()
    answer = await chat.submit(state, "", **changes)
    assert list(answer) == ["errors"]
    assert chat.invitation().response.comment is None


async def test_fault_36_a_forged_state_of_a_form_keeps_nothing() -> None:
    chat, state = await a_form()
    payload, _, signature = state.rpartition(".")
    other = Seal(("another-key-that-is-long-enough-to-pass",)).close(chat.seal.open(state))
    foreign = chat.sealed(
        Act.REASON,
        to=chat.seal.open(state).to.__class__(
            platform="mattermost", workspace="", user_id=id_of(BEN)
        ),
        place=Place(channel=direct(BEN), message=POST),
    )
    before = list(chat.store.writes)
    forged = ["", "x", state[:-1], state.swapcase(), f"{payload}.{signature[::-1]}", other, foreign]
    answers = [await chat.submit(one, "Forged") for one in forged]
    # A button's seal is none of a form: it names no message.
    answers.append(await chat.submit(chat.sealed(Act.REASON), "Forged"))
    answers.append(await chat.submit(state, "Forged", user_id=id_of(BEN)))

    assert [list(answer) for answer in answers] == [["errors"]] * len(answers)
    assert chat.store.writes == before
    assert chat.messenger.updates == []
    assert await chat.submit(state, "Genuine", channel_id=SQUARE) == {}
    assert chat.invitation().response.comment == "Genuine"
