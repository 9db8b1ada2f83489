"""Messages: how they are written, changed and found again, and what really arrived."""

import re
from collections.abc import Callable
from typing import Any

from tests.slack.errors import SlackError, invalid
from tests.slack.identity import new_word
from tests.slack.limits import check_message
from tests.slack.records import Channel, Json, Message, User, Workspace
from tests.slack.state import State

TEXT = 40_000
METADATA = 8_000
BARE_AMPERSAND = re.compile(r"&(?!amp;|lt;|gt;)")
CONTROL = re.compile(r"(<(?:[@#!]|https?:|mailto:)[^<>\n]+>)")
Heard = Callable[[Workspace, Json], object]


def stored(text: str) -> str:
    """A text with markup as Slack keeps it: control sequences stay, what is none is escaped."""
    parts = CONTROL.split(BARE_AMPERSAND.sub("&amp;", text[:TEXT]))
    return "".join(
        part if number % 2 else part.replace("<", "&lt;").replace(">", "&gt;")
        for number, part in enumerate(parts)
    )


def plain(text: str) -> str:
    """A text without markup as Slack keeps it."""
    text = BARE_AMPERSAND.sub("&amp;", text)
    return text.replace("<", "&lt;").replace(">", "&gt;")


class Posts:
    """All that is written.

    Attributes:
        ledger: What arrived, in order, whoever was told so: to whom, where, what and when.
        heard: Who is told of a message event.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.ledger: list[Json] = []
        self.heard: Heard = _nobody

    # Where to

    def target(self, workspace: Workspace, bot: User, told: str) -> Channel:
        """The channel of an id, a name, or a person (their direct messages with the bot).

        Raises:
            SlackError: channel_not_found, user_not_found, cannot_dm_bot, messages_tab_disabled.
        """
        if told[:1] in {"U", "W"}:
            return self._direct(workspace, bot, told)
        found = self._state.channels.get(told)
        if found is None and told[:1] not in {"C", "D", "G"}:
            found = self._state.channel_named(workspace, told)
        if found is None or found.team_id != workspace.id or not self.sees(bot, found):
            raise SlackError("channel_not_found")
        return found

    def sees(self, bot: User, channel: Channel) -> bool:
        """Whether the channel is there at all, for a bot."""
        closed = channel.direct or channel.private
        return bot.id in channel.members or not closed

    def _direct(self, workspace: Workspace, bot: User, user_id: str) -> Channel:
        try:
            user = self._state.user(workspace, user_id)
        except SlackError as error:
            raise SlackError("channel_not_found") from error
        if user.is_bot or user.id == workspace.slackbot.id:
            raise SlackError("cannot_dm_bot")
        if not self._state.app.messages_tab:
            raise SlackError("messages_tab_disabled")
        return self._state.direct(bot, user)[0]

    # What is written

    def post(self, workspace: Workspace, author: User, channel: Channel, **what: Any) -> Message:
        """A message, of whoever it is; `what` as in `Message`."""
        made = Message(
            ts=self._state.clock.stamp(),
            channel=channel.id,
            team_id=workspace.id,
            user=author.id,
            bot_id=author.bot_id,
            app_id=author.app_id,
            **what,
        )
        made.blocks = named(made.blocks)
        root = self._state.messages[channel.id].get(made.thread_ts)
        if root is not None:
            root.thread_ts = root.ts
        self._state.messages[channel.id][made.ts] = made
        if author.is_bot:
            self._enter(made, channel)
        self.tell(workspace, made, {})
        return made

    def change(self, workspace: Workspace, message: Message, said: Json) -> None:
        """Other words and blocks for a message; what `said` leaves out stays.

        Raises:
            SlackError: invalid_blocks and others, as a first post.
        """
        content = read(said)
        before = message.wire()
        if "text" in said and said.get("text") is not None:
            message.text = content["text"]
            message.blocks = []
        if said.get("blocks") is not None:
            message.blocks = named(content["blocks"])
        if said.get("attachments") is not None:
            message.attachments = content["attachments"]
        if said.get("metadata") is not None:
            message.metadata = content["metadata"]
        by = {"user": message.user, "ts": self._state.clock.stamp()}
        message.edited = by if not message.blocks else message.edited
        if not message.seen_by:
            self._mark(message, "changes", self._state.clock.now())
            about = {"subtype": "message_changed", "message": message.wire()}
            self.tell(workspace, message, {**about, "previous_message": before, "hidden": True})

    def delete(self, workspace: Workspace, message: Message) -> None:
        """It is gone."""
        if message.seen_by:
            self._state.private[message.seen_by].remove(message)
            return
        del self._state.messages[message.channel][message.ts]
        self._mark(message, "deleted", self._state.clock.now())
        about = {"subtype": "message_deleted", "deleted_ts": message.ts, "hidden": True}
        self.tell(workspace, message, {**about, "previous_message": message.wire()})

    def whisper(self, author: User, channel: Channel, to: User, said: Json) -> Message:
        """A message that one person sees, until they reload."""
        content = read(said)
        made = Message(
            ts=self._state.clock.stamp(),
            channel=channel.id,
            team_id=to.team_id,
            user=author.id,
            bot_id=author.bot_id,
            app_id=author.app_id,
            seen_by=to.id,
            thread_ts=str(said.get("thread_ts") or ""),
            **content,
        )
        made.blocks = named(made.blocks)
        self._state.private.setdefault(to.id, []).append(made)
        return made

    def tell(self, workspace: Workspace, message: Message, about: Json) -> None:
        """The event of a message, to whoever is subscribed."""
        channel = self._state.channels[message.channel]
        if not channel.direct or workspace.bot_user_id not in channel.members:
            return
        shown = message.wire(metadata=False) if not about else {"type": "message", **about}
        ts = self._state.clock.stamp() if about else message.ts
        place = {"channel": channel.id, "ts": ts, "event_ts": ts, "channel_type": "im"}
        self.heard(workspace, {**shown, **place})

    # What arrived

    def _enter(self, message: Message, channel: Channel) -> None:
        to = self._state.users.get(self._state.partner(channel, message.user))
        payload = (message.metadata or {}).get("event_payload", {})
        entry = {
            "team": message.team_id,
            "channel": channel.id,
            "ts": message.ts,
            "to": "" if to is None else to.email,
            "user": "" if to is None else to.id,
            "text": message.text,
            "blocks": message.blocks,
            "files": [file["title"] for file in message.files],
            "delivery": payload.get("delivery_id", ""),
            "thread_ts": message.thread_ts,
            "at": self._state.clock.now(),
            "changes": [],
            "deleted": [],
        }
        self.ledger.append(entry)

    def _mark(self, message: Message, what: str, at: float) -> None:
        for entry in reversed(self.ledger):
            if entry["ts"] == message.ts and entry["channel"] == message.channel:
                entry[what].append({"at": at, "text": message.text, "blocks": message.blocks})
                return


def _nobody(_workspace: Workspace, _event: Json) -> None:
    """Nobody is told."""


def read(said: Json) -> Json:
    """Text, blocks, attachments and metadata of a call, as `Message` has them.

    Raises:
        SlackError: no_text, invalid_blocks, invalid_metadata_format, metadata_too_large.
    """
    text = said.get("text")
    blocks = said.get("blocks")
    attachments = said.get("attachments")
    if not (text or blocks or attachments):
        raise SlackError("no_text")
    return {
        "text": stored(str(text or "")),
        "blocks": [] if blocks is None else check_message(blocks),
        "attachments": list(attachments or []),
        "metadata": _metadata(said.get("metadata")),
        "mrkdwn": str(said.get("mrkdwn", True)).lower() not in {"false", "0"},
        "unfurls": str(said.get("unfurl_links", True)).lower() not in {"false", "0"},
    }


def _metadata(told: Any) -> Json | None:
    if not told:
        return None
    if not isinstance(told, dict) or set(told) - {"event_type", "event_payload", "entities"}:
        raise SlackError("invalid_metadata_format")
    if not isinstance(told.get("event_type"), str) or not isinstance(
        told.get("event_payload"), dict
    ):
        raise invalid("invalid_metadata_schema", "missing required field: event_type")
    if len(str(told)) > METADATA:
        raise SlackError("metadata_too_large")
    return told


def named(blocks: list[Json]) -> list[Json]:
    """The blocks with an id each, and their texts as Slack fills them up."""
    return [{"block_id": new_word(5), **_filled(block)} for block in blocks]


def _filled(part: Any) -> Any:
    if isinstance(part, list):
        return [_filled(one) for one in part]
    if not isinstance(part, dict):
        return part
    filled = {name: _filled(value) for name, value in part.items()}
    if part.get("type") == "plain_text" and isinstance(part.get("text"), str):
        return {"emoji": True, **filled, "text": plain(part["text"])}
    if part.get("type") == "mrkdwn" and isinstance(part.get("text"), str):
        return {"verbatim": False, **filled, "text": stored(part["text"])}
    if part.get("type") in {"button", "static_select", "overflow"} | {"plain_text_input"}:
        return {"action_id": new_word(5), **filled}
    return filled
