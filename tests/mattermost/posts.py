"""Messages: written, found again, changed, deleted."""

import re
from typing import Any

from tests.mattermost.attachments import normalise
from tests.mattermost.errors import ApiError, bad_post, forbidden, no_post
from tests.mattermost.golang import compact, generic
from tests.mattermost.identity import new_id
from tests.mattermost.records import Channel, Post, User
from tests.mattermost.state import State
from tests.mattermost.websocket import Hub

LONGEST_MESSAGE = 16_383
LONGEST_PROPS = 8_000
# For so long a `pending_post_id` is known.
PENDING_MS = 30_000
MENTION = re.compile(r"(?<![\w@])@([a-z0-9._-]+)")


class Posts:
    """All messages of a server, and the ledger of what became of each."""

    def __init__(self, state: State, hub: Hub) -> None:
        self._state = state
        self._hub = hub
        self._pending: dict[tuple[str, str], tuple[int, str]] = {}
        self.ledger: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}

    # Writing

    def create(self, author: User, told: dict[str, Any]) -> dict[str, Any]:
        """A client's new post; the one of before, where it gave the same `pending_post_id`.

        Raises:
            ApiError: 403, the channel is not the author's; 400, it is too long.
        """
        channel = self._state.require_channel(author, str(told.get("channel_id")), "create_post")
        pending = (author.id, str(told.get("pending_post_id") or ""))
        at, known = self._pending.get(pending, (0, ""))
        if pending[1] and self._state.clock.now() - at < PENDING_MS:
            return self.get(known).wire(metadata=False)
        post = self._new(author, channel, told)
        if author.is_bot:
            post.props["from_bot"] = "true"
        post.pending_post_id = pending[1]
        self.publish(post, author)
        self._pending[pending] = (self._state.clock.now(), post.id)
        return post.wire(pending=True)

    def _new(self, author: User, channel: Channel, told: dict[str, Any]) -> Post:
        now = self._state.clock.now()
        post = Post(
            id=new_id(),
            create_at=now,
            update_at=now,
            user_id=author.id,
            channel_id=channel.id,
            root_id=self._root(channel, str(told.get("root_id") or "")),
            message=str(told.get("message") or ""),
            props=self._props(told.get("props")),
        )
        for file_id in told.get("file_ids") or []:
            file = self._state.files.get(file_id)
            if file is not None and file["user_id"] == author.id and not file["post_id"]:
                file["post_id"] = post.id
                post.files.append(file)
        return post

    def publish(self, post: Post, author: User) -> None:
        """Keeps a post and tells the members of its channel.

        Raises:
            ApiError: 400, it is too long.
        """
        self._check(post)
        channel = self._state.channels[post.channel_id]
        self._state.posts[post.id] = post
        self._state.by_channel[channel.id].append(post)
        channel.last_post_at = post.create_at
        channel.messages += 1
        channel.threads += not post.root_id
        self._count_replies(post)
        self._numbers[post.id] = len(self.ledger)
        self.ledger.append(self._entry(post, channel))
        self._hub.publish("posted", self._posted(post, channel, author), channel=channel.id)
        if not {"from_bot", "from_webhook"} & post.props.keys():
            self._hub.publish("channel_viewed", {"channel_id": channel.id}, user=author.id)

    def edit(self, post: Post, *, message: str, props: dict[str, Any] | None) -> dict[str, Any]:
        """Another text, and other props unless they are None.

        Raises:
            ApiError: 400, it is too long.
        """
        now = self._state.clock.now()
        before = (post.message, post.props.get("attachments"))
        changed = Post(**{**vars(post), "message": message})
        if props is not None:
            changed.props = self._props(props)
        self._check(changed)
        post.message, post.props, post.update_at = message, changed.props, now
        if before != (message, post.props.get("attachments")):
            post.edit_at = now
        shown = {"at": now, "message": message, "props": post.wire()["props"]}
        self.ledger[self._numbers[post.id]]["updates"].append(shown)
        self._hub.publish("post_edited", {"post": compact(post.wire())}, channel=post.channel_id)
        return post.wire()

    def delete(self, user: User, post_id: str) -> None:
        """Gone for its readers, with its thread."""
        post = self.get(post_id)
        if post.user_id != user.id and not user.is_administrator:
            raise forbidden(user.id, "delete_others_posts")
        self._hub.publish("post_deleted", {"post": compact(post.wire())}, channel=post.channel_id)
        now = self._state.clock.now()
        for each in self._state.by_channel[post.channel_id]:
            if post.id in {each.id, each.root_id}:
                each.delete_at = each.update_at = now
                self.ledger[self._numbers[each.id]]["deleted"] = now
        self._count_replies(post)

    def whisper(self, post: Post) -> dict[str, Any]:
        """An ephemeral post, to its `user_id` alone; its buttons carry what they stand for."""
        post.type, post.update_at = "system_ephemeral", 0
        shown = post.wire()
        root = post.root_id or post.id
        for kept, attachment in zip(
            post.props.get("attachments") or [],
            shown["props"].get("attachments") or [],
            strict=True,
        ):
            for action, button in zip(
                kept.get("actions", []), attachment.get("actions", []), strict=True
            ):
                about = {"post_id": post.id, "root_post_id": root, "channel_id": post.channel_id}
                button["cookie"] = self._state.cookies.seal({**about, "action": action})
        self._hub.publish(
            "ephemeral_message",
            {"post": compact(shown)},
            user=post.user_id,
            channel=post.channel_id,
        )
        return shown

    # Reading

    def get(self, post_id: str) -> Post:
        """A post that was not deleted."""
        post = self._state.posts.get(post_id)
        if post is None or post.delete_at:
            raise no_post(post_id)
        return post

    def listed(self, posts: list[Post], **more: str) -> dict[str, Any]:
        """A list of posts, with the threads that they are part of."""
        roots = {post.root_id or post.id for post in posts}
        shown = {post.id: post.wire() for post in posts}
        for channel_id in {post.channel_id for post in posts}:
            for each in self._state.by_channel[channel_id]:
                if (each.root_id or each.id) in roots and not each.delete_at:
                    shown.setdefault(each.id, each.wire())
        return {"order": [post.id for post in posts], "posts": shown, **more}

    def in_channel(self, channel_id: str) -> list[Post]:
        """Newest first, deleted ones too."""
        return self._state.by_channel[channel_id][::-1]

    def _entry(self, post: Post, channel: Channel) -> dict[str, Any]:
        reader = self._state.users[self._state.partner(channel, post.user_id)]
        return {
            "number": len(self.ledger) + 1,
            "id": post.id,
            "from": self._state.users[post.user_id].username,
            "to": reader.username if channel.direct else "",
            "channel_id": channel.id,
            "root_id": post.root_id,
            "message": post.message,
            "props": post.wire()["props"],
            "files": [file["name"] for file in post.files],
            "pending_post_id": post.pending_post_id,
            "at": post.create_at,
            "updates": [],
            "deleted": 0,
        }

    def _posted(self, post: Post, channel: Channel, author: User) -> dict[str, Any]:
        sender = f"@{author.username}"
        told: dict[str, Any] = {
            "channel_display_name": sender if channel.direct else channel.display_name,
            "channel_name": channel.name,
            "channel_type": channel.type,
            "post": compact(post.wire(pending=True)),
            "sender_name": sender,
            "set_online": True,
            "team_id": channel.team_id,
        }
        if post.files:
            told["otherFile"] = "true"
        mentioned = [
            user.id
            for user_id in sorted(channel.members - {author.id})
            if not (user := self._state.users[user_id]).delete_at
            and (channel.direct or user.username in MENTION.findall(post.message))
        ]
        return told | ({"mentions": compact(mentioned)} if mentioned else {})

    def _root(self, channel: Channel, root_id: str) -> str:
        if not root_id:
            return ""
        root = self._state.posts.get(root_id)
        if root is None or root.delete_at or root.root_id:
            message = "Invalid RootId parameter."
            raise ApiError(400, "api.post.create_post.root_id.app_error", message)
        if root.channel_id != channel.id:
            message = "Invalid ChannelId for RootId parameter."
            raise ApiError(500, "api.post.create_post.channel_root_id.app_error", message)
        return root_id

    def _props(self, told: Any) -> dict[str, Any]:
        props: dict[str, Any] = generic(told) if isinstance(told, dict) else {}
        if props.get("attachments") is not None:
            props["attachments"] = normalise(told["attachments"])
        return props

    def _check(self, post: Post) -> None:
        if len(post.message) > LONGEST_MESSAGE:
            raise bad_post("msg", "Invalid message.", post.id)
        if len(compact(post.props)) > LONGEST_PROPS:
            raise bad_post("props", "Invalid props.", post.id)

    def _count_replies(self, post: Post) -> None:
        root = post.root_id or post.id
        thread = [
            each
            for each in (self._state.by_channel[post.channel_id] if post.root_id else [])
            if root in {each.id, each.root_id}
        ]
        replies = sum(1 for each in thread if each.root_id and not each.delete_at)
        for each in thread:
            each.replies = replies
