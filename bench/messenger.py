"""G5: direct messages through the whole messenger, beside the bare clients, in one run.

`python -m bench.messenger`: each message is a direct channel and a post with fourteen buttons.
Ours claims it, composes and renders it, sends it and records the outcome; the others send what was
rendered before.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import mattermostdriver
import structlog
from mattermostdriver.client import Client as BareTransport

from bench.chat import BOT
from bench.ours import KEY, TOML
from bench.servers import PostgreSQL, Server, serving
from bot.mattermost import PLATFORM, WORKSPACE
from bot.mattermost.client import AT_ONCE, Client, PooledTransport
from bot.mattermost.messenger import MattermostMessenger
from bot.mattermost.rendering import post_of
from bot.sealing import Place, Seal
from runtime.languages import language
from runtime.settings import load_settings
from runtime.wiring import put_together
from storage.schema import upgrade
from survey.card import Card
from survey.messenger import NO_LIMITS
from survey.person import Address, Enrolment
from survey.survey import Survey
from survey.wording import asked
from tests.examples import MONDAY, campaign, invitation

TOKEN = "t" * 26
OURS = "https://voxpop.example.org"
SEAL = Seal((KEY,))
SURVEY = Survey(name="nps", subject="Acme", owner="the People team")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way of sending, in milliseconds a message: of the clock, and of this process's CPU."""

    name: str
    wall: float
    cpu: float


def _account(number: int) -> str:
    return f"u{number:025}"


def _question() -> Card:
    return asked.asked(invitation(campaign=campaign(survey=SURVEY)), language("en"), now=MONDAY)


def _bodies(number: int) -> list[tuple[list[str], dict[str, Any]]]:
    """What opens the channel, and what is posted there."""
    card, found = _question(), []
    for place in range(number):
        account, delivery = _account(place), uuid4()
        post = post_of(
            card,
            to=Address(platform=PLATFORM, workspace=WORKSPACE, user_id=account),
            place=Place(channel=account, delivery=delivery),
            seal=SEAL,
            callback_url=OURS,
        )
        pending = {"channel_id": account, "pending_post_id": f"{BOT}:{delivery}"}
        found.append(([BOT, account], {**pending, **post}))
    return found


async def _measured(name: str, number: int, work: Callable[[], Awaitable[None]]) -> Row:
    begun, cpu = time.perf_counter(), time.process_time()
    await work()
    wall, used = time.perf_counter() - begun, time.process_time() - cpu
    return Row(name=name, wall=1_000 * wall / number, cpu=1_000 * used / number)


async def _bare_loop(server: Server, number: int) -> Row:
    bodies = _bodies(number)
    base = f"http://127.0.0.1:{server.port}/api/v4"
    waiting = iter(bodies)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:

        async def post(path: str, body: Any) -> None:
            async with session.post(base + path, json=body) as answer:
                assert answer.status == 201
                await answer.json()

        async def one_by_one() -> None:
            for opening, message in waiting:
                await post("/channels/direct", opening)
                await post("/posts", message)

        async def work() -> None:
            await asyncio.gather(*(one_by_one() for _ in range(AT_ONCE)))

        return await _measured("a bare aiohttp loop", number, work)


async def _driver(name: str, server: Server, number: int, transport: type[Any]) -> Row:
    bodies = _bodies(number)
    options = {
        "scheme": "http",
        "url": "127.0.0.1",
        "port": server.port,
        "request_timeout": (5, 20),
    }
    driver = mattermostdriver.Driver(options, client_cls=transport)
    driver.client.token = TOKEN

    def send(both: tuple[list[str], dict[str, Any]]) -> str:
        driver.channels.create_direct_message_channel(both[0])
        made: str = driver.posts.create_post(both[1])["id"]
        return made

    with ThreadPoolExecutor(AT_ONCE) as threads:

        async def work() -> None:
            loop = asyncio.get_running_loop()
            sent = await asyncio.gather(
                *(loop.run_in_executor(threads, send, both) for both in bodies)
            )
            assert len(set(sent)) == number

        row = await _measured(name, number, work)
    if isinstance(driver.client, PooledTransport):
        driver.client.close()
    return row


async def _messenger(server: Server, number: int) -> Row:
    """Render and send, without outbox and database."""
    client, card = Client(f"http://127.0.0.1:{server.port}", TOKEN), _question()
    messenger = MattermostMessenger(client, SEAL, OURS, paces=NO_LIMITS)
    waiting = iter(range(number))

    async def one_by_one() -> None:
        for place in waiting:
            to = Address(platform=PLATFORM, workspace=WORKSPACE, user_id=_account(place))
            await messenger.send(to, card, delivery_id=uuid4())

    async def work() -> None:
        await asyncio.gather(*(one_by_one() for _ in range(AT_ONCE)))

    row = await _measured("the messenger without an outbox", number, work)
    await client.close()
    return row


async def _whole(name: str, server: Server, number: int, url: str, folder: Path) -> Row:
    (folder / "voxpop.toml").write_text(TOML)
    environ = {"VOXPOP_DATABASE_URL": url, "VOXPOP_SECRET_KEY": KEY}
    client = Client(f"http://127.0.0.1:{server.port}", TOKEN)
    messenger = MattermostMessenger(client, SEAL, OURS, paces=NO_LIMITS)
    product = put_together(load_settings(environ, folder=folder), others={PLATFORM: messenger})
    await upgrade(product.database)
    await product.people.enrol(
        [
            Enrolment(
                email=f"person{place}@example.org",
                name=f"Person {place}",
                timezone="Europe/Berlin",
                addresses=(
                    Address(platform=PLATFORM, workspace=WORKSPACE, user_id=_account(place)),
                ),
            )
            for place in range(number)
        ]
    )
    started = await product.start("nps", at_once=True)

    async def work() -> None:
        await product.worker()

    row = await _measured(name, number, work)
    told = (await product.rounds.accounts([started]))[started.id]
    assert told.sent == number, told
    await client.close()
    await product.let_go()
    return row


async def _compare(number: int, rounds: int, names: Sequence[str]) -> None:
    with serving("bench.chat:app", {}) as server, tempfile.TemporaryDirectory() as folder:
        database = PostgreSQL(folder) if "postgresql" in names else None
        await _bare_loop(server, 200)  # to warm up
        for turn in range(rounds):
            rows = [
                await _bare_loop(server, number),
                await _driver("the pooled driver alone", server, number, PooledTransport),
                await _messenger(server, number),
            ]
            for name in names:
                file = f"sqlite:///{folder}/{turn}.db"
                url = file if database is None or name == "sqlite" else database.fresh()
                rows.append(await _whole(f"all of ours, {name}", server, number, url, Path(folder)))
            rows.append(await _driver("the driver as it comes", server, number, BareTransport))
            _print(rows, number)
        if database is not None:
            database.stop()


def _print(rows: Sequence[Row], number: int) -> None:
    floor = rows[1]
    print(f"\n{number:,} direct messages{'':17}ms    ratio  CPU ms  ratio")
    for row in rows:
        ratios = f"{row.wall / floor.wall:7.2f} {row.cpu:8.3f} {row.cpu / floor.cpu:6.2f}"
        print(f"   {row.name:32}{row.wall:6.3f} {ratios}")


def main() -> None:
    """Send, and print how long it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.messenger", description=__doc__)
    parser.add_argument("--messages", type=int, default=2_000, help="in each row")
    parser.add_argument("--rounds", type=int, default=3, help="how often all of it is measured")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one database")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    names = [chosen.only] if chosen.only else ["sqlite", "postgresql"]
    asyncio.run(_compare(chosen.messages, chosen.rounds, names))


if __name__ == "__main__":
    main()
