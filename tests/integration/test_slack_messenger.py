"""Slack outbound: each message, and what becomes of it when Slack misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bot.sealing import Place
from bot.slack import PLATFORM, WORKSPACE_AT_HOME
from bot.slack.client import SlackApi
from bot.slack.messenger import PACES, SlackMessenger
from bot.slack.workspaces import Workspaces
from survey.card import Attachment, Card, Picture
from survey.messenger import (
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientUnreachable,
)
from survey.person import Address
from survey.ports import Installation
from tests.slack.records import Workspace
from tests.slack_app import QUESTION, SEAL, Bot, connected

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with connected() as found:
        yield found


def buttons(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [block["elements"] for block in blocks if block["type"] == "actions"]
    return [button for row in rows for button in row]


# One message


async def test_a_message_arrives_with_buttons_that_know_where_they_are(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    (arrived,) = bot.inbox("alice")
    assert arrived["delivery"] == str(delivery)
    assert (arrived["channel"], arrived["ts"]) == (ref.channel, ref.message)
    assert ref.channel.startswith("D")
    assert "How likely" in arrived["text"]
    labels = [button["text"]["text"] for button in buttons(arrived["blocks"])]
    assert labels == [*map(str, range(11)), "Later", "Why me?", "Stop asking"]
    sealed = SEAL.open(buttons(arrived["blocks"])[6]["value"])
    assert (sealed.value, sealed.to) == ("6", alice)
    assert sealed.place == Place(channel=alice.user_id, delivery=delivery)


async def test_nothing_in_a_message_is_markup_or_unfolds(bot: Bot) -> None:
    card = Card(headline="*a* <!here> https://example.org")
    ref = await bot.messenger.send(bot.account("alice"), card, delivery_id=uuid4())
    message = bot.message(ref)
    assert message.text == "*a* &lt;!here&gt; https://example.org"
    assert not message.mrkdwn
    assert not message.unfurls


async def test_a_message_is_one_call_once_its_reader_is_known(bot: Bot) -> None:
    everybody = [bot.account(f"p{number}") for number in range(20)]
    for _ in range(2):
        await asyncio.gather(
            *(bot.messenger.send(one, QUESTION, delivery_id=uuid4()) for one in everybody)
        )
    calls = [call.route for call in bot.server.faults.calls]
    assert calls.count("users.info") == 20
    assert calls.count("chat.postMessage") == len(calls) - 20 == 40


async def test_a_picture_and_a_file_come_after_the_message(bot: Bot) -> None:
    card = Card(
        headline="NPS +32",
        picture=Picture(name="nps.png", png=b"\x89PNG", text="NPS +32"),
        attachment=Attachment(name="nps.csv", media_type="text/csv", content=b"a,b"),
    )
    ref = await bot.messenger.send(bot.account("alice"), card, delivery_id=uuid4())
    said, shown = bot.inbox("alice")
    assert (said["ts"], said["text"], said["files"]) == (ref.message, "NPS +32", [])
    assert (shown["channel"], shown["files"]) == (ref.channel, ["nps.png", "nps.csv"])
    assert list(bot.server.files.contents.values()) == [b"\x89PNG", b"a,b"]


@pytest.mark.parametrize(
    ("fault", "route"),
    [
        ("refuse", "files.getUploadURLExternal"),
        ("error", "upload"),
        ("drop", "upload"),
        ("busy", "files.completeUploadExternal"),
        ("garbage", "files.completeUploadExternal"),
    ],
)
async def test_a_file_that_slack_does_not_take_never_undoes_the_message(
    bot: Bot, fault: str, route: str
) -> None:
    bot.server.faults.goes_wrong(fault, route)
    card = Card(headline="NPS +32", picture=Picture(name="nps.png", png=b"\x89PNG", text="x"))
    ref = await bot.messenger.send(bot.account("alice"), card, delivery_id=uuid4())
    assert bot.inbox("alice")[0]["ts"] == ref.message
    assert len(bot.inbox("alice")) == 1


@pytest.mark.parametrize("kind", ["is_restricted", "is_ultra_restricted"])
async def test_a_guest_is_not_written_to(bot: Bot, kind: str) -> None:
    what: dict[str, Any] = {kind: True}
    guest = bot.server.add_person("guest@acme.test", **what)
    to = Address(platform=PLATFORM, workspace=WORKSPACE_AT_HOME, user_id=guest.id)
    with pytest.raises(RecipientUnreachable, match="a guest's"):
        await bot.messenger.send(to, QUESTION, delivery_id=uuid4())
    assert bot.inbox("guest") == []
    assert bot.server.faults.of("chat.postMessage") == []


async def test_each_workspace_is_written_to_with_its_own_token(bot: Bot) -> None:
    other = bot.server.add_workspace("Beta", installed=True)
    bot.kept.there = [_installed(other)]
    bob, delivery = bot.account("bob", other), uuid4()
    ref = await bot.messenger.send(bob, QUESTION, delivery_id=delivery)
    assert bot.inbox("bob")[0]["team"] == other.id
    await bot.messenger.update(bob, ref, Card(headline="Closed."))
    assert bot.message(ref).text == "Closed."
    assert await bot.messenger.find(bob, delivery) == ref
    with pytest.raises(RecipientUnreachable):
        await bot.messenger.send(
            replace(bob, workspace=WORKSPACE_AT_HOME), QUESTION, delivery_id=uuid4()
        )


async def test_fault_22_where_the_app_is_not_installed_the_reason_says_so(bot: Bot) -> None:
    nobody = Address(platform=PLATFORM, workspace="T0GONE", user_id="U1")
    with pytest.raises(PlatformRefuses, match="not installed in the workspace T0GONE"):
        await bot.messenger.send(nobody, QUESTION, delivery_id=uuid4())
    assert not bot.server.faults.calls


def _installed(workspace: Workspace) -> Installation:
    return Installation(
        workspace=workspace.id,
        name=workspace.name,
        bot_user_id=workspace.bot_user_id,
        app_id="A1",
        scopes=(),
        token=workspace.bot_token,
        installed_at=AT,
        installed_by="U1",
    )


# Changing it


async def test_a_message_changes_with_all_its_buttons_and_is_still_found(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    await bot.messenger.update(alice, ref, Card(headline="Closed."))
    assert bot.message(ref).text == "Closed."
    assert buttons(bot.message(ref).blocks) == []
    await bot.messenger.update(alice, ref, QUESTION)
    sealed = SEAL.open(buttons(bot.message(ref).blocks)[6]["value"])
    assert sealed.place == Place(channel=ref.channel, message=ref.message)
    assert await bot.messenger.find(alice, delivery) == ref
    assert len(bot.inbox("alice")) == 1


async def test_an_older_card_is_not_put_over_a_newer_one(bot: Bot) -> None:
    alice = bot.account("alice")
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    for minutes, said in [(5, "You said 8."), (3, "You said 6."), (None, "No answer yet.")]:
        at = None if minutes is None else AT + timedelta(minutes=minutes)
        await bot.messenger.update(alice, ref, Card(headline=said, as_of=at))
    assert bot.message(ref).text == "You said 8."
    await bot.messenger.update(alice, ref, Card(headline="Now 9.", as_of=AT + timedelta(hours=1)))
    assert bot.message(ref).text == "Now 9."


async def test_a_change_that_failed_does_not_stand_in_the_way_of_the_next(bot: Bot) -> None:
    alice = bot.account("alice")
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    bot.server.faults.goes_wrong("error", "chat.update", times=1)
    later = Card(headline="You said 8.", as_of=AT + timedelta(minutes=5))
    with pytest.raises(OutcomeUnknown):
        await bot.messenger.update(alice, ref, later)
    await bot.messenger.update(alice, ref, later)
    assert bot.message(ref).text == "You said 8."


async def test_two_changes_of_a_message_are_made_one_after_the_other(bot: Bot) -> None:
    alice = bot.account("alice")
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    bot.server.faults.goes_wrong("stall", "chat.update", seconds=0.3, calls=[1], delivers=True)
    cards = [Card(headline=str(n), as_of=AT + timedelta(minutes=n)) for n in (1, 2)]
    await asyncio.gather(
        *(bot.messenger.update(alice, ref, card) for card in cards), return_exceptions=True
    )
    first, second = sorted(call.at for call in bot.server.faults.of("chat.update"))
    assert second - first > 0.25
    assert bot.message(ref).text == "2"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("message_not_found", "gone"),
        ("channel_not_found", "gone"),
        ("edit_window_closed", "does not let"),
        ("cant_update_message", "does not let"),
    ],
)
async def test_fault_25_a_message_that_cannot_be_changed_says_why(
    bot: Bot, error: str, why: str
) -> None:
    alice = bot.account("alice")
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    bot.server.faults.goes_wrong("refuse", "chat.update", error=error)
    with pytest.raises(RecipientUnreachable, match=why):
        await bot.messenger.update(alice, ref, Card(headline="Closed."))


async def test_an_update_of_a_message_that_was_deleted_says_that_it_is_gone(bot: Bot) -> None:
    alice = bot.account("alice")
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    await bot.api.call(
        "chat.delete", token=bot.server.bot_token, channel=ref.channel, ts=ref.message
    )
    with pytest.raises(RecipientUnreachable, match="gone"):
        await bot.messenger.update(alice, ref, QUESTION)


# Finding it


async def test_what_arrived_is_found_and_what_did_not_is_not(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    assert await bot.messenger.find(alice, delivery) is None
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    for _ in range(3):
        await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    assert await bot.messenger.find(alice, delivery) == ref
    assert await bot.messenger.find(bot.account("bob"), delivery) is None


async def test_a_message_is_found_behind_many_others_but_not_behind_all(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=delivery)
    place = {"channel": ref.channel, "text": "x", "token": bot.server.bot_token}
    for _ in range(450):
        await bot.api.call("chat.postMessage", **place)
    assert await bot.messenger.find(alice, delivery) == ref
    assert await bot.messenger.find(alice, uuid4()) is None
    for _ in range(600):
        await bot.api.call("chat.postMessage", **place)
    with pytest.raises(OutcomeUnknown, match="there are more"):
        await bot.messenger.find(alice, delivery)


async def test_a_message_that_others_pass_off_as_ours_is_not_found(bot: Bot) -> None:
    alice, delivery = bot.account("alice"), uuid4()
    ref = await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    state = bot.server.state
    forged = {"event_type": "voxpop_delivery", "event_payload": {"delivery_id": str(delivery)}}
    bot.server.posts.post(
        bot.server.home,
        state.user(bot.server.home, alice.user_id),
        state.channels[ref.channel],
        text="hm",
        metadata=forged,
    )
    assert await bot.messenger.find(alice, delivery) is None


@pytest.mark.parametrize("fault", ["error", "drop", "garbage", "stall"])
async def test_a_slack_that_cannot_be_asked_leaves_it_open(bot: Bot, fault: str) -> None:
    alice = bot.account("alice")
    bot.server.faults.goes_wrong(fault, "conversations.history", seconds=2)
    with pytest.raises(OutcomeUnknown):
        await bot.messenger.find(alice, uuid4())


# What errors mean


@pytest.mark.parametrize(
    ("fault", "how", "expected"),
    [
        ("busy", {"seconds": 3}, PlatformBusy),
        ("busy_text", {}, PlatformBusy),
        ("revoked", {}, PlatformRefuses),
        ("revoked", {"error": "account_inactive"}, PlatformRefuses),
        ("refuse", {"error": "missing_scope"}, PlatformRefuses),
        ("refuse", {"error": "user_not_found"}, RecipientUnreachable),
        ("error", {"status": 500}, OutcomeUnknown),
        ("error", {"status": 200, "error": "fatal_error"}, OutcomeUnknown),
        ("error_text", {"status": 502}, OutcomeUnknown),
        ("error_list", {"status": 503}, OutcomeUnknown),
        ("stall", {"seconds": 2}, OutcomeUnknown),
        ("garbage", {}, OutcomeUnknown),
        ("drop", {}, OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("route", ["chat.postMessage", "users.info"])
async def test_what_goes_wrong_has_one_meaning_wherever_it_does(
    bot: Bot, route: str, fault: str, how: dict[str, Any], expected: type[Exception]
) -> None:
    alice = bot.account("alice")
    bot.server.faults.goes_wrong(fault, route, **how)
    with pytest.raises(expected) as raised:
        await bot.messenger.send(alice, QUESTION, delivery_id=uuid4())
    if isinstance(raised.value, PlatformBusy):
        wait = timedelta(seconds=3) if fault == "busy" else None
        assert raised.value.retry_after == wait
    assert not bot.server.delivered()
    # The server counts what it has answered; a stalled one is not among it yet.
    assert len(bot.server.faults.of(route)) == (0 if fault == "stall" else 1)


async def test_a_slack_that_is_away_delivers_nothing_and_says_so() -> None:
    api = SlackApi("http://127.0.0.1:9/api/")
    messenger = SlackMessenger(Workspaces(api, "xoxb-1", None, lambda: AT), SEAL)
    nobody = Address(platform=PLATFORM, workspace=WORKSPACE_AT_HOME, user_id="U1")
    with pytest.raises(PlatformBusy):
        await messenger.send(nobody, QUESTION, delivery_id=uuid4())
    assert messenger.paces == PACES
    await api.close()


async def test_fault_22_an_app_that_may_not_exchange_messages_stops_the_platform_and_nobody_fails(
    bot: Bot,
) -> None:
    bot.server.state.app.messages_tab = False
    with pytest.raises(PlatformRefuses, match="Messages tab on under App Home"):
        await bot.messenger.send(bot.account("alice"), QUESTION, delivery_id=uuid4())


async def test_fault_23_who_is_deactivated_or_a_bot_or_not_there_is_not_written_to(
    bot: Bot,
) -> None:
    gone = bot.account("gone")
    bot.server.deactivate("gone@acme.test")
    for user_id, why in [
        (gone.user_id, "deactivated"),
        (bot.server.home.bot_user_id, "a bot's"),
        ("USLACKBOT", "a bot's"),
        ("U0NOBODY", "no account"),
        ("../../auth.test", "no account"),
        ("C012345", "no account"),
    ]:
        with pytest.raises(RecipientUnreachable, match=why):
            await bot.messenger.send(replace(gone, user_id=user_id), QUESTION, delivery_id=uuid4())
    assert not bot.server.delivered()
    assert not bot.server.faults.of("chat.postMessage")


async def test_fault_23_many_are_looked_up_by_the_list_within_its_rate(bot: Bot) -> None:
    bot.server.web.limited = True
    bot.server.web.limits = {"chat.postMessage": 100_000}
    everybody = [bot.account(f"p{number}") for number in range(150)]
    bot.server.deactivate("p120@acme.test")
    outcomes = await asyncio.gather(
        *(bot.messenger.send(one, Card(headline="x"), delivery_id=uuid4()) for one in everybody),
        return_exceptions=True,
    )
    failed = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Exception)]
    assert failed == [120]
    assert len(bot.server.faults.of("users.info")) == 50
    assert len(bot.server.faults.of("users.list")) == 1
    assert len(bot.server.delivered()) == 149


async def test_who_joins_while_the_list_is_known_is_asked_for_alone(bot: Bot) -> None:
    for number in range(60):
        await bot.messenger.send(bot.account(f"p{number}"), Card(headline="x"), delivery_id=uuid4())
    assert len(bot.server.faults.of("users.list")) == 1
    assert len(bot.server.faults.of("users.info")) == 59  # all but the one who was on the list


async def test_a_list_that_slack_does_not_tell_is_asked_for_again(bot: Bot) -> None:
    everybody = [bot.account(f"p{number}") for number in range(60)]
    bot.server.faults.goes_wrong("error", "users.list", times=1)
    for one in everybody[:50]:
        await bot.messenger.send(one, Card(headline="x"), delivery_id=uuid4())
    with pytest.raises(OutcomeUnknown):
        await bot.messenger.send(everybody[50], Card(headline="x"), delivery_id=uuid4())
    await bot.messenger.send(everybody[50], Card(headline="x"), delivery_id=uuid4())
    assert len(bot.server.delivered()) == 51
