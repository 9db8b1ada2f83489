"""Voxpop beside a Mattermost server, as an operator has it: commands, processes, a folder."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.mattermost.client import Client
from bot.mattermost.server_settings import Outcome
from bot.mattermost.setup import Setup
from tests.command_line import Ended
from tests.installation import Installed
from tests.mattermost.attachments import actions_of
from tests.mattermost.person import Answer, Person
from tests.mattermost.server import MattermostServer

Json = dict[str, Any]


@dataclass(kw_only=True)
class Installation(Installed):
    """Voxpop beside a server; settings that the setup printed come in with `set_up`."""

    server: MattermostServer

    def __post_init__(self) -> None:
        """Say where the server is, and where it finds us."""
        self.environ |= {
            "VOXPOP_MATTERMOST__URL": self.server.url,
            "VOXPOP_MATTERMOST__TEAM": self.server.team.name,
            "VOXPOP_MATTERMOST__CALLBACK_URL": f"http://127.0.0.1:{self.port}",
        }

    async def set_up(self) -> Ended:
        """`voxpop mattermost setup`; the environment that it prints holds from now on."""
        admin = {"VOXPOP_MATTERMOST__ADMIN_TOKEN": self.server.admin_token}
        done = await self.voxpop("mattermost", "setup", **admin)
        self.environ |= re.findall(r"^(VOXPOP_[A-Z_]+)=(\S+)$", done.out, re.MULTILINE)
        return done

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
        await self.enrol(names, platform="mattermost")

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
