"""Presses in Slack."""

import json
from typing import Any

import pytest

from bot.sealing import Place
from bot.slack.gate import address_of
from survey.card import Act
from survey.delivery import MessageRef
from survey.invitation import Response
from survey.states import InvitationState
from tests.chat import ADA, BEN
from tests.examples import invitation, person
from tests.slack_inbound import (
    DELIVERY,
    GENERAL,
    POST,
    RESPONSE,
    Slack,
    a_slack,
    buttons,
    direct,
    id_of,
    labels,
    refused,
    said,
)

HERE = Place(channel=id_of(ADA))


async def test_a_press_is_acknowledged_with_nothing_and_then_changes_its_message() -> None:
    chat = a_slack()
    chat.ask()

    await chat.press(Act.SCORE, "6")

    ((url, update),) = chat.api.answers
    assert url == RESPONSE
    assert update["replace_original"] is True
    assert said(update).startswith("You said 6.")
    assert labels(update) == ["Add a reason", "Change", "Undo"]
    assert chat.invitation().response.score == 6
    assert chat.api.calls("chat.update") == []


async def test_an_update_keeps_what_the_message_was_sent_as_and_names_the_message() -> None:
    chat = a_slack()
    chat.ask()

    await chat.press(Act.SCORE, "6")

    (update,) = chat.api.replaced()
    assert update["metadata"]["event_payload"] == {"delivery_id": str(DELIVERY)}
    seal = buttons(update)[0]["value"]
    assert chat.seal.open(seal).place == Place(channel=direct(ADA), message=POST, delivery=DELIVERY)
    await chat.interact(chat.click(seal))
    assert chat.opened()["callback_id"] == "reason"


async def test_every_button_that_was_posted_can_be_pressed() -> None:
    chat = a_slack()
    chat.ask()
    for button in buttons(await chat.shown()):
        before = len(chat.api.answers)
        answer = await chat.interact(chat.click(button["value"]))
        assert (answer.status_code, answer.text) == (200, "")
        assert len(chat.api.answers) > before
        assert "out of date" not in json.dumps(chat.api.answers)
        chat.clock.forward(seconds=1)


async def test_the_choice_of_a_menu_is_the_score() -> None:
    chat = a_slack()
    chat.ask(invitation(person=person(compact=True)))
    (menu, *_) = buttons(await chat.shown())
    assert menu["type"] == "static_select"

    await chat.interact(chat.chosen(menu["action_id"], "9"))

    (update,) = chat.api.replaced()
    assert said(update).startswith("You said 9.")
    assert chat.invitation().response.score == 9


@pytest.mark.parametrize("choice", ["11", "-1", "1_0", " 9", "٩", "", "nine", "9" * 400])
async def test_a_choice_that_is_no_score_is_refused(choice: str) -> None:
    chat = a_slack()
    chat.ask()
    await chat.interact(chat.chosen(chat.sealed(Act.SCORE, place=HERE), choice))
    assert "That is no score of this question" in chat.api.whispered()[0]
    assert chat.store.writes == []


@pytest.mark.parametrize("choice", [None, 9, True, ["9"], {"a": 1}])
async def test_a_choice_that_slack_would_not_send_is_not_taken(choice: object) -> None:
    chat = a_slack()
    chat.ask()
    body = chat.chosen(chat.sealed(Act.SCORE, place=HERE), choice)
    assert (await chat.interact(body)).status_code == 400
    assert chat.store.writes == []


async def test_a_choice_beside_a_button_that_has_its_score_is_not_looked_at() -> None:
    chat = a_slack()
    chat.ask()
    await chat.interact(chat.chosen(chat.sealed(Act.SCORE, "3", place=HERE), "10"))
    assert chat.invitation().response.score == 3


async def test_a_reason_opens_a_form_with_the_clicks_own_trigger() -> None:
    chat = a_slack()
    chat.ask()
    await chat.press(Act.SCORE, "6")
    click = chat.click(chat.sealed(Act.REASON))

    await chat.interact(click)

    (opened,) = chat.api.calls("views.open")
    assert opened["trigger_id"] == click["trigger_id"]
    sealed = chat.seal.open(opened["view"]["private_metadata"])
    assert sealed.place == Place(channel=direct(ADA), message=POST)


async def test_a_form_that_does_not_open_is_told_with_another_way() -> None:
    chat = a_slack()
    chat.ask()
    chat.api.refusals["views.open"] = refused("expired_trigger_id")
    await chat.press(Act.REASON)
    assert chat.api.whispered()[0].startswith("I couldn't open the form just now.")


async def test_private_words_come_to_the_one_who_pressed() -> None:
    chat = a_slack()
    chat.ask()
    await chat.press(Act.WHY)
    ((url, told),) = chat.api.answers
    assert url == RESPONSE
    assert told["response_type"] == "ephemeral"
    assert told["replace_original"] is False
    assert chat.api.calls("chat.postMessage") == []


async def test_private_words_that_find_no_way_go_to_the_direct_messages() -> None:
    chat = a_slack()
    chat.ask()
    chat.api.refusals[RESPONSE] = refused("expired_url", 404)
    await chat.press(Act.WHY)
    (posted,) = chat.api.calls("chat.postMessage")
    assert posted["channel"] == id_of(ADA)


async def test_an_export_goes_to_the_direct_messages() -> None:
    chat = a_slack()
    chat.ask(invitation(response=Response(score=9)))
    seal = chat.sealed(Act.EXPORT, "nps 2026Q4", subject=None, place=HERE)

    await chat.interact(chat.click(seal, channel=GENERAL, ephemeral=True))

    (posted,) = chat.api.calls("chat.postMessage")
    (shared,) = chat.api.calls("files.completeUploadExternal")
    assert posted["channel"] == id_of(ADA)
    assert shared["channel_id"] == direct(ADA)
    assert len(chat.api.uploads) == 1
    assert "in our direct messages" in chat.api.whispered()[0]


async def shares(chat: Slack) -> None:
    chat.ask(invitation(response=Response(score=9)))
    seal = chat.sealed(Act.SHARE, "nps 2026Q4", subject=None, place=HERE)
    await chat.interact(chat.click(seal, channel=GENERAL, ephemeral=True))


async def test_share_posts_to_the_channel_that_the_button_stands_in() -> None:
    chat = a_slack()
    await shares(chat)
    assert [one["channel"] for one in chat.api.calls("chat.postMessage")] == [GENERAL]
    assert len(chat.api.whispered()) == 1


@pytest.mark.parametrize("error", ["not_in_channel", "channel_not_found"])
async def test_share_where_the_bot_is_no_member_says_how_to_invite_it(error: str) -> None:
    chat = a_slack()
    chat.api.refusals["chat.postMessage"] = refused(error)
    await shares(chat)
    assert "/invite @voxpop" in chat.api.whispered()[0]


async def test_share_that_slack_does_not_take_says_so() -> None:
    chat = a_slack()
    chat.api.refusals["chat.postMessage"] = refused("restricted_action")
    await shares(chat)
    assert chat.api.whispered()[0].startswith("I couldn't post that here just now")


async def test_a_press_below_words_that_one_person_sees_changes_those() -> None:
    chat = a_slack()
    chat.ask()
    seal = chat.sealed(Act.SCORE, "8", place=HERE)

    await chat.interact(chat.click(seal, channel=GENERAL, ephemeral=True))

    (update,) = chat.api.replaced()
    assert said(update).startswith("You said 8.")
    assert chat.invitation().state is InvitationState.ANSWERED
    assert chat.seal.open(buttons(update)[0]["value"]).place == HERE
    assert chat.api.calls("chat.postMessage") == []


async def test_a_press_at_home_changes_the_message_and_publishes_the_home_tab_anew() -> None:
    chat = a_slack()
    chat.ask()

    await chat.interact(chat.click_at_home(chat.sealed(Act.SCORE, "8", place=HERE)))

    (update,) = chat.api.calls("chat.update")
    assert (update["channel"], update["ts"]) == (direct(ADA), POST)
    assert said(update).startswith("You said 8.")
    assert chat.homes == [address_of("", id_of(ADA))]
    assert chat.api.answers == []
    (look,) = chat.looks
    assert look.update is not None
    assert (look.act, look.update.headline) == (Act.SCORE, "You said 8.")


async def test_whoever_is_forgotten_finds_nothing_of_theirs_at_home() -> None:
    chat = a_slack()
    chat.ask(invitation(person=BEN, response=Response(score=9)))
    to = address_of("", id_of(BEN))
    place = Place(channel=id_of(BEN))
    seal = chat.sealed(Act.FORGET, subject=None, place=place, to=to)
    await chat.interact(chat.click(seal, by=BEN, channel=GENERAL, ephemeral=True))
    assert chat.store.tombstones == {BEN.email}
    assert chat.homes == [to]


async def test_private_words_at_home_are_said_there() -> None:
    chat = a_slack()
    chat.ask()
    await chat.interact(chat.click_at_home(chat.sealed(Act.WHY, place=HERE)))
    (look,) = chat.looks
    assert look.update is None
    assert [card.headline for card in look.said] == ["Why you?"]
    assert chat.api.calls("chat.postMessage") == []


async def test_where_the_home_tab_shows_nothing_private_words_are_said_directly() -> None:
    chat = a_slack()
    chat.ask()
    chat.store.down = {"home"}
    await chat.interact(chat.click_at_home(chat.sealed(Act.WHY, place=HERE)))
    (posted,) = chat.api.calls("chat.postMessage")
    assert posted["channel"] == id_of(ADA)
    await chat.interact(
        chat.click_at_home(chat.sealed(Act.ASK, "close nps 2026Q4", place=HERE, subject=None))
    )
    assert [said(one)[:12] for one in chat.api.calls("chat.postMessage")[1:]] == ["Shall I clos"]


async def test_a_button_of_a_message_is_none_of_the_home_tab() -> None:
    chat = a_slack()
    chat.ask()
    places = [
        Place(channel=id_of(ADA), delivery=DELIVERY),
        Place(channel=direct(ADA), message=POST),
        Place(channel=direct(ADA)),
    ]
    for place in places:
        await chat.interact(chat.click_at_home(chat.sealed(Act.SCORE, "8", place=place)))
    assert chat.store.writes == []


async def test_of_two_answers_under_way_the_newer_one_stays() -> None:
    chat = a_slack()
    chat.ask()
    await chat.press(Act.SCORE, "6")
    (first,) = chat.api.replaced()
    voice = chat.commands.voice
    ref = MessageRef(channel=direct(ADA), message=POST)
    chat.clock.forward(seconds=1)
    newer = await chat.desk.compose(chat.invitation())
    await chat.press(Act.SCORE, "9")
    assert said(first) != said(chat.api.replaced()[-1])

    await voice.change(address_of("", id_of(ADA)), ref, newer)  # composed before the second press

    assert chat.api.calls("chat.update") == []


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        None,
        7,
        {"type": "block_actions"},
        {"type": "block_actions", "actions": [{}], "team": "T", "user": 1},
    ],
)
async def test_what_slack_never_sends_is_a_problem_document(payload: Any) -> None:
    chat = a_slack()
    answer = await chat.interact(payload)
    assert answer.status_code in {400, 404}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_click_without_its_own_trigger_is_not_taken() -> None:
    chat = a_slack()
    chat.ask()
    body = chat.click(chat.sealed(Act.SCORE, "6"), trigger_id="")
    assert (await chat.interact(body)).status_code == 400
    assert chat.store.writes == []
