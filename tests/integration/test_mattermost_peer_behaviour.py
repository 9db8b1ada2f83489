"""What the Mattermost peer does beyond the recording: for people, by the clock, with messages."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.mattermost.bot import Bot, Json, bot_at
from tests.mattermost.person import Person
from tests.mattermost.server import MattermostServer


@pytest.fixture
async def server() -> AsyncIterator[MattermostServer]:
    async with MattermostServer() as made:
        yield made


@pytest.fixture
async def bot(server: MattermostServer) -> AsyncIterator[Bot]:
    async with bot_at(server) as made:
        yield made


@pytest.fixture
def alice(server: MattermostServer, bot: Bot) -> Person:
    assert bot.server is server
    return server.person("alice")


# People


async def test_a_person_presses_what_they_see(bot: Bot, alice: Person) -> None:
    await bot.send(alice)
    [post] = await alice.inbox()
    bot.says = {"update": {"message": "Thanks."}, "ephemeral_text": "See <https://a.b|here>."}
    assert (await alice.press(post, "9")).ok
    assert bot.heard[0]["context"] == {"score": 9}
    [changed] = await alice.inbox()
    assert changed["message"] == "Thanks."
    assert changed["props"]["attachments"] == post["props"]["attachments"]
    [whisper] = await alice.private()
    assert (whisper["message"], whisper["root_id"]) == ("See [here](https://a.b).", post["id"])


async def test_a_late_press_on_an_old_screen_finds_no_button(bot: Bot, alice: Person) -> None:
    await bot.send(alice)
    [post] = await alice.inbox()
    bot.says = {"update": {"message": "Closed.", "props": {"attachments": []}}}
    await alice.press(post, "9")
    late = await alice.press(post, "3")
    assert (late.status, late.body["id"]) == (404, "api.post.do_action.action_id.app_error")
    assert len(bot.heard) == 1


async def test_a_choice_from_a_menu_says_what_was_chosen(bot: Bot, alice: Person) -> None:
    sent = await bot.send(alice)
    assert (await alice.choose(sent.body["id"], "Rate", "7")).ok
    assert bot.heard[0]["type"] == "select"
    assert bot.heard[0]["context"] == {"selected_option": "v7"}


async def test_a_private_answer_may_have_buttons_of_its_own(bot: Bot, alice: Person) -> None:
    await bot.ask("POST", "/commands", token=bot.server.admin_token, body={
        "team_id": bot.server.team.id, "trigger": "nps", "url": f"{bot.url}/command", "method": "P",
    })  # fmt: skip
    bot.says = {"text": "Sure?", "attachments": [{"actions": [bot.action("yes", "Yes", sure=1)]}]}
    told = await alice.command("/nps close")
    assert "integration" not in json.dumps(told.body)
    [whisper] = await alice.private()
    bot.says = {}
    assert (await alice.press(whisper, "Yes")).ok
    assert bot.heard[1]["context"] == {"sure": 1}
    forged = await alice.press_action(whisper["id"], "yes", cookie="AAAA")
    assert forged.status == 400
    assert (await alice.press_action(whisper["id"], "yes")).status == 403


async def test_a_dialog_is_shown_filled_in_and_closed(bot: Bot, alice: Person) -> None:
    async def opens(pressed: Json) -> Json:
        if "trigger_id" in pressed:
            dialog = {"callback_id": "c", "title": "Why?", "state": "sealed"}
            about = {"trigger_id": pressed["trigger_id"], "url": f"{bot.url}/d", "dialog": dialog}
            assert (await bot.ask("POST", "/actions/dialogs/open", about)).ok
        return {}

    sent = await bot.send(alice)
    bot.says = opens
    await alice.press(sent.body["id"], "9")
    assert (await alice.submit({"comment": "slow"})).ok
    assert (await alice.cancel()).ok
    assert [each["cancelled"] for each in bot.heard[1:]] == [False, True]
    assert bot.heard[1]["state"] == "sealed"


async def test_a_dialog_can_be_opened_for_three_seconds(bot: Bot, alice: Person) -> None:
    sent = await bot.send(alice)
    await alice.press(sent.body["id"], "9")
    about = {"trigger_id": bot.heard[0]["trigger_id"], "url": bot.url, "dialog": {}}
    assert (await bot.ask("POST", "/actions/dialogs/open", about)).status == 200
    bot.server.state.clock.advance(3.1)
    late = await bot.ask("POST", "/actions/dialogs/open", about)
    assert late.body["id"] == "interactive_message.decode_trigger_id.expired"


async def test_a_command_is_answered_five_times_within_half_an_hour(
    bot: Bot, alice: Person
) -> None:
    await bot.ask("POST", "/commands", token=bot.server.admin_token, body={
        "team_id": bot.server.team.id, "trigger": "nps", "url": f"{bot.url}/command", "method": "P",
    })  # fmt: skip
    bot.says = {"text": "Working on it."}
    await alice.command("/nps report")
    later = bot.heard[0]["response_url"]
    said = [{"text": str(number)} for number in range(6)]
    status = [(await bot.http.post(later, json=body)).status for body in said]
    assert status == [200] * 5 + [400]
    assert [post["message"] for post in await alice.private()][1:] == list("01234")
    await alice.command("/nps report")
    bot.server.state.clock.advance(1801)
    assert (await bot.http.post(bot.heard[1]["response_url"], json=said[0])).status == 404


async def test_a_command_may_answer_in_the_channel(bot: Bot, alice: Person) -> None:
    await bot.ask("POST", "/commands", token=bot.server.admin_token, body={
        "team_id": bot.server.team.id, "trigger": "nps", "url": f"{bot.url}/command", "method": "P",
    })  # fmt: skip
    bot.says = {"text": "NPS +42", "response_type": "in_channel"}
    await alice.command("/nps share")
    assert bot.server.delivered()[-1]["message"] == "NPS +42"
    unknown = await alice.command("/nsp report")
    assert (unknown.status, len(bot.heard)) == (404, 1)


# Messages


async def test_a_pending_post_id_is_known_for_thirty_seconds(bot: Bot, alice: Person) -> None:
    ids = [(await bot.send(alice, pending_post_id="p")).body["id"] for _ in range(2)]
    bot.server.state.clock.advance(31)
    ids.append((await bot.send(alice, pending_post_id="p")).body["id"])
    assert ids[0] == ids[1] != ids[2]
    assert len(bot.server.delivered("alice")) == 2


async def test_replies_are_in_the_thread_and_since_finds_what_was_missed(
    bot: Bot, alice: Person
) -> None:
    sent = await bot.send(alice)
    await alice.reply("no thread")
    seen = bot.server.state.clock.now()
    await asyncio.sleep(0.002)
    reply = await alice.reply("in the thread", root=sent.body)
    assert (reply["root_id"], reply["parent_id"]) == (sent.body["id"], sent.body["id"])
    thread = await bot.ask("GET", f"/posts/{sent.body['id']}/thread")
    assert thread.body["order"] == [reply["id"], sent.body["id"]]
    assert thread.body["posts"][sent.body["id"]]["reply_count"] == 1
    since = await bot.ask("GET", f"/channels/{await alice.channel()}/posts?since={seen}")
    assert since.body["order"] == [reply["id"]]
    wrong = await alice.ask("POST", "/posts", {
        "channel_id": await alice.channel(), "message": "x", "root_id": reply["id"],
    })  # fmt: skip
    assert wrong.status == 400


async def test_pages_are_walked_without_a_gap(bot: Bot, alice: Person) -> None:
    sent = [(await bot.send(alice)).body["id"] for _ in range(5)][::-1]
    place = f"/channels/{await alice.channel()}/posts?per_page=2"
    pages = [(await bot.ask("GET", f"{place}&page={page}")).body["order"] for page in range(4)]
    assert pages == [sent[:2], sent[2:4], sent[4:], []]
    before = await bot.ask("GET", f"{place}&before={sent[1]}")
    after = await bot.ask("GET", f"{place}&after={sent[3]}")
    assert (before.body["order"], after.body["order"]) == (sent[2:4], sent[1:3])
    assert (before.body["next_post_id"], before.body["prev_post_id"]) == (sent[1], sent[4])


async def test_props_have_a_limit(bot: Bot, alice: Person) -> None:
    about = {"channel_id": await alice.channel(), "message": "x"}
    long = await bot.ask("POST", "/posts", {**about, "props": {"x": "<" * 1400}})
    assert (long.status, long.body["id"]) == (400, "model.post.is_valid.props.app_error")
    assert (await bot.ask("POST", "/posts", {**about, "props": {"x": "<" * 1300}})).status == 201


async def test_a_file_is_uploaded_and_shown(bot: Bot, alice: Person) -> None:
    form = aiohttp.FormData({"channel_id": await alice.channel()})
    form.add_field("files", b"png", filename="nps.png", content_type="image/png")
    headers = {"Authorization": f"Bearer {bot.token}"}
    async with bot.http.post(f"{bot.server.url}/api/v4/files", data=form, headers=headers) as sent:
        [info] = (await sent.json())["file_infos"]
    await bot.send(alice, file_ids=[info["id"]])
    [post] = await alice.inbox()
    assert post["metadata"]["files"][0]["name"] == "nps.png"
    assert (await alice.ask("GET", f"/files/{info['id']}/info")).body["size"] == 3
    assert bot.server.delivered("alice")[0]["files"] == ["nps.png"]


async def test_an_edit_may_come_too_late(bot: Bot, alice: Person) -> None:
    sent = await bot.send(alice)
    bot.server.state.config["ServiceSettings"]["PostEditTimeLimit"] = 60
    bot.server.state.clock.advance(61)
    told = {"id": sent.body["id"], "message": "x"}
    assert (await bot.ask("PUT", f"/posts/{sent.body['id']}", told)).status == 400
