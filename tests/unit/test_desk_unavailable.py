"""FAULTS 5 and 6 as people see them: a database that is away never looks like a saved answer."""

import pytest

from survey.card import Card, Reply
from survey.invitation import Response
from tests.chat import ADA, Chat, asked

SORRY = "I couldn't save that just now, so please press again in a minute."
SORRY_FOR_A_COMMAND = Reply(
    private=Card(headline="I couldn't do that just now, so please try again in a minute.")
)
SORRY_ALONE = Reply(private=Card(headline=SORRY))


def nothing_changed(chat: Chat) -> bool:
    [kept] = chat.store.invitations.values()
    return not chat.store.writes and kept.response == Response() and not chat.store.stops


@pytest.mark.parametrize("down", ["record", "*"])
async def test_a_press_that_could_not_be_saved_says_so_and_claims_nothing(down: str) -> None:
    chat = await asked()
    chat.store.down = {down}
    reply = await chat.press("9")
    assert reply.private == Card(headline=SORRY)
    assert reply.update is None or "You said" not in reply.update.text
    assert nothing_changed(chat)


async def test_the_same_button_works_when_the_database_is_back() -> None:
    chat = await asked()
    chat.store.down = {"*"}
    await chat.press("9")
    chat.store.down = set()
    reply = await chat.press("9")
    assert reply.update is not None
    assert reply.update.headline == "You said 9."
    assert reply.private is None


@pytest.mark.parametrize("label", ["Change", "Undo", "Add a reason"])
async def test_nothing_below_an_answer_pretends_either(label: str) -> None:
    chat = await asked()
    await chat.press("9")
    chat.store.down = {"*"}
    reply = await chat.press(label)
    assert reply == SORRY_ALONE
    [kept] = chat.store.invitations.values()
    assert kept.response.score == 9


@pytest.mark.parametrize("label", ["Later", "Why me?", "Stop asking"])
async def test_nothing_below_the_question_pretends_either(label: str) -> None:
    chat = await asked()
    chat.store.down = {"*"}
    assert await chat.press(label) == SORRY_ALONE
    assert nothing_changed(chat)


async def test_later_that_could_not_be_planned_promises_nothing() -> None:
    chat = await asked()
    chat.store.down = {"ask_later"}
    reply = await chat.press("Later")
    assert reply.private == Card(headline=SORRY)
    assert reply.update is None or "ask again" not in reply.update.text


@pytest.mark.parametrize("label", ["No more surveys from me", "Not this one"])
async def test_an_opt_out_that_was_not_saved_is_not_called_done(label: str) -> None:
    chat = await asked()
    await chat.press("Stop asking")
    chat.store.down = {"opt_out"}
    reply = await chat.press(label)
    assert reply.private == Card(headline=SORRY)
    assert reply.update is None or "Done" not in reply.update.text
    assert nothing_changed(chat)


@pytest.mark.parametrize("down", ["comment", "*"])
async def test_a_form_that_could_not_be_saved_stays_open_with_the_words_in_it(down: str) -> None:
    chat = await asked()
    await chat.press("6")
    await chat.press("Add a reason")
    chat.store.down = {down}
    reply = await chat.fills_in("Builds take an hour.")
    assert list(reply.errors) == ["comment"]
    assert "couldn't save that" in reply.errors["comment"]
    assert reply.update is None


async def test_words_in_the_thread_that_were_not_kept_get_no_thanks() -> None:
    chat = await asked()
    await chat.press("6")
    for down in ("comment", "*"):
        chat.store.down = {down}
        reply = await chat.says("Builds take an hour.")
        assert reply.thread is None
        assert reply.private == Card(headline=SORRY)


@pytest.mark.parametrize(
    "command", ["report", "status", "preview", "start", "close", "pending", "optout", "optin"]
)
async def test_commands_say_so_as_well(command: str) -> None:
    chat = await asked(person=ADA)
    chat.store.down = {"*"}
    assert await chat.types(f"/nps {command}") == SORRY_FOR_A_COMMAND
    assert nothing_changed(chat)
    assert chat.knocks == []


async def test_an_opt_out_by_command_that_was_not_saved_is_not_called_done() -> None:
    chat = await asked()
    chat.store.down = {"opt_out"}
    assert await chat.types("/nps optout") == SORRY_FOR_A_COMMAND


async def test_a_close_that_was_not_saved_wakes_nobody() -> None:
    chat = await asked()
    chat.store.down = {"begin_closing"}
    assert await chat.types("/nps close") == SORRY_FOR_A_COMMAND
    assert chat.knocks == []
