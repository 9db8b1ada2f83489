"""What must not show in Slack: several processes, cut connections, lost tokens, sudden ends."""

import asyncio
import html
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from tests.installation import ZONE, Balancer, free_port, until
from tests.slack.person import Person
from tests.slack.records import Token, Workspace
from tests.slack.server import SlackServer
from tests.slack_installation import (
    Installation,
    question,
    reads,
    shown,
    thread,
    told,
    turned,
    typed,
)

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
TOML = f"""
timezone = "{ZONE}"
admins = ["ada@acme.test"]
[surveys.nps]
subject = "Acme"
[surveys.tools]
subject = "our tools"
rest_days = 0
[surveys.lunch]
subject = "our lunch"
rest_days = 0
"""
PEOPLE = [f"person{number:02}" for number in range(12)]
KEPT = "Thank you, I kept that. Press a number as well, and it counts."
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
OVER_SOCKET = pytest.mark.parametrize("over_socket", [True], ids=["socket"])
OVER_HTTP = pytest.mark.parametrize("over_socket", [False], ids=["http"])


@pytest.fixture
async def home(database_url: str, over_socket: bool, tmp_path: Path) -> AsyncIterator[Installation]:
    """Set up, with people on the roster; nothing runs yet."""
    (tmp_path / "voxpop.toml").write_text(TOML)
    async with SlackServer() as server:
        for name in ("ada", *PEOPLE):
            server.add_person(f"{name}@acme.test", tz=ZONE)
        environ = {
            "VOXPOP_DATABASE_URL": database_url,
            "VOXPOP_SECRET_KEY": "a-key-for-tests-that-is-long-enough-to-pass",
        }
        with Installation(
            folder=tmp_path, server=server, environ=environ, over_socket=over_socket
        ) as found:
            await found.prepare(("ada", *PEOPLE))
            yield found


async def start(home: Installation, survey: str = "nps") -> dict[str, Person]:
    ada = home.person("ada")
    preview = await typed(ada, f"/nps start {survey}")
    assert "has started: " in shown(await told(ada, preview, "Start"))
    return {name: home.person(name) for name in PEOPLE}


def messages(home: Installation) -> Counter[str]:
    """Who got how many, the administrator's own reading aside."""
    people = Counter(str(entry["to"]).partition("@")[0] for entry in home.server.delivered())
    del people["ada"]
    return people


ONCE = Counter(dict.fromkeys(PEOPLE, 1))


async def eventually(home: Installation, condition: Callable[[], bool]) -> None:
    """Once enough minutes have passed."""
    for _ in range(100):
        if condition():
            return
        await home.minutes_pass()
        await asyncio.sleep(0.3)
    raise AssertionError(messages(home))


@OVER_SOCKET
@SQLITE
async def test_a_process_killed_while_it_sends_has_sent_to_everybody_once(
    home: Installation,
) -> None:
    options = ("--port", str(home.port))
    process = await home.run(*options)
    await home.hears()
    # What was delivered, nobody was told; then what nobody delivered.
    home.server.faults.goes_wrong("stall", calls=[4, 5, 6], delivers=True, seconds=60)
    home.server.faults.goes_wrong("stall", calls=[7, 8], seconds=60)
    people = await start(home)
    await until(lambda: sum(messages(home).values()) >= 6)

    process.stop(signal.SIGKILL)
    assert len(messages(home)) < len(PEOPLE)
    home.server.faults.all_is_well()
    await home.run(*options)
    await home.hears()

    await eventually(home, lambda: len(messages(home)) == len(PEOPLE))
    for person in people.values():
        await turned(person, await question(person), "9", "You said 9.")
    assert messages(home) == ONCE


@OVER_HTTP
@SQLITE
async def test_slack_is_busy_answers_are_cut_off_and_everybody_has_one_message(
    home: Installation,
) -> None:
    await home.run("--port", str(home.port))
    faults = home.server.faults
    faults.goes_wrong("busy", calls=[3], seconds=1)
    for number, fault in enumerate(("drop", "garbage", "error"), start=5):
        faults.goes_wrong(fault, calls=[number], delivers=True)
    faults.goes_wrong("drop", calls=[9])
    people = await start(home)
    await eventually(home, lambda: len(messages(home)) == len(PEOPLE))
    assert messages(home) == ONCE

    first, second = people["person00"], people["person01"]
    # Its answer is lost on the way, so the message changes by a call of ours.
    faults.goes_wrong("drop", "response_url", calls=[1])
    message = await turned(first, await question(first), "6", "You said 6.")
    # Nobody knows whether it changed; that it does so twice is not seen.
    faults.goes_wrong("drop", "response_url", calls=[1], delivers=True)
    await turned(second, await question(second), "7", "You said 7.")
    faults.goes_wrong("busy", "views.open", calls=[1], seconds=1)
    hint = shown(await told(first, message, "Add a reason"))
    assert "your reason can simply be written in this thread" in hint
    await first.write("The coffee.", thread=message)
    await reads(first, message["ts"], "You wrote: The coffee.")
    thanked = ONCE + Counter(person00=1)  # in the thread, once the message has changed
    await until(lambda: messages(home) == thanked)


@OVER_HTTP
@SQLITE
async def test_a_token_is_revoked_and_restored_and_nothing_is_lost(home: Installation) -> None:
    process = await home.run("--port", str(home.port))
    server = home.server
    token = server.state.tokens[server.bot_token]
    server.revoke(token.value)
    people = await start(home)
    await asyncio.to_thread(process.until, '"event": "platform_refuses_us"')
    assert "nps" in shown(await typed(home.person("ada"), "/nps status"))
    assert messages(home) == Counter()
    assert token.value not in process.said.read_text()

    _restore(server, token)
    await eventually(home, lambda: len(messages(home)) == len(PEOPLE))
    server.revoke(token.value)
    for person in people.values():
        await turned(person, await question(person), "9", "You said 9.")
    assert "is closed" in shown(await typed(home.person("ada"), "/nps close nps"))
    _restore(server, token)
    for person in people.values():
        await _closed(home, person)
    assert messages(home) == ONCE


def _restore(server: SlackServer, token: Token) -> None:
    server.state.tokens[token.value] = token


async def _closed(home: Installation, person: Person) -> None:
    for _ in range(60):
        if "This round is closed." in shown(await question(person)):
            return
        await home.minutes_pass()
        await asyncio.sleep(0.3)
    raise AssertionError(await question(person))


@OVER_HTTP
@POSTGRESQL
async def test_events_come_twice_and_a_web_process_dies_and_words_are_kept_once(
    home: Installation,
) -> None:
    ports = [free_port(), free_port()]
    webs = [("--only", "web,bot", "--port", str(port)) for port in ports]
    async with Balancer(home.port, ports) as balancer:
        first, _, _ = await asyncio.gather(
            *(home.run(*options) for options in webs),
            home.run("--only", "worker,scheduler", says='"event": "working"'),
        )
        people = await start(home)
        for person in people.values():
            await question(person)
        assert messages(home) == ONCE

        wrote = asyncio.gather(*(_writes(person) for person in people.values()))
        await asyncio.sleep(0.3)
        first.process.kill()
        await wrote
        for event_id in list(home.server.events.sent):
            again = await home.server.events.again(event_id)
            assert not again.wrong
        await _everything_counts_once(people)
    assert min(balancer.took.values()) > 3


@OVER_SOCKET
@POSTGRESQL
async def test_sockets_are_cut_while_people_write_and_every_word_is_kept_once(
    home: Installation,
) -> None:
    ports = [free_port(), free_port()]
    first, _ = await asyncio.gather(*(home.run("--port", str(port)) for port in ports))
    await home.hears(connections=2)
    people = await start(home)
    for person in people.values():
        await question(person)
    assert messages(home) == ONCE

    home.server.events.delays = (0.2, 0.5, 1.0, 2.0, 4.0)
    wrote = asyncio.gather(*(_writes(person) for person in people.values()))
    for _ in range(2):
        await asyncio.sleep(0.15)
        home.server.hub.cut()
    await home.server.hub.refresh()
    first.process.kill()
    await wrote
    await home.server.events.settled()
    await home.hears()
    await _everything_counts_once(people)


async def _writes(person: Person) -> None:
    await asyncio.sleep(0.05 * int(person.user.name[-2:]))
    await person.write(f"From {person.user.name}.", thread=await question(person))


UNDER_WAY = 2
"""Whose words a process may have kept when it died, and not said so yet: thanks come once or never,
as they follow the answer to Slack. That the words are kept shows when a number is pressed."""


async def _everything_counts_once(people: dict[str, Person]) -> None:
    async def thanked() -> int:
        return sum([KEPT in await thread(person) for person in people.values()])

    anybody = people["person00"]
    await anybody.until(thanked, lambda n: n >= len(people) - UNDER_WAY, seconds=20)
    counted = {name: await _counted(person) for name, person in people.items()}
    assert {words for words, _ in counted.values()} == {1}
    assert {thanks for _, thanks in counted.values()} <= {0, 1}
    for name, person in people.items():
        message = await turned(person, await question(person), "8", "**You said 8.**")
        assert shown(message).count(f"You wrote: From {name}.") == 1


async def _counted(person: Person) -> tuple[int, int]:
    said = await thread(person)
    return said.count(f"From {person.user.name}."), said.count(KEPT)


@OVER_HTTP
@SQLITE
async def test_another_workspace_installs_it_has_people_of_its_own_and_removes_it(
    home: Installation,
) -> None:
    server, beta = home.server, home.server.add_workspace("Beta")
    _lets_others_install_it(home)
    bea = home.person("bea", workspace=beta)
    process = await home.run("--port", str(home.port))
    link = (await home.voxpop("slack", "link")).out.strip()
    await _install(home, beta, link)
    await home.enrol(("bea",), platform="slack")

    people = await start(home)
    message = await turned(bea, await question(bea), "9", "You said 9.")
    ann = people["person00"]
    await turned(ann, await question(ann), "7", "You said 7.")
    await until(lambda: messages(home) == ONCE + Counter(bea=1))
    assert {call.user for call in server.faults.of("chat.postMessage")} == {"acme", "beta"}

    token = beta.bot_token
    server.uninstall(beta)
    await server.events.settled()
    await asyncio.to_thread(process.until, '"event": "slack_removed"')
    assert (await bea.press(message, "Undo")).ok
    assert "You said 9." in shown(await question(bea))
    # Rounds go on without those who can't be reached; once they can be again, they are asked.
    await start(home, "tools")
    twice = ONCE + ONCE
    await eventually(home, lambda: messages(home) == twice + Counter(bea=1))
    await _install(home, beta, link)
    assert beta.bot_token != token
    await home.enrol(("bea",), platform="slack")
    await start(home, "lunch")
    await eventually(home, lambda: messages(home) == twice + ONCE + Counter(bea=2))
    said = process.said.read_text()
    assert not any(secret in said for secret in (token, beta.bot_token, server.client_secret))


def _lets_others_install_it(home: Installation) -> None:
    here = f"http://127.0.0.1:{home.port}"
    home.server.state.app.redirect_urls = [f"{here}/slack/oauth_redirect"]
    home.environ |= {
        "VOXPOP_BASE_URL": here,
        "VOXPOP_SLACK__CLIENT_ID": home.server.client_id,
        "VOXPOP_SLACK__CLIENT_SECRET": home.server.client_secret,
    }


async def _install(home: Installation, workspace: Workspace, link: str) -> None:
    """In a browser, by a link of the operator's."""
    async with httpx.AsyncClient(follow_redirects=True) as browser:
        asks = await browser.get(link)
        agrees = re.search(rf'href="([^"]+)">Allow in {workspace.name}<', asks.text)
        assert agrees, asks.text
        done = await browser.get(home.server.url + html.unescape(agrees[1]))
    assert f"Voxpop is in {workspace.name}" in done.text
