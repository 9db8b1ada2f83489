"""What our own Slack answers is what a Slack answers that others wrote."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.app import PRESS, heard_by, listening
from tests.slack.emulator import NoEmulator, SlackEmulator
from tests.slack.outgoing import Kind
from tests.slack.server import SlackServer

Json = dict[str, Any]
ANN = "ann@acme.test"
BUTTON = {
    "type": "button",
    "action_id": "score:9",
    "text": {"type": "plain_text", "text": "9"},
    "value": "nine",
}
BLOCKS = [{"type": "actions", "block_id": "scores", "elements": [BUTTON]}]
MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "Why?"}, "blocks": []}
DELIVERY = {"event_type": "voxpop_delivery", "event_payload": {"delivery_id": "d-1"}}


@dataclass(frozen=True, kw_only=True)
class Slack:
    """Either of them, as an app sees it."""

    api_url: str
    token: str
    ann: str
    http: aiohttp.ClientSession
    trigger: Callable[[], str]

    async def ask(self, method: str, *, token: str | None = None, **arguments: Any) -> Json:
        """In JSON, as an app calls what writes."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        url = self.api_url + method
        async with self.http.post(url, json=arguments, headers=headers) as answer:
            assert answer.status == 200
            told: Json = await answer.json()
            return told

    async def look(self, method: str, **arguments: str) -> Json:
        """In a form, as an app calls what reads."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = self.api_url + method
        async with self.http.post(url, data=arguments, headers=headers) as answer:
            told: Json = await answer.json()
            return told


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Any:
    try:
        started = SlackEmulator(tmp_path_factory.mktemp("emulator"), [ANN])
    except NoEmulator as error:
        pytest.skip(f"the other Slack: {error}")
    with started:
        yield started


@pytest.fixture(params=["ours", "theirs"])
async def slack(request: pytest.FixtureRequest) -> AsyncIterator[Slack]:
    async with aiohttp.ClientSession() as http:
        if request.param == "theirs":
            theirs: SlackEmulator = request.getfixturevalue("emulator")
            ann = theirs.people[ANN]
            yield Slack(
                api_url=theirs.api_url,
                token=theirs.bot_token,
                ann=ann,
                http=http,
                trigger=lambda: theirs.trigger(ann),
            )
            return
        async with SlackServer() as ours:
            person = ours.person(ANN)
            yield Slack(
                api_url=ours.api_url,
                token=ours.bot_token,
                ann=person.id,
                http=http,
                trigger=lambda: ours.state.trigger(person.user),
            )


async def test_a_token_says_whose_it_is(slack: Slack) -> None:
    told = await slack.ask("auth.test")
    about = {name: told[name] for name in ("ok", "url", "team", "user")}
    assert about == {
        "ok": True,
        "url": "https://acme.slack.com/",
        "team": "Acme",
        "user": "voxpop",
    }
    assert [told[name][0] for name in ("team_id", "user_id", "bot_id")] == ["T", "U", "B"]


async def test_a_post_to_a_person_says_where_their_direct_messages_are(slack: Slack) -> None:
    told = await slack.ask(
        "chat.postMessage", channel=slack.ann, text="Hello", blocks=BLOCKS, metadata=DELIVERY
    )
    assert told["ok"]
    assert told["channel"].startswith("D")
    opened = await slack.ask("conversations.open", users=slack.ann)
    assert opened["channel"]["id"] == told["channel"]
    message = told["message"]
    assert (message["type"], message["text"], message["ts"]) == ("message", "Hello", told["ts"])
    assert message["metadata"] == DELIVERY
    assert message["blocks"][0]["block_id"] == "scores"
    button = message["blocks"][0]["elements"][0]
    assert (button["action_id"], button["value"]) == ("score:9", "nine")


async def test_the_history_shows_the_metadata_newest_first(slack: Slack) -> None:
    first = await slack.ask("chat.postMessage", channel=slack.ann, text="One", metadata=DELIVERY)
    second = await slack.ask("chat.postMessage", channel=slack.ann, text="Two")
    told = await slack.look(
        "conversations.history", channel=first["channel"], include_all_metadata="true", limit="2"
    )
    assert [one["ts"] for one in told["messages"]] == [second["ts"], first["ts"]]
    assert told["messages"][1]["metadata"] == DELIVERY


async def test_an_update_without_metadata_keeps_it(slack: Slack) -> None:
    posted = await slack.ask(
        "chat.postMessage", channel=slack.ann, text="One", blocks=BLOCKS, metadata=DELIVERY
    )
    place = {"channel": posted["channel"], "ts": posted["ts"]}
    told = await slack.ask("chat.update", **place, text="Changed")
    assert (told["channel"], told["ts"], told["text"]) == (*place.values(), "Changed")
    assert told["message"]["metadata"] == DELIVERY
    assert "blocks" not in told["message"]


async def test_what_is_deleted_is_not_there(slack: Slack) -> None:
    posted = await slack.ask("chat.postMessage", channel=slack.ann, text="One")
    place = {"channel": posted["channel"], "ts": posted["ts"]}
    assert (await slack.ask("chat.delete", **place))["ts"] == posted["ts"]
    assert (await slack.ask("chat.update", **place, text="x"))["error"] == "message_not_found"


async def test_people_are_found_by_id_and_address(slack: Slack) -> None:
    by_address = await slack.look("users.lookupByEmail", email=ANN)
    by_id = await slack.look("users.info", user=slack.ann)
    for told in (by_address, by_id):
        user = told["user"]
        assert (user["id"], user["name"], user["profile"]["email"]) == (slack.ann, "ann", ANN)
        assert (user["is_bot"], user["deleted"]) == (False, False)
    listed = await slack.look("users.list")
    assert slack.ann in {one["id"] for one in listed["members"]}


async def test_people_are_listed_in_pages(slack: Slack) -> None:
    seen: list[str] = []
    cursor = ""
    while not seen or cursor:
        told = await slack.look("users.list", limit="1", cursor=cursor)
        seen += [one["name"] for one in told["members"]]
        cursor = told["response_metadata"]["next_cursor"]
    assert len(seen) == len(set(seen))
    assert {"ann", "voxpop", "admin"} <= set(seen)


async def test_a_trigger_opens_one_modal(slack: Slack) -> None:
    trigger = slack.trigger()
    told = await slack.ask("views.open", trigger_id=trigger, view=MODAL)
    view = told["view"]
    assert view["title"]["text"] == "Why?"
    about = {name: view[name] for name in ("type", "private_metadata", "state", "previous_view_id")}
    assert about == {
        "type": "modal",
        "private_metadata": "",
        "state": {"values": {}},
        "previous_view_id": None,
    }
    again = await slack.ask("views.open", trigger_id=trigger, view=MODAL)
    assert again == {"ok": False, "error": "exchanged_trigger_id"}
    other = await slack.ask("views.open", trigger_id="1.2.3", view=MODAL)
    assert other == {"ok": False, "error": "invalid_trigger_id"}


async def test_the_home_tab_is_published_again_and_again(slack: Slack) -> None:
    home: Json = {"type": "home", "blocks": [{"type": "divider"}]}
    first = await slack.ask("views.publish", user_id=slack.ann, view=home)
    second = await slack.ask("views.publish", user_id=slack.ann, view={**home, "blocks": []})
    assert first["view"]["id"] == second["view"]["id"]
    assert first["view"]["hash"] != second["view"]["hash"]
    stale = await slack.ask(
        "views.publish", user_id=slack.ann, view=home, hash=first["view"]["hash"]
    )
    assert stale["error"] == "hash_conflict"


async def test_a_file_goes_by_way_of_an_upload_url(slack: Slack) -> None:
    posted = await slack.ask("chat.postMessage", channel=slack.ann, text="See below")
    told = await slack.look("files.getUploadURLExternal", filename="chart.png", length="3")
    async with slack.http.post(told["upload_url"], data=b"png") as uploaded:
        assert uploaded.status == 200
    file = {"id": told["file_id"], "title": "Chart"}
    done = await slack.ask(
        "files.completeUploadExternal", files=[file], channel_id=posted["channel"]
    )
    assert [(one["id"], one["title"]) for one in done["files"]] == [(told["file_id"], "Chart")]
    listed = await slack.look("conversations.history", channel=posted["channel"], limit="1")
    assert [one["id"] for one in listed["messages"][0]["files"]] == [told["file_id"]]


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": "U0NOBODY001", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C0NOWHERE01", "text": "x"}, "channel_not_found"),
        ("conversations.history", {"channel": "D0NOWHERE01"}, "channel_not_found"),
        ("conversations.open", {"users": "U0NOBODY001"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@acme.test"}, "users_not_found"),
        ("users.info", {"user": "U0NOBODY001"}, "user_not_found"),
    ],
)
async def test_refusals_have_the_same_words(
    slack: Slack, method: str, arguments: dict[str, str], error: str
) -> None:
    told = await slack.look(method, **arguments)
    assert (told["ok"], told["error"]) == (False, error)


async def test_a_message_needs_words(slack: Slack) -> None:
    told = await slack.ask("chat.postMessage", channel=slack.ann)
    assert told == {"ok": False, "error": "no_text"}


async def test_nobody_is_let_in_without_a_token(slack: Slack) -> None:
    async with slack.http.post(f"{slack.api_url}auth.test") as answer:
        assert await answer.json() == {"ok": False, "error": "not_authed"}


async def test_a_press_at_the_emulator_reaches_an_app(emulator: SlackEmulator) -> None:
    ann = emulator.people[ANN]
    posted = emulator.call("chat.postMessage", channel=ann, text="x", blocks=[press_block()])
    client = AsyncWebClient(token=emulator.bot_token, base_url=emulator.api_url)
    app, heard = heard_by(client, emulator.signing_secret)
    action = {"action_id": "press", "block_id": "one", "value": "v"}
    told = emulator.press(ann, posted["message"], posted["channel"], action)
    body, headers = emulator.request(Kind.PRESS, told)
    async with (
        listening(app) as url,
        aiohttp.ClientSession() as http,
        http.post(url, data=body, headers=headers) as answer,
    ):
        assert answer.status == 200
    assert [one["user"]["id"] for one in heard] == [ann]
    spent = emulator.call("views.open", trigger_id=told["trigger_id"], view=MODAL)
    assert spent["error"] == "exchanged_trigger_id"


def press_block() -> Json:
    return {"type": "actions", "block_id": "one", "elements": [PRESS]}


def test_the_emulator_is_the_pinned_one() -> None:
    folder = Path(__file__).parents[1] / "slack" / "emulator"
    assert '"emulate": "0.12.2"' in (folder / "package.json").read_text()
    assert "resolved" not in (folder / "package-lock.json").read_text()
