"""What people do in Slack, over HTTP and over a socket, in the product on both databases."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from slack_sdk.signature import SignatureVerifier
from starlette.types import ASGIApp

from bot.slack import PLATFORM, WORKSPACE_AT_HOME
from runtime.serving import create_server_app
from runtime.slack import Answering
from survey.campaign import Campaign
from survey.person import Address, Enrolment
from tests.peer.faults import Fault
from tests.slack.interactions import Answer
from tests.slack.person import Person
from tests.slack.records import Json
from tests.slack.server import SlackServer
from tests.world import World

PEOPLE = ("ada@example.org", "ben@example.org", "cem@example.org")
SECONDS = 10.0


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """The port of a real server."""
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, http="httptools")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await serving
        listening.close()


@dataclass
class Chat:
    """A workspace where three people are asked, and the product behind its app."""

    slack: SlackServer
    world: World
    campaign: Campaign
    answering: Answering

    def person(self, place: int) -> Person:
        return self.slack.person(PEOPLE[place])

    async def question(self, place: int) -> Json:
        """The newest message to somebody, as it looks by now."""
        (*_, newest) = await self.person(place).inbox()
        return newest

    async def shows(self, place: int, words: str) -> Json:
        """Their newest message, once these words stand in it."""
        found: Json = await until(lambda: self.question(place), lambda one: words in text_of(one))
        return found

    async def scores(self) -> dict[int, int]:
        return await self.world.scores(self.campaign)


async def until(look: Callable[[], Awaitable[Any]], accept: Callable[[Any], bool]) -> Any:
    """What is seen, once it is as it should be."""
    late = asyncio.get_running_loop().time() + SECONDS
    while not accept(seen := await look()):
        assert asyncio.get_running_loop().time() < late, f"still {seen}"
        await asyncio.sleep(0.02)
    return seen


def text_of(message: Json) -> str:
    """All words of a message."""
    return "\n".join(
        part.get("text", "")
        for block in message.get("blocks", ())
        if block["type"] == "rich_text"
        for section in block["elements"]
        for part in section["elements"]
    )


@asynccontextmanager
async def a_chat(mode: str, database_url: str, folder: Path) -> AsyncIterator[Chat]:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(SlackServer())
        environ = {"VOXPOP_SLACK__BOT_TOKEN": slack.bot_token}
        if mode == "socket":
            environ["VOXPOP_SLACK__APP_TOKEN"] = slack.app_token
            slack.state.app.socket_mode = True
        else:
            environ["VOXPOP_SLACK__SIGNING_SECRET"] = slack.signing_secret
        world = World(
            database_url,
            folder=folder,
            environ={"VOXPOP_SANDBOX": "0", "VOXPOP_SLACK__API_URL": slack.api_url, **environ},
        )
        stack.push_async_callback(world.close)
        world.clock.at = datetime.now(UTC)
        (answering,) = world.product.answering
        assert isinstance(answering, Answering)
        if mode == "socket":
            assert answering.socket is not None
            answering.socket.heartbeat = 0.5
            listening = asyncio.create_task(answering.listen(lambda: True))
            stack.push_async_callback(stopped, listening)
            await until(answering.socket.connected, bool)
        else:
            port = await stack.enter_async_context(served(create_server_app(world.product)))
            slack.connect(f"http://127.0.0.1:{port}/slack/events")
        await enrolled(slack, world)
        campaign = await world.start()
        yield Chat(slack=slack, world=world, campaign=campaign, answering=answering)


async def stopped(listening: "asyncio.Task[None]") -> None:
    listening.cancel()
    await asyncio.wait([listening])


async def enrolled(slack: SlackServer, world: World) -> None:
    await world.product.people.enrol(
        [
            Enrolment(
                email=email,
                name=email.partition("@")[0].title(),
                timezone="Europe/Berlin",
                addresses=(
                    Address(
                        platform=PLATFORM,
                        workspace=WORKSPACE_AT_HOME,
                        user_id=slack.person(email).id,
                    ),
                ),
            )
            for email in PEOPLE
        ]
    )


@pytest.fixture(params=["http", "socket"])
async def chat(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> AsyncIterator[Chat]:
    """Three people with a question, in both modes."""
    async with a_chat(request.param, database_url, tmp_path) as found:
        yield found


def acknowledged(answer: Answer) -> None:
    assert answer.ok, answer
    assert answer.seconds < 3


async def test_a_press_is_counted_and_changes_the_message(chat: Chat) -> None:
    acknowledged(await chat.person(0).press(await chat.question(0), "6"))
    assert await chat.scores() == {6: 1}
    await chat.shows(0, "You said 6.")
    acknowledged(await chat.person(0).press(await chat.question(0), "Undo"))
    await chat.shows(0, "Taken back.")
    assert await chat.scores() == {}


async def test_a_reason_by_the_form(chat: Chat) -> None:
    ada = chat.person(0)
    acknowledged(await ada.press(await chat.question(0), "6"))
    acknowledged(await ada.press(await chat.shows(0, "You said 6."), "Add a reason"))
    await ada.until(ada.modals, bool)
    acknowledged(await ada.submit({"comment": "Slow laptops"}))
    await chat.shows(0, "You wrote: Slow laptops")


async def test_a_reason_in_the_thread(chat: Chat) -> None:
    ada = chat.person(0)
    acknowledged(await ada.press(await chat.question(0), "6"))
    asked = await chat.shows(0, "You said 6.")
    await ada.write("<b>Slow</b> laptops & <!here>", thread=asked)

    def thanked(messages: list[Json]) -> bool:
        return any(one.get("thread_ts") == asked["ts"] for one in messages[1:])

    await ada.until(ada.inbox, thanked)
    first = (await ada.inbox())[0]
    assert "<b>Slow</b> laptops" in text_of(first)


async def test_a_command_is_answered_privately(chat: Chat) -> None:
    answer = await chat.person(0).command("/nps status")
    acknowledged(answer)
    assert answer.body["response_type"] == "ephemeral"
    assert "0 answered" in text_of(answer.body)


async def test_somebody_elses_press_is_refused(chat: Chat) -> None:
    adas = await chat.question(0)
    value = next(
        one["value"]
        for block in adas["blocks"]
        if block["type"] == "actions"
        for one in block["elements"]
    )
    bens = await chat.question(1)
    about = {"type": "button", "action_id": "s0", "block_id": "x", "value": value}
    acknowledged(await chat.person(1).act(bens["ts"], about))
    assert await chat.scores() == {}
    ben = chat.person(1)
    told = await ben.until(ben.private, bool)
    assert "That button isn't yours to press." in text_of(told[-1])


async def test_faults_13_to_18_a_slack_that_takes_no_answer_gets_the_change_by_another_way(
    chat: Chat,
) -> None:
    for place, fault in enumerate((Fault.BUSY, Fault.DROP, Fault.ERROR)):
        chat.slack.faults.goes_wrong(fault, "response_url", times=1)
        acknowledged(await chat.person(place).press(await chat.question(place), str(place)))
        await chat.shows(place, f"You said {place}.")
    assert await chat.scores() == {0: 1, 1: 1, 2: 1}
    assert [len(chat.slack.delivered(email)) for email in PEOPLE] == [1, 1, 1]


async def test_fault_37_an_event_that_is_told_again_has_no_effect(chat: Chat) -> None:
    ada = chat.person(0)
    acknowledged(await ada.press(await chat.question(0), "6"))
    asked = await chat.shows(0, "You said 6.")
    await ada.write("Slow laptops", thread=asked)
    await ada.until(ada.inbox, lambda messages: len(messages) > 1)
    await chat.slack.events.settled()
    told = next(
        call for call in chat.slack.outgoing.calls if call.payload.get("type") == "event_callback"
    )
    before = await ada.inbox()
    again = await chat.slack.outgoing.send(told.kind, told.payload, retry=1, reason="http_timeout")
    assert not again.wrong
    await asyncio.sleep(0.2)
    assert [text_of(one) for one in await ada.inbox()] == [text_of(one) for one in before]


async def test_signatures_are_those_of_the_sdk(database_url: str, tmp_path: Path) -> None:
    async with a_chat("http", database_url, tmp_path) as chat:
        assert await chat.slack.verify()
        acknowledged(await chat.person(0).press(await chat.question(0), "6"))
        call = chat.slack.outgoing.calls[-1]
        moment = call.headers["X-Slack-Request-Timestamp"]
        verifier = SignatureVerifier(chat.slack.signing_secret)
        made = verifier.generate_signature(timestamp=moment, body=call.sent)
        assert call.headers["X-Slack-Signature"] == made


# A socket that broke is let go of when it is collected, and aiohttp says so: here, and not later.
@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
@pytest.mark.parametrize("way", ["cut", "refresh", "swallow"])
async def test_fault_38_a_socket_that_ends_without_warning_is_opened_again(
    way: str, database_url: str, tmp_path: Path
) -> None:
    async with a_chat("socket", database_url, tmp_path) as chat:
        hub, before = chat.slack.hub, list(chat.slack.hub.connections)
        if way == "refresh":
            await hub.refresh()
        else:
            getattr(hub, way)()
        await chat.person(1).write("Hello?")  # told again, until somebody acknowledges it

        async def another() -> bool:
            return any(one not in before for one in hub.connections)

        await until(another, bool)
        asked = await chat.question(0)
        # Slack may still take the old connection for one; they press again then.
        await until(lambda: chat.person(0).press(asked, "6"), lambda answer: answer.ok)
        await chat.shows(0, "You said 6.")
        assert await chat.scores() == {6: 1}
    gc.collect()
