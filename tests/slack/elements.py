"""What stands in blocks: buttons, menus, fields and rich text."""

from collections.abc import Iterator
from typing import Any

from tests.slack.shapes import Check, Shape, items, optional, required, text, words

NAME = words(255)
OPTION = Shape(
    text=required(text(75)),
    value=required(words(150)),
    description=text(75),
    url=words(3000),
)
GROUP = Shape(label=required(text(75, plain=True)), options=required(items(100, OPTION)))
CONFIRM = Shape(
    title=required(text(100, plain=True)),
    text=required(text(300)),
    confirm=required(text(30, plain=True)),
    deny=required(text(30, plain=True)),
    style=optional,
)
PLACEHOLDER = text(150, plain=True)
COMMON: dict[str, Any] = {"action_id": NAME, "confirm": CONFIRM, "focus_on_load": optional}
FIELD: dict[str, Any] = {
    "action_id": NAME,
    "placeholder": PLACEHOLDER,
    "focus_on_load": optional,
    "dispatch_action_config": optional,
}


def style(value: Any, at: str) -> Iterator[str]:
    """A button's colour."""
    if value not in {"primary", "danger"}:
        yield f"must be one of the allowed values: primary, danger [json-pointer:{at}]"


ELEMENTS: dict[str, Shape] = {
    "button": Shape(
        action_id=NAME,
        text=required(text(75, plain=True)),
        url=words(3000),
        value=words(2000),
        style=style,
        confirm=CONFIRM,
        accessibility_label=words(75),
    ),
    "static_select": Shape(
        **COMMON,
        placeholder=PLACEHOLDER,
        options=items(100, OPTION),
        option_groups=items(100, GROUP),
        initial_option=OPTION,
    ),
    "overflow": Shape(action_id=NAME, confirm=CONFIRM, options=required(items(5, OPTION))),
    "radio_buttons": Shape(**COMMON, options=required(items(10, OPTION)), initial_option=OPTION),
    "checkboxes": Shape(
        **COMMON, options=required(items(10, OPTION)), initial_options=items(10, OPTION)
    ),
    "users_select": Shape(**COMMON, placeholder=PLACEHOLDER, initial_user=optional),
    "conversations_select": Shape(
        **COMMON,
        placeholder=PLACEHOLDER,
        initial_conversation=optional,
        default_to_current_conversation=optional,
        response_url_enabled=optional,
        filter=optional,
    ),
    "datepicker": Shape(**COMMON, placeholder=PLACEHOLDER, initial_date=optional),
    "image": Shape(image_url=words(3000), slack_file=optional, alt_text=required(words(2000))),
    "plain_text_input": Shape(
        **FIELD,
        initial_value=words(3000, empty=True),
        multiline=optional,
        min_length=optional,
        max_length=optional,
    ),
    "email_text_input": Shape(**FIELD, initial_value=words(3000, empty=True)),
    "number_input": Shape(
        **FIELD,
        is_decimal_allowed=required(optional),
        initial_value=optional,
        min_value=optional,
        max_value=optional,
    ),
}
PRESSED = {"button", "static_select", "overflow", "radio_buttons", "checkboxes"}
CHOSEN = {"users_select", "conversations_select", "datepicker"}
IN_ACTIONS = PRESSED | CHOSEN
IN_SECTIONS = IN_ACTIONS | {"image"}
IN_INPUTS = (IN_ACTIONS - {"button", "overflow"}) | {
    "plain_text_input",
    "email_text_input",
    "number_input",
}


def one_of(kinds: set[str]) -> Check:
    """An element of one of these kinds."""

    def check(value: Any, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else value
        if kind not in kinds:
            yield f"unsupported type: {kind} [json-pointer:{at}/type]"
            return
        yield from ELEMENTS[kind].check(value, at)
        if kind == "static_select" and not (value.get("options") or value.get("option_groups")):
            yield f"missing required field: options [json-pointer:{at}]"

    return check


def in_context(value: Any, at: str) -> Iterator[str]:
    """A text or an image."""
    if isinstance(value, dict) and value.get("type") == "image":
        yield from ELEMENTS["image"].check(value, at)
    else:
        yield from text(3000)(value, at)


def _style(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"must be an object [json-pointer:{at}]"
        return
    for name in value.keys() - {"bold", "italic", "strike", "code", "underline"}:
        yield f"invalid additional property: {name} [json-pointer:{at}]"


INLINE: dict[str, Shape] = {
    "text": Shape(text=required(words(3000)), style=_style),
    "link": Shape(url=required(words(3000)), text=words(3000), style=_style, unsafe=optional),
    "emoji": Shape(name=required(words(100)), unicode=optional, skin_tone=optional),
    "user": Shape(user_id=required(words(32)), style=_style),
    "channel": Shape(channel_id=required(words(32)), style=_style),
    "broadcast": Shape(range=required(words(16)), style=_style),
    "date": Shape(
        timestamp=required(optional), format=required(words(255)), url=optional, fallback=optional
    ),
}


def _inline(value: Any, at: str) -> Iterator[str]:
    kind = value.get("type") if isinstance(value, dict) else value
    shape = INLINE.get(kind) if isinstance(kind, str) else None
    if shape is None:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from shape.check(value, at)


SECTION = Shape(elements=required(items(None, _inline, least=0)))
RICH: dict[str, Shape] = {
    "rich_text_section": SECTION,
    "rich_text_list": Shape(
        style=required(words(16)),
        elements=required(items(None, SECTION)),
        indent=optional,
        offset=optional,
        border=optional,
    ),
    "rich_text_preformatted": Shape(
        elements=required(items(None, _inline, least=0)), border=optional, language=optional
    ),
    "rich_text_quote": Shape(elements=required(items(None, _inline, least=0)), border=optional),
}


def rich(value: Any, at: str) -> Iterator[str]:
    """A section, a list, a quote or a block of code of rich text."""
    kind = value.get("type") if isinstance(value, dict) else value
    shape = RICH.get(kind) if isinstance(kind, str) else None
    if shape is None:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from shape.check(value, at)
