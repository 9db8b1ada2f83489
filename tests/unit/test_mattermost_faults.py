"""Faults of the table in which a chat server tells us something odd, on fakes."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from bench.forged import Forger, attack
from bot.mattermost.gate import address_of
from bot.replays import Remembered
from bot.sealing import Place
from survey.card import Act
from survey.states import CampaignState, InvitationState
from tests.callbacks import POST, Mattermost, a_mattermost, direct, id_of
from tests.chat import ADA, BEN


async def asked() -> Mattermost:
    chat = a_mattermost()
    chat.ask()
    return chat


def another_replica(chat: Mattermost) -> None:
    """What one process keeps in mind, another one does not know."""
    object.__setattr__(chat.gate, "remembered", Remembered())


async def test_fault_26_double_click() -> None:
    chat = await asked()
    first = await chat.press(Act.SCORE, "6")
    second = await chat.press(Act.SCORE, "6")
    assert chat.invitation().response.score == 6
    assert first["update"]["message"] == second["update"]["message"]
    assert first["update"]["message"].startswith("**You said 6.**")


async def test_fault_27_two_devices_two_scores_the_later_click_counts() -> None:
    chat = await asked()
    now = chat.clock()
    await chat.press(Act.SCORE, "6", at=now)
    await chat.press(Act.SCORE, "9", at=now + timedelta(milliseconds=1))
    assert chat.invitation().response.score == 9


async def test_fault_28_clicks_out_of_order_the_servers_clock_decides() -> None:
    chat = await asked()
    now = chat.clock()
    await chat.press(Act.SCORE, "9", at=now)
    late = await chat.press(Act.SCORE, "2", at=now - timedelta(seconds=2))
    assert chat.invitation().response.score == 9
    assert late["update"]["message"].startswith("**You said 9.**")


async def test_fault_28_an_undo_that_comes_late_takes_nothing_back() -> None:
    chat = await asked()
    now = chat.clock()
    await chat.press(Act.SCORE, "9", at=now)
    await chat.press(Act.UNDO, at=now - timedelta(seconds=2))
    assert chat.invitation().response.score == 9


async def test_fault_29_click_after_close() -> None:
    chat = await asked()
    chat.store.move(chat.invitation().campaign.moved(CampaignState.CLOSING))
    writes = list(chat.store.writes)
    answer = await chat.press(Act.SCORE, "6")
    assert answer["ephemeral_text"].startswith("This round closed on")
    assert answer["update"]["props"]["attachments"] == []
    assert chat.store.writes == writes


async def test_fault_30_click_by_somebody_else() -> None:
    chat = await asked()
    seal = chat.sealed(Act.SCORE, "0")
    for channel in (direct(BEN), direct(ADA)):
        answer = await chat.post("actions", chat.click(seal, by=BEN, channel_id=channel))
        assert answer.status_code == 200
        assert answer.json() == {
            "ephemeral_text": "That button isn't yours to press.",
            "skip_slack_parsing": True,
        }
    assert chat.store.writes == []
    assert (await chat.press(Act.SCORE, "9"))["update"]["message"].startswith("**You said 9.**")


async def test_fault_31_an_old_request_comes_again() -> None:
    chat = await asked()
    body = chat.click(chat.sealed(Act.STOP_ALL))
    chat.clock.forward(hours=1, seconds=1)
    answer = (await chat.post("actions", body)).json()
    assert "out of date" in answer["ephemeral_text"]
    assert "update" not in answer
    assert chat.store.writes == []
    assert chat.invitation().state is InvitationState.SENT


ACTS = [(Act.SCORE, "6"), (Act.LATER, ""), (Act.WHY, ""), (Act.STOP_THIS, ""), (Act.CHANGE, "")]


@pytest.mark.parametrize(("act", "value"), ACTS)
@pytest.mark.parametrize("elsewhere", [False, True])
async def test_fault_32_a_recent_request_comes_again(
    act: Act, value: str, *, elsewhere: bool
) -> None:
    chat = await asked()
    body = chat.click(chat.sealed(act, value))
    await chat.post("actions", body)
    chat.clock.forward(minutes=1)
    await chat.press(Act.SCORE, "9")
    before = chat.invitation()
    others = [write for write in chat.store.writes if write[0] != "record"]
    if elsewhere:
        another_replica(chat)

    again = (await chat.post("actions", body)).json()

    assert chat.invitation() == before
    assert [write for write in chat.store.writes if write[0] != "record"] == others
    assert again == {} or (elsewhere and act is Act.SCORE)


async def test_fault_32_an_undo_that_comes_again_leaves_the_answer_after_it() -> None:
    chat = await asked()
    await chat.press(Act.SCORE, "6")
    chat.clock.forward(seconds=1)
    body = chat.click(chat.sealed(Act.UNDO))
    await chat.post("actions", body)
    chat.clock.forward(seconds=1)
    await chat.press(Act.SCORE, "9")
    another_replica(chat)
    await chat.post("actions", body)
    assert chat.invitation().response.score == 9


async def test_a_process_keeps_only_so_many_clicks_in_mind() -> None:
    few = Remembered(most=2)
    assert [few.first(name) for name in "aabca"] == [True, False, True, True, True]


async def test_fault_33_a_forged_context_and_a_planted_button() -> None:
    chat = await asked()
    planted: list[Any] = [
        {},
        None,
        {"score": 9},
        {"seal": None},
        {"seal": "x" * 1_999},
        {"seal": chat.sealed(Act.SCORE, "9")[:-1]},
        {"seal": chat.sealed(Act.SCORE, "9", place=None)},
        {"seal": chat.sealed(Act.SCORE, "9", to=address_of(id_of(BEN)))},
        {"seal": chat.sealed(Act.SCORE, "9", place=Place(channel=direct(ADA), message="q" * 26))},
    ]
    for context in planted:
        answer = await chat.post("actions", chat.click("", context=context))
        assert answer.status_code == 200
        assert set(answer.json()) == {"ephemeral_text", "skip_slack_parsing"}
    elsewhere = await chat.post("actions", chat.click(chat.sealed(Act.SCORE), post_id="q" * 26))
    assert "out of date" in elsewhere.text
    assert chat.store.writes == []
    assert (await chat.press(Act.SCORE, "9"))["update"]["message"].startswith("**You said 9.**")


async def test_fault_33_what_is_not_sealed_costs_no_query_and_no_call() -> None:
    chat = await asked()
    chat.store.down.add("*")
    answer = await chat.post("actions", chat.click("forged"))
    assert "out of date" in answer.json()["ephemeral_text"]
    assert chat.server.asked == 0
    assert chat.client.asked == []


async def test_fault_5_a_database_that_is_away_is_no_false_saved() -> None:
    chat = await asked()
    chat.store.down.add("*")
    first = await chat.press(Act.SCORE, "6")
    named = Place(channel=direct(ADA), message=POST)
    second = await chat.post("actions", chat.click(chat.sealed(Act.SCORE, "6", place=named)))
    for answer in (first, second.json()):
        assert answer["ephemeral_text"].startswith("I couldn't save that just now")
        assert "update" not in answer
    chat.store.down.clear()
    assert "update" in await chat.press(Act.SCORE, "6")


REACHING = "@channel @all @here @ben ![x](https://evil.example/x.png) https://evil.example #tag"


async def test_fault_43_a_comment_notifies_nobody_and_fetches_nothing() -> None:
    chat = await asked()
    await chat.press(Act.SCORE, "6")
    await chat.press(Act.REASON)
    await chat.submit(chat.opened()["dialog"]["state"], REACHING)
    assert chat.invitation().response.comment == REACHING
    chat.clock.forward(seconds=1)

    update = (await chat.press(Act.KEEP))["update"]["message"]

    for word in ("@channel", "@all", "@here", "@ben", "![", "https://", "#tag"):
        assert word not in update, word
    assert "channel" in update


async def test_fault_31_32_33_36_p7_of_many_bent_requests_none_is_accepted() -> None:
    tried, accepted = await attack(800)
    assert accepted == []
    ways = Forger(chat=a_mattermost(), chance=Random(1)).ways  # noqa: S311
    assert set(tried) == {way.__name__ for way in ways}
