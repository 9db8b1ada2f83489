"""auth.*, users.*, team.*, bots.* and conversations.*: who and where."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, TypeVar

from tests.slack.asking import Asked, Method
from tests.slack.errors import SlackError
from tests.slack.posts import Posts
from tests.slack.records import Channel, Json, Workspace
from tests.slack.state import State

PAGE = 100
MOST = 1000
T = TypeVar("T")


def page(items: Sequence[T], asked: Asked, *, usual: int = PAGE) -> tuple[list[T], str]:
    """A page of a list, and the cursor of the next; empty after the last.

    Raises:
        SlackError: invalid_cursor, invalid_limit.
    """
    cursor = asked.get("cursor")
    start = 0
    if cursor:
        try:
            start = int(b64decode(cursor).decode().removeprefix("next:"))
        except ValueError as error:
            raise SlackError("invalid_cursor") from error
    limit = asked.number("limit", 0) or usual
    if limit > MOST:
        raise SlackError("invalid_limit")
    end = start + limit
    following = b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return list(items[start:end]), following


class People:
    """Who there is."""

    def __init__(self, state: State) -> None:
        self._state = state

    def methods(self) -> list[Method]:
        read = ("users:read",)
        form: dict[str, Any] = {"json": False}
        return [
            Method(name="auth.test", answer=self.test, tier=200),
            Method(name="users.info", answer=self.info, scopes=read, tier=100, **form),
            Method(name="users.list", answer=self.all, scopes=read, tier=20, **form),
            Method(
                name="users.lookupByEmail",
                answer=self.with_email,
                scopes=("users:read.email",),
                **form,
            ),
            Method(name="bots.info", answer=self.bot, scopes=read, **form),
            Method(name="team.info", answer=self.team, scopes=("team:read",), **form),
        ]

    def test(self, asked: Asked) -> Json:
        return {
            "url": f"https://{asked.workspace.domain}.slack.com/",
            "team": asked.workspace.name,
            "user": asked.bot.name,
            "team_id": asked.workspace.id,
            "user_id": asked.bot.id,
            "bot_id": asked.bot.bot_id,
            "is_enterprise_install": False,
        }

    def info(self, asked: Asked) -> Json:
        user = self._state.user(asked.workspace, asked.get("user"))
        return {"user": user.wire(email=_email(asked), locale=asked.truth("include_locale"))}

    def all(self, asked: Asked) -> Json:
        found, cursor = page(self._state.users_of(asked.workspace), asked)
        locale = asked.truth("include_locale")
        return {
            "members": [user.wire(email=_email(asked), locale=locale) for user in found],
            "cache_ts": int(self._state.clock.now()),
            "response_metadata": {"next_cursor": cursor},
        }

    def with_email(self, asked: Asked) -> Json:
        user = self._state.user_with_email(asked.workspace, asked.get("email"))
        if user.deleted:
            raise SlackError("users_not_found")
        return {"user": user.wire(email=True, locale=False)}

    def bot(self, asked: Asked) -> Json:
        for user in self._state.users_of(asked.workspace):
            if user.bot_id and user.bot_id == asked.get("bot", asked.bot.bot_id):
                about = {"id": user.bot_id, "deleted": user.deleted, "name": user.name}
                return {"bot": {**about, "app_id": user.app_id, "user_id": user.id}}
        raise SlackError("bot_not_found")

    def team(self, asked: Asked) -> Json:
        return {"team": asked.workspace.wire()}


def _email(asked: Asked) -> bool:
    return "users:read.email" in asked.token.scopes.split(",")


class Conversations:
    """Channels, direct messages and what was written in them."""

    def __init__(self, state: State, posts: Posts) -> None:
        self._state = state
        self._posts = posts

    def methods(self) -> list[Method]:
        history = ("im:history", "channels:history", "groups:history")
        read = ("im:read", "channels:read", "groups:read")
        form: dict[str, Any] = {"json": False}
        return [
            Method(name="conversations.open", answer=self.open, scopes=("im:write",)),
            Method(name="conversations.info", answer=self.info, scopes=read, **form),
            Method(name="conversations.members", answer=self.members, scopes=read, **form),
            Method(name="conversations.join", answer=self.join, scopes=("channels:join",)),
            Method(name="conversations.list", answer=self.all, scopes=read, tier=20, **form),
            Method(name="conversations.history", answer=self.history, scopes=history, **form),
            Method(name="conversations.replies", answer=self.replies, scopes=history, **form),
        ]

    def open(self, asked: Asked) -> Json:
        told = asked.get("users")
        if "," in told:
            raise SlackError("method_not_supported_for_channel_type")
        if not told:
            channel = self._channel(asked)
            return {"no_op": True, "already_open": True, "channel": {"id": channel.id}}
        user = self._state.user(asked.workspace, told)
        if user.is_bot or user.id == asked.workspace.slackbot.id:
            raise SlackError("cannot_dm_bot")
        if user.deleted:
            raise SlackError("user_disabled")
        channel, new = self._state.direct(asked.bot, user)
        shown = channel.wire(other=user.id) if asked.truth("return_im") else {"id": channel.id}
        known = {} if new else {"no_op": True, "already_open": True}
        return {**known, "channel": shown}

    def info(self, asked: Asked) -> Json:
        channel = self._channel(asked)
        other = self._state.partner(channel, asked.bot.id) or asked.bot.id
        return {"channel": channel.wire(other=other)}

    def members(self, asked: Asked) -> Json:
        found, cursor = page(sorted(self._channel(asked).members), asked)
        return {"members": found, "response_metadata": {"next_cursor": cursor}}

    def join(self, asked: Asked) -> Json:
        channel = self._channel(asked)
        if channel.direct or channel.private:
            raise SlackError("method_not_supported_for_channel_type")
        if channel.archived:
            raise SlackError("is_archived")
        channel.members.add(asked.bot.id)
        return {"channel": channel.wire(other=asked.bot.id)}

    def all(self, asked: Asked) -> Json:
        kinds = set(asked.get("types", "public_channel").split(","))
        known = [one for one in self._state.channels.values() if _of(one, asked.workspace, kinds)]
        seen = [one for one in known if self._posts.sees(asked.bot, one)]
        found, cursor = page(seen, asked)
        wires = [
            one.wire(other=self._state.partner(one, asked.bot.id) or asked.bot.id) for one in found
        ]
        return {"channels": wires, "response_metadata": {"next_cursor": cursor}}

    def history(self, asked: Asked) -> Json:
        channel = self._channel(asked)
        self._may_read(asked, channel)
        known = list(self._state.messages[channel.id].values())
        top = [one for one in known if one.thread_ts in {"", one.ts}]
        return self._read(asked, top[::-1])

    def replies(self, asked: Asked) -> Json:
        channel = self._channel(asked)
        self._may_read(asked, channel)
        root = asked.needs("ts")
        known = self._state.messages[channel.id].values()
        found = [one for one in known if root in {one.ts, one.thread_ts}]
        if not found:
            raise SlackError("thread_not_found")
        return self._read(asked, found)

    def _read(self, asked: Asked, messages: Sequence[Any]) -> Json:
        oldest, latest = float(asked.get("oldest", "0")), float(asked.get("latest", "inf"))
        whole = asked.truth("inclusive")
        within = [
            one
            for one in messages
            if oldest < float(one.ts) < latest or (whole and float(one.ts) in {oldest, latest})
        ]
        found, cursor = page(within, asked)
        told: Json = {
            "messages": [one.wire(metadata=asked.truth("include_all_metadata")) for one in found],
            "has_more": bool(cursor),
        }
        if cursor:
            told["response_metadata"] = {"next_cursor": cursor}
        return told

    def _channel(self, asked: Asked) -> Channel:
        found = self._state.channels.get(asked.get("channel"))
        if found is None or found.team_id != asked.workspace.id:
            raise SlackError("channel_not_found")
        if not self._posts.sees(asked.bot, found):
            raise SlackError("channel_not_found")
        return found

    def _may_read(self, asked: Asked, channel: Channel) -> None:
        kind = "im" if channel.direct else "groups" if channel.private else "channels"
        scopes = asked.token.scopes.split(",")
        if f"{kind}:history" not in scopes:
            needed = f"{kind}:history"
            raise SlackError("missing_scope", needed=needed, provided=asked.token.scopes)
        if asked.bot.id not in channel.members:
            raise SlackError("not_in_channel")


def _of(channel: Channel, workspace: Workspace, kinds: set[str]) -> bool:
    kind = "im" if channel.direct else "private_channel" if channel.private else "public_channel"
    return channel.team_id == workspace.id and kind in kinds and not channel.archived
