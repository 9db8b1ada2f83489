"""Neutral cards into Mattermost's posts, answers and forms; pure functions with golden files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from bot.mattermost.markdown import escaped, unlinked
from bot.sealing import Place, Seal, Sealed, meant_for
from survey.card import Act, Button, Card, Dialog, Style, ids_of
from survey.person import Address

ACTIONS = "/mattermost/actions"
DIALOGS = "/mattermost/dialogs"
"""Where the server brings presses and forms, below the address at which it reaches us."""
MESSAGE_LIMIT = 16_383
"""Characters of a message."""
PROPS_LIMIT = 8_000
"""Characters of all that hangs on a message; older servers refuse more."""
FOOTER_LIMIT = 300
LABEL_LIMIT = 24
HINT_LIMIT = 150
ACCENT = "#0f6e8c"
QUIET = "#8a96a3"

_AS_OF = "as_of"
_TONES = {"low": "danger", "middle": "default", "high": "good"}
_STYLES = {Style.PRIMARY: "primary", Style.DANGER: "danger"}
# What the server adds as it stores them.
_ADDED, _ADDED_TO_ATTACHMENT, _ADDED_TO_ACTION = 100, 260, 20


def post_of(
    card: Card,
    *,
    to: Address,
    place: Place,
    seal: Seal,
    callback_url: str,
    delivery: UUID | None = None,
) -> Mapping[str, Any]:
    """A message with its buttons: `message` and `props`.

    Args:
        card: What it says.
        to: Who alone may press.
        place: Where it stands, as far as that is known.
        seal: Closes what each button carries.
        callback_url: At which address the server reaches us.
        delivery: What it was sent as; found again by that. The place's by default.
    """
    known = delivery or place.delivery
    return {
        "message": text_of(card),
        "props": {
            "attachments": attachments_of(
                card, to=to, place=place, seal=seal, callback_url=callback_url
            ),
            **({} if known is None else {"delivery_id": str(known)}),
            **({} if card.as_of is None else {_AS_OF: card.as_of.isoformat()}),
        },
    }


def shown_as_of(props: Mapping[str, Any]) -> datetime | None:
    """What the card that a message shows knew of; None if it tells nothing."""
    try:
        found = datetime.fromisoformat(str(props.get(_AS_OF, "")))
    except ValueError:
        return None
    return found if found.tzinfo else None


def answer_of(
    card: Card, *, to: Address, place: Place, seal: Seal, callback_url: str
) -> Mapping[str, Any]:
    """What a command answers, seen by who typed it alone."""
    return {
        "response_type": "ephemeral",
        "text": text_of(card),
        "attachments": attachments_of(
            card, to=to, place=place, seal=seal, callback_url=callback_url
        ),
        "skip_slack_parsing": True,
    }


def text_of(card: Card) -> str:
    """The words of a card. Its small print is among them if there is no button to stand at."""
    note = "" if card.buttons else card.note
    # A sentence that stands alone is no heading.
    heads = card.lines or card.note or card.buttons or card.picture or card.attachment
    headline = escaped(card.headline)
    return _fitting(
        escaped(card.greeting),
        f"**{headline}**" if headline and heads else headline,
        [escaped(line) for line in card.lines],
        f"*{escaped(' '.join(note.split()))}*" if note else "",
    )


def attachments_of(
    card: Card, *, to: Address, place: Place, seal: Seal, callback_url: str
) -> Sequence[Mapping[str, Any]]:
    """The buttons of a card: scores in one row, the others below with the small print.

    Where the server might not store so many buttons, the scores are one menu.
    """
    url = f"{callback_url.rstrip('/')}{ACTIONS}"
    to = meant_for(card, to, place)

    def carried(act: Act, value: str) -> Mapping[str, Any]:
        sealed = Sealed(act=act, value=value, subject=card.subject, to=to, place=place)
        return {"url": url, "context": {"seal": seal.close(sealed)}}

    def row(buttons: Sequence[Button]) -> list[Mapping[str, Any]]:
        return [
            _button(button, name, carried(button.act, button.value))
            for button, name in zip(buttons, ids_of(buttons), strict=True)
        ]

    scores = [button for button in card.buttons if button.style is Style.SCORE]
    others = [button for button in card.buttons if button.style is not Style.SCORE]
    if not scores:
        return [_attachment(row(others), others, ACCENT, card.note)] if others else []
    below = [_attachment(row(others), others, QUIET, card.note)] if others or card.note else []
    if not card.compact:
        shown = [_attachment(row(scores), scores, ACCENT), *below]
        if _stored(shown) <= PROPS_LIMIT:
            return shown
        if place.message is not None and place.delivery is not None:
            # The message is known by its own id: what it was sent as can stay away.
            shorter = replace(place, delivery=None)
            return attachments_of(card, to=to, place=shorter, seal=seal, callback_url=callback_url)
    return [_attachment([_menu(scores, carried(Act.SCORE, ""))], scores, ACCENT), *below]


def dialog_of(
    dialog: Dialog,
    *,
    trigger_id: str,
    to: Address,
    place: Place,
    seal: Seal,
    callback_url: str,
    once: str = "",
) -> Mapping[str, Any]:
    """What opens a form.

    Args:
        dialog: The form.
        trigger_id: Of the press or command that it answers; good for three seconds.
        to: Who alone may send it off.
        place: Where the message stands that it is about.
        seal: Closes what comes back with it.
        callback_url: At which address the server reaches us.
        once: What names this form, so that it counts once when it comes back.
    """
    intro = [escaped(dialog.intro)] if dialog.intro else []
    elements = []
    for field in dialog.fields:
        label, hint = field.label, field.hint
        if len(label) > LABEL_LIMIT:
            intro.append(f"**{escaped(label)}**")
            label = dialog.title
        if len(hint) > HINT_LIMIT:
            intro.append(escaped(hint))
            hint = ""
        elements.append(
            {
                "display_name": label,
                "name": field.name,
                "type": "textarea" if field.multiline else "text",
                "default": field.value,
                "help_text": hint,
                "optional": True,
                "max_length": field.max_length,
            }
        )
    return {
        "trigger_id": trigger_id,
        "url": f"{callback_url.rstrip('/')}{DIALOGS}",
        "dialog": {
            "callback_id": dialog.act.value,
            "title": dialog.title,
            "introduction_text": "\n\n".join(intro),
            "elements": elements,
            "submit_label": dialog.submit,
            "notify_on_cancel": False,
            "state": seal.close(
                Sealed(act=dialog.act, value=once, subject=dialog.subject, to=to, place=place)
            ),
        },
    }


def _fitting(greeting: str, headline: str, lines: Sequence[str], note: str) -> str:
    """What does not fit is left out from the end of the lines; what leads and the note stay."""
    room = MESSAGE_LIMIT - len(note) - 4
    kept: list[str] = []
    for line in (greeting, headline, *lines):
        if not line:
            continue
        if room - len(line) < 0:
            kept.append("…")
            break
        kept.append(line)
        room -= len(line) + 1
    return "\n".join([*kept, *([note] if note else [])])


def _attachment(
    actions: Sequence[Mapping[str, Any]], buttons: Sequence[Button], color: str, note: str = ""
) -> Mapping[str, Any]:
    # A footer is small and no Markdown; what is too long for it, or names a command, is text.
    small = len(note) <= FOOTER_LIMIT and "`" not in note
    words = {} if not note else {"footer": unlinked(note)} if small else {"text": escaped(note)}
    fallback = " ".join(f"[{unlinked(button.label)}]" for button in buttons)
    return {"fallback": fallback, "color": color, **words, "actions": actions}


def _button(button: Button, name: str, integration: Mapping[str, Any]) -> Mapping[str, Any]:
    style = _STYLES.get(button.style, "default")
    return {
        "id": name,
        "name": unlinked(button.label),
        "type": "button",
        "style": _TONES.get(button.tone or "", "default") if button.style is Style.SCORE else style,
        "integration": integration,
    }


def _menu(scores: Sequence[Button], integration: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "id": Act.SCORE.value,
        "name": f"{scores[0].label} … {scores[-1].label}",
        "type": "select",
        "options": [{"text": button.label, "value": button.value} for button in scores],
        "integration": integration,
    }


def _stored(attachments: Sequence[Mapping[str, Any]]) -> int:
    """About how long they are once the server has stored them."""
    length = _ADDED + len(json.dumps(attachments, separators=(",", ":")))
    for attachment in attachments:
        length += _ADDED_TO_ATTACHMENT + _ADDED_TO_ACTION * len(attachment["actions"])
    return length
