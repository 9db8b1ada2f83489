"""The listener on a server that cuts, freezes and forgets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.mattermost.account import BotAccount
from bot.mattermost.client import Client
from bot.mattermost.gate import address_of
from bot.mattermost.hearing import POSTS, Hearing
from bot.mattermost.listener import Listener
from bot.mattermost.voice import Voice
from bot.sealing import Seal
from runtime.languages import language
from survey.delivery import MessageRef
from survey.invitation import Response
from survey.states import InvitationState
from survey.wording.asked import subject_of
from tests.callbacks import CALLBACK_URL, KEYS, FakeMessenger
from tests.chat import ADA, a_desk
from tests.examples import NPS_SURVEY, SetClock, invitation
from tests.fakes import FakeHeard, FakeMessages, FakePeople, Store
from tests.mattermost.person import Person
from tests.mattermost.server import MattermostServer

SECONDS = 10.0


@dataclass
class Talk:
    """Ada at her client, the bot on the server, and Voxpop's desk on fakes."""

    server: MattermostServer
    store: Store
    clock: SetClock
    client: Client
    hearing: Hearing
    token: str
    ada: Person
    asked: str
    leads: set[str]

    def listener(self, name: str = "one") -> Listener:
        return Listener(
            self.server.url,
            self.token,
            hearing=self.hearing,
            leads=lambda: name in self.leads,
            heartbeat=0.6,
        )

    @property
    def comment(self) -> str | None:
        (only,) = self.store.invitations.values()
        return only.response.comment

    async def thanks(self) -> list[str]:
        """What the bot said to Ada in answer."""
        return [post["message"] for post in await self.ada.inbox() if post["id"] != self.asked]


async def until(look: Callable[[], Awaitable[Any] | Any], *, seconds: float = SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = look()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(*listeners: Listener) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one()) for one in listeners]
    try:
        yield
        assert not [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    async with MattermostServer() as server:
        _, token = server.add_bot()
        ada, client = server.person("ada"), Client(server.url, token)
        user_id, channel = await ada.user_id(), await ada.channel()
        posted = await client.call(
            "POST", "/posts", json={"channel_id": channel, "message": "How likely?"}
        )
        store, clock = Store(), SetClock()
        clock.at = datetime.fromtimestamp(posted["create_at"] / 1000, UTC)
        about = store.asks(invitation(state=InvitationState.ANSWERED, response=Response(score=6)))
        store.people[address_of(user_id)] = ADA
        ref = MessageRef(channel=channel, message=posted["id"])
        store.messages[ref] = (address_of(user_id), subject_of(about))
        desk = a_desk(store, clock, surveys={"nps": NPS_SURVEY}, knocks=[], admin=ADA)
        voice = Voice(
            client=client,
            account=BotAccount(client),
            messenger=FakeMessenger(),
            people=FakePeople(store),
            languages=language,
            seal=Seal(KEYS),
            callback_url=CALLBACK_URL,
        )
        hearing = Hearing(
            client=client,
            voice=voice,
            desk=desk,
            heard=FakeHeard(store),
            messages=FakeMessages(store),
            clock=clock,
        )
        yield Talk(
            server=server,
            store=store,
            clock=clock,
            client=client,
            hearing=hearing,
            token=token,
            ada=ada,
            asked=posted["id"],
            leads={"one"},
        )
        await client.close()


async def test_an_answer_in_the_thread_is_heard_and_confirmed(talk: Talk) -> None:
    listener = talk.listener()
    async with running(listener):
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
        await talk.ada.reply("Slow laptops", root=talk.asked)
        await until(talk.thanks)
    assert talk.comment == "Slow laptops"
    (said,) = await talk.thanks()
    assert said.startswith("Thank you. That goes to the People team")


async def test_fault_38_socket_closed_without_warning(talk: Talk) -> None:
    listener, words = talk.listener(), [f"word {number}" for number in range(12)]
    async with running(listener):
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
        for number, word in enumerate(words):
            if number % 3 == 1:
                talk.server.cut_websockets("voxpop")
            await talk.ada.reply(word, root=talk.asked)
            if number % 3 == 2:  # now and then it is back in time
                await asyncio.sleep(0.3)
        await until(lambda: _as_many(talk, len(words)))
        await asyncio.sleep(0.3)
    assert sorted((talk.comment or "").splitlines()) == sorted(words)
    assert len(await talk.thanks()) == len(words)
    assert talk.server.hub.connections > 2


async def _as_many(talk: Talk, number: int) -> bool:
    return len(await talk.thanks()) >= number


async def test_fault_38_a_server_that_falls_silent_is_left_and_found_again(talk: Talk) -> None:
    listener = talk.listener()
    async with running(listener):
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
        talk.server.freeze_websockets()
        await talk.ada.reply("Slow laptops", root=talk.asked)
        await until(talk.thanks)
    assert talk.comment == "Slow laptops"
    assert len(await talk.thanks()) == 1


async def test_what_the_server_dropped_in_between_is_read_up(talk: Talk) -> None:
    listener = talk.listener()
    async with running(listener):
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
        (connection,) = talk.server.hub.of({talk.server.state.user_named("voxpop").id})
        connection.frozen = True
        await talk.ada.reply("dropped", root=talk.asked)
        await asyncio.sleep(0.1)
        connection.frozen = False
        await talk.ada.reply("told", root=talk.asked)
        await until(lambda: _as_many(talk, 2))
    assert (talk.comment or "").splitlines() == ["dropped", "told"]
    assert len(await talk.thanks()) == 2


async def test_what_was_said_before_anybody_listened_is_read_up(talk: Talk) -> None:
    await talk.ada.reply("early", root=talk.asked)
    listener = talk.listener()
    async with running(listener):
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
    assert talk.comment == "early"
    assert talk.store.marks[POSTS] > 0


async def test_one_process_listens_and_another_takes_over(talk: Talk) -> None:
    one, two = talk.listener("one"), talk.listener("two")
    async with running(one, two):
        await asyncio.wait_for(one.connected.wait(), SECONDS)
        assert not two.connected.is_set()
        talk.leads.remove("one")
        await until(lambda: not talk.server.hub.listeners)
        await talk.ada.reply("in between", root=talk.asked)
        talk.leads.add("two")
        await asyncio.wait_for(two.connected.wait(), SECONDS)
        await until(talk.thanks)
        assert not one.connected.is_set()
    assert talk.comment == "in between"
    assert len(await talk.thanks()) == 1


async def test_a_database_that_was_away_loses_nothing(talk: Talk) -> None:
    listener = talk.listener()
    async with running(listener):
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
        talk.store.down.add("*")
        await talk.ada.reply("Slow laptops", root=talk.asked)
        await until(lambda: not listener.connected.is_set())
        talk.store.down.clear()
        await until(talk.thanks)
    assert talk.comment == "Slow laptops"
    assert len(await talk.thanks()) == 1


async def test_a_token_that_was_revoked_is_told_and_tried_again(talk: Talk) -> None:
    listener = talk.listener()
    with capture_logs() as logs:
        async with running(listener):
            await asyncio.wait_for(listener.connected.wait(), SECONDS)
            talk.server.revoke(talk.token)
            await until(lambda: [one for one in logs if one["event"] == "mattermost_listener_lost"])
            await asyncio.sleep(1.0)
            assert not listener.connected.is_set()
    assert talk.token not in str(logs)


async def test_a_server_that_limits_the_rate_is_read_up_all_the_same(talk: Talk) -> None:
    await talk.ada.reply("early", root=talk.asked)
    for number in range(30):
        await talk.server.person(f"somebody{number}").reply("Hello")
    limits = talk.server.state.config["RateLimitSettings"]
    limits.update(Enable=True, PerSec=20, MaxBurst=10)
    listener = talk.listener()
    async with running(listener):
        await asyncio.wait_for(listener.connected.wait(), SECONDS)
        assert talk.server.hub.connections == 1
        limits.update(Enable=False)
        assert len(await talk.thanks()) == 1
    assert talk.comment == "early"
