"""Neutral cards into Slack's messages, answers and modals; pure functions with golden files."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from bot.sealing import Place, Seal, Sealed, meant_for
from bot.slack.text import (
    escaped,
    lines_of,
    one_line,
    plain,
    rich_text,
    shows_code,
    words,
)
from survey.card import Act, Button, Card, Dialog, Field, Style, ids_of
from survey.person import Address

DELIVERY_EVENT = "voxpop_delivery"
"""What our metadata are called; `delivery_id` is in them."""
TEXT_LIMIT = 4_000
"""Characters of the text that notifications and screen readers take."""
WORDS_LIMIT = 8_000
"""Characters of the words of a message; Slack refuses somewhere above 11,000, markup included."""
ROW_LIMIT = 25
"""Buttons of a row."""
BUTTON_LIMIT = 75
PLACEHOLDER_LIMIT = 150
NOTE_LIMIT = 3_000
TITLE_LIMIT = 24
LABEL_LIMIT = 2_000
INPUT_LIMIT = 3_000

Block = Mapping[str, Any]

_STYLES = {Style.PRIMARY: {"style": "primary"}, Style.DANGER: {"style": "danger"}}


def message_of(
    card: Card, *, to: Address, place: Place, seal: Seal, delivery: UUID | None = None
) -> Mapping[str, Any]:
    """A message with its buttons: `text`, `blocks`, and `metadata` if the delivery is known.

    Args:
        card: What it says.
        to: Who alone may press.
        place: Where it stands, as far as that is known.
        seal: Closes what each button carries.
        delivery: What it was sent as; found again by that. The place's by default.
    """
    known = delivery or place.delivery
    payload = {"event_type": DELIVERY_EVENT, "event_payload": {"delivery_id": str(known)}}
    return {
        "text": text_of(card),
        "blocks": blocks_of(card, to=to, place=place, seal=seal),
        **({} if known is None else {"metadata": payload}),
    }


def answer_of(card: Card, *, to: Address, place: Place, seal: Seal) -> Mapping[str, Any]:
    """What is said to one person alone, as a command or a response URL takes it."""
    return {
        "response_type": "ephemeral",
        "replace_original": False,
        "text": text_of(card),
        "blocks": blocks_of(card, to=to, place=place, seal=seal),
    }


def text_of(card: Card) -> str:
    """The words of a card for notifications and screen readers; never empty."""
    labels = " · ".join(one_line(button.label) for button in card.buttons)
    return escaped(words(card.text) or labels or "…", TEXT_LIMIT)


def blocks_of(card: Card, *, to: Address, place: Place, seal: Seal) -> Sequence[Block]:
    """The words, the scores in one row or menu, the other buttons below, and the small print."""
    to = meant_for(card, to, place)

    def carried(act: Act, value: str, at: Place = place) -> str:
        return seal.close(Sealed(act=act, value=value, subject=card.subject, to=to, place=at))

    def row(buttons: Sequence[Button]) -> Sequence[Block]:
        return [
            _button(button, name, carried(button.act, button.value))
            for button, name in zip(buttons, ids_of(buttons), strict=True)
        ]

    scores = [button for button in card.buttons if button.style is Style.SCORE]
    others = [button for button in card.buttons if button.style is not Style.SCORE]
    if scores and card.compact:
        # An action's id holds 255 characters: what the message was sent as has no room there.
        shown: Sequence[Block] = [
            _menu(scores, carried(Act.SCORE, "", replace(place, delivery=None)))
        ]
    else:
        shown = row(scores)
    return [*_words(card), *_rows(shown), *_rows(row(others)), *_small_print(card.note)]


def modal_of(
    dialog: Dialog, *, to: Address, place: Place, seal: Seal, once: str = ""
) -> Mapping[str, Any]:
    """A form; what comes back is named by its fields.

    Args:
        dialog: The form.
        to: Who alone may send it off.
        place: Where the message stands that it is about.
        seal: Closes what comes back with it.
        once: What names this form, so that it counts once when it comes back.
    """
    about = Sealed(act=dialog.act, value=once, subject=dialog.subject, to=to, place=place)
    return {
        "type": "modal",
        "callback_id": dialog.act.value,
        "private_metadata": seal.close(about),
        "title": plain(dialog.title, TITLE_LIMIT),
        "submit": plain(dialog.submit, TITLE_LIMIT),
        "blocks": [
            *rich_text(lines_of(dialog.intro)),
            *(_input(field) for field in dialog.fields),
        ],
    }


def _words(card: Card) -> Sequence[Block]:
    """What does not fit is left out from the end of the lines; greeting and headline stay."""
    head = lines_of(card.headline) if card.headline else []
    kept: list[str] = []
    room = WORDS_LIMIT
    for line in card.lines:
        room -= len(line) + 1
        if room < 0:
            kept.append("…")
            break
        kept += lines_of(line)
    # A sentence that stands alone is no heading.
    heads = kept or card.note or card.buttons or card.picture or card.attachment
    greeting = rich_text(lines_of(card.greeting)) if card.greeting else []
    return [*greeting, *rich_text([*head, *kept], bold=len(head) if heads else 0)]


def _small_print(note: str) -> Sequence[Block]:
    """Small and without any markup; what names a command is text of the usual size."""
    if not note.strip():
        return []
    if shows_code(note):
        return rich_text(lines_of(note))
    return [{"type": "context", "elements": [plain(note, NOTE_LIMIT)]}]


def _rows(elements: Sequence[Block]) -> Sequence[Block]:
    return [
        {"type": "actions", "elements": elements[start : start + ROW_LIMIT]}
        for start in range(0, len(elements), ROW_LIMIT)
    ]


def _button(button: Button, name: str, carried: str) -> Block:
    says = one_line(button.description or "")[:BUTTON_LIMIT]
    return {
        "type": "button",
        "action_id": name,
        "text": plain(button.label, BUTTON_LIMIT),
        "value": carried,
        **_STYLES.get(button.style, {}),
        **({"accessibility_label": says} if says else {}),
    }


def _menu(scores: Sequence[Button], carried: str) -> Block:
    return {
        "type": "static_select",
        "action_id": carried,
        "placeholder": plain(f"{scores[0].label} … {scores[-1].label}", PLACEHOLDER_LIMIT),
        "options": [
            {"text": plain(button.label, BUTTON_LIMIT), "value": button.value} for button in scores
        ],
    }


def _input(field: Field) -> Block:
    most = min(field.max_length, INPUT_LIMIT)
    return {
        "type": "input",
        "block_id": field.name,
        "label": plain(field.label, LABEL_LIMIT),
        "optional": True,
        **({"hint": plain(field.hint, LABEL_LIMIT)} if field.hint else {}),
        "element": {
            "type": "plain_text_input",
            "action_id": field.name,
            "multiline": field.multiline,
            "max_length": most,
            **({"initial_value": field.value[:most]} if field.value else {}),
        },
    }
