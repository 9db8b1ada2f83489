"""Voxpop beside a Slack, as an operator has it, and what people there see of it."""

import html
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.slack.manifest import manifest
from tests.installation import Installed, until
from tests.slack.interactions import Answer
from tests.slack.person import Person
from tests.slack.records import Json, Workspace
from tests.slack.server import SlackServer

PUBLIC = "https://survey.example.org"
WORKING = "Working on it"


@dataclass(kw_only=True)
class Installation(Installed):
    """Voxpop beside a Slack; the app there is what our manifest says, from `set_up` on.

    Attributes:
        over_socket: Whether we open the connections.
    """

    server: SlackServer
    over_socket: bool

    def __post_init__(self) -> None:
        """Say where Slack is."""
        self.environ |= {"VOXPOP_SLACK__API_URL": self.server.api_url, "VOXPOP_BASE_URL": PUBLIC}

    async def set_up(self) -> None:
        """What `voxpop slack manifest` prints is pasted into Slack, and the app installed there."""
        mode = "--socket-mode" if self.over_socket else "--http"
        printed = await self.voxpop("slack", "manifest", mode)
        assert printed.code == 0, printed.said
        self.said["manifest"] = printed
        self.paste(printed.json)
        self.server.state.install(self.server.home)
        self.believe()

    def paste(self, printed: Mapping[str, Any]) -> None:
        """The app is what this says; what is outside reached at PUBLIC is reached here."""
        app, settings = self.server.state.app, printed["settings"]
        app.scopes = ",".join(printed["oauth_config"]["scopes"]["bot"])
        app.events = set(settings["event_subscriptions"]["bot_events"])
        app.messages_tab = printed["features"]["app_home"]["messages_tab_enabled"]
        app.socket_mode = settings["socket_mode_enabled"]
        app.rotation = settings["token_rotation_enabled"]
        app.redirect_urls = printed["oauth_config"].get("redirect_urls", [])
        (command,) = printed["features"]["slash_commands"]
        app.events_url = self.here(settings["event_subscriptions"].get("request_url", ""))
        app.actions_url = self.here(settings["interactivity"].get("request_url", ""))
        app.commands_url = self.here(command.get("url", ""))

    def here(self, url: str) -> str:
        """Where an address of ours leads to."""
        return f"http://127.0.0.1:{self.port}{urlsplit(url).path}" if url else ""

    def believe(self) -> None:
        """The tokens and the secret that Slack shows are put into our environment."""
        self.environ["VOXPOP_SLACK__BOT_TOKEN"] = self.server.bot_token
        if self.over_socket:
            self.environ["VOXPOP_SLACK__APP_TOKEN"] = self.server.app_token
        else:
            self.environ["VOXPOP_SLACK__SIGNING_SECRET"] = self.server.signing_secret

    async def prepare(
        self, names: Iterable[str], *, teams: Mapping[str, str] | None = None
    ) -> None:
        """App and roster without commands, for tests that are about something else."""
        self.paste(
            manifest(base_url=PUBLIC, socket_mode=self.over_socket, installs=False, rotates=False)
        )
        self.server.state.install(self.server.home)
        self.believe()
        await self.enrol(names, platform="slack", teams=teams)

    async def hears(self, *, connections: int = 1) -> None:
        """Wait until so many sockets are open; by HTTP Slack needs none."""
        if self.over_socket:
            await until(lambda: len(self.server.hub.connections) >= connections)

    def person(self, name: str, *, workspace: Workspace | None = None) -> Person:
        """Somebody's client."""
        return self.server.person(f"{name}@acme.test", workspace=workspace)

    def delivered(self, name: str) -> int:
        """How many messages they have got from us."""
        return len(self.server.delivered(f"{name}@acme.test"))


async def typed(by: Person, line: str, *, channel: str | None = "general") -> Json:
    """The private answer to a command; the one that comes later, if it takes long."""
    before = len(await by.private())
    answer = await by.command(line, channel=channel)
    assert answer.ok, answer

    def answered(private: list[Json]) -> bool:
        return len(private) > before and not private[-1]["text"].startswith(WORKING)

    return (await by.until(by.private, answered, seconds=20))[-1]


async def pressed(by: Person, message: Json, label: str) -> Answer:
    """A press that Slack was told has arrived."""
    answer = await by.press(message, label)
    assert answer.ok, answer
    return answer


async def told(by: Person, message: Json, label: str) -> Json:
    """What a press brings in private: a new answer, or another one in place of what was pressed."""
    before = await by.private()
    await pressed(by, message, label)
    private = await by.until(by.private, lambda seen: seen != before, seconds=10)
    return next(one for one in reversed(private) if one not in before)


async def turned(by: Person, message: Json, label: str, into: str) -> Json:
    """Their message after a press, once it says that."""
    await pressed(by, message, label)
    return await reads(by, message["ts"], into)


async def reads(by: Person, ts: str, words: str, *, seconds: float = 15) -> Json:
    """One of their messages from the app, once it says that."""

    async def it() -> Json:
        (found,) = [one for one in [*await by.inbox(), *await by.private()] if one["ts"] == ts]
        return found

    return await by.until(it, lambda seen: words in shown(seen), seconds=seconds)


async def question(of: Person) -> Json:
    """The first message that they got, as it stands now."""
    return (await of.until(of.inbox, bool, seconds=15))[0]


async def thread(of: Person) -> list[str]:
    """What stands below their first message, oldest first."""
    root = (await question(of))["ts"]
    below = [one for one in await of.conversation() if one.get("thread_ts") == root != one["ts"]]
    return [shown(one) for one in below]


async def home_tab(of: Person, words: str = "") -> Json:
    """Their Home tab, once it says that."""
    found = await of.until(
        of.home, lambda view: view is not None and words in shown(view), seconds=10
    )
    assert found is not None
    return found


def labels(message: Json) -> list[str]:
    """What can be pressed."""
    return [
        html.unescape(element["text"]["text"])
        for block in message.get("blocks", [])
        for element in block.get("elements", [])
        if block["type"] == "actions" and element["type"] == "button"
    ]


def menus(message: Json) -> list[str]:
    """What can be chosen from, by what stands there before."""
    return [
        html.unescape(element["placeholder"]["text"])
        for block in message.get("blocks", [])
        for element in block.get("elements", [])
        if block["type"] == "actions" and element["type"] == "static_select"
    ]


def shown(message: Json) -> str:
    """A message or a view as it is read: words (bold in stars), buttons in brackets, files."""
    lines = []
    for block in message.get("blocks", []):
        match block["type"]:
            case "actions":
                parts = [
                    *labels({"blocks": [block]}),
                    *(f"{m} ▾" for m in menus({"blocks": [block]})),
                ]
                lines.append(" ".join(f"[{part}]" for part in parts))
            case "rich_text":
                lines += ["".join(map(_word, one["elements"])) for one in block["elements"]]
            case "context":
                lines += [html.unescape(one["text"]) for one in block["elements"]]
            case "header":
                lines.append(f"# {html.unescape(block['text']['text'])}")
            case "input":
                lines.append(html.unescape(block["label"]["text"]))
            case "divider":
                lines.append("---")
            case _:
                raise AssertionError(json.dumps(block))
    if not lines and message.get("text"):
        lines.append(html.unescape(message["text"]))
    lines += [f"<{file['name']}>" for file in message.get("files", [])]
    return "\n".join(line for line in lines if line).replace("\u00a0", " ")


def _word(element: dict[str, Any]) -> str:
    text, style = str(element["text"]), element.get("style", {})
    for name, sign in (("code", "`"), ("bold", "**")):
        text = f"{sign}{text}{sign}" if style.get(name) else text
    return text
