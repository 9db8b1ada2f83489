"""The app as Slack creates it: within Slack's limits, and with nothing that it does not need."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NotRequired, TypedDict, Unpack

import pytest

from bot.slack.commands import SHORTCUTS
from bot.slack.manifest import COMMAND, manifest
from bot.slack.scopes import EVENTS, NAMES, SCOPES
from tests.slack.registration import BOT_EVENTS

ROOT = Path(__file__).parents[2]
BASE = "https://survey.example.org"
FREE_METHODS = ("auth.*", "apps.*", "oauth.*", "views.*")
"""What needs no scope."""


class Kind(TypedDict):
    """What an app may be."""

    socket_mode: bool
    installs: bool
    rotates: NotRequired[bool]


KINDS = [
    Kind(socket_mode=socket, installs=installs, rotates=rotates)
    for socket in (False, True)
    for installs, rotates in ((False, False), (True, False), (True, True))
]
KNOWN = {
    "": {"_metadata", "display_information", "features", "oauth_config", "settings"},
    "_metadata": {"major_version", "minor_version"},
    "display_information": {"name", "description", "background_color", "long_description"},
    "features": {"app_home", "bot_user", "shortcuts", "slash_commands"},
    "features.app_home": {
        "home_tab_enabled",
        "messages_tab_enabled",
        "messages_tab_read_only_enabled",
    },
    "features.bot_user": {"display_name", "always_online"},
    "features.shortcuts": {"name", "type", "callback_id", "description"},
    "features.slash_commands": {"command", "url", "description", "usage_hint", "should_escape"},
    "oauth_config": {"redirect_urls", "scopes"},
    "oauth_config.scopes": {"bot"},
    "settings": {
        "event_subscriptions",
        "interactivity",
        "org_deploy_enabled",
        "socket_mode_enabled",
        "token_rotation_enabled",
    },
    "settings.event_subscriptions": {"request_url", "bot_events"},
    "settings.interactivity": {"is_enabled", "request_url"},
}
"""What Slack's published schema has there; a word that it does not know makes it refuse the app."""
LONGEST = {
    "display_information.name": (1, 35),
    "display_information.description": (1, 140),
    "display_information.long_description": (175, 4_000),
    "features.bot_user.display_name": (1, 80),
    "features.shortcuts.name": (1, 24),
    "features.shortcuts.callback_id": (1, 255),
    "features.shortcuts.description": (1, 150),
    "features.slash_commands.command": (2, 32),
    "features.slash_commands.description": (1, 2_000),
    "features.slash_commands.usage_hint": (1, 1_000),
    "features.slash_commands.url": (1, 3_000),
    "settings.event_subscriptions.request_url": (1, 3_500),
    "settings.interactivity.request_url": (1, 3_500),
}
"""The same: characters at least and at most."""
METHOD = re.compile(
    r'"((?:apps|auth|bots|chat|conversations|files|oauth|team|users|views)\.[a-z]+(?:[A-Z.][A-Za-z]*)*)"'
)


def made(*, base_url: str = BASE, **kind: Unpack[Kind]) -> Mapping[str, Any]:
    return manifest(base_url=base_url, **kind)


def parts(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Everything in a manifest, with its place; an element of a list stands where the list does."""
    yield name, value
    below = value.items() if isinstance(value, dict) else ()
    for key, inner in below:
        yield from parts(inner, f"{name}.{key}".lstrip("."))
    for element in value if isinstance(value, list) else ():
        yield from parts(element, name)


def called() -> set[str]:
    """Every method of the Web API that we name."""
    files = [*(ROOT / "bot" / "slack").glob("*.py"), *(ROOT / "runtime").glob("*slack*.py")]
    own = {"scopes.py", "client.py"}  # the one explains them, the other knows how they are called
    texts = [path.read_text(encoding="utf-8") for path in files if path.name not in own]
    return {name for text in texts for name in METHOD.findall(text) if "slack.com" not in name}


@pytest.mark.parametrize("kind", KINDS)
def test_slack_knows_every_word_of_it(kind: Kind) -> None:
    told = {
        (name, key)
        for name, value in parts(made(**kind))
        if isinstance(value, dict)
        for key in value
    }
    assert {(name, key) for name, key in told if key not in KNOWN[name]} == set()
    assert {name for name, _ in told} == set(KNOWN)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_as_long_as_slack_allows(kind: Kind) -> None:
    found = [(name, value) for name, value in parts(made(**kind)) if name in LONGEST]
    assert len({name for name, _ in found}) >= 10
    for name, value in found:
        least, most = LONGEST[name]
        assert least <= len(value) <= most, name
    assert re.fullmatch("#[0-9a-f]{6}", made(**kind)["display_information"]["background_color"])


def test_slack_reaches_us_at_one_address() -> None:
    app = made(socket_mode=False, installs=True)
    command = app["features"]["slash_commands"][0]
    events, presses = (app["settings"][name] for name in ("event_subscriptions", "interactivity"))
    where = {command["url"], events["request_url"], presses["request_url"]}
    assert where == {f"{BASE}/slack/events"}
    assert app["oauth_config"]["redirect_urls"] == [f"{BASE}/slack/oauth_redirect"]
    assert made(base_url=f"{BASE}/", socket_mode=False, installs=True) == app


def test_over_a_socket_it_names_no_address_of_ours() -> None:
    app = made(socket_mode=True, installs=False)
    assert app["settings"]["socket_mode_enabled"] is True
    assert "example.org" not in str(app)


def test_it_can_be_written_to_and_has_a_home() -> None:
    for kind in KINDS:
        home = made(**kind)["features"]["app_home"]
        assert home["home_tab_enabled"]
        assert home["messages_tab_enabled"]
        assert not home["messages_tab_read_only_enabled"]  # comments come in the thread
        assert made(**kind)["settings"]["org_deploy_enabled"] is False


def test_tokens_end_where_they_can_be_renewed_alone() -> None:
    rotating = {
        (kind["installs"], made(**kind)["settings"]["token_rotation_enabled"])
        for kind in KINDS
        if kind.get("rotates")
    }
    assert rotating == {(True, True)}
    assert not made(socket_mode=True, installs=True)["settings"]["token_rotation_enabled"]


def test_what_it_offers_is_what_is_answered() -> None:
    features = made(socket_mode=True, installs=False)["features"]
    assert {one["callback_id"] for one in features["shortcuts"]} == set(SHORTCUTS)
    assert [one["command"] for one in features["slash_commands"]] == [COMMAND]
    assert set(EVENTS) == BOT_EVENTS


def test_every_call_has_its_scope_and_every_scope_its_use() -> None:
    methods = called()
    assert {"chat.postMessage", "views.open", "users.lookupByEmail", "auth.test"} <= methods
    explained = (*FREE_METHODS, *(method for scope in SCOPES for method in scope.methods))
    assert {
        name for name in methods if not any(fnmatchcase(name, one) for one in explained)
    } == set()
    used = {
        scope.name
        for scope in SCOPES
        if scope.events or any(fnmatchcase(name, one) for name in methods for one in scope.methods)
    }
    assert {*used, "commands"} == set(NAMES)  # commands are no call


def test_the_page_explains_every_scope_and_no_other() -> None:
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([a-z:.]+)` \| (.+) \|$", page, re.MULTILINE))
    assert told == {scope.name: scope.why for scope in SCOPES}


def test_scopes_are_in_order_and_none_is_asked_for_twice() -> None:
    assert list(NAMES) == sorted(set(NAMES))
