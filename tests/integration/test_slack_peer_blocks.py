"""What the Slack peer refuses as Slack does: shapes and lengths of blocks and views."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.slack.app import MENU, PRESS, WHY, client_of, modal
from tests.slack.records import Json
from tests.slack.server import SlackServer

DIVIDER: Json = {"type": "divider"}


@pytest.fixture
async def server() -> AsyncIterator[SlackServer]:
    async with SlackServer() as started:
        yield started


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Json:
    return {"type": "section", "text": plain(text)}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def buttons(number: int) -> list[Json]:
    return [{**PRESS, "action_id": f"press:{each}"} for each in range(number)]


def rich(text: str, **style: Any) -> Json:
    words = {"type": "text", "text": text, **({"style": style} if style else {})}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [words]}]}


async def refused(server: SlackServer, blocks: Any) -> list[str]:
    client = client_of(server)
    with pytest.raises(SlackApiError) as told:
        await client.chat_postMessage(channel="#general", text="x", blocks=blocks)
    answer = told.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {one}" for one in answer["errors"]]
    assert server.delivered() == []
    wrong: list[str] = answer["errors"]
    return wrong


ALLOWED = [
    [DIVIDER] * 50,
    [section("x" * 3000)],
    [{"type": "header", "text": plain("x" * 150)}],
    [actions(*buttons(25))],
    [actions({**PRESS, "text": plain("x" * 75), "value": "x" * 2000, "action_id": "x" * 255})],
    [actions({**MENU, "options": MENU["options"] * 9})],
    [rich("Thanks", bold=True), rich("nps", code=True)],
    [{"type": "context", "elements": [plain("x")] * 10}],
    [{**section("x"), "block_id": "x" * 255, "accessory": PRESS}],
]


@pytest.mark.parametrize("blocks", ALLOWED, ids=range(len(ALLOWED)))
async def test_what_just_fits_is_taken(server: SlackServer, blocks: list[Json]) -> None:
    told = await client_of(server).chat_postMessage(channel="#general", text="x", blocks=blocks)
    assert len(told["message"]["blocks"]) == len(blocks)
    assert all(block["block_id"] for block in told["message"]["blocks"])


REFUSED = [
    ([DIVIDER] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    (
        [section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    ([actions(*buttons(26))], "no more than 25 items allowed [json-pointer:/blocks/0/elements]"),
    ([actions()], "must contain at least 1 items [json-pointer:/blocks/0/elements]"),
    (
        [DIVIDER, actions({**PRESS, "text": plain("x" * 76)})],
        "must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]",
    ),
    (
        [actions({**PRESS, "value": "x" * 2001})],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        [actions({**PRESS, "action_id": "x" * 256})],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (
        [actions(PRESS, PRESS)],
        "`action_id` press already exists [json-pointer:/blocks/0/elements/1/action_id]",
    ),
    (
        [{**DIVIDER, "block_id": "one"}, {**DIVIDER, "block_id": "one"}],
        "`block_id` one already exists [json-pointer:/blocks/1/block_id]",
    ),
    (
        [actions({**PRESS, "color": "red"})],
        "invalid additional property: color [json-pointer:/blocks/0/elements/0]",
    ),
    (
        [actions({**PRESS, "text": {"type": "mrkdwn", "text": "*x*"}})],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
    ),
    (
        [actions({**MENU, "options": [{"text": plain("x"), "value": "x" * 151}]})],
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
    ),
    (
        [actions({**MENU, "options": []})],
        "must contain at least 1 items [json-pointer:/blocks/0/elements/0/options]",
    ),
    (
        [{"type": "context", "elements": [plain("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        [rich("")],
        "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
    ),
    ([{"type": "banner"}], "unsupported type: banner [json-pointer:/blocks/0/type]"),
]


@pytest.mark.parametrize(("blocks", "told"), REFUSED, ids=[told[:40] for _, told in REFUSED])
async def test_what_slack_refuses_is_refused(
    server: SlackServer, blocks: list[Json], told: str
) -> None:
    assert told in await refused(server, blocks)


async def test_blocks_are_a_list(server: SlackServer) -> None:
    with pytest.raises(SlackApiError, match="invalid_blocks_format"):
        await client_of(server).chat_postMessage(channel="#general", text="x", blocks="{}")


LONG = [
    ({"title": plain("x" * 25)}, "/view/title/text"),
    ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
    ({"callback_id": "x" * 256}, "/view/callback_id"),
    ({"blocks": [DIVIDER] * 101}, "/view/blocks"),
    ({"submit": None}, "/view"),
]


@pytest.mark.parametrize(("said", "where"), LONG, ids=[where for _, where in LONG])
async def test_a_modal_that_does_not_fit_is_not_opened(
    server: SlackServer, said: Json, where: str
) -> None:
    ann = server.person("ann@acme.test")
    trigger = server.state.trigger(ann.user)
    with pytest.raises(SlackApiError) as told:
        await client_of(server).views_open(trigger_id=trigger, view=modal(WHY) | said)
    answer = told.value.response
    assert answer["error"] == "invalid_arguments"
    (message,) = answer["response_metadata"]["messages"]
    assert message.endswith(f"[json-pointer:{where}]")
    assert await ann.modals() == []


async def test_a_modal_that_just_fits_is_opened(server: SlackServer) -> None:
    ann = server.person("ann@acme.test")
    view = modal(WHY, title=plain("x" * 24), private_metadata="x" * 3000, callback_id="x" * 255)
    await client_of(server).views_open(trigger_id=server.state.trigger(ann.user), view=view)
    assert len(await ann.modals()) == 1


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "x"}, "invalid_metadata_schema"),
        ({"kind": "x", "event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "x", "event_payload": {"x": "x" * 8000}}, "metadata_too_large"),
    ],
)
async def test_metadata_has_a_shape(server: SlackServer, metadata: Json, error: str) -> None:
    with pytest.raises(SlackApiError, match=error):
        await client_of(server).chat_postMessage(channel="#general", text="x", metadata=metadata)
