"""Voxpop beside a Mattermost server, as an operator has it: commands, processes, a folder."""

import asyncio
import re
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from bot.mattermost.client import Client
from bot.mattermost.server_settings import Outcome
from bot.mattermost.setup import Setup
from runtime.settings import load_settings
from runtime.wiring import put_together
from survey.person import Enrolment
from tests.journeys.test_cli_people import Ended, Office
from tests.mattermost.attachments import actions_of
from tests.mattermost.person import Answer, Person
from tests.mattermost.server import MattermostServer
from tests.world import Process

Json = dict[str, Any]

ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
"""Where it is about noon: people may be written to, whenever the tests run."""


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass(kw_only=True)
class Installation:
    """Voxpop's folder, its environment and its processes; they are killed at the end.

    Attributes:
        server: The Mattermost server.
        port: Where that calls us.
        environ: Settings; those that the setup printed come in with `set_up`.
        said: What the commands that prepared it had to say, by name.
    """

    folder: Path
    server: MattermostServer
    port: int = field(default_factory=free_port)
    environ: dict[str, str] = field(default_factory=dict)
    said: dict[str, Ended] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        """Say where the server is, and where it finds us."""
        self.environ |= {
            "VOXPOP_MATTERMOST__URL": self.server.url,
            "VOXPOP_MATTERMOST__TEAM": self.server.team.name,
            "VOXPOP_MATTERMOST__CALLBACK_URL": f"http://127.0.0.1:{self.port}",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def voxpop(self, *command: str, **environ: str) -> Ended:
        """A command that ends."""
        office = Office.__new__(Office)
        office.folder = self.folder
        return await asyncio.to_thread(office.voxpop, *command, **self.environ, **environ)

    async def set_up(self) -> Ended:
        """`voxpop mattermost setup`; the environment that it prints holds from now on."""
        admin = {"VOXPOP_MATTERMOST__ADMIN_TOKEN": self.server.admin_token}
        done = await self.voxpop("mattermost", "setup", **admin)
        self.environ |= re.findall(r"^(VOXPOP_[A-Z_]+)=(\S+)$", done.out, re.MULTILINE)
        return done

    async def bring_in(self, people: Iterable[tuple[str, str]]) -> Ended:
        """`voxpop people import` of usernames with their teams."""
        rows = [f"{name}@acme.test;{name.title()} Ode;{ZONE};{team}\n" for name, team in people]
        (self.folder / "people.csv").write_text("email;name;timezone;team\n" + "".join(rows))
        return await self.voxpop("people", "import", "people.csv")

    async def prepare(self, names: Iterable[str]) -> None:
        """Setup and roster without their commands, for tests that are about something else."""
        admin = Client(self.server.url, self.server.admin_token)
        setup = Setup(
            admin=admin,
            own=None,
            callback_url=f"http://127.0.0.1:{self.port}",
            team=self.server.team.name,
            bot_name=None,
            command_token=None,
        )
        steps = [step async for step in setup()]
        assert all(step.outcome is not Outcome.MISSING for step in steps), steps
        await admin.close()
        self.environ |= setup.environment
        product = put_together(load_settings(self.environ, folder=self.folder))
        people = [
            Enrolment(email=f"{name}@acme.test", name=name.title(), timezone=ZONE) for name in names
        ]
        await product.people.enrol(people)
        assert product.tying is not None
        await product.tying.run()
        await product.let_go()

    async def run(self, *options: str, says: str = "Voxpop answers on") -> Process:
        """`voxpop run` in a process of its own, once it says that it is there."""
        process = self._stack.enter_context(Process(self.folder, "run", *options, **self.environ))
        await asyncio.to_thread(process.until, says)
        return process

    async def hears(self) -> None:
        """Wait until somebody listens to what is written to the bot."""
        late = asyncio.get_running_loop().time() + 15
        while not any(one.user is not None for one in self.server.hub.listeners):
            assert asyncio.get_running_loop().time() < late, "nobody listens"
            await asyncio.sleep(0.02)


async def typed(by: Person, line: str, *, channel: str | None = None) -> Json:
    """The private answer to a command, as a post; the one that comes later, if it takes long."""
    before = len(await by.private())
    answer = await by.command(line, channel=channel)
    assert answer.ok, answer

    def answered(posts: list[Json]) -> bool:
        return len(posts) > before and not posts[-1]["message"].startswith("Working on it")

    return (await by.until(by.private, answered, seconds=20))[-1]


async def pressed(by: Person, post: Json, label: str) -> Answer:
    """A press on what they see now; the server and the bot take it."""
    answer = await by.press(post if "cookie" in str(post["props"]) else post["id"], label)
    assert answer.ok, answer
    return answer


async def told(by: Person, post: Json, label: str) -> str:
    """What a press brings in private."""
    before = len(await by.private())
    await pressed(by, post, label)
    return shown((await by.until(by.private, lambda posts: len(posts) > before))[-1])


async def question(of: Person) -> Json:
    """The first message that they got, as it stands now."""
    return (await of.until(of.inbox, bool, seconds=10))[0]


async def thread(of: Person) -> list[str]:
    """What stands below their first message, oldest first."""
    root = (await question(of))["id"]
    return [post["message"] for post in await of.conversation() if post["root_id"] == root]


def labels(post: Json) -> list[str]:
    """What can be pressed."""
    return [action["name"] for action in actions_of(post["props"])]


def shown(post: Json) -> str:
    """A post as it is read: words, buttons in brackets, a menu with its arrow, files."""
    lines = [post["message"]]
    for attachment in post["props"].get("attachments") or []:
        lines.append(str(attachment.get("text") or ""))
        actions = attachment.get("actions") or []
        arrows = {"select": " ▾", "button": ""}
        lines.append(" ".join(f"[{one['name']}{arrows[one['type']]}]" for one in actions))
        lines.append(str(attachment.get("footer") or ""))
    lines += [f"<{file['name']}>" for file in (post.get("metadata") or {}).get("files") or []]
    return "\n".join(line for line in lines if line).replace("\u00a0", " ")
