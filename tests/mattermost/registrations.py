"""What is registered with the server: slash commands, access tokens, addresses for late answers."""

from dataclasses import dataclass
from typing import Any


@dataclass(kw_only=True)
class Command:
    """A slash command of a team."""

    id: str
    token: str
    create_at: int
    update_at: int
    creator_id: str
    team_id: str
    trigger: str
    url: str
    method: str = "P"
    username: str = ""
    icon_url: str = ""
    auto_complete: bool = False
    auto_complete_desc: str = ""
    auto_complete_hint: str = ""
    display_name: str = ""
    description: str = ""

    def wire(self) -> dict[str, Any]:
        return {**vars(self), "delete_at": 0, "plugin_id": ""}


@dataclass(kw_only=True)
class AccessToken:
    """A personal access token."""

    id: str
    token: str
    user_id: str
    description: str
    is_active: bool = True

    def wire(self, *, secret: bool = False) -> dict[str, Any]:
        shown = vars(self).copy()
        return shown if secret else {**shown, "token": ""}


@dataclass(kw_only=True)
class Hook:
    """Where late answers to a slash command go: five within half an hour."""

    id: str
    create_at: int
    user_id: str
    channel_id: str
    team_id: str
    root_id: str
    command: Command
    uses: int = 0
