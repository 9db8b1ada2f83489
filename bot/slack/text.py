"""Plain words into Slack's text, so that they are shown as they were written.

Slack parses nothing in the text elements of rich text. In every other text it decodes three
entities, and in some of them it looks for mentions: there the three signs are entities.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from bot.signs import LINE_ENDS, cleaned, closing

Element = Mapping[str, Any]

PIECE_LIMIT = 3_000
"""Characters of one rich text."""
CODE_LIMIT = 60
"""Commands of a message that are shown as such."""

_CODE = re.compile("`([^`]+)`")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MORE = "…"


def lines_of(text: str) -> list[str]:
    """Its lines without what no chat shows; none of them reaches into the next."""
    clean = (cleaned(line) for line in LINE_ENDS.split(text))
    return [f"{line}{closing(line)}" for line in clean]


def shows_code(text: str) -> bool:
    """Whether a command stands in it between backticks."""
    return _CODE.search(text) is not None


def elements_of(line: str, *, bold: bool = False, code: bool = True) -> Iterator[Element]:
    """A line as elements of rich text; what stands between backticks may be code."""
    style = {"bold": True} if bold else {}
    for index, part in enumerate(_CODE.split(line) if code else [line]):
        if not part:
            continue
        worn = style | {"code": True} if index % 2 else style
        yield {"type": "text", "text": part, **({"style": worn} if worn else {})}


def rich_text(lines: Sequence[str], *, bold: int = 0) -> list[dict[str, Any]]:
    """Blocks of rich text with these lines, so many of them bold from the first on."""
    blocks: list[dict[str, Any]] = []
    elements: list[Element] = []
    room = PIECE_LIMIT
    # Nothing of ours names so many commands; each costs more room than its letters.
    code = sum(len(_CODE.findall(line)) for line in lines) <= CODE_LIMIT

    def flush() -> None:
        section = {"type": "rich_text_section", "elements": [*_joined(elements)]}
        if section["elements"]:
            blocks.append({"type": "rich_text", "elements": [section]})
        elements.clear()

    for number, line in enumerate(lines):
        for piece in _pieces(line):
            if len(piece) + 1 > room:
                flush()
                room = PIECE_LIMIT
            if elements:
                elements.append({"type": "text", "text": "\n"})
            elements += elements_of(piece, bold=number < bold, code=code)
            room -= len(piece) + 1
    flush()
    return blocks


def plain(text: str, most: int) -> dict[str, Any]:
    """A plain text in one line, of at most so many characters and never empty."""
    return {"type": "plain_text", "text": escaped(one_line(text) or _MORE, most), "emoji": False}


def one_line(text: str) -> str:
    """The words in one line."""
    line = cleaned(" ".join(text.split()))
    return f"{line}{closing(line)}"


def words(text: str) -> str:
    """The words alone: lines, and no backticks around commands."""
    return "\n".join(_CODE.sub(r"\1", line) for line in lines_of(text))


def escaped(text: str, most: int) -> str:
    """With the three entities, cut to so many characters and never within an entity."""
    whole = escape(text, quote=False)
    if len(whole) <= most:
        return whole
    signs = [_ENTITIES.get(sign, sign) for sign in text]
    kept, room = [], most - len(_MORE)
    for sign in signs:
        room -= len(sign)
        if room < 0:
            break
        kept.append(sign)
    return "".join([*kept, _MORE])


def _joined(elements: Sequence[Element]) -> Iterator[Element]:
    """Neighbours of one style are one element."""
    last: dict[str, Any] | None = None
    for element in elements:
        if last is not None and last.get("style") == element.get("style"):
            last["text"] += element["text"]
            continue
        if last is not None:
            yield last
        last = dict(element)
    if last is not None:
        yield last


def _pieces(line: str) -> Iterator[str]:
    """A line that is too long for one rich text, cut at a space where there is one."""
    while len(line) >= PIECE_LIMIT:
        end = line.rfind(" ", PIECE_LIMIT // 2, PIECE_LIMIT - 1)
        end = PIECE_LIMIT - 1 if end < 0 else end
        yield line[:end]
        line = line[end:].removeprefix(" ")
    yield line
