"""Neutral cards into the sandbox's JSON; a pure function with golden files."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.sandbox.chat import Message
from bot.sealing import Seal, Sealed
from survey.card import Card, Dialog
from survey.person import CHANNEL, Address


def content_of(card: Card, *, to: Address, seal: Seal, private: bool = False) -> Mapping[str, Any]:
    """What is kept of a card; each button carries its sealed context."""
    return {
        "text": card.text,
        "greeting": card.greeting,
        "headline": card.headline,
        "lines": list(card.lines),
        "note": card.note,
        "private": private,
        "image_text": None if card.picture is None else card.picture.text,
        "subject": None
        if card.subject is None
        else [card.subject.campaign_id, card.subject.invitation_id.hex],
        "buttons": [
            {
                "id": button.id,
                "label": button.label,
                "style": button.style.value,
                "tone": button.tone,
                "description": button.description,
                "context": seal.close(
                    Sealed(act=button.act, value=button.value, subject=card.subject, to=to)
                ),
            }
            for button in card.buttons
        ],
    }


def plain(text: str) -> Mapping[str, Any]:
    """A message of words alone."""
    return {
        "text": text,
        "greeting": "",
        "headline": "",
        "lines": [text],
        "note": "",
        "private": False,
        "image_text": None,
        "subject": None,
        "buttons": [],
    }


def dialog_json(dialog: Dialog, *, dialog_id: str) -> Mapping[str, Any]:
    """A form for the client; `dialog_id` is sealed."""
    return {
        "id": dialog_id,
        "title": dialog.title,
        "intro": dialog.intro,
        "submit": dialog.submit,
        "fields": [
            {
                "name": field.name,
                "label": field.label,
                "value": field.value,
                "hint": field.hint,
                "multiline": field.multiline,
                "max_length": field.max_length,
            }
            for field in dialog.fields
        ],
    }


def inbox_json(messages: Sequence[Message]) -> list[Mapping[str, Any]]:
    """A conversation for the client, newest last; sealed contexts stay here."""
    threads: dict[int, list[Mapping[str, Any]]] = {}
    for message in messages:
        if message.thread_id is not None:
            threads.setdefault(message.thread_id, []).append(
                {
                    "id": str(message.id),
                    "author": message.author,
                    "text": message.content["text"],
                    "at": message.at.isoformat(),
                }
            )
    return [
        {
            "id": str(message.id),
            "author": message.author,
            "channel": message.inbox if message.inbox.startswith(CHANNEL) else None,
            "text": message.content["text"],
            "greeting": message.content["greeting"],
            "headline": message.content["headline"],
            "lines": message.content["lines"],
            "note": message.content["note"],
            "private": message.content["private"],
            "buttons": [
                {key: value for key, value in button.items() if key != "context"}
                for button in message.content["buttons"]
            ],
            "thread": threads.get(message.id, []),
            "images": [f"/sandbox/api/images/{message.id}"] if message.has_image else [],
            "image_text": message.content["image_text"],
            "files": [{"name": message.file_name, "url": f"/sandbox/api/files/{message.id}"}]
            if message.file_name
            else [],
            "at": message.at.isoformat(),
            "edited": message.edited,
        }
        for message in messages
        if message.thread_id is None
    ]
