"""Voxpop against a Slack that others wrote, as far as that goes.

It knows no presses, commands and events of its own: they are sent here, signed by Slack's SDK, and
their response URLs lead nowhere, so everything that is answered later goes by the Web API.
"""

import asyncio
import html
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier

from tests.installation import ZONE, Installed
from tests.slack.emulator import NoEmulator, SlackEmulator
from tests.slack.identity import new_id
from tests.slack.outgoing import FORM, Kind, written
from tests.slack.person import found
from tests.slack.records import Json
from tests.slack_installation import labels, shown

TOML = f"""
timezone = "{ZONE}"
admins = ["ada@acme.test"]
[surveys.nps]
subject = "Acme"
"""
PEOPLE = ["ada", "ann", "ben", "cid", "dee"]


@dataclass(kw_only=True)
class Installation(Installed):
    """Voxpop beside the emulator, and what Slack would tell it of what people do."""

    slack: SlackEmulator
    http: aiohttp.ClientSession

    async def tell(self, kind: Kind, payload: Json) -> Any:
        """A signed request; what was answered."""
        body = written(kind, payload)
        timestamp = str(int(time.time()))
        signed = SignatureVerifier(self.slack.signing_secret).generate_signature(
            timestamp=timestamp, body=body
        )
        headers = {
            "Content-Type": "application/json" if kind is Kind.EVENT else FORM,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signed or "",
        }
        url = f"http://127.0.0.1:{self.port}/slack/events"
        async with self.http.post(url, data=body.encode(), headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json() if answer.content_type == "application/json" else None

    async def call(self, method: str, **arguments: Any) -> Json:
        """The Web API as the app."""
        return await asyncio.to_thread(lambda: self.slack.call(method, **arguments))

    def id(self, name: str) -> str:
        return self.slack.people[f"{name}@acme.test"]

    async def channel(self, name: str) -> str:
        """Their direct messages with the app."""
        return str((await self.call("conversations.open", users=self.id(name)))["channel"]["id"])

    async def types(self, name: str, line: str) -> Json:
        """A command; its answer."""
        asked = self.slack.command(self.id(name), await self.channel(name), line)
        answer: Json = await self.tell(Kind.COMMAND, asked)
        return answer

    async def presses(self, name: str, message: Json, label: str) -> Json:
        """A button; what was told."""
        block, element = found(message["blocks"], label)
        action = {"block_id": block.get("block_id", ""), **element}
        told = self.slack.press(self.id(name), message, await self.channel(name), action)
        await self.tell(Kind.PRESS, told)
        return told

    async def newest(self, name: str, accept: Callable[[Json], bool]) -> Json:
        """The last that was written to them, once it is like that."""
        channel = await self.channel(name)
        late = time.monotonic() + 15
        while True:
            seen = await self.call("conversations.history", channel=channel)
            if seen["messages"] and accept(seen["messages"][0]):
                message: Json = seen["messages"][0]
                return message
            assert time.monotonic() < late, seen
            await asyncio.sleep(0.05)

    async def views(self, kind: str, words: str) -> None:
        """Wait until the page that shows what is open shows such a view."""
        late = time.monotonic() + 10
        while True:
            async with self.http.get(f"{self.slack.url}/?tab=views") as answer:
                page = await answer.text()
            if kind in page and words in html.unescape(page):
                return
            assert time.monotonic() < late, page[page.index("inspector-section") :]
            await asyncio.sleep(0.05)


@pytest.fixture
def migrated(tmp_path: Path, sqlite_template: Path) -> Path:
    """A folder with a database in it."""
    shutil.copy(sqlite_template, tmp_path / "voxpop.db")
    (tmp_path / "voxpop.toml").write_text(TOML)
    return tmp_path


@pytest.fixture
async def home(migrated: Path) -> AsyncIterator[Installation]:
    """People are on the roster, and it runs."""
    try:
        slack = SlackEmulator(migrated, [f"{name}@acme.test" for name in PEOPLE])
    except NoEmulator as error:
        pytest.skip(f"the other Slack: {error}")
    with slack:
        environ = {
            "VOXPOP_SECRET_KEY": "a-key-for-tests-that-is-long-enough-to-pass",
            "VOXPOP_SLACK__API_URL": slack.api_url,
            "VOXPOP_SLACK__BOT_TOKEN": slack.bot_token,
            "VOXPOP_SLACK__SIGNING_SECRET": slack.signing_secret,
        }
        async with aiohttp.ClientSession() as http:
            with Installation(folder=migrated, environ=environ, slack=slack, http=http) as found:
                await found.enrol(PEOPLE, platform="slack")
                await found.run("--port", str(found.port))
                yield found


async def test_a_round_in_a_slack_that_others_wrote(home: Installation) -> None:
    preview = await home.types("ada", "/nps start nps")
    assert shown(preview).startswith("**This goes to 5 people.**")
    await home.presses("ada", {"ts": f"{time.time():.6f}", **preview}, "Start")

    message = await home.newest("ann", lambda seen: "How likely" in shown(seen))
    assert labels(message)[:11] == [*map(str, range(11))]
    await home.presses("ann", message, "6")
    message = await home.newest("ann", lambda seen: "**You said 6.**" in shown(seen))
    assert labels(message) == ["Add a reason", "Change", "Undo"]

    await home.presses("ann", message, "Add a reason")
    await home.views("modal", "You said 6.")
    await home.tell(Kind.EVENT, await _written(home, "ann", "The coffee.", message))
    await home.newest("ann", lambda seen: "You wrote: The coffee." in shown(seen))

    await home.tell(Kind.EVENT, _home_opened(home, "ben"))
    await home.views("app home", "Your questions")
    await home.types("ada", "/nps close nps")
    await home.newest("ben", lambda seen: "This round is closed." in shown(seen))
    history = await home.call("conversations.history", channel=await home.channel("ben"))
    assert len(history["messages"]) == 1


async def _written(home: Installation, name: str, text: str, root: Json) -> Json:
    now = f"{time.time():.6f}"
    return _event(
        home,
        type="message",
        channel=await home.channel(name),
        channel_type="im",
        user=home.id(name),
        text=text,
        ts=now,
        event_ts=now,
        thread_ts=root["ts"],
    )


def _home_opened(home: Installation, name: str) -> Json:
    return _event(home, type="app_home_opened", user=home.id(name), channel="D0", tab="home")


def _event(home: Installation, **event: str) -> Json:
    authorization = {"team_id": home.slack.team_id, "user_id": home.slack.bot_user_id}
    return {
        "type": "event_callback",
        "token": "",
        "team_id": home.slack.team_id,
        "api_app_id": home.slack.app_id,
        "event": event,
        "event_id": new_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [{**authorization, "enterprise_id": None, "is_bot": True}],
        "is_ext_shared_channel": False,
    }
