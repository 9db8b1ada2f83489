"""Slash commands in Mattermost."""

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.interactions import CommandTyped, Interaction
from bot.mattermost.client import ServerSays
from survey.card import Card, Reply
from survey.errors import InvalidValue
from survey.invitation import Response
from tests.callbacks import BOT, COMMAND_TOKEN, SQUARE, Mattermost, a_mattermost, direct, id_of
from tests.chat import ADA, BEN
from tests.examples import invitation

RECORDING = Path(__file__).parents[1] / "mattermost" / "recording-5.37.json"


async def test_a_command_is_answered_to_who_typed_it_alone() -> None:
    chat = a_mattermost()
    chat.ask()

    answer = await chat.types("pending")

    assert answer.status_code == 200
    told = answer.json()
    assert told["response_type"] == "ephemeral"
    assert told["skip_slack_parsing"] is True
    assert told["text"]


async def test_a_command_in_the_form_that_was_recorded_is_understood() -> None:
    exchanges = json.loads(RECORDING.read_text())["exchanges"]
    (recorded,) = [one for one in exchanges if one["name"] == "slash_command"]
    chat = a_mattermost()
    body = recorded["request_body"] | {
        "user_id": id_of(ADA),
        "trigger_id": chat.server.trigger(id_of(ADA), chat.clock()),
    }
    headers = {
        name: value
        for name, value in recorded["request_headers"].items()
        if name in {"Authorization", "Content-Type", "Accept"}
    }
    answer = await chat.http.post("/mattermost/commands", content=urlencode(body), headers=headers)
    assert answer.status_code == 200
    assert answer.json()["response_type"] == "ephemeral"


@pytest.mark.parametrize(
    ("token", "header"),
    [
        ("", None),
        ("wrong", None),
        ("", "Token wrong"),
        ("wrong", f"Token {COMMAND_TOKEN}"),
        (COMMAND_TOKEN, "Token wrong"),
        (COMMAND_TOKEN[:-1], None),
        ("", f"Bearer {COMMAND_TOKEN}"),
        ("é", None),
        ("", "Token "),
    ],
)
async def test_a_wrong_token_gets_401_and_nothing_is_done(token: str, header: str | None) -> None:
    chat = a_mattermost()
    chat.ask()
    chat.store.down.add("*")
    answer = await chat.types("optout", token=token, header=header)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert COMMAND_TOKEN not in answer.text
    assert chat.store.writes == []
    assert chat.client.asked == []


@pytest.mark.parametrize(
    ("token", "header"), [(COMMAND_TOKEN, None), ("", f"token {COMMAND_TOKEN}")]
)
async def test_the_token_is_taken_from_either_place(token: str, header: str | None) -> None:
    chat = a_mattermost()
    answer = await chat.types("help", token=token, header=header)
    assert answer.status_code == 200


@pytest.mark.parametrize("expected", [None, ""])
async def test_without_a_token_of_our_own_every_command_is_refused(expected: str | None) -> None:
    chat = a_mattermost(command_token=expected)
    for token in ("", COMMAND_TOKEN, "None"):
        assert (await chat.types("help", token=token, header=None)).status_code == 401


async def test_a_report_shows_its_chart_in_the_direct_messages() -> None:
    chat = a_mattermost()
    chat.ask(invitation(response=Response(score=9)))
    for number in range(2, 8):
        chat.store.asks(invitation(number, person=BEN, response=Response(score=9)))

    told = (await chat.types("report nps")).json()

    (posted,) = chat.client.posted()
    assert posted["channel_id"] == direct(ADA)
    assert posted["file_ids"] == ["f" * 26]
    assert "in our direct messages" in told["text"]
    buttons = told["attachments"][0]["actions"]
    sealed = chat.seal.open(buttons[0]["integration"]["context"]["seal"])
    assert sealed.place is not None
    assert sealed.place.channel == SQUARE


async def test_a_report_typed_in_the_direct_messages_is_one_message_with_chart_and_buttons() -> (
    None
):
    chat = a_mattermost()
    for number in range(1, 8):
        chat.store.asks(invitation(number, person=BEN, response=Response(score=9)))
    told = (await chat.types("report nps", channel_id=direct(ADA))).json()
    (posted,) = chat.client.posted()
    assert posted["message"].startswith("**NPS +100**")
    assert posted["file_ids"] == ["f" * 26]
    assert len(posted["props"]["attachments"][0]["actions"]) == 4
    assert (told["text"], told["attachments"]) == ("", [])


async def test_a_chart_that_can_not_be_posted_takes_nothing_from_the_report() -> None:
    chat = a_mattermost()
    chat.client.refusals["/files"] = ServerSays(501, "no files here")
    for number in range(1, 8):
        chat.store.asks(invitation(number, person=BEN, response=Response(score=9)))
    told = (await chat.types("report nps")).json()
    assert told["text"].startswith("**NPS +100**")
    assert "I couldn't send the chart just now" in told["text"]
    assert "direct messages" not in told["text"]
    assert chat.client.posted() == []


@pytest.mark.parametrize("path", ["/files", "/posts"])
@pytest.mark.parametrize("channel", [SQUARE, direct(ADA)])
async def test_a_file_that_can_not_be_sent_is_not_announced(path: str, channel: str) -> None:
    chat = a_mattermost()
    chat.client.refusals[path] = ServerSays(413, "too large")
    chat.ask(invitation(response=Response(score=9)))
    told = (await chat.types("export nps", channel_id=channel)).json()
    assert told["text"] == "I couldn't send the file just now; please ask again in a minute."


async def test_own_data_are_told_where_their_file_can_not_be_sent() -> None:
    chat = a_mattermost()
    chat.client.refusals["/files"] = ServerSays(501, "no files here")
    told = (await chat.types("mydata")).json()
    assert told["text"].startswith("**Everything that I know of you**")
    assert "I couldn't send the file just now" in told["text"]


def a_round() -> Mattermost:
    """Enough people have answered for a report with a chart."""
    chat = a_mattermost()
    for number in range(1, 8):
        chat.store.asks(invitation(number, person=BEN, response=Response(score=9)))
    return chat


async def test_share_posts_the_report_to_the_channel() -> None:
    chat = a_round()
    await chat.types("report nps share")
    (posted,) = chat.client.posted()
    assert posted["channel_id"] == SQUARE
    assert posted["file_ids"] == ["f" * 26]


async def test_sharing_that_nobody_knows_the_outcome_of_is_tried_once_more_as_the_same_post() -> (
    None
):
    chat = a_round()
    chat.client.slips["/posts"] = [ServerSays(502, "bad gateway")]
    told = (await chat.types("report nps share")).json()
    first, second = chat.client.posted()
    assert first == second
    assert first["pending_post_id"].startswith(f"{BOT}:")
    assert told["text"] == "Posted here for everyone to see."


@pytest.mark.parametrize("last", [ServerSays(502, "bad gateway"), ServerSays(429, "slowly")])
async def test_sharing_of_unknown_outcome_is_told_as_that(last: ServerSays) -> None:
    chat = a_round()
    chat.client.slips["/posts"] = [ServerSays(None, "no answer in time"), last]
    told = (await chat.types("report nps share")).json()
    assert len(chat.client.posted()) == 2
    assert told["text"].startswith("I can't tell whether that arrived: look in the channel")


async def test_sharing_that_was_refused_is_not_tried_again() -> None:
    chat = a_round()
    chat.client.slips["/posts"] = [ServerSays(429, "slowly")]
    told = (await chat.types("report nps share")).json()
    assert len(chat.client.posted()) == 1
    assert told["text"].startswith("I couldn't post that here just now")


@pytest.mark.parametrize("status", [403, 404, 413, 501])
async def test_a_chart_that_can_not_be_uploaded_is_left_out_of_what_is_shared(status: int) -> None:
    chat = a_round()
    chat.client.refusals["/files"] = ServerSays(status, "no files here")
    told = (await chat.types("report nps share")).json()
    (posted,) = chat.client.posted()
    assert "file_ids" not in posted
    assert "couldn't" not in posted["message"]
    assert told["text"].endswith(
        "It stands there without its chart, which I couldn't send just now."
    )
    assert told["text"].startswith("**Posted here for everyone to see.**")


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


def slowly(chat: Any, sentence: str) -> Slow:
    slow = Slow(Reply(private=Card(headline=sentence)))
    object.__setattr__(chat.commands, "desk", slow)
    return slow


async def test_a_long_command_is_answered_later_at_the_response_url() -> None:
    chat = a_mattermost()
    slow = slowly(chat, "Done at last")

    first = (await chat.types("report nps")).json()
    assert first["text"] == "Working on it: the answer comes in a moment."
    assert chat.client.later == []
    slow.go.set()
    await chat.settled()

    ((url, body),) = chat.client.later
    assert url == "https://chat.example.org/hooks/commands/abc"
    assert "Done at last" in body["text"]
    assert [type(one) for one in slow.asked] == [CommandTyped]


@pytest.mark.parametrize("refused", [ServerSays(404, "gone"), InvalidValue("foreign origin")])
async def test_fault_46_an_answer_that_finds_no_way_goes_to_the_direct_messages(
    refused: Any,
) -> None:
    chat = a_mattermost()
    slow = slowly(chat, "Done at last")
    url = "https://evil.example/hooks/commands/abc"
    chat.client.refusals[url] = refused
    await chat.types("report nps", response_url=url)
    slow.go.set()
    await chat.settled()
    assert chat.client.later == []
    (posted,) = chat.client.posted()
    assert posted["channel_id"] == direct(ADA)
    assert "Done at last" in posted["message"]


async def test_somebody_elses_signed_click_is_no_command_of_theirs() -> None:
    chat = a_mattermost()
    told = await chat.types("optout", user_id=id_of(BEN))
    assert told.json()["text"].startswith("I couldn't make sure that this came from you just now")
    assert "`voxpop doctor`" in told.json()["text"]
    assert chat.store.writes == []


async def test_a_command_while_the_database_is_away_is_no_press() -> None:
    chat = a_mattermost()
    chat.store.down.add("*")
    told = (await chat.types("optout")).json()
    assert told["text"] == "I couldn't do that just now, so please try again in a minute."


async def test_fault_31_an_old_command_has_no_effect() -> None:
    chat = a_mattermost()
    trigger = chat.server.trigger(id_of(ADA), chat.clock())
    chat.clock.forward(hours=2)
    await chat.types("optout", trigger_id=trigger)
    assert chat.store.writes == []


async def test_fault_32_a_command_that_comes_again_has_no_effect() -> None:
    chat = a_mattermost()
    trigger = chat.server.trigger(id_of(ADA), chat.clock())
    await chat.types("optout", trigger_id=trigger)
    written = list(chat.store.writes)
    assert written
    again = await chat.types("optout", trigger_id=trigger)
    assert again.json() == {}
    assert chat.store.writes == written


@pytest.mark.parametrize("body", [b"", b"\xff", b"a=b", b"&".join([b"a=b"] * 100)])
async def test_what_no_server_sends_is_a_problem_document(body: bytes) -> None:
    chat = a_mattermost()
    answer = await chat.http.post("/mattermost/commands", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
