"""Message attachments: how the server keeps them, and what of them it shows."""

import re
from typing import Any

from tests.mattermost.golang import generic
from tests.mattermost.identity import new_id

TEXTS = (
    "fallback",
    "color",
    "pretext",
    "author_name",
    "author_link",
    "author_icon",
    "title",
    "title_link",
    "text",
)
MORE_TEXTS = ("image_url", "thumb_url", "footer", "footer_icon")
ACTION_TEXTS = ("id", "type", "name", "style", "data_source", "default_option")
SLACK_LINK = re.compile(r"<([^|<>\s]+)\|([^|<>]+)>")


def normalise(attachments: Any) -> list[dict[str, Any]] | None:
    """As the server keeps them: known fields only; what has the wrong type is dropped silently."""
    if not isinstance(attachments, list):
        return None
    kept = [attachment for attachment in map(_attachment, attachments) if attachment is not None]
    return kept or None


def stripped(props: dict[str, Any]) -> dict[str, Any]:
    """Props as people and bots may see them: nobody is told what a button calls."""
    if not props.get("attachments"):
        return dict(props)
    shown = []
    for attachment in props["attachments"]:
        copy = dict(attachment)
        if "actions" in copy:
            copy["actions"] = [
                {key: value for key, value in action.items() if key != "integration"}
                for action in copy["actions"]
            ]
        shown.append(copy)
    return {**props, "attachments": shown}


def actions_of(props: dict[str, Any]) -> list[dict[str, Any]]:
    """All buttons and menus of a post."""
    return [
        action
        for attachment in props.get("attachments") or []
        for action in attachment.get("actions", [])
    ]


def slack_links(text: str) -> str:
    """`<url|text>` as `[text](url)`: done to answers of integrations, unless they decline."""
    return SLACK_LINK.sub(r"[\2](\1)", text)


def without_slack_links(attachments: Any) -> Any:
    """The same for the texts of attachments."""
    if not isinstance(attachments, list):
        return attachments
    return [
        {
            key: slack_links(value)
            if key in {"text", "title", "pretext"} and isinstance(value, str)
            else value
            for key, value in attachment.items()
        }
        if isinstance(attachment, dict)
        else attachment
        for attachment in attachments
    ]


def _attachment(told: Any) -> dict[str, Any] | None:
    if not isinstance(told, dict):
        return None
    texts = {name: told.get(name) or "" for name in (*TEXTS, *MORE_TEXTS)}
    number, actions = told.get("id") or 0, told.get("actions")
    if any(not isinstance(text, str) for text in texts.values()) or not isinstance(number, int):
        return None
    kept: dict[str, Any] = {"id": number, **{name: texts[name] for name in TEXTS}}
    kept["fields"] = _fields(told.get("fields"))
    kept |= {name: texts[name] for name in MORE_TEXTS}
    kept["ts"] = generic(told.get("ts"))
    if actions:
        if not isinstance(actions, list) or not all(isinstance(each, dict) for each in actions):
            return None
        kept["actions"] = [_action(action) for action in actions]
    return kept


def _fields(told: Any) -> list[dict[str, Any]] | None:
    if not isinstance(told, list):
        return None
    return [
        {
            "title": str(field.get("title", "")),
            "value": generic(field.get("value")),
            "short": bool(field.get("short")),
        }
        for field in told
        if isinstance(field, dict)
    ]


def _action(told: dict[str, Any]) -> dict[str, Any]:
    kept = {name: told[name] for name in ACTION_TEXTS if told.get(name)}
    if "id" not in kept:
        kept["id"] = new_id()
    if told.get("disabled"):
        kept["disabled"] = True
    if told.get("options"):
        kept["options"] = [
            {"text": option.get("text", ""), "value": option.get("value", "")}
            for option in told["options"]
        ]
    integration = told.get("integration")
    if isinstance(integration, dict):
        kept["integration"] = {
            key: generic(integration[key]) for key in ("url", "context") if integration.get(key)
        }
    return kept
