"""Workspaces, people, channels, messages and views, and how Slack shows them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]


@dataclass(kw_only=True)
class User:
    """A person or a bot in one workspace."""

    id: str
    team_id: str
    name: str
    email: str
    real_name: str
    locale: str = "en-US"
    tz: str = "Europe/London"
    deleted: bool = False
    is_bot: bool = False
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    bot_id: str = ""
    app_id: str = ""
    updated: int = 0

    def wire(self, *, email: bool, locale: bool) -> Json:
        """As users.info and users.list show it; `email` for who has that scope."""
        profile: Json = {
            "title": "",
            "phone": "",
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "avatar_hash": "g0",
            "team": self.team_id,
        }
        if email and self.email and not self.is_bot:
            profile["email"] = self.email
        if self.is_bot:
            profile |= {"bot_id": self.bot_id, "api_app_id": self.app_id, "always_active": True}
        shown: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "profile": profile,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": self.updated,
        }
        if self.deleted:
            return shown
        shown |= {
            "color": "9f69e7",
            "real_name": self.real_name,
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": self._tz_offset(),
            "is_admin": self.is_admin,
            "is_owner": self.is_owner,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_email_confirmed": not self.is_bot,
            "who_can_share_contact_card": "EVERYONE",
        }
        return shown | ({"locale": self.locale} if locale else {})

    def _tz_offset(self) -> int:
        """Seconds ahead of UTC, now."""
        offset = datetime.now(ZoneInfo(self.tz)).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())


@dataclass(kw_only=True)
class Channel:
    """A channel or a direct message; `members` by user id."""

    id: str
    team_id: str
    name: str = ""
    created: int
    creator: str = ""
    private: bool = False
    archived: bool = False
    members: set[str] = field(default_factory=set)

    @property
    def direct(self) -> bool:
        return self.id.startswith("D")

    @property
    def shown_name(self) -> str:
        """As payloads name it."""
        return "directmessage" if self.direct else "privategroup" if self.private else self.name

    def wire(self, *, other: str = "") -> Json:
        """As conversations.info shows it; `other` is whom a direct message is with."""
        shown: Json = {
            "id": self.id,
            "created": self.created,
            "is_archived": self.archived,
            "is_im": self.direct,
            "is_org_shared": False,
            "context_team_id": self.team_id,
        }
        if self.direct:
            return shown | {"user": other, "is_open": True, "priority": 0}
        return shown | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.private,
            "is_group": self.private,
            "is_private": self.private,
            "is_general": self.name == "general",
            "is_member": other in self.members,
            "num_members": len(self.members),
            "creator": self.creator,
        }


@dataclass(kw_only=True)
class Message:
    """What somebody wrote; `seen_by` is the one person who sees an ephemeral message."""

    ts: str
    channel: str
    team_id: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    bot_id: str = ""
    app_id: str = ""
    thread_ts: str = ""
    client_msg_id: str = ""
    edited: Json | None = None
    seen_by: str = ""
    mrkdwn: bool = True
    unfurls: bool = True

    def wire(self, *, metadata: bool = True) -> Json:
        """As answers, events and histories show it."""
        shown: Json = {"type": "message", "user": self.user, "ts": self.ts}
        if self.bot_id:
            shown |= {"bot_id": self.bot_id, "app_id": self.app_id}
            shown["bot_profile"] = {
                "id": self.bot_id,
                "app_id": self.app_id,
                "user_id": self.user,
                "deleted": False,
                "team_id": self.team_id,
            }
        shown |= {"text": self.text, "team": self.team_id}
        optional = {
            "client_msg_id": self.client_msg_id,
            "thread_ts": self.thread_ts,
            "edited": self.edited,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "files": self.files,
        }
        shown |= {name: value for name, value in optional.items() if value}
        if self.metadata is not None:
            kind = {"event_type": self.metadata["event_type"]}
            shown["metadata"] = self.metadata if metadata else kind
        return shown


@dataclass(kw_only=True)
class View:
    """A modal or a Home tab, with what its opener said."""

    id: str
    team_id: str
    app_id: str
    bot_id: str
    user: str
    said: Json
    hash: str
    root_id: str = ""
    previous_id: str = ""

    @property
    def kind(self) -> str:
        return str(self.said["type"])

    def wire(self, values: Json | None = None) -> Json:
        """As answers and payloads show it; `values` is what was filled in."""
        modal = self.kind == "modal"
        blank: Json = {"private_metadata": "", "callback_id": "", "external_id": ""}
        if modal:
            blank |= {"clear_on_close": False, "notify_on_close": False, "close": None}
            blank |= {"submit": None, "submit_disabled": False}
        else:
            title = {"type": "plain_text", "text": "View Title", "emoji": True}
            blank |= {"title": title, "clear_on_close": False, "notify_on_close": False}
        return {
            **blank,
            **self.said,
            "id": self.id,
            "team_id": self.team_id,
            "app_id": self.app_id,
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
            "hash": self.hash,
            "state": {"values": values or {}},
            "root_view_id": self.root_id or self.id,
            "previous_view_id": self.previous_id or None,
        }


@dataclass(kw_only=True)
class Token:
    """What a call may be made with; `expires_at` in seconds since 1970, None for never."""

    value: str
    team_id: str
    user_id: str
    scopes: str
    expires_at: float | None = None
    app_level: bool = False


@dataclass(kw_only=True)
class Workspace:
    """A workspace; `bot` is the app's user, None where it is not installed."""

    id: str
    name: str
    domain: str
    bot: User | None = None
    bot_token: str = ""
    refresh_token: str = ""
    config: Json = field(default_factory=lambda: {"edit_window_minutes": None})

    @property
    def slackbot(self) -> User:
        """Slack's own account, which is everywhere and does not call itself a bot."""
        return User(
            id="USLACKBOT", team_id=self.id, name="slackbot", email="", real_name="Slackbot"
        )

    @property
    def bot_user_id(self) -> str:
        return "" if self.bot is None else self.bot.id

    def wire(self) -> Json:
        """As team.info shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "url": f"https://{self.domain}.slack.com/",
            "domain": self.domain,
            "email_domain": "",
            "icon": {"image_default": True},
            "avatar_base_url": "https://ca.slack-edge.com/",
            "is_verified": False,
        }
