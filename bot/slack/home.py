"""A page of one's own into the view of the Home tab; a pure function with golden files."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from bot.sealing import Place, Seal
from bot.slack.rendering import Block, blocks_of
from bot.slack.text import plain
from survey.home import Home, Part
from survey.person import Address

BLOCK_LIMIT = 100
"""Blocks of a view."""
HEADER_LIMIT = 150
CHART_LIMIT = 3_000
"""Signs of a chart."""
NAME_LIMIT = 255

_DIVIDER = {"type": "divider"}


def home_of(home: Home, *, to: Address, seal: Seal) -> Mapping[str, Any]:
    """The view as `views.publish` takes it.

    What does not fit is left out from the end, a whole card at a time.

    Args:
        home: What it says.
        to: Who alone may press.
        seal: Closes what each button carries.
    """
    blocks: list[Block] = []
    for piece in _pieces(home, to=to, seal=seal):
        if len(blocks) + len(piece) > BLOCK_LIMIT:
            break
        blocks += piece
    return {"type": "home", "blocks": [*_named_apart(blocks)]}


def _pieces(home: Home, *, to: Address, seal: Seal) -> Iterator[Sequence[Block]]:
    """What stands or falls together: a card, and the heading or the line above it."""
    place = Place(channel=to.user_id)
    for number, part in enumerate(home.parts):
        above: list[Block] = [_DIVIDER] if number else []
        if part.heading:
            above.append({"type": "header", "text": plain(part.heading, HEADER_LIMIT)})
        for card in part.cards:
            blocks = [*blocks_of(card, to=to, place=place, seal=seal)]
            if card is part.cards[0]:
                blocks = _with_chart(blocks, part)
            yield [*above, *blocks]
            above = []


def _with_chart(blocks: Sequence[Block], part: Part) -> list[Block]:
    """Between the words and what can be pressed."""
    if not part.chart:
        return [*blocks]
    drawn = "\n".join(part.chart)[:CHART_LIMIT]
    chart = {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": drawn}]}
        ],
    }
    words = len([*takewhile(lambda block: block["type"] == "rich_text", blocks)])
    return [*blocks[:words], chart, *blocks[words:]]


def _named_apart(blocks: Sequence[Block]) -> Iterator[Block]:
    """Every button has a name that no other has: several questions have the same scores."""
    names: set[str] = set()
    for block in blocks:
        if block["type"] != "actions":
            yield block
            continue
        elements = []
        for element in block["elements"]:
            name, number = element["action_id"], 1
            while name in names:
                number += 1
                name = f"{element['action_id'][: NAME_LIMIT - 4]}-{number}"
            names.add(name)
            elements.append({**element, "action_id": name})
        yield {**block, "elements": elements}
