"""Somebody at a Slack client: sees what is shown, and presses what can be pressed."""

import asyncio
import html
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from tests.slack.interactions import Answer, Interactions
from tests.slack.records import Channel, Json, Message, User, View, Workspace
from tests.slack.state import State

T = TypeVar("T")
CHOSEN = {
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
}


class Person:
    """A person's client.

    Attributes:
        user: Who they are in their workspace.
        email, id: Likewise.
    """

    def __init__(self, state: State, interactions: Interactions, user: User) -> None:
        self.user = user
        self._state = state
        self._interactions = interactions

    @property
    def email(self) -> str:
        return self.user.email

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def workspace(self) -> Workspace:
        return self._state.workspaces[self.user.team_id]

    @property
    def channel(self) -> Channel:
        """Their direct messages with the app."""
        bot = self.workspace.bot
        assert bot is not None, "nobody can write to an app that is not installed"
        return self._state.direct(bot, self.user)[0]

    # What they see

    async def conversation(self) -> list[Json]:
        """The direct messages with the app, oldest first, their own too."""
        return [one.wire() for one in self._state.messages[self.channel.id].values()]

    async def inbox(self) -> list[Json]:
        """What the app wrote to them, oldest first."""
        return [one for one in await self.conversation() if "bot_id" in one]

    async def private(self) -> list[Json]:
        """The messages that only they see, oldest first, wherever they are."""
        return [one.wire() for one in self._state.private.get(self.id, [])]

    async def modals(self) -> list[Json]:
        """The modals that are open, the topmost last."""
        return [one.wire() for one in self._state.modals.get(self.id, [])]

    async def home(self) -> Json | None:
        """The Home tab, if it was ever published."""
        found = self._state.homes.get(self.id)
        return None if found is None else found.wire()

    async def until(
        self, look: Callable[[], Awaitable[T]], accept: Callable[[T], bool], *, seconds: float = 5.0
    ) -> T:
        """What they see, once they like it: `await alice.until(alice.inbox, bool)`.

        Raises:
            AssertionError: They didn't in so many seconds.
        """
        late = time.monotonic() + seconds
        while not accept(seen := await look()):
            assert time.monotonic() < late, f"{self.email} still sees {seen}"
            await asyncio.sleep(0.02)
        return seen

    # What they do

    async def press(self, message: Json | str, label: str) -> Answer:
        """A button of a message (or of its `ts`), by its text or action id."""
        shown = message if isinstance(message, dict) else self._message(message).wire()
        block, element = found(shown["blocks"], label)
        about = {"type": "button", "action_id": element["action_id"], "block_id": block["block_id"]}
        about |= {name: element[name] for name in ("text", "value", "style") if name in element}
        return await self.act(shown["ts"], about)

    async def choose(self, message: Json | str, option: str, *, menu: str = "") -> Answer:
        """An option of a menu, by its text or value; of the only menu, unless told."""
        shown = message if isinstance(message, dict) else self._message(message).wire()
        block, element, chosen = option_of(shown["blocks"], option, menu)
        about = {"type": element["type"], "action_id": element["action_id"]}
        about |= {"block_id": block["block_id"], CHOSEN[element["type"]]: chosen}
        if "placeholder" in element:
            about["placeholder"] = element["placeholder"]
        values = {block["block_id"]: {element["action_id"]: dict(about)}}
        return await self.act(shown["ts"], about, values)

    async def act(self, ts: str, action: Json, values: Json | None = None) -> Answer:
        """The bare press, for what no client would offer."""
        return await self._interactions.press(self.user, self._message(ts), action, values or {})

    async def press_view(self, label: str, *, view: Json | None = None) -> Answer:
        """A button of the topmost modal, or of the Home tab where none is open."""
        shown = view or [*[await self.home()], *await self.modals()][-1]
        assert shown is not None, f"{self.email} has no Home tab, and no modal is open"
        block, element = found(shown["blocks"], label)
        about = {"type": "button", "action_id": element["action_id"], "block_id": block["block_id"]}
        about |= {name: element[name] for name in ("text", "value", "style") if name in element}
        return await self._interactions.press_view(self.user, self._view(shown), about, {})

    async def submit(self, values: dict[str, Any], *, modal: Json | None = None) -> Answer:
        """Fills in the topmost modal, by block id, and sends it off."""
        shown = modal or (await self.modals())[-1]
        view = self._view(shown)
        return await self._interactions.submit(self.user, view, filled(shown["blocks"], values))

    async def close(self, *, modal: Json | None = None) -> Answer | None:
        """Closes the topmost modal."""
        return await self._interactions.close(
            self.user, self._view(modal or (await self.modals())[-1])
        )

    async def write(
        self, text: str, *, thread: Json | str = "", channel: str | None = None
    ) -> Json:
        """Writes to the app, in the thread of a message or without one."""
        root = thread if isinstance(thread, str) else thread.get("thread_ts") or thread["ts"]
        return self._interactions.write(self.user, self._channel(channel), text, root).wire()

    async def command(self, line: str, *, channel: str | None = "general") -> Answer:
        """Types a slash command, in #general unless told; None for the app's own messages."""
        return await self._interactions.command(self.user, self._channel(channel), line)

    async def shortcut(self, callback_id: str) -> Answer:
        """Uses a global shortcut."""
        return await self._interactions.shortcut(self.user, callback_id)

    async def open_home(self, tab: str = "home") -> str:
        """Looks at the app's page; `tab` is home or messages. The event's id, if it is told."""
        return self._interactions.open_home(self.user, self.workspace, tab)

    # Where that is

    def _message(self, ts: str) -> Message:
        for message in self._state.private.get(self.id, []):
            if message.ts == ts:
                return message
        for channel_id, messages in self._state.messages.items():
            if ts in messages and self.id in self._state.channels[channel_id].members:
                return messages[ts]
        raise AssertionError(f"{self.email} sees no message {ts}")

    def _view(self, shown: Json) -> View:
        return self._state.views[shown["id"]]

    def _channel(self, told: str | None) -> Channel:
        if told is None:
            return self.channel
        found = self._state.channels.get(told)
        return found or self._state.channel_named(self.workspace, told)


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Everything that can be pressed or filled in, with its block."""
    for block in blocks:
        for name in ("accessory", "element"):
            if name in block:
                yield block, block[name]
        if block["type"] == "actions":
            for element in block["elements"]:
                yield block, element


def found(blocks: list[Json], label: str) -> tuple[Json, Json]:
    """The button of this text or action id, with its block."""
    seen = []
    for block, element in elements(blocks):
        if element["type"] != "button":
            continue
        shown = html.unescape(element["text"]["text"])
        if label in {shown, element["action_id"]}:
            return block, element
        seen.append(shown)
    raise AssertionError(f"no {label!r} among {seen}")


def option_of(blocks: list[Json], label: str, menu: str) -> tuple[Json, Json, Json]:
    """The option of this text or value, with its menu and block."""
    seen = []
    for block, element in elements(blocks):
        if element["type"] not in CHOSEN or menu not in {"", element["action_id"]}:
            continue
        groups = element.get("option_groups", [])
        options = [*element.get("options", [])]
        for option in options + [one for group in groups for one in group["options"]]:
            shown = html.unescape(option["text"]["text"])
            if label in {shown, option["value"]}:
                return block, element, option
            seen.append(shown)
    raise AssertionError(f"no {label!r} among {seen}")


def filled(blocks: list[Json], values: dict[str, Any]) -> Json:
    """The state of a modal's fields: those that are told, and what the others began with.

    Raises:
        AssertionError: There is no such field, or no client would send that.
    """
    state: Json = {}
    left = dict(values)
    for block, element in elements(blocks):
        name = block["block_id"]
        if block["type"] != "input":
            continue
        value = left.pop(name, None)
        state[name] = {element["action_id"]: _field(element, value)}
        empty = not any(part for key, part in _field(element, value).items() if key != "type")
        assert not empty or block.get("optional"), f"{name} has to be filled in"
    assert not left, f"no fields {sorted(left)} among {sorted(state)}"
    return state


def _field(element: Json, value: Any) -> Json:
    kind = element["type"]
    if kind in CHOSEN:
        options = [*element.get("options", [])]
        options += [one for group in element.get("option_groups", []) for one in group["options"]]
        chosen = next((one for one in options if value in _names(one)), None)
        assert value is None or chosen is not None, f"no {value!r} among {options}"
        return {"type": kind, "selected_option": chosen or element.get("initial_option")}
    if kind == "checkboxes":
        wanted = [one for one in element["options"] if _names(one) & set(value or [])]
        shown = element.get("initial_options", []) if value is None else wanted
        return {"type": kind, "selected_options": shown}
    if kind == "users_select":
        return {"type": kind, "selected_user": value or element.get("initial_user")}
    if kind == "conversations_select":
        chosen = value or element.get("initial_conversation")
        return {"type": kind, "selected_conversation": chosen}
    if kind == "datepicker":
        return {"type": kind, "selected_date": value or element.get("initial_date")}
    text = element.get("initial_value") if value is None else str(value)
    if text:
        assert len(text) <= element.get("max_length", 3000), "no client lets one write so much"
        assert len(text) >= element.get("min_length", 0), "no client sends so little"
    return {"type": kind, "value": text or None}


def _names(option: Json) -> set[str]:
    return {html.unescape(option["text"]["text"]), option["value"]}
