"""Plain words into Mattermost's Markdown, so that they are shown as they were written.

What would be markup is escaped with a backslash. What would reach beyond the message (a mention
that notifies, a link that the server fetches, a hashtag) is broken by a sign without width: a
backslash does not keep the server from reading it.
"""

import re
import unicodedata
from functools import lru_cache

BREAK = "\u200b"
"""A space without width: shown as nothing, copied with the text, and no part of a word."""

_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
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
_OPEN = {"\u202a": "\u202c", "\u202b": "\u202c", "\u202d": "\u202c", "\u202e": "\u202c"}
_OPEN |= dict.fromkeys("\u2066\u2067\u2068", "\u2069")
_UNWANTED = {"Cc", "Cs"}


def escaped(text: str) -> str:
    """The text, shown as it is; of its `backticks` those around a command stay."""
    return "\n".join(_line(line) for line in _LINE_ENDS.split(text))


@lru_cache(maxsize=512)  # everybody's buttons say the same
def unlinked(text: str) -> str:
    """The text for a label, where nothing is markup and mentions may still be read."""
    return _broken(_clean(" ".join(text.split())))


def _line(line: str) -> str:
    clean = _clean(line)
    words = clean.lstrip()
    indent = "\u00a0" * (len(clean) - len(words))
    found, end = [], 0
    for code in _CODE.finditer(words):
        # Code is shown as it stands: a backslash would be seen, a break is not.
        found += [_inline(words[end : code.start()]), _broken(code[0])]
        end = code.end()
    found.append(_inline(words[end:]))
    start = BREAK if _BLOCK.match(words) else ""
    return f"{indent}{start}{''.join(found)}{_closing(words)}"


def _inline(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", _broken(text))


def _broken(text: str) -> str:
    return _REACHING.sub(rf"\g<0>{BREAK}", text)


def _clean(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        sign for sign in text if sign == "\t" or unicodedata.category(sign) not in _UNWANTED
    )


def _closing(text: str) -> str:
    """What ends the directions that a line turns to: they would go on in the words after it."""
    waiting: list[str] = []
    for sign in text:
        if sign in _OPEN:
            waiting.append(_OPEN[sign])
        elif sign in _OPEN.values() and sign in waiting:
            # The end of an isolate ends what was embedded in it as well.
            while waiting.pop() != sign:
                pass
    return "".join(reversed(waiting))
