"""Faults of the table in which Slack tells us something odd, or takes no answer, on fakes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.replays import Remembered
from bot.sealing import Place, Seal
from bot.slack.gate import address_of
from bot.slack.says import SlackSays
from bot.slack.workspaces import FAILURE_KEPT
from survey.card import Act
from survey.states import CampaignState, InvitationState
from tests.chat import ADA, BEN
from tests.slack_inbound import (
    DELIVERY,
    OTHER_TEAM,
    POST,
    RESPONSE,
    Slack,
    a_slack,
    direct,
    id_of,
    labels,
    refused,
    said,
)


def asked() -> Slack:
    chat = a_slack()
    chat.ask()
    return chat


def another_replica(chat: Slack) -> None:
    """What one process keeps in mind, another one does not know."""
    object.__setattr__(chat.gate, "remembered", Remembered())


async def test_fault_13_an_answer_that_comes_too_often_goes_by_the_other_method() -> None:
    chat = asked()
    chat.api.refusals[RESPONSE] = SlackSays(429, "ratelimited", retry_after=timedelta(seconds=30))
    await chat.press(Act.SCORE, "6")
    (update,) = chat.api.calls("chat.update")
    assert said(update).startswith("You said 6.")


async def test_fault_13_a_change_that_comes_too_often_is_made_after_the_pause() -> None:
    chat = asked()
    chat.api.refusals[RESPONSE] = refused("expired_url", 404)
    pause = timedelta(milliseconds=20)
    chat.api.refusals["chat.update"] = SlackSays(429, "ratelimited", retry_after=pause)
    asyncio.get_running_loop().call_later(0.03, chat.api.refusals.pop, "chat.update")
    await chat.press(Act.SCORE, "6")
    assert len(chat.api.calls("chat.update")) > 1


@pytest.mark.parametrize(
    "trouble",
    [
        SlackSays(500, "Internal Server Error"),
        SlackSays(200, "the answer can't be read"),
        SlackSays(None, "no answer in time"),
        SlackSays(None, "nobody answers at its address", reached=False),
    ],
)
async def test_faults_15_to_18_an_answer_whose_fate_nobody_knows_is_given_again(
    trouble: SlackSays,
) -> None:
    chat = asked()
    chat.api.refusals[RESPONSE] = trouble
    await chat.press(Act.SCORE, "6")
    assert chat.invitation().response.score == 6
    (update,) = chat.api.calls("chat.update")
    assert (update["channel"], update["ts"]) == (direct(ADA), POST)
    assert chat.api.calls("chat.postMessage") == []


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "fatal_error", "some_other"])
async def test_faults_19_and_20_what_slack_refuses_never_undoes_a_rating(error: str) -> None:
    chat = asked()
    for refusing in (RESPONSE, "chat.update", "chat.postMessage", "views.open"):
        chat.api.refusals[refusing] = refused(error)
    await chat.press(Act.SCORE, "6")
    await chat.press(Act.REASON)
    assert chat.invitation().response.score == 6


@pytest.mark.parametrize("error", ["invalid_auth", "no_connection"])
async def test_fault_20_a_press_that_can_not_be_placed_is_not_acknowledged(error: str) -> None:
    chat = asked()
    chat.api.refusals["auth.test"] = refused(error)
    answer = await chat.interact(chat.click(chat.sealed(Act.SCORE, "6")))
    assert answer.status_code == 503
    assert chat.store.writes == []
    del chat.api.refusals["auth.test"]
    chat.clock.forward(seconds=FAILURE_KEPT.total_seconds())
    await chat.press(Act.SCORE, "6")
    assert chat.invitation().response.score == 6


@pytest.mark.parametrize(
    "error", ["message_not_found", "cant_update_message", "edit_window_closed"]
)
async def test_fault_25_a_message_that_is_gone_leaves_the_rating_and_a_private_word(
    error: str,
) -> None:
    chat = asked()
    chat.api.refusals[RESPONSE] = refused(error, 404)
    chat.api.refusals["chat.update"] = refused(error)
    chat.api.gone.add(POST)
    await chat.press(Act.SCORE, "6")
    assert chat.invitation().response.score == 6
    posted = chat.api.calls("chat.postMessage")[-1]
    assert posted["channel"] == direct(ADA)
    assert said(posted).startswith("You said 6.")


async def test_fault_26_double_click() -> None:
    chat = asked()
    await chat.press(Act.SCORE, "6")
    await chat.press(Act.SCORE, "6")
    assert chat.invitation().response.score == 6
    first, second = chat.api.replaced()
    assert said(first) == said(second)


async def test_fault_27_two_devices_two_scores_the_later_click_counts() -> None:
    chat = asked()
    now = chat.clock()
    await chat.press(Act.SCORE, "6", at=now)
    await chat.press(Act.SCORE, "9", at=now + timedelta(microseconds=1))
    assert chat.invitation().response.score == 9


async def test_fault_28_clicks_out_of_order_slacks_clock_decides() -> None:
    chat = asked()
    now = chat.clock()
    await chat.press(Act.SCORE, "9", at=now)
    await chat.press(Act.SCORE, "2", at=now - timedelta(seconds=2))
    assert chat.invitation().response.score == 9
    assert all(said(update).startswith("You said 9.") for update in chat.api.replaced())


async def test_fault_28_an_undo_that_comes_late_takes_nothing_back() -> None:
    chat = asked()
    now = chat.clock()
    await chat.press(Act.SCORE, "9", at=now)
    await chat.press(Act.UNDO, at=now - timedelta(seconds=2))
    assert chat.invitation().response.score == 9


async def test_a_click_that_tells_no_moment_is_of_now() -> None:
    chat = asked()
    body = chat.click(chat.sealed(Act.SCORE, "6"))
    body["actions"][0]["action_ts"] = ""
    await chat.interact(body)
    assert chat.invitation().response.score == 6


@pytest.mark.parametrize("off", [-timedelta(hours=1, seconds=1), timedelta(minutes=6)])
async def test_fault_31_an_old_click_has_no_effect(off: timedelta) -> None:
    chat = asked()
    await chat.press(Act.STOP_ALL, at=chat.clock() + off)
    assert "out of date" in chat.api.whispered()[0]
    assert chat.store.writes == []
    assert chat.invitation().state is InvitationState.SENT


async def test_fault_29_click_after_close() -> None:
    chat = asked()
    chat.store.move(chat.invitation().campaign.moved(CampaignState.CLOSING))
    writes = list(chat.store.writes)
    await chat.press(Act.SCORE, "6")
    assert chat.api.whispered()[0].startswith("This round closed on")
    (update,) = chat.api.replaced()
    assert labels(update) == []
    assert chat.store.writes == writes


async def test_fault_30_click_by_somebody_else() -> None:
    chat = asked()
    seal = chat.sealed(Act.SCORE, "0")
    for channel in (direct(BEN), direct(ADA)):
        await chat.interact(chat.click(seal, by=BEN, channel=channel))
    assert chat.api.whispered() == ["That button isn't yours to press."] * 2
    assert chat.store.writes == []
    await chat.press(Act.SCORE, "9")
    assert chat.invitation().response.score == 9


ACTS = [(Act.SCORE, "6"), (Act.LATER, ""), (Act.WHY, ""), (Act.STOP_THIS, ""), (Act.CHANGE, "")]


@pytest.mark.parametrize(("act", "value"), ACTS)
@pytest.mark.parametrize("elsewhere", [False, True])
async def test_fault_32_a_recent_click_comes_again(
    act: Act, value: str, *, elsewhere: bool
) -> None:
    chat = asked()
    body = chat.click(chat.sealed(act, value))
    await chat.interact(body)
    chat.clock.forward(minutes=1)
    await chat.press(Act.SCORE, "9")
    before = chat.invitation()
    others = [write for write in chat.store.writes if write[0] != "record"]
    answers = len(chat.api.answers)
    if elsewhere:
        another_replica(chat)

    assert (await chat.interact(body)).status_code == 200

    assert chat.invitation() == before
    assert [write for write in chat.store.writes if write[0] != "record"] == others
    assert len(chat.api.answers) == answers or (elsewhere and act is Act.SCORE)


async def test_fault_32_an_undo_that_comes_again_leaves_the_answer_after_it() -> None:
    chat = asked()
    await chat.press(Act.SCORE, "6")
    chat.clock.forward(seconds=1)
    body = chat.click(chat.sealed(Act.UNDO))
    await chat.interact(body)
    chat.clock.forward(seconds=1)
    await chat.press(Act.SCORE, "9")
    another_replica(chat)
    await chat.interact(body)
    assert chat.invitation().response.score == 9


async def test_fault_32_a_click_while_the_database_is_away_may_come_again() -> None:
    chat = asked()
    body = chat.click(chat.sealed(Act.STOP_ALL))
    chat.store.down.add("done")
    await chat.interact(body)
    assert chat.invitation().state is InvitationState.SENT
    chat.store.down.clear()
    await chat.interact(body)
    assert chat.invitation().state is InvitationState.OPTED_OUT


async def test_fault_33_a_forged_value_and_a_planted_button() -> None:
    chat = asked()
    me = id_of(ADA)
    other_key = Seal(("another-key-that-is-long-enough-to-pass",))
    genuine = chat.sealed(Act.SCORE, "9")
    places = [
        None,
        Place(channel="C0GENERAL0"),
        Place(channel=direct(BEN), message=POST),
        Place(channel=direct(ADA), message="1795604400.000999"),
        Place(channel=me, message=POST),
        Place(channel=me, delivery=DELIVERY.__class__(int=78)),
    ]
    planted = [
        "",
        "9",
        "x" * 2_000,
        genuine[:-1],
        other_key.close(chat.seal.open(genuine)),
        chat.sealed(Act.SCORE, "9", to=address_of("", id_of(BEN))),
        chat.sealed(Act.SCORE, "9", to=address_of(OTHER_TEAM, me)),
        *(chat.sealed(Act.SCORE, "9", place=place) for place in places),
    ]
    for seal in planted:
        assert (await chat.interact(chat.click(seal))).status_code == 200
    elsewhere: list[dict[str, Any]] = [
        {"post": "1795604400.000999"},
        {"channel": "C0GENERAL0"},
        {"ephemeral": True},
    ]
    for where in elsewhere:
        await chat.interact(chat.click(genuine, **where))
    assert chat.store.writes == []
    assert chat.api.replaced() == []
    assert len(chat.api.whispered()) == len(planted) + len(elsewhere)
    await chat.press(Act.SCORE, "9")
    assert chat.invitation().response.score == 9


async def test_fault_33_what_is_not_sealed_costs_no_query() -> None:
    chat = asked()
    await chat.press(Act.WHY)
    chat.store.down.add("*")
    await chat.interact(chat.click("forged"))
    assert "out of date" in chat.api.whispered()[-1]
    assert chat.api.calls("chat.postMessage") == []


async def test_fault_33_a_message_of_another_workspace_is_none_of_ours() -> None:
    chat = asked()
    foreign = {"id": OTHER_TEAM, "domain": "other"}
    answer = await chat.interact(chat.click(chat.sealed(Act.SCORE, "9"), team=foreign))
    assert answer.status_code == 200
    assert chat.store.writes == []
    assert chat.api.answers == []


async def test_fault_5_a_database_that_is_away_is_no_false_saved() -> None:
    chat = asked()
    chat.store.down.add("*")
    await chat.press(Act.SCORE, "6")
    named = Place(channel=direct(ADA), message=POST)
    await chat.interact(chat.click(chat.sealed(Act.SCORE, "6", place=named)))
    assert len(chat.api.whispered()) == 2
    assert all(told.startswith("I couldn't save that just now") for told in chat.api.whispered())
    assert chat.api.replaced() == []
    chat.store.down.clear()
    await chat.press(Act.SCORE, "6")
    assert len(chat.api.replaced()) == 1


REACHING = "@channel <!here> <@U0BEN> *b* _i_ ~s~ :tada: https://evil.example/x.png #tag"
PARSED = {"mrkdwn", "image", "user", "channel", "usergroup", "broadcast", "link", "emoji"}


def types_in(node: Any) -> set[str]:
    """Every type that is named anywhere in a message."""
    if isinstance(node, dict):
        own = {node["type"]} if isinstance(node.get("type"), str) else set()
        return own.union(*(types_in(one) for one in node.values()))
    return set().union(*(types_in(one) for one in node)) if isinstance(node, list) else set()


async def test_fault_43_a_comment_notifies_nobody_and_fetches_nothing() -> None:
    chat = asked()
    await chat.press(Act.SCORE, "6")
    await chat.press(Act.REASON)
    await chat.submit(chat.opened()["private_metadata"], REACHING)
    assert chat.invitation().response.comment == REACHING
    chat.clock.forward(seconds=1)
    await chat.press(Act.KEEP)

    for shown in (chat.api.calls("chat.update")[-1], chat.api.replaced()[-1]):
        assert types_in(shown["blocks"]).isdisjoint(PARSED)
        assert REACHING in said(shown)
        assert "<!here>" not in shown["text"]
        assert "<@U0BEN>" not in shown["text"]
    assert chat.api.calls("chat.update")[-1].get("parse") in {None, "none"}


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/actions/1",
        "http://hooks.slack.com/actions/1",
        "https://hooks.slack.com.evil.example/actions/1",
        "https://hooks.slack.com@evil.example/",
        "https://hooks.slack.com:8443/actions/1",
        "http://169.254.169.254/latest/meta-data",
        "https://[",
        "//hooks.slack.com/actions/1",
    ],
)
async def test_fault_46_an_answer_for_another_origin_is_refused(url: str) -> None:
    chat = asked()
    await chat.press(Act.SCORE, "6", response_url=url)
    assert chat.api.answers == []
    (update,) = chat.api.calls("chat.update")
    assert said(update).startswith("You said 6.")
    await chat.press(Act.WHY, response_url=url)
    (posted,) = chat.api.calls("chat.postMessage")
    assert posted["channel"] == id_of(ADA)
