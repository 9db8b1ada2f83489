"""Users, teams, channels and posts, and how the server shows them."""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.mattermost.attachments import stripped

HASHTAG = re.compile(r"(?<![\w#])#[^\W\d_][\w.-]{2,}")

NOTIFY = {
    "channel": "true",
    "comments": "never",
    "desktop": "mention",
    "desktop_sound": "true",
    "email": "true",
    "first_name": "false",
    "mention_keys": "",
    "push": "mention",
    "push_status": "away",
}


@dataclass(kw_only=True)
class User:
    """A person or a bot; times in milliseconds, 0 for never."""

    id: str
    username: str
    email: str
    first_name: str = ""
    last_name: str = ""
    nickname: str = ""
    position: str = ""
    roles: str = "system_user"
    locale: str = "en"
    time_zone: str = ""
    password: str = ""
    is_bot: bool = False
    bot_description: str = ""
    owner_id: str = ""
    create_at: int
    update_at: int
    delete_at: int = 0

    @property
    def is_administrator(self) -> bool:
        return "system_admin" in self.roles.split()

    def wire(self, *, private: bool, show_email: bool = True) -> dict[str, Any]:
        """As `/users` shows it; `private` to oneself and to administrators."""
        shown: dict[str, Any] = {
            "id": self.id,
            "create_at": self.create_at,
            "update_at": self.update_at,
            "delete_at": self.delete_at,
            "username": self.username,
            "auth_data": "",
            "auth_service": "",
            "email": self.email if private or show_email else "",
            "nickname": self.nickname,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "position": self.position,
            "roles": self.roles,
            "locale": self.locale,
            "timezone": {
                "automaticTimezone": self.time_zone,
                "manualTimezone": "",
                "useAutomaticTimezone": "true",
            },
            "disable_welcome_email": False,
        }
        if private:
            shown["notify_props"] = dict(NOTIFY)
            shown["last_password_update"] = self.create_at
        if self.is_bot:
            shown |= {"is_bot": True, "bot_description": self.bot_description}
        return shown

    def as_bot(self) -> dict[str, Any]:
        """As `/bots` shows it."""
        return {
            "user_id": self.id,
            "username": self.username,
            "display_name": self.first_name,
            "description": self.bot_description,
            "owner_id": self.owner_id,
            "create_at": self.create_at,
            "update_at": self.update_at,
            "delete_at": self.delete_at,
        }


@dataclass(kw_only=True)
class Team:
    """A team; `members` by user id, with whether they administer it."""

    id: str
    name: str
    display_name: str
    create_at: int
    members: dict[str, bool] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "create_at": self.create_at,
            "update_at": self.create_at,
            "delete_at": 0,
            "display_name": self.display_name,
            "name": self.name,
            "description": "",
            "email": "",
            "type": "O",
            "company_name": "",
            "allowed_domains": "",
            "invite_id": "",
            "allow_open_invite": True,
            "scheme_id": None,
            "group_constrained": None,
            "policy_id": None,
        }

    def member(self, user_id: str) -> dict[str, Any]:
        leads = self.members[user_id]
        return {
            "team_id": self.id,
            "user_id": user_id,
            "roles": "team_user team_admin" if leads else "team_user",
            "delete_at": 0,
            "scheme_guest": False,
            "scheme_user": True,
            "scheme_admin": leads,
            "explicit_roles": "",
        }


@dataclass(kw_only=True)
class Channel:
    """A channel; `members` by user id."""

    id: str
    type: str
    name: str
    display_name: str = ""
    team_id: str = ""
    creator_id: str = ""
    create_at: int
    last_post_at: int = 0
    messages: int = 0
    threads: int = 0
    members: set[str] = field(default_factory=set)

    @property
    def direct(self) -> bool:
        return self.type == "D"

    def wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "create_at": self.create_at,
            "update_at": self.create_at,
            "delete_at": 0,
            "team_id": self.team_id,
            "type": self.type,
            "display_name": self.display_name,
            "name": self.name,
            "header": "",
            "purpose": "",
            "last_post_at": self.last_post_at,
            "total_msg_count": self.messages,
            "extra_update_at": 0,
            "creator_id": self.creator_id,
            "scheme_id": None,
            "props": None,
            "group_constrained": None,
            "shared": False,
            "total_msg_count_root": self.threads,
            "policy_id": None,
        }

    def member(self, user_id: str) -> dict[str, Any]:
        return {
            "channel_id": self.id,
            "user_id": user_id,
            "roles": "channel_user",
            "last_viewed_at": 0,
            "msg_count": 0,
            "mention_count": 0,
            "mention_count_root": 0,
            "msg_count_root": 0,
            "notify_props": {"desktop": "default", "email": "default", "push": "default"},
            "last_update_at": self.create_at,
            "scheme_guest": False,
            "scheme_user": True,
            "scheme_admin": False,
            "explicit_roles": "",
        }


@dataclass(kw_only=True)
class Post:
    """A message as it is kept: with what its buttons call."""

    id: str
    create_at: int
    update_at: int
    edit_at: int = 0
    delete_at: int = 0
    is_pinned: bool = False
    user_id: str
    channel_id: str
    root_id: str = ""
    message: str = ""
    type: str = ""
    props: dict[str, Any] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    pending_post_id: str = ""
    replies: int = 0

    def wire(self, *, pending: bool = False, metadata: bool = True) -> dict[str, Any]:
        """As clients see it.

        Args:
            pending: Whether the client's own `pending_post_id` is told, once, to whoever sees it
                appear.
            metadata: What a client needs to show it; a repeated creation goes without.
        """
        shown = {
            "id": self.id,
            "create_at": self.create_at,
            "update_at": self.update_at,
            "edit_at": self.edit_at,
            "delete_at": self.delete_at,
            "is_pinned": self.is_pinned,
            "user_id": self.user_id,
            "channel_id": self.channel_id,
            "root_id": self.root_id,
            "parent_id": "" if self.type == "system_ephemeral" else self.root_id,
            "original_id": "",
            "message": self.message,
            "type": self.type,
            "props": stripped(self.props),
            "hashtags": " ".join(HASHTAG.findall(self.message)),
            "pending_post_id": self.pending_post_id if pending else "",
            "reply_count": self.replies,
            "last_reply_at": 0,
            "participants": None,
        }
        if self.files:
            shown["file_ids"] = [file["id"] for file in self.files]
        if metadata:
            shown["metadata"] = self._metadata()
        return shown

    def _metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if "attachments" in self.props:
            found["embeds"] = [{"type": "message_attachment"}]
        if self.files:
            found["files"] = [
                {key: value for key, value in file.items() if key != "content"}
                for file in self.files
            ]
        return found
