"""Forms in Slack."""

from typing import Any

import pytest

from bot.sealing import Place, Seal
from bot.slack.gate import address_of
from survey.card import Act
from survey.states import CampaignState
from tests.chat import ADA, BEN
from tests.slack_inbound import POST, TEAM, Slack, a_slack, direct, id_of, refused, said


async def a_form() -> tuple[Slack, str]:
    """Ada said 6, and the form for a reason stands before her."""
    chat = a_slack()
    chat.ask()
    await chat.press(Act.SCORE, "6")
    await chat.press(Act.REASON)
    return chat, chat.opened()["private_metadata"]


async def test_a_form_keeps_the_reason_and_changes_the_message() -> None:
    chat, state = await a_form()

    assert await chat.submit(state, "Slow laptops") == {}

    assert chat.invitation().response.comment == "Slow laptops"
    (update,) = chat.api.calls("chat.update")
    assert (update["channel"], update["ts"]) == (direct(ADA), POST)
    assert "You wrote: Slow laptops" in said(update)


async def test_a_form_of_the_home_tab_changes_the_newest_message_and_the_home_tab() -> None:
    chat = a_slack()
    chat.ask()
    place = Place(channel=id_of(ADA))
    await chat.interact(chat.click_at_home(chat.sealed(Act.SCORE, "6", place=place)))
    await chat.interact(chat.click_at_home(chat.sealed(Act.REASON, place=place)))
    chat.homes.clear()

    assert await chat.submit(chat.opened()["private_metadata"], "Slow laptops") == {}

    assert chat.invitation().response.comment == "Slow laptops"
    assert "You wrote: Slow laptops" in said(chat.api.calls("chat.update")[-1])
    assert chat.homes == [address_of("", id_of(ADA))]


@pytest.mark.parametrize(
    ("text", "says"),
    [("x" * 2_001, "That is 2,001 characters"), ("  ", "at least one character"), ("\x00", "one")],
)
async def test_words_that_do_not_fit_keep_the_form_open(text: str, says: str) -> None:
    chat, state = await a_form()
    answer = await chat.submit(state, text)
    assert answer["response_action"] == "errors"
    assert says in answer["errors"]["comment"]
    assert await chat.submit(state, "Shorter") == {}
    assert chat.invitation().response.comment == "Shorter"


async def test_words_before_a_score_are_told_so_in_the_thread() -> None:
    chat = a_slack()
    chat.ask()
    await chat.press(Act.REASON)
    assert await chat.submit(chat.opened()["private_metadata"], "Early") == {}
    (posted,) = chat.api.calls("chat.postMessage")
    assert posted["thread_ts"] == POST
    assert said(posted).startswith("Thank you, I kept that.")


async def test_a_form_sent_twice_counts_once() -> None:
    chat, state = await a_form()
    await chat.submit(state, "First")
    assert await chat.submit(state, " First\r\n") == {}
    answer = await chat.submit(state, "Second")
    assert answer["errors"]["comment"].startswith("This form was sent before")
    assert chat.invitation().response.comment == "First"
    assert len(chat.api.calls("chat.update")) == 1


@pytest.mark.parametrize("error", ["cant_update_message", "edit_window_closed"])
async def test_the_reason_counts_where_the_message_can_not_be_changed(error: str) -> None:
    chat, state = await a_form()
    chat.api.refusals["chat.update"] = refused(error)
    assert await chat.submit(state, "Slow laptops") == {}
    assert chat.invitation().response.comment == "Slow laptops"
    (posted,) = chat.api.calls("chat.postMessage")
    assert "Slow laptops" in said(posted)


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
    chat.store.move(chat.store.campaigns[0].moved(CampaignState.CLOSING))
    before = list(chat.store.writes)
    answer = await chat.submit(state, "Too late")
    assert answer["errors"]["comment"].startswith("This round closed on")
    assert said(chat.api.calls("chat.update")[-1]).startswith("This round is closed")
    assert chat.store.writes == before


async def test_a_form_that_was_closed_does_nothing() -> None:
    chat, state = await a_form()
    before = list(chat.store.writes)
    view = {"id": "V1", "type": "modal", "callback_id": "reason", "private_metadata": state}
    closed = {"type": "view_closed", "team": {"id": TEAM}, "user": {"id": id_of(ADA)}, "view": view}
    assert (await chat.interact(closed)).status_code == 200
    assert chat.store.writes == before


@pytest.mark.parametrize(
    "values", [None, {}, {"comment": None}, {"comment": {}}, {"comment": {"comment": {"value": 5}}}]
)
async def test_a_form_with_strange_fields_keeps_nothing(values: Any) -> None:
    chat, state = await a_form()
    about = {"callback_id": "reason", "private_metadata": state}
    view = {"id": "V1", "type": "modal", **about, "state": {"values": values}}
    answer = await chat.submit(state, "", view=view)
    assert answer["response_action"] == "errors"
    assert chat.invitation().response.comment is None


async def test_fault_36_a_forged_state_of_a_form_keeps_nothing() -> None:
    chat, state = await a_form()
    other = Seal(("another-key-that-is-long-enough-to-pass",)).close(chat.seal.open(state))
    bens = address_of("", id_of(BEN))
    foreign = chat.sealed(Act.REASON, "x", to=bens, place=Place(channel=direct(BEN), message=POST))
    button = chat.sealed(Act.REASON, place=Place(channel=direct(ADA), message=POST))
    before = list(chat.store.writes)

    forged = ["", "x", state[:-1], state.swapcase(), other, foreign, button]
    answers = [await chat.submit(one, "Forged") for one in forged]
    answers.append(await chat.submit(state, "Forged", user={"id": id_of(BEN)}))
    answers.append(await chat.submit(chat.sealed(Act.REASON), "Forged"))

    assert [answer["response_action"] for answer in answers] == ["errors"] * len(answers)
    assert chat.store.writes == before
    assert chat.api.calls("chat.update") == []
    assert await chat.submit(state, "Genuine") == {}
    assert chat.invitation().response.comment == "Genuine"
