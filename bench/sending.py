"""What both platforms' comparisons of messengers need: rows, and the question that is sent."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import uuid4

from bench.ours import KEY
from bench.servers import Server
from bot.sealing import Seal
from runtime.languages import language
from survey.card import Card
from survey.messenger import Messenger
from survey.person import Address
from survey.survey import Survey
from survey.wording import asked
from tests.examples import MONDAY, campaign, invitation

AT_ONCE = 16
SEAL = Seal((KEY,))
SURVEY = Survey(name="nps", subject="Acme", owner="the People team")
Thing = TypeVar("Thing")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way of sending, in milliseconds a message: of the clock, and of this process's CPU."""

    name: str
    wall: float
    cpu: float


class Platform(Protocol):
    """How one platform is written to."""

    name: str

    def address(self, number: int) -> Address:
        """Somebody there."""
        ...

    async def bare(self, server: Server, number: int) -> Row:
        """A loop of requests, as fast as they go."""
        ...

    async def client(self, server: Server, number: int) -> Row:
        """The client in use, alone, with its connections kept."""
        ...

    async def as_it_comes(self, server: Server, number: int) -> Row:
        """The same client as its documentation shows it."""
        ...

    def messenger(self, server: Server) -> AbstractAsyncContextManager[Messenger]:
        """Ours."""
        ...


def question() -> Card:
    """What is sent: a question with fourteen buttons."""
    return asked.asked(invitation(campaign=campaign(survey=SURVEY)), language("en"), now=MONDAY)


async def measured(name: str, number: int, work: Callable[[], Awaitable[None]]) -> Row:
    """How long some work takes for each of so many messages."""
    begun, cpu = time.perf_counter(), time.process_time()
    await work()
    wall, used = time.perf_counter() - begun, time.process_time() - cpu
    return Row(name=name, wall=1_000 * wall / number, cpu=1_000 * used / number)


async def several(things: Iterable[Thing], work: Callable[[Thing], Awaitable[None]]) -> None:
    """Do it with each, as many at a time as a messenger has under way."""
    waiting = iter(things)

    async def one_by_one() -> None:
        for thing in waiting:
            await work(thing)

    await asyncio.gather(*(one_by_one() for _ in range(AT_ONCE)))


async def without_an_outbox(platform: Platform, server: Server, number: int) -> Row:
    """Render and send, without outbox and database."""
    card = question()
    async with platform.messenger(server) as messenger:

        async def send(place: int) -> None:
            await messenger.send(platform.address(place), card, delivery_id=uuid4())

        return await measured(
            "the messenger without an outbox",
            number,
            lambda: several(range(number), send),
        )
