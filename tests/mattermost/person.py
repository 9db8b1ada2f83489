"""Somebody at a Mattermost client: sees what is shown, and presses what can be pressed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from tests.mattermost.attachments import actions_of

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said to the client."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Person:
    """A person's client, by the API alone; only what a socket would push is read from the peer."""

    def __init__(
        self, *, http: aiohttp.ClientSession, url: str, username: str, token: str, bot: str
    ) -> None:
        self.username = username
        self.token = token
        self._http = http
        self._url = url
        self._bot = bot

    # What they see

    async def conversation(self) -> list[Json]:
        """The direct messages with the bot, oldest first, their own too."""
        channel = await self.channel()
        listed = await self._read("GET", f"/channels/{channel}/posts?per_page=200")
        posts = [listed["posts"][post_id] for post_id in reversed(listed["order"])]
        return [post for post in posts if not post["delete_at"]]

    async def inbox(self) -> list[Json]:
        """What the bot wrote to them, oldest first."""
        bot = await self._bot_id()
        return [post for post in await self.conversation() if post["user_id"] == bot]

    async def private(self) -> list[Json]:
        """The ephemeral posts they were shown, oldest first."""
        return await self._pushed("private")

    async def dialogs(self) -> list[Json]:
        """The dialogs they were shown, oldest first."""
        return await self._pushed("dialogs")

    async def until(
        self, look: Callable[[], Awaitable[T]], accept: Callable[[T], bool], *, seconds: float = 5.0
    ) -> T:
        """What they see, once they like it: `await alice.until(alice.inbox, bool)`.

        Raises:
            AssertionError: They didn't in so many seconds.
        """
        late = time.monotonic() + seconds
        while not accept(seen := await look()):
            assert time.monotonic() < late, f"{self.username} still sees {seen}"
            await asyncio.sleep(0.02)
        return seen

    # What they do

    async def press(self, post: Json | str, label: str) -> Answer:
        """Clicks a button by its label or action id, as this view of the post shows it.

        A post by its id is read first; one that was read earlier may be out of date by now, as on
        a screen.
        """
        shown, action = await self._action(post, label)
        return await self.press_action(shown["id"], action["id"], **_cookie(action))

    async def choose(self, post: Json | str, menu: str, option: str) -> Answer:
        """Chooses from a menu (by name or action id), by the option's text or value."""
        shown, action = await self._action(post, menu)
        options = {option["text"]: option["value"] for option in action["options"]}
        value = options.get(option, option)
        assert value in options.values(), f"no {option!r} among {sorted(options)}"
        chosen = {"selected_option": value, **_cookie(action)}
        return await self.press_action(shown["id"], action["id"], **chosen)

    async def press_action(self, post_id: str, action_id: str, **body: Any) -> Answer:
        """The bare call, for what no client would offer."""
        return await self.ask("POST", f"/posts/{post_id}/actions/{action_id}", body)

    async def submit(
        self, values: Json, *, dialog: Json | None = None, cancelled: bool = False
    ) -> Answer:
        """Fills in the dialog, the last one they were shown unless told."""
        shown = dialog or (await self.dialogs())[-1]
        body = {
            "url": shown["url"],
            "callback_id": shown["dialog"]["callback_id"],
            "state": shown["dialog"]["state"],
            "channel_id": await self.channel(),
            "team_id": await self.team(),
            "submission": values,
            "cancelled": cancelled,
        }
        return await self.ask("POST", "/actions/dialogs/submit", body)

    async def cancel(self, *, dialog: Json | None = None) -> Answer:
        """Closes the dialog; nobody is told, unless it wants to know."""
        return await self.submit({}, dialog=dialog, cancelled=True)

    async def reply(self, text: str, *, root: Json | str = "") -> Json:
        """Writes to the bot, in the thread of a post or without one."""
        root_id = root if isinstance(root, str) else root["root_id"] or root["id"]
        body = {"channel_id": await self.channel(), "message": text, "root_id": root_id}
        posted: Json = await self._read("POST", "/posts", body)
        return posted

    async def command(self, line: str, *, channel: str | None = None) -> Answer:
        """Types a slash command, in the town square unless told."""
        team = await self.team()
        if channel is None:
            found = await self._read("GET", f"/teams/{team}/channels/name/town-square")
            channel = found["id"]
        body = {"command": line, "channel_id": channel, "team_id": team}
        return await self.ask("POST", "/commands/execute", body)

    # How they are connected

    async def ask(self, verb: str, path: str, body: Any = None) -> Answer:
        """Any call, as this person."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self._url}/api/v4{path}"
        async with self._http.request(verb, url, json=body, headers=headers) as answer:
            return Answer(status=answer.status, body=await answer.json(content_type=None))

    async def user_id(self) -> str:
        return str((await self._read("GET", "/users/me"))["id"])

    async def team(self) -> str:
        """The first team they are in."""
        return str((await self._read("GET", "/users/me/teams"))[0]["id"])

    async def channel(self) -> str:
        """The direct channel with the bot."""
        pair = [await self.user_id(), await self._bot_id()]
        return str((await self._read("POST", "/channels/direct", pair))["id"])

    async def _bot_id(self) -> str:
        return str((await self._read("GET", f"/users/username/{self._bot}"))["id"])

    async def _action(self, post: Json | str, label: str) -> tuple[Json, Json]:
        shown: Json = await self._read("GET", f"/posts/{post}") if isinstance(post, str) else post
        actions = actions_of(shown["props"])
        for action in actions:
            if label in {action["name"], action["id"]}:
                return shown, action
        raise AssertionError(f"no {label!r} among {[action['name'] for action in actions]}")

    async def _read(self, verb: str, path: str, body: Any = None) -> Any:
        answer = await self.ask(verb, path, body)
        assert answer.ok, answer
        return answer.body

    async def _pushed(self, what: str) -> list[Json]:
        about = {"user": self.username}
        async with self._http.get(f"{self._url}/peer/{what}", params=about) as answer:
            found: list[Json] = await answer.json()
            return found


def _cookie(action: Json) -> Json:
    return {"cookie": action["cookie"]} if "cookie" in action else {}
