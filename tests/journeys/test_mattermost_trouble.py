"""What must not show in Mattermost: several processes, cut connections, one that is killed."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from tests.installation import ZONE, Balancer, free_port, until
from tests.mattermost.person import Person
from tests.mattermost.server import MattermostServer
from tests.mattermost_installation import (
    Installation,
    pressed,
    question,
    shown,
    thread,
    told,
    typed,
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
TOML = f"""
timezone = "{ZONE}"
admins = ["ada@acme.test"]
[surveys.nps]
subject = "Acme"
"""
PEOPLE = [f"person{number:02}" for number in range(12)]
KEPT = "Thank you, I kept that. Press a number as well, and it counts."


@pytest.fixture
async def home(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """Set up, with people on the roster; nothing runs yet."""
    (tmp_path / "voxpop.toml").write_text(TOML)
    async with MattermostServer() as server:
        for name in ("ada", *PEOPLE):
            server.add_person(name, time_zone=ZONE)
        environ = {
            "VOXPOP_DATABASE_URL": database_url,
            "VOXPOP_SECRET_KEY": "a-key-for-tests-that-is-long-enough-to-pass",
        }
        with Installation(folder=tmp_path, server=server, environ=environ) as found:
            await found.prepare(("ada", *PEOPLE))
            yield found


async def start(home: Installation) -> dict[str, Person]:
    ada = home.server.person("ada")
    preview = await typed(ada, "/nps start nps")
    assert "has started: 13 people are asked" in await told(ada, preview, "Start")
    return {name: home.server.person(name) for name in PEOPLE}


def messages(home: Installation) -> Counter[str]:
    """Who got how many, the administrator's own reading aside."""
    return Counter(entry["to"] for entry in home.server.delivered() if entry["to"] != "ada")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_two_web_processes_one_worker_and_everybody_is_answered_once(
    home: Installation,
) -> None:
    ports = [free_port(), free_port()]
    webs = [("--only", "web,bot", "--port", str(port)) for port in ports]
    async with Balancer(home.port, ports) as balancer:
        first, second, _ = await asyncio.gather(
            *(home.run(*options) for options in webs),
            home.run("--only", "worker,scheduler", says='"event": "working"'),
        )
        await home.hears()
        people = await start(home)
        for person in people.values():
            await question(person)
        assert messages(home) == dict.fromkeys(PEOPLE, 1)
        assert len(home.server.hub.listeners) == 1

        # People write while the connection is cut again and again, and then its process dies.
        wrote = asyncio.gather(*(_writes(person) for person in people.values()))
        for _ in range(3):
            await asyncio.sleep(0.15)
            home.server.cut_websockets("voxpop")
        listening = first if "mattermost_listener_listens" in first.said.read_text() else second
        listening.process.kill()
        await wrote
        for person in people.values():
            await person.until(partial(thread, person), lambda said: KEPT in said, seconds=20)
        assert {person.username: await _counted(person) for person in people.values()} == (
            dict.fromkeys(PEOPLE, (1, 1))
        )
        await asyncio.gather(*(_presses(person) for person in people.values()))
    assert min(balancer.took.values()) > 3


async def _writes(person: Person) -> None:
    await asyncio.sleep(0.05 * int(person.username[-2:]))
    await person.reply(f"From {person.username}.", root=await question(person))


async def _counted(person: Person) -> tuple[int, int]:
    said = await thread(person)
    return said.count(f"From {person.username}."), said.count(KEPT)


async def _presses(person: Person) -> None:
    await pressed(person, await question(person), "8")
    text = shown(await question(person))
    assert text.count(f"You wrote: From {person.username}.") == 1
    assert text.startswith("**You said 8.**")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_process_killed_while_it_sends_has_sent_to_everybody_once(
    home: Installation,
) -> None:
    options = ("--port", str(home.port))
    process = await home.run(*options)
    # What was delivered, nobody was told; then what nobody delivered.
    home.server.faults.goes_wrong("stall", calls=[4, 5, 6], delivers=True, seconds=60)
    home.server.faults.goes_wrong("stall", calls=[7, 8], seconds=60)
    people = await start(home)
    await until(lambda: sum(messages(home).values()) >= 6)

    process.stop(signal.SIGKILL)
    assert len(messages(home)) < len(PEOPLE)
    home.server.faults.all_is_well()
    await home.minutes_pass()
    await home.run(*options)

    await until(lambda: len(messages(home)) == len(PEOPLE))
    for person in people.values():
        await pressed(person, await question(person), "9")
    assert messages(home) == dict.fromkeys(PEOPLE, 1)
