"""Forms in Mattermost."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from bot.sealing import Place, Seal
from survey.card import Act
from survey.delivery import MessageRef
from survey.messenger import RecipientUnreachable
from survey.states import CampaignState
from tests.callbacks import DELIVERY, POST, SQUARE, Mattermost, a_mattermost, direct, id_of
from tests.chat import ADA, BEN
from tests.fakes import FakeHeard


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


SENT_BEFORE = "This form was sent before, and what it said then is kept."


async def test_a_form_sent_twice_counts_once() -> None:
    chat, state = await a_form()
    await chat.submit(state, "First")
    assert await chat.submit(state, " First\r\n") == {}
    assert chat.invitation().response.comment == "First"
    assert len(chat.messenger.updates) == 1


async def test_a_form_sent_again_with_other_words_stays_open_and_says_what_became_of_them() -> None:
    chat, state = await a_form()
    await chat.submit(state, "First")
    answer = await chat.submit(state, "Second")
    sentence = f"{SENT_BEFORE} To change it, close this and press Edit."
    assert answer == {"errors": {"comment": sentence}}
    assert chat.invitation().response.comment == "First"
    ((_, _, card),) = chat.messenger.updates
    assert "Edit" in [button.label for button in card.buttons]


async def test_of_two_sendings_that_race_one_is_told_that_the_other_stands() -> None:
    chat, state = await a_form()
    object.__setattr__(chat.gate, "heard", Side(chat.store, asyncio.Barrier(2)))

    answers = await asyncio.gather(chat.submit(state, "One"), chat.submit(state, "Another"))

    (refused,) = [answer for answer in answers if answer]
    assert refused["errors"]["comment"].startswith(SENT_BEFORE)
    kept = "Another" if refused is answers[0] else "One"
    assert chat.invitation().response.comment == kept
    assert [card.lines[-1] for _, _, card in chat.messenger.updates][-1] == f"You wrote: {kept}"


@dataclass(frozen=True)
class Side(FakeHeard):
    """Tells nobody anything before so many have asked."""

    barrier: asyncio.Barrier

    async def is_new(self, source: str, event: str) -> bool:
        found = await super().is_new(source, event)
        await self.barrier.wait()
        return found


async def test_words_without_a_number_sent_again_are_sent_to_the_thread() -> None:
    chat = a_mattermost()
    chat.ask()
    await chat.press(Act.REASON)
    state = chat.opened()["dialog"]["state"]
    await chat.submit(state, "Early")
    answer = await chat.submit(state, "Earlier")
    assert answer["errors"]["comment"].startswith(f"{SENT_BEFORE} To add to it, close this")
    assert chat.invitation().response.comment == "Early"


async def test_a_form_that_no_trigger_names_counts_once_as_well() -> None:
    chat = a_mattermost()
    chat.server.key = None
    chat.ask()
    await chat.press(Act.SCORE, "6", trigger_id="")
    await chat.press(Act.REASON, trigger_id="")
    state = chat.opened()["dialog"]["state"]
    assert await chat.submit(state, "First") == {}
    assert SENT_BEFORE in (await chat.submit(state, "Second"))["errors"]["comment"]
    assert chat.invitation().response.comment == "First"


async def test_the_seal_of_a_button_is_none_of_a_form_wherever_it_stands() -> None:
    chat, _ = await a_form()
    here = Place(channel=direct(ADA), message=POST, delivery=DELIVERY)
    before = list(chat.store.writes)
    for act, value in ((Act.REASON, ""), (Act.SCORE, "6")):
        answer = await chat.submit(chat.sealed(act, value, place=here), "Not from a form")
        assert "out of date" in answer["errors"]["comment"]
    assert chat.store.writes == before
    assert chat.messenger.updates == []


async def test_the_name_of_a_field_that_the_client_made_up_is_not_said_back() -> None:
    chat, state = await a_form()
    for one in (state, "forged"):
        answer = await chat.submit(one, "", submission={"\ud800": "x"})
        assert list(answer["errors"]) == ["comment"]


async def test_what_stands_beside_a_field_is_plain_and_speaks_of_the_form() -> None:
    chat, state = await a_form()
    answers = [
        await chat.submit("forged", "x"),
        await chat.submit(state, "x", user_id=id_of(BEN)),
        await chat.submit(state, "x" * 2_001),
    ]
    chat.store.down.add("*")
    answers.append(await chat.submit(state, "x"))
    chat.store.down.clear()
    chat.store.move(chat.invitation().campaign.moved(CampaignState.CLOSING))
    answers.append(await chat.submit(state, "x"))

    said = [answer["errors"]["comment"] for answer in answers]
    assert len(set(said)) == len(answers)
    for sentence in said:
        assert "`" not in sentence
        assert "button" not in sentence
        assert "press" not in sentence


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


async def test_a_form_after_the_close_stays_open_and_the_message_says_so_too() -> None:
    chat, state = await a_form()
    campaign = chat.store.campaigns[0].moved(CampaignState.CLOSING)
    chat.store.move(campaign)
    before = list(chat.store.writes)
    answer = await chat.submit(state, "Too late")
    assert answer["errors"]["comment"].startswith("This round closed on")
    assert chat.client.posted() == []
    ((_, _, card),) = chat.messenger.updates
    assert card.buttons == ()
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
