"""Slash commands in Slack, and the shortcut beside them."""

import asyncio
import json
from typing import Any

import pytest

from bot.interactions import CommandTyped, Interaction
from bot.sealing import Place
from bot.slack.bodies import Typed
from bot.slack.written import as_typed
from survey.card import Card, Reply
from survey.invitation import Response
from survey.person import Address, Person
from tests.chat import ADA, BEN
from tests.examples import invitation
from tests.slack_inbound import (
    API,
    GENERAL,
    LATER,
    TEAM,
    Slack,
    a_slack,
    buttons,
    direct,
    id_of,
    refused,
    said,
)


def answered(chat: Slack) -> None:
    for number in range(1, 8):
        chat.store.asks(invitation(number, person=BEN, response=Response(score=9)))


async def test_a_command_is_answered_to_who_typed_it_alone() -> None:
    chat = a_slack()
    chat.ask()

    answer = await chat.types("pending")

    assert answer.status_code == 200
    told = answer.json()
    assert told["response_type"] == "ephemeral"
    assert said(told)
    assert chat.api.answers == []


async def test_buttons_below_an_answer_count_wherever_it_was_typed() -> None:
    chat = a_slack()
    answered(chat)
    told = (await chat.types("report nps", channel_id="C0ANOTHER0")).json()
    export = buttons(told)[2]
    assert chat.seal.open(export["value"]).place == Place(channel=id_of(ADA))
    await chat.interact(chat.click(export["value"], channel="C0ANOTHER0", ephemeral=True))
    assert "out of date" not in json.dumps(chat.api.answers)


async def test_the_command_may_have_any_name() -> None:
    chat = a_slack()
    assert said((await chat.types("pending", command="/survey")).json())


async def test_a_report_shows_its_chart_in_the_direct_messages() -> None:
    chat = a_slack()
    answered(chat)

    told = (await chat.types("report nps")).json()

    (posted,) = chat.api.calls("chat.postMessage")
    (shared,) = chat.api.calls("files.completeUploadExternal")
    assert (posted["channel"], buttons(posted)) == (id_of(ADA), [])
    assert shared["channel_id"] == direct(ADA)
    assert "The chart is in our direct messages." in said(told)
    assert len(buttons(told)) == 4


async def test_a_report_typed_in_the_direct_messages_is_one_message_with_chart_and_buttons() -> (
    None
):
    chat = a_slack()
    answered(chat)
    answer = await chat.types("report nps", channel_id=direct(ADA))
    (posted,) = chat.api.calls("chat.postMessage")
    assert said(posted).startswith("NPS +100")
    assert len(buttons(posted)) == 4
    assert len(chat.api.uploads) == 1
    assert (answer.status_code, answer.text) == (200, "")


async def test_a_report_typed_where_two_people_talk_is_answered_there() -> None:
    chat = a_slack()
    answered(chat)
    told = (await chat.types("report nps", channel_id="D0ADABEN00")).json()
    assert said(told).startswith("NPS +100")
    assert "in our direct messages" in said(told)


@pytest.mark.parametrize("fails", ["files.getUploadURLExternal", f"{API}up", "chat.postMessage"])
async def test_a_chart_that_can_not_be_posted_takes_nothing_from_the_report(fails: str) -> None:
    chat = a_slack()
    answered(chat)
    chat.api.refusals[fails] = refused("missing_scope")
    told = (await chat.types("report nps")).json()
    assert said(told).startswith("NPS +100")
    assert "direct messages" not in said(told)


async def test_share_posts_the_report_to_the_channel() -> None:
    chat = a_slack()
    answered(chat)
    await chat.types("report nps share")
    assert [one["channel"] for one in chat.api.calls("chat.postMessage")] == [GENERAL]
    assert [one["channel_id"] for one in chat.api.calls("files.completeUploadExternal")] == [
        GENERAL
    ]


class Slow:
    """A desk that takes its time."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.go = asyncio.Event()
        self.asked: list[Interaction] = []

    async def __call__(self, interaction: Interaction) -> Reply:
        self.asked.append(interaction)
        await self.go.wait()
        return self.reply


def slowly(chat: Slack, sentence: str) -> Slow:
    slow = Slow(Reply(private=Card(headline=sentence)))
    object.__setattr__(chat.commands, "desk", slow)
    asyncio.get_running_loop().call_later(0.8, slow.go.set)
    return slow


async def test_a_long_command_is_answered_later_at_the_response_url() -> None:
    chat = a_slack()
    slow = slowly(chat, "Done at last")

    first = (await chat.types("report nps")).json()

    assert said(first) == "Working on it: the answer comes in a moment."
    ((url, body),) = chat.api.answers
    assert url == LATER
    assert said(body) == "Done at last"
    assert [type(one) for one in slow.asked] == [CommandTyped]


class Late:
    """A roster that takes its time."""

    async def by_address(self, address: Address) -> Person | None:
        del address
        await asyncio.sleep(5)
        return None


async def test_all_that_a_command_waits_for_has_one_deadline() -> None:
    chat = a_slack()
    slow = slowly(chat, "Done at last")
    object.__setattr__(chat.commands.voice, "people", Late())
    typed = Typed(
        team_id=TEAM,
        user_id=id_of(ADA),
        channel_id=GENERAL,
        text="pending",
        trigger_id="1.2.3",
        response_url=LATER,
    )
    begun = asyncio.get_running_loop().time()

    # It was asked for a while which workspace that is.
    told = await chat.commands(typed, workspace="", arrived=begun - 0.4)

    assert asyncio.get_running_loop().time() - begun < 0.4
    assert said(told) == "Working on it: the answer comes in a moment."
    slow.go.set()
    await chat.settled()
    assert chat.api.whispered() == ["Done at last"]


@pytest.mark.parametrize("text", ["remind <@{ben}|p07>", "nps remind <@{ben}>"])
async def test_a_person_is_named_by_their_account_and_not_by_its_label(text: str) -> None:
    chat = a_slack()
    chat.ask(invitation(person=BEN))
    slow = slowly(chat, "Done")
    slow.go.set()
    await chat.types(text.format(ben=id_of(BEN)))
    (command,) = slow.asked
    assert isinstance(command, CommandTyped)
    assert command.text.endswith(f"remind {BEN.email}")
    assert command.strangers == ()


async def test_start_names_several_people_by_their_accounts() -> None:
    chat = a_slack()
    slow = slowly(chat, "Done")
    slow.go.set()
    await chat.types(f"start nps to <@{id_of(ADA)}|a>, <@{id_of(BEN)}|b>")
    (command,) = slow.asked
    assert isinstance(command, CommandTyped)
    assert command.text == f"start nps to {ADA.email}, {BEN.email}"


async def test_an_account_that_is_nobodys_on_the_roster_is_told() -> None:
    chat = a_slack()
    chat.ask(invitation(person=BEN))
    written = list(chat.store.writes)
    # Its label is Ben's handle, and it is not Ben's.
    told = (await chat.types("remind <@U0STRANGER|ben>")).json()
    assert said(told) == "Nobody on the roster has the account @ben."
    assert chat.store.writes == written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("remind <@{ben}|x>", "That is for survey administrators"),
        ("remind <@U0STRANGER|x>", "That is for survey administrators"),
        ("rmind <@{ben}|x>", "I don't know rmind. Did you mean /nps remind @x?"),
        ("reminders remind <@{ben}|x>", "I don't know reminders."),
    ],
)
async def test_whoever_is_no_administrator_learns_nothing_of_accounts(text: str, says: str) -> None:
    chat = a_slack()
    told = said((await chat.types(text.format(ben=id_of(BEN)), by=BEN)).json())
    assert told.startswith(says)
    assert BEN.email not in told.removeprefix(says).partition("administrators:")[0]


async def test_while_the_roster_is_away_a_named_account_is_asked_for_again() -> None:
    chat = a_slack()
    chat.store.down.add("by_accounts")
    told = (await chat.types(f"remind <@{id_of(BEN)}|ben>")).json()
    assert said(told).startswith("I couldn't do that just now")


@pytest.mark.parametrize(
    "url",
    [
        LATER,
        "https://evil.example/commands/T0ACME0000/1/abc",
        "http://hooks.slack.com/commands/T0ACME0000/1/abc",
        "https://hooks.slack.com.evil.example/commands/1",
        "https://hooks.slack.com@evil.example/commands/1",
        "https://[",
        "file:///etc/passwd",
        "",
    ],
)
async def test_fault_46_an_answer_that_finds_no_way_goes_to_the_direct_messages(url: str) -> None:
    chat = a_slack()
    chat.api.refusals[LATER] = refused("used_url", 404)
    slowly(chat, "Done at last")
    await chat.types("report nps", response_url=url)
    assert chat.api.answers == []
    (posted,) = chat.api.calls("chat.postMessage")
    assert posted["channel"] == id_of(ADA)
    assert said(posted) == "Done at last"


async def test_fault_32_a_command_that_comes_again_has_no_effect() -> None:
    chat = a_slack()
    await chat.types("optout", trigger_id="1.2.3")
    written = list(chat.store.writes)
    assert written
    again = await chat.types("optout", trigger_id="1.2.3")
    assert (again.status_code, again.text) == (200, "")
    assert chat.store.writes == written


async def test_a_command_while_the_database_is_away_says_so() -> None:
    chat = a_slack()
    chat.store.down.add("*")
    told = (await chat.types("optout")).json()
    assert said(told).startswith("I couldn't do that just now")


@pytest.mark.parametrize("missing", ["user_id", "channel_id", "trigger_id", "team_id"])
async def test_a_command_without_what_it_needs_is_not_taken(missing: str) -> None:
    chat = a_slack()
    lacking: dict[str, Any] = {missing: ""}
    answer = await chat.types("optout", **lacking)
    assert answer.status_code in {200, 400}
    assert answer.text == "" or answer.headers["content-type"] == "application/problem+json"
    assert chat.store.writes == []


async def test_the_shortcut_shows_what_is_open_in_the_direct_messages() -> None:
    chat = a_slack()
    chat.ask()
    shortcut: dict[str, Any] = {
        "type": "shortcut",
        "callback_id": "nps_pending",
        "trigger_id": "1.2.3",
        "team": {"id": TEAM},
        "user": {"id": id_of(ADA)},
        "action_ts": "1795604400.000100",
    }
    answer = await chat.interact(shortcut)
    assert (answer.status_code, answer.text) == (200, "")
    (posted,) = chat.api.calls("chat.postMessage")
    assert posted["channel"] == id_of(ADA)
    await chat.interact(shortcut | {"trigger_id": "1.2.4", "callback_id": "unheard_of"})
    await chat.interact(shortcut)
    assert len(chat.api.calls("chat.postMessage")) == 1


@pytest.mark.parametrize(
    ("told", "typed"),
    [
        ("report nps", "report nps"),
        ("remind <@U0BEN|ben>", "remind @ben"),
        ("remind <@U0BEN>", "remind @U0BEN"),
        ("remind <mailto:ben@example.org|ben@example.org>", "remind ben@example.org"),
        ("in <#C1|general> &lt;b&gt; &amp;amp;", "in #general <b> &amp;"),
        ("<!here> <!subteam^S1|@grp> <!subteam^S2>", "@here @grp @S2"),
        ("see <https://a.example/?x=1&amp;y|a.example>", "see a.example"),
        ("see <https://a.example/?x=1&amp;y>", "see https://a.example/?x=1&y"),
        ("a < b > c & d", "a < b > c & d"),
    ],
)
def test_words_are_read_as_they_were_typed(told: str, typed: str) -> None:
    assert as_typed(told) == typed
