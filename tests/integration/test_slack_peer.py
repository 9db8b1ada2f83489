"""The Slack peer as an app on Slack's own SDK meets it: by HTTP and over a socket."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.slack.app import MENU, PRESS, WHY, by_http, by_socket, client_of, modal
from tests.slack.person import Person
from tests.slack.records import Json
from tests.slack.server import SlackServer

ANN = "ann@acme.test"
DELIVERY = {"event_type": "voxpop_delivery", "event_payload": {"delivery_id": "d-1"}}


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as started:
        yield started


@pytest.fixture(params=[by_http, by_socket], ids=["http", "socket"])
async def heard(server: SlackServer, request: pytest.FixtureRequest) -> AsyncIterator[list[Json]]:
    async with request.param(server) as listening:
        yield listening


@pytest.fixture
def ann(server: SlackServer) -> Person:
    return server.person(ANN)


async def posted(server: SlackServer, to: Person, *elements: Json, **what: Any) -> Json:
    blocks = [{"type": "actions", "elements": list(elements)}]
    told = await client_of(server, to.workspace.bot_token).chat_postMessage(
        channel=to.id, text="Hello", blocks=blocks, **what
    )
    message: Json = told["message"]
    return message


async def test_a_press_replaces_the_message_and_opens_a_modal(
    server: SlackServer, heard: list[Json], ann: Person
) -> None:
    answer = await ann.press(await posted(server, ann, PRESS), "Fish & chips")
    assert (answer.ok, answer.status) == (True, 200)
    assert [message["text"] for message in await ann.inbox()] == ["Pressed."]
    assert [view["title"]["text"] for view in await ann.modals()] == ["Why?"]
    payload = next(body for body in heard if body["type"] == "block_actions")
    assert payload["user"]["id"] == ann.id
    assert payload["team"] == {"id": server.home.id, "domain": "acme"}
    assert payload["container"]["channel_id"] == ann.channel.id
    assert payload["actions"][0]["value"] == "v"


async def test_what_is_chosen_from_a_menu_is_told(
    server: SlackServer, heard: list[Json], ann: Person
) -> None:
    assert (await ann.choose(await posted(server, ann, MENU), "7")).ok
    assert [one["text"] for one in await ann.private()] == ["Chosen: s7"]
    state = heard[-1]["state"]["values"]
    assert [field["menu"]["selected_option"]["value"] for field in state.values()] == ["s7"]


@pytest.mark.usefixtures("heard")
async def test_a_modal_stays_open_until_it_is_filled_in_rightly(
    server: SlackServer, ann: Person
) -> None:
    await ann.press(await posted(server, ann, PRESS), "press")
    assert (await ann.submit({"why": "no"})).errors == {"why": "Please."}
    assert len(await ann.modals()) == 1
    assert (await ann.submit({"why": "because"})).ok
    assert await ann.modals() == []


@pytest.mark.usefixtures("heard")
async def test_no_client_sends_what_a_field_does_not_hold(server: SlackServer, ann: Person) -> None:
    await ann.press(await posted(server, ann, PRESS), "press")
    for wrong in ({"why": "x" * 21}, {"why": ""}, {"other": "x"}):
        with pytest.raises(AssertionError):
            await ann.submit(wrong)


@pytest.mark.usefixtures("heard")
async def test_the_answer_to_a_command_is_seen_by_one_person(
    server: SlackServer, ann: Person
) -> None:
    assert (await ann.command("/nps  status 7")).ok
    assert [one["text"] for one in await ann.private()] == ["You said: status 7"]
    assert await server.person("ben@acme.test").private() == []


async def test_words_and_the_home_tab_are_events(
    server: SlackServer, heard: list[Json], ann: Person
) -> None:
    root = await posted(server, ann, PRESS)
    await ann.write("It was fine", thread=root)
    await ann.open_home()
    await server.events.settled()
    events = [body["event"] for body in heard if body["type"] == "event_callback"]
    own, words, opened = sorted(events, key=lambda event: str(event["event_ts"]))
    assert (own["user"], own["bot_id"][0]) == (server.home.bot_user_id, "B")
    assert (words["text"], words["user"]) == ("It was fine", ann.id)
    assert (words["thread_ts"], words["channel_type"]) == (root["ts"], "im")
    assert (opened["type"], opened["tab"], opened["user"]) == ("app_home_opened", "home", ann.id)
    assert (await ann.home() or {})["blocks"][0]["type"] == "divider"


async def test_a_changed_message_is_an_event_that_nobody_wrote(
    server: SlackServer, heard: list[Json], ann: Person
) -> None:
    message = await posted(server, ann, PRESS)
    await client_of(server).chat_update(channel=ann.channel.id, ts=message["ts"], text="New")
    await server.events.settled()
    changed = [body["event"] for body in heard if body["event"].get("subtype")]
    assert [event["subtype"] for event in changed] == ["message_changed"]
    assert changed[0]["hidden"]
    assert "user" not in changed[0]


@pytest.mark.usefixtures("heard")
async def test_a_private_message_is_pressed_without_being_told_along(
    server: SlackServer, ann: Person
) -> None:
    await client_of(server).chat_postEphemeral(
        channel=server.state.channel_named(server.home, "general").id,
        user=ann.id,
        text="Only you",
        blocks=[{"type": "actions", "elements": [PRESS]}],
    )
    answer = await ann.press((await ann.private())[0], "press")
    assert answer.payload["container"]["is_ephemeral"]
    assert "message" not in answer.payload
    assert [one["text"] for one in await ann.private()] == ["Pressed."]
    assert await ann.inbox() == []


# What only our own Slack does


async def test_a_request_url_is_verified(server: SlackServer) -> None:
    async with by_http(server):
        assert await server.verify()
    server.connect(f"{server.url}/nothing")
    assert not await server.verify()


async def test_history_is_read_from_a_time_on(server: SlackServer, ann: Person) -> None:
    client = client_of(server)
    stamps = [(await posted(server, ann, PRESS))["ts"] for _ in range(3)]
    place = {"channel": ann.channel.id, "oldest": stamps[1]}
    later = await client.conversations_history(**place)
    since = await client.conversations_history(**place, inclusive=True)
    assert [one["ts"] for one in later["messages"]] == [stamps[2]]
    assert [one["ts"] for one in since["messages"]] == [stamps[2], stamps[1]]


async def test_metadata_is_shown_to_who_asks_for_it(server: SlackServer, ann: Person) -> None:
    await posted(server, ann, PRESS, metadata=DELIVERY)
    client = client_of(server)
    bare = await client.conversations_history(channel=ann.channel.id)
    whole = await client.conversations_history(channel=ann.channel.id, include_all_metadata=True)
    assert bare["messages"][0]["metadata"] == {"event_type": "voxpop_delivery"}
    assert whole["messages"][0]["metadata"] == DELIVERY
    assert server.delivered(ANN)[0]["delivery"] == "d-1"


async def test_texts_are_kept_as_slack_keeps_them(server: SlackServer, ann: Person) -> None:
    client = client_of(server)
    texts = ["a & b", "1 < 2 > 0", "<!channel> &lt;!channel&gt;", "x" * 40_001]
    for text in texts:
        await client.chat_postMessage(channel=ann.id, text=text)
    assert [one["text"] for one in await ann.inbox()] == [
        "a &amp; b",
        "1 &lt; 2 &gt; 0",
        "<!channel> &lt;!channel&gt;",
        "x" * 40_000,
    ]


async def test_a_workspace_sees_nothing_of_another_one(server: SlackServer, ann: Person) -> None:
    await posted(server, ann, PRESS)
    other = server.add_workspace("Umbrella", installed=True)
    client = client_of(server, other.bot_token)
    assert (await client.auth_test())["team_id"] == other.id
    names = [one["name"] for one in (await client.users_list())["members"]]
    assert sorted(names) == ["admin", "slackbot", "voxpop"]
    for refused, error in (
        (client.chat_postMessage(channel=ann.id, text="x"), "channel_not_found"),
        (client.conversations_history(channel=ann.channel.id), "channel_not_found"),
        (client.users_info(user=ann.id), "user_not_found"),
        (client.users_lookupByEmail(email=ANN), "users_not_found"),
    ):
        with pytest.raises(SlackApiError) as told:
            await refused
        assert told.value.response["error"] == error
    there = server.person(ANN, workspace=other)
    assert there.id != ann.id
    await posted(server, there, PRESS)
    assert [entry["team"] for entry in server.delivered(ANN)] == [server.home.id, other.id]


async def test_a_deactivated_account_takes_messages_and_opens_no_conversation(
    server: SlackServer, ann: Person
) -> None:
    server.deactivate(ANN)
    client = client_of(server)
    assert (await client.chat_postMessage(channel=ann.id, text="Anybody?"))["ok"]
    assert (await client.users_info(user=ann.id))["user"]["deleted"]
    for refused, error in (
        (client.conversations_open(users=ann.id), "user_disabled"),
        (client.users_lookupByEmail(email=ANN), "users_not_found"),
    ):
        with pytest.raises(SlackApiError) as told:
            await refused
        assert told.value.response["error"] == error


async def test_reading_methods_read_no_json(server: SlackServer, ann: Person) -> None:
    headers = {"Authorization": f"Bearer {server.bot_token}"}
    url = f"{server.api_url}users.info"
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(url, json={"user": ann.id}) as answer:
            assert (await answer.json())["error"] == "user_not_found"
        async with http.post(url, data={"user": ann.id}) as answer:
            assert (await answer.json())["user"]["id"] == ann.id


async def test_a_missing_scope_is_named(server: SlackServer, ann: Person) -> None:
    token = server.state.install(server.home, scopes="chat:write,users:read").value
    client = client_of(server, token)
    with pytest.raises(SlackApiError) as told:
        await client.users_lookupByEmail(email=ANN)
    about = {name: told.value.response[name] for name in ("error", "needed", "provided")}
    assert about == {
        "error": "missing_scope",
        "needed": "users:read.email",
        "provided": "chat:write,users:read",
    }
    assert "email" not in (await client.users_info(user=ann.id))["user"]["profile"]
    assert (await client.auth_test()).headers["X-OAuth-Scopes"] == "chat:write,users:read"


async def test_slackbot_is_there_and_takes_no_messages(server: SlackServer) -> None:
    client = client_of(server)
    shown = (await client.users_info(user="USLACKBOT", include_locale=True))["user"]
    assert (shown["is_bot"], "email" in shown["profile"]) == (False, False)
    with pytest.raises(SlackApiError, match="cannot_dm_bot"):
        await client.chat_postMessage(channel="USLACKBOT", text="Hello")


async def test_people_have_a_time_zone_and_a_language(server: SlackServer) -> None:
    server.add_person("eva@acme.test", tz="Asia/Kolkata", locale="de-DE", is_restricted=True)
    eva = server.person("eva@acme.test")
    client = client_of(server)
    shown = (await client.users_info(user=eva.id, include_locale=True))["user"]
    about = {name: shown[name] for name in ("tz", "tz_offset", "locale", "is_restricted")}
    assert about == {
        "tz": "Asia/Kolkata",
        "tz_offset": 19_800,
        "locale": "de-DE",
        "is_restricted": True,
    }
    assert "locale" not in (await client.users_info(user=eva.id))["user"]


async def test_channels_are_for_members_and_open_ones_for_all(
    server: SlackServer, ann: Person
) -> None:
    client = client_of(server)
    secret = server.state.add_channel(server.home, "secret", private=True, members={ann.id})
    old = server.state.add_channel(server.home, "old", archived=True)
    token = server.state.install(server.home, scopes="chat:write").value
    for asked, error in (
        (client.chat_postMessage(channel=secret.id, text="x"), "channel_not_found"),
        (client.chat_postMessage(channel=old.id, text="x"), "is_archived"),
        (
            client_of(server, token).chat_postMessage(channel="#general", text="x"),
            "not_in_channel",
        ),
    ):
        with pytest.raises(SlackApiError) as told:
            await asked
        assert told.value.response["error"] == error
    assert (await client.chat_postMessage(channel="#general", text="x"))["ok"]


async def test_a_modal_is_replaced_pushed_and_cleared(server: SlackServer, ann: Person) -> None:
    client = client_of(server)
    opened = await client.views_open(trigger_id=server.state.trigger(ann.user), view=modal(WHY))
    await client.views_push(trigger_id=server.state.trigger(ann.user), view=modal(WHY))
    first, second = await ann.modals()
    assert second["previous_view_id"] == second["root_view_id"] == first["id"]
    told = await client.views_update(
        view_id=first["id"], hash=opened["view"]["hash"], view=modal(callback_id="done")
    )
    assert told["view"]["callback_id"] == "done"
    await ann.close()
    assert [view["id"] for view in await ann.modals()] == [first["id"]]
