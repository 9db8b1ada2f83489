"""Plain words into Mattermost's Markdown, so that they are shown as they were written.

What would be markup is escaped with a backslash. What would reach beyond the message (a mention
that notifies, a link that the server fetches, a hashtag) is broken by a sign without width: a
backslash does not keep the server from reading it.
"""

import re
from functools import lru_cache

from bot.signs import LINE_ENDS, cleaned, closing

BREAK = "\u200b"
"""A space without width: shown as nothing, copied with the text, and no part of a word."""

_CODE = re.compile("`([^`]+)`")
_MARKUP = re.compile(r"[\\*`\[]|(?<![^\W_])_|_(?![^\W_])")
_REACHING = re.compile(
    r"""
      @ (?! (?<=[A-Za-z0-9]@) [A-Za-z0-9-]+ \.[A-Za-z0-9] )  # a mention, and no e-mail
    | (?<!\w) \# (?=[^\W\d_])                                # a hashtag
    | ~ (?=[~a-zA-Z0-9])                                     # a channel, or struck out
    | : (?=//)                                               # an address of whatever kind
    | : (?=[\w+-]+:)                                         # an emoji
    | (?<![A-Za-z0-9]) www (?=\.)
    | < (?=[A-Za-z/!?@\#])                                   # a tag, or what Slack calls a mention
    | & (?=\#?\w+;)                                          # an entity
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BLOCK = re.compile(r"(?:\#{1,6}|[-+]|\d{1,9}[.)])(?:\s|$)|>|(?=[:\s]*[-=|])[-=:|\s]+$")


def escaped(text: str) -> str:
    """The text, shown as it is; of its `backticks` those around a command stay."""
    return "\n".join(_line(line) for line in LINE_ENDS.split(text))


@lru_cache(maxsize=512)  # everybody's buttons say the same
def unlinked(text: str) -> str:
    """The text for a label, where nothing is markup and mentions may still be read."""
    return _broken(cleaned(" ".join(text.split())))


def _line(line: str) -> str:
    clean = cleaned(line)
    words = clean.lstrip()
    indent = "\u00a0" * (len(clean) - len(words))
    found, end = [], 0
    for code in _CODE.finditer(words):
        # Code is shown as it stands: a backslash would be seen, a break is not.
        found += [_inline(words[end : code.start()]), _broken(code[0])]
        end = code.end()
    found.append(_inline(words[end:]))
    start = BREAK if _BLOCK.match(words) else ""
    return f"{indent}{start}{''.join(found)}{closing(words)}"


def _inline(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", _broken(text))


def _broken(text: str) -> str:
    return _REACHING.sub(rf"\g<0>{BREAK}", text)
