"""What Slack accepts as blocks and views: its shapes and lengths, and how it says what is wrong."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.slack import elements
from tests.slack.errors import SlackError, invalid
from tests.slack.shapes import Shape, items, optional, required, text, words

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
NAME = 255

FORMATTED = text(3000)
BLOCKS: dict[str, Shape] = {
    "section": Shape(
        block_id=words(NAME),
        text=FORMATTED,
        fields=items(10, text(2000)),
        accessory=elements.one_of(elements.IN_SECTIONS),
        expand=optional,
    ),
    "divider": Shape(block_id=words(NAME)),
    "header": Shape(block_id=words(NAME), text=required(text(150, plain=True)), level=optional),
    "context": Shape(block_id=words(NAME), elements=required(items(10, elements.in_context))),
    "actions": Shape(
        block_id=words(NAME),
        elements=required(items(25, elements.one_of(elements.IN_ACTIONS))),
    ),
    "input": Shape(
        block_id=words(NAME),
        label=required(text(2000, plain=True)),
        element=required(elements.one_of(elements.IN_INPUTS)),
        hint=text(2000, plain=True),
        optional=optional,
        dispatch_action=optional,
    ),
    "image": Shape(
        block_id=words(NAME),
        image_url=words(3000),
        slack_file=optional,
        alt_text=required(words(2000)),
        title=text(2000, plain=True),
    ),
    "rich_text": Shape(block_id=words(NAME), elements=required(items(None, elements.rich))),
}
VIEW = Shape(
    blocks=optional,
    private_metadata=words(3000, empty=True),
    callback_id=words(NAME, empty=True),
    external_id=words(NAME, empty=True),
    title=text(24, plain=True),
    submit=text(24, plain=True),
    close=text(24, plain=True),
    clear_on_close=optional,
    notify_on_close=optional,
    submit_disabled=optional,
)


def check_message(blocks: Any) -> list[dict[str, Any]]:
    """The blocks of a message.

    Raises:
        SlackError: invalid_blocks_format, or invalid_blocks with what is wrong.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    wrong = list(_blocks(blocks, "/blocks", MESSAGE_BLOCKS))
    if wrong:
        raise invalid("invalid_blocks", *wrong)
    return blocks


def check_view(view: Any, *kinds: str) -> dict[str, Any]:
    """A modal or a Home tab; only of these kinds.

    Raises:
        SlackError: invalid_arguments with what is wrong.
    """
    if not isinstance(view, dict):
        raise invalid("invalid_arguments", "must be an object [json-pointer:/view]")
    if view.get("type") not in kinds:
        shown = f"unsupported type: {view.get('type')} [json-pointer:/view/type]"
        raise invalid("invalid_arguments", shown)
    wrong = [
        *VIEW.check(view, "/view"),
        *_blocks(view.get("blocks", []), "/view/blocks", VIEW_BLOCKS),
    ]
    if view["type"] == "modal":
        wrong += [
            f"missing required field: {name} [json-pointer:/view]"
            for name in ("title", *(["submit"] if _asks(view) else []))
            if not view.get(name)
        ]
    if wrong:
        raise invalid("invalid_arguments", *wrong)
    return view


def _asks(view: Mapping[str, Any]) -> bool:
    return any(block.get("type") == "input" for block in view.get("blocks", []))


def _blocks(blocks: Any, at: str, most: int) -> Iterator[str]:
    if not isinstance(blocks, list):
        yield f"must be an array [json-pointer:{at}]"
        return
    if len(blocks) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}]"
    for number, block in enumerate(blocks):
        here = f"{at}/{number}"
        shape = BLOCKS.get(str(block.get("type"))) if isinstance(block, dict) else None
        if shape is None:
            told = block.get("type") if isinstance(block, dict) else block
            yield f"unsupported type: {told} [json-pointer:{here}/type]"
            continue
        yield from shape.check(block, here)
        if block["type"] == "section" and not (block.get("text") or block.get("fields")):
            yield f"missing required field: text [json-pointer:{here}]"
        if block["type"] == "image" and not (block.get("image_url") or block.get("slack_file")):
            yield f"missing required field: image_url [json-pointer:{here}]"
    yield from _twice(blocks, at, "block_id", lambda block: [block])
    yield from _actions_twice(blocks, at)


def _actions_twice(blocks: list[Any], at: str) -> Iterator[str]:
    for number, block in enumerate(blocks):
        if isinstance(block, dict) and block.get("type") == "actions":
            found = block.get("elements", [])
            yield from _twice(found, f"{at}/{number}/elements", "action_id", lambda one: [one])


def _twice(parts: Any, at: str, name: str, within: Callable[[Any], list[Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for number, part in enumerate(parts if isinstance(parts, list) else []):
        for one in within(part):
            value = one.get(name) if isinstance(one, dict) else None
            if not isinstance(value, str) or not value:
                continue
            if value in seen:
                yield f"`{name}` {value} already exists [json-pointer:{at}/{number}/{name}]"
            seen.add(value)
