"""The app as Slack creates it: a manifest to paste at api.slack.com/apps."""

from collections.abc import Mapping
from typing import Any

from bot.slack.scopes import EVENTS, NAMES

COMMAND = "/nps"
PENDING = "nps_pending"
"""The shortcut that shows somebody what is open for them."""
EVENTS_PATH = "/slack/events"
REDIRECT_PATH = "/slack/oauth_redirect"
COLOUR = "#1f4e79"

DISPLAY = {
    "name": "Voxpop",
    "description": "Short surveys in a direct message: one press answers.",
    "background_color": COLOUR,
    "long_description": (
        "Voxpop asks how you feel about something in a direct message with a row of numbers. One "
        "press is a complete answer. You can change it or take it back until the round closes, add "
        "a reason, look at what is stored about you, be left alone for a while, or for good. "
        "Administrators read figures with /nps report; unless a survey says otherwise, these never "
        "describe fewer than five people."
    ),
}


def manifest(
    *, base_url: str, socket_mode: bool, installs: bool, rotates: bool = False
) -> Mapping[str, Any]:
    """The manifest.

    Args:
        base_url: Where Slack and people's browsers reach us.
        socket_mode: Whether we open the connections: Slack needs no address of ours then.
        installs: Whether workspaces install the app by themselves.
        rotates: Whether tokens end after some hours and are renewed. A token that stands in the
            settings can't be: leave it out there.
    """
    base = base_url.rstrip("/")
    reached = {} if socket_mode else {"request_url": f"{base}{EVENTS_PATH}"}
    command = {
        "command": COMMAND,
        **({} if socket_mode else {"url": f"{base}{EVENTS_PATH}"}),
        "description": "Your surveys; for administrators, reports and rounds",
        "usage_hint": "help",
        "should_escape": True,
    }
    shortcut = {
        "name": "Open surveys",
        "type": "global",
        "callback_id": PENDING,
        "description": "What you were asked and have not answered",
    }
    redirects = {"redirect_urls": [f"{base}{REDIRECT_PATH}"]} if installs else {}
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": DISPLAY,
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": DISPLAY["name"], "always_online": True},
            "shortcuts": [shortcut],
            "slash_commands": [command],
        },
        "oauth_config": {**redirects, "scopes": {"bot": list(NAMES)}},
        "settings": {
            "event_subscriptions": {**reached, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **reached},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": rotates,
        },
    }
