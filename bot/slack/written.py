"""What a person typed, out of the form in which Slack tells of it."""

import re
from html import unescape

_LINKED = re.compile(r"<([@#!][^<>|\s]+|(?:https?|mailto|tel):[^<>|]*)(?:\|([^<>]*))?>")
_SIGNS = {"@": "@", "#": "#", "!": "@"}


def as_typed(text: str) -> str:
    """The words as they were typed.

    Slack writes `&amp;`, `&lt;` and `&gt;`, and names people, channels, groups and addresses in
    angle brackets: `<@U1|ada>`, `<#C1|general>`, `<!here>`, `<mailto:ada@example.org|…>`.
    """
    return unescape(_LINKED.sub(_named, text)) if "&" in text or "<" in text else text


def _named(found: re.Match[str]) -> str:
    target, label = found[1], found[2]
    sign = _SIGNS.get(target[:1], "")
    if not sign:
        return label or target.removeprefix("mailto:")
    named = label or target[1:].partition("^")[2] or target[1:]
    return named if named.startswith(sign) else f"{sign}{named}"
