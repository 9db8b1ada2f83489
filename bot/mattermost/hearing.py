"""What is done about what people write to the bot: each post once, and none is missed."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Self

import structlog

from bot.desk import Desk
from bot.interactions import Said
from bot.mattermost.client import Client, ServerSays
from bot.mattermost.gate import address_of
from bot.mattermost.markdown import escaped
from bot.mattermost.voice import Voice, words
from survey.card import Reply
from survey.delivery import MessageRef
from survey.errors import StorageUnavailable
from survey.ports import Clock, Event, Heard, Messages

log = structlog.get_logger()

POSTS = "mattermost:posts"
COMMENTS = "mattermost:comments"
OVERLAP = timedelta(minutes=1)
"""Events come out of order: what is read up begins so long before the mark."""
AHEAD = timedelta(minutes=5)
"""How far the server's clock may be ahead of ours."""
BEFORE_THE_FIRST = timedelta(hours=1)
"""What is read up the first time ever."""
MARK_EVERY = timedelta(seconds=5)
"""How often the mark is written down while posts come in."""
AT_ONCE = 8
"""Channels that are read up at the same time."""
PATIENCE = timedelta(seconds=1)
"""How long a server is left alone that is asked too much and does not say for how long."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """Something written.

    Attributes:
        at: When, in milliseconds, by the server's clock.
        root_id: The message whose thread it stands in; empty for none.
        meant: Whether a person wrote it to the bot alone.
    """

    id: str
    user_id: str
    channel_id: str
    root_id: str
    text: str
    at: int
    meant: bool

    @classmethod
    def read(cls, told: Mapping[str, Any], *, direct: bool) -> Self:
        """As the server tells of it."""
        props = told.get("props") or {}
        foreign = any(props.get(name) for name in ("from_bot", "from_webhook", "from_plugin"))
        return cls(
            id=str(told.get("id", "")),
            user_id=str(told.get("user_id", "")),
            channel_id=str(told.get("channel_id", "")),
            root_id=str(told.get("root_id") or ""),
            text=str(told.get("message") or ""),
            at=int(told.get("create_at") or 0),
            meant=direct and not (foreign or told.get("type") or told.get("delete_at")),
        )


class Hearing:
    """Hands posts to the desk and says its replies."""

    def __init__(
        self,
        *,
        client: Client,
        voice: Voice,
        desk: Desk,
        heard: Heard,
        messages: Messages,
        clock: Clock,
    ) -> None:
        self._client = client
        self._voice = voice
        self._desk = desk
        self._heard = heard
        self._messages = messages
        self._clock = clock
        self._reached = 0
        self._kept_at: datetime | None = None

    async def hear(self, post: Post) -> None:
        """Do what is to be done about a post, unless that was done before.

        Raises:
            StorageUnavailable: If the database does not answer; it is heard again later.
            ServerSays: If the server does not tell who we are.
        """
        if post.meant and post.user_id != await self._own_id():
            try:
                if await self._heard.is_new(POSTS, post.id):
                    await self._answer(post)
                    await self._heard.done(POSTS, post.id, at=self._clock())
            except StorageUnavailable:
                raise
            except Exception:
                log.exception("mattermost_post_broke", post=post.id)
        self._reach(post.at)

    async def catch_up(self) -> None:
        """Read what was written while nobody listened.

        Raises:
            ServerSays: If the server does not tell.
            StorageUnavailable: If the database does not answer.
        """
        mark = await self._heard.mark(POSTS)
        since = _milliseconds(
            self._clock() - BEFORE_THE_FIRST if mark is None else _instant(mark) - OVERLAP
        )
        channels = await self._channels(since)
        found: list[Post] = []
        for first in range(0, len(channels), AT_ONCE):
            some = channels[first : first + AT_ONCE]
            for posts in await asyncio.gather(*(self._written(one, since) for one in some)):
                found += posts
        for post in sorted(found, key=lambda one: one.at):
            await self.hear(post)
        self._reach(max((one["last_post_at"] for one in channels), default=since))
        await self.keep_mark(now=True)

    async def keep_mark(self, *, now: bool = False) -> None:
        """Write down how far all is heard, now and then."""
        at = self._clock()
        if now or self._kept_at is None or at - self._kept_at >= MARK_EVERY:
            self._kept_at = at
            await self._heard.set_mark(POSTS, self._reached)

    def _reach(self, at: int) -> None:
        """All is heard up to this; who imports posts may date them into the future."""
        self._reached = max(self._reached, min(at, _milliseconds(self._clock() + AHEAD)))

    async def _own_id(self) -> str:
        own_id, _ = await self._voice.account.me()
        return own_id

    async def _channels(self, since: int) -> Sequence[Mapping[str, Any]]:
        """Direct channels in which something was written since; any team shows all of them."""
        teams = await self._read("/users/me/teams")
        if not teams:
            log.warning("mattermost_bot_in_no_team")
            return []
        all_of_them = await self._read(f"/users/me/teams/{teams[0]['id']}/channels")
        return [one for one in all_of_them if one["type"] == "D" and one["last_post_at"] > since]

    async def _written(self, channel: Mapping[str, Any], since: int) -> list[Post]:
        listed = await self._read(f"/channels/{channel['id']}/posts", since=since)
        posts = [Post.read(told, direct=True) for told in listed["posts"].values()]
        return [post for post in posts if post.meant and post.at > since]

    async def _read(self, path: str, **params: int) -> Any:
        """What the server tells, however long it wants to be left alone before.

        Beginning anew after each refusal would read the same channels again, and never get on.
        """
        while True:
            try:
                return await self._client.call("GET", path, params=params)
            except ServerSays as error:
                if error.status != HTTPStatus.TOO_MANY_REQUESTS:
                    raise
                patience = (error.retry_after or PATIENCE).total_seconds()
            await asyncio.sleep(patience * random.uniform(1.0, 1.5))  # noqa: S311 - only to spread out

    async def _answer(self, post: Post) -> None:
        by = address_of(post.user_id)
        root = MessageRef(channel=post.channel_id, message=post.root_id) if post.root_id else None
        about = None if root is None else await self._messages.about(by, root)
        reply = await self._desk(
            Said(
                by=by,
                text=post.text,
                in_thread=root is not None,
                subject=about,
                at=_instant(post.at),
                message=root,
                event=Event(source=COMMENTS, name=post.id),
            )
        )
        await self._change(reply, post, root)
        said = [] if reply.thread is None else [escaped(reply.thread)]
        if reply.private is not None:
            said.append(words(reply.private))
        if said:
            here = MessageRef(channel=post.channel_id, message=post.root_id)
            await self._voice.in_thread(here, "\n\n".join(said), once=post.id)

    async def _change(self, reply: Reply, post: Post, root: MessageRef | None) -> None:
        if reply.update is None:
            return
        if root is None and reply.update.subject is not None:
            root = await self._messages.latest(address_of(post.user_id), reply.update.subject)
        if root is not None:
            await self._voice.change(post.user_id, root, reply.update)


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
