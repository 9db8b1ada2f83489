"""Presses in Mattermost."""

import asyncio
import json
from typing import Any

import pytest

from bot.interactions import Interaction
from bot.mattermost.client import ServerSays
from bot.sealing import Place
from survey.card import Act, Reply
from survey.invitation import Response
from survey.states import InvitationState
from tests.callbacks import BOT, DELIVERY, POST, SQUARE, a_mattermost, direct
from tests.chat import ADA
from tests.examples import invitation, person


def labels(update: dict[str, Any]) -> list[str]:
    return [
        action["name"]
        for attachment in update["props"]["attachments"]
        for action in attachment["actions"]
    ]


async def test_a_press_changes_the_message_in_the_answer() -> None:
    chat = a_mattermost()
    chat.ask()

    answer = await chat.press(Act.SCORE, "6")

    assert answer["update"]["message"].startswith("**You said 6.**")
    assert labels(answer["update"]) == ["Add a reason", "Change", "Undo"]
    assert "ephemeral_text" not in answer
    assert chat.invitation().response.score == 6


async def test_an_update_keeps_what_the_message_was_sent_as_and_names_the_message() -> None:
    chat = a_mattermost()
    chat.ask()

    update = (await chat.press(Act.SCORE, "6"))["update"]

    assert update["props"]["delivery_id"] == str(DELIVERY)
    action = update["props"]["attachments"][0]["actions"][0]
    sealed = chat.seal.open(action["integration"]["context"]["seal"])
    assert sealed.place == Place(channel=direct(ADA), message=POST, delivery=DELIVERY)
    changed = await chat.post("actions", chat.click(action["integration"]["context"]["seal"]))
    assert changed.status_code == 200


async def test_a_message_without_buttons_loses_the_ones_it_had() -> None:
    chat = a_mattermost()
    chat.ask()
    answer = await chat.press(Act.STOP_ALL)
    assert answer["update"]["props"]["attachments"] == []


async def test_every_button_that_was_posted_can_be_pressed() -> None:
    chat = a_mattermost()
    chat.ask()
    shown = await chat.shown()
    for attachment in shown["props"]["attachments"]:
        for action in attachment["actions"]:
            seal = action["integration"]["context"]["seal"]
            answer = await chat.post("actions", chat.click(seal))
            assert answer.status_code == 200
            assert answer.json() != {}
            assert "out of date" not in answer.text
            chat.clock.forward(seconds=1)


async def test_the_choice_of_a_menu_is_the_score() -> None:
    chat = a_mattermost()
    chat.ask(invitation(person=person(compact=True)))
    menu = (await chat.shown())["props"]["attachments"][0]["actions"][0]
    assert menu["type"] == "select"
    context = {**menu["integration"]["context"], "selected_option": "9"}

    answer = await chat.post("actions", chat.click("", type="select", context=context))

    assert answer.json()["update"]["message"].startswith("**You said 9.**")


@pytest.mark.parametrize(
    "choice", ["11", "-1", "1_0", " 9", "٩", "", "nine", "9" * 400, None, 9, True, ["9"], {"a": 1}]
)
async def test_a_choice_that_is_no_score_is_refused(choice: object) -> None:
    chat = a_mattermost()
    chat.ask()
    context = {"seal": chat.sealed(Act.SCORE), "selected_option": choice}

    answer = await chat.post("actions", chat.click("", type="select", context=context))

    assert answer.status_code == 200
    assert "That is no score of this question" in answer.json()["ephemeral_text"]
    assert chat.store.writes == []


async def test_a_choice_beside_a_button_that_has_its_score_is_not_looked_at() -> None:
    chat = a_mattermost()
    chat.ask()
    context = {"seal": chat.sealed(Act.SCORE, "3"), "selected_option": "10"}
    answer = await chat.post("actions", chat.click("", context=context))
    assert answer.json()["update"]["message"].startswith("**You said 3.**")


async def test_a_reason_opens_a_form_with_the_clicks_own_trigger() -> None:
    chat = a_mattermost()
    chat.ask()
    await chat.press(Act.SCORE, "6")
    click = chat.click(chat.sealed(Act.REASON))

    answer = await chat.post("actions", click)

    assert answer.json() == {}
    opened = chat.opened()
    assert opened["trigger_id"] == click["trigger_id"]
    assert opened["url"].endswith("/mattermost/dialogs")
    assert chat.seal.open(opened["dialog"]["state"]).place == Place(
        channel=direct(ADA), message=POST
    )


async def test_a_form_that_does_not_open_is_told_with_another_way() -> None:
    chat = a_mattermost()
    chat.ask()
    chat.client.refusals["/actions/dialogs/open"] = ServerSays(
        400, "expired", error_id="interactive_message.decode_trigger_id.expired"
    )
    answer = await chat.press(Act.REASON)
    assert answer["ephemeral_text"].startswith("I couldn't open the form just now.")
    assert answer["skip_slack_parsing"] is True


async def test_private_words_come_to_the_one_who_pressed() -> None:
    chat = a_mattermost()
    chat.ask()
    answer = await chat.press(Act.WHY)
    assert set(answer) == {"ephemeral_text", "skip_slack_parsing"}
    assert chat.client.posted() == []


async def test_an_export_goes_to_the_direct_messages() -> None:
    chat = a_mattermost()
    chat.ask(invitation(response=Response(score=9)))
    button = chat.sealed(Act.EXPORT, "nps 2026Q4", subject=None, place=Place(channel=SQUARE))

    answer = (await chat.post("actions", chat.click(button, channel_id=SQUARE))).json()

    (posted,) = chat.client.posted()
    assert posted["channel_id"] == direct(ADA)
    assert posted["file_ids"] == ["f" * 26]
    assert "in our direct messages" in answer["ephemeral_text"]


@pytest.mark.parametrize("path", ["/files", "/posts"])
async def test_an_export_that_can_not_be_sent_is_not_announced(path: str) -> None:
    chat = a_mattermost()
    chat.ask(invitation(response=Response(score=9)))
    chat.client.refusals[path] = ServerSays(413, "too large")
    button = chat.sealed(Act.EXPORT, "nps 2026Q4", subject=None, place=Place(channel=SQUARE))
    answer = (await chat.post("actions", chat.click(button, channel_id=SQUARE))).json()
    sentence = "I couldn't send the file just now; please ask again in a minute."
    assert answer["ephemeral_text"] == sentence


async def test_a_press_that_takes_long_is_answered_and_told_about_later() -> None:
    chat = a_mattermost()
    chat.ask(invitation(response=Response(score=9)))
    chat.client.hangs["/posts"] = asyncio.Event()
    button = chat.sealed(Act.SHARE, "nps 2026Q4", subject=None, place=Place(channel=SQUARE))

    answer = (await chat.post("actions", chat.click(button, channel_id=SQUARE))).json()
    assert answer["ephemeral_text"] == "Working on it: the answer comes in a moment."
    chat.client.hangs.pop("/posts").set()
    await chat.settled()

    shared, told = chat.client.posted()
    assert shared["channel_id"] == SQUARE
    assert told["channel_id"] == direct(ADA)
    assert told["message"] == "Posted here for everyone to see."


async def test_a_message_changes_later_where_the_press_takes_long() -> None:
    chat = a_mattermost()
    chat.ask()
    go, desk = asyncio.Event(), chat.desk

    async def slowly(interaction: Interaction) -> Reply:
        await go.wait()
        return await desk(interaction)

    object.__setattr__(chat.actions, "desk", slowly)
    answer = await chat.press(Act.SCORE, "6")
    assert set(answer) == {"ephemeral_text", "skip_slack_parsing"}
    go.set()
    await chat.settled()

    ((_, ref, card),) = chat.messenger.updates
    assert ref.message == POST
    assert card.headline == "You said 6."
    assert chat.client.posted() == []


async def test_share_posts_to_the_channel_that_the_button_stands_in() -> None:
    chat = a_mattermost()
    chat.ask(invitation(response=Response(score=9)))
    button = chat.sealed(Act.SHARE, "nps 2026Q4", subject=None, place=Place(channel=SQUARE))

    answer = (await chat.post("actions", chat.click(button, channel_id=SQUARE))).json()

    assert [body["channel_id"] for body in chat.client.posted()] == [SQUARE]
    assert "ephemeral_text" in answer
    assert BOT not in json.dumps(answer)


async def test_share_where_the_bot_is_no_member_says_how_to_invite_it() -> None:
    chat = a_mattermost()
    chat.ask(invitation(response=Response(score=9)))
    chat.client.refusals["/posts"] = ServerSays(403, "no", error_id="api.context.permissions")
    button = chat.sealed(Act.SHARE, "nps 2026Q4", subject=None, place=Place(channel=SQUARE))

    answer = (await chat.post("actions", chat.click(button, channel_id=SQUARE))).json()

    assert "`/invite voxpop`" in answer["ephemeral_text"]


async def test_a_press_below_words_that_one_person_sees_never_updates_them() -> None:
    chat = a_mattermost()
    chat.ask()
    seal = chat.sealed(Act.SCORE, "8", place=Place(channel=SQUARE))
    answer = (await chat.post("actions", chat.click(seal, channel_id=SQUARE))).json()
    assert "update" not in answer
    assert chat.invitation().state is InvitationState.ANSWERED
    (posted,) = chat.client.posted()
    assert posted["message"].startswith("**You said 8.**")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"null",
        b'{"user_id": 1}',
        b"[" * 50_000,
        b'{"user_id": "\\ud800"}',
        json.dumps({"user_id": "a" * 27, "channel_id": "c" * 26, "post_id": "p" * 26}).encode(),
    ],
)
@pytest.mark.parametrize("path", ["actions", "dialogs"])
async def test_what_no_server_sends_is_a_problem_document(path: str, body: bytes) -> None:
    chat = a_mattermost()
    answer = await chat.http.post(f"/mattermost/{path}", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    chat = a_mattermost()
    answer = await chat.http.post("/mattermost/actions", content=b" " * 1_000_000)
    assert answer.status_code == 413
