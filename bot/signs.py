"""Signs that no chat shows as words: taken out, or kept from reaching into the words after them."""

import re
import unicodedata

LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")

_OPEN = {"\u202a": "\u202c", "\u202b": "\u202c", "\u202d": "\u202c", "\u202e": "\u202c"}
_OPEN |= dict.fromkeys("\u2066\u2067\u2068", "\u2069")
_UNWANTED = {"Cc", "Cs"}


def cleaned(text: str) -> str:
    """Without control signs and halves of signs; tabs stay, and so do joiners within words."""
    if text.isprintable():
        return text
    return "".join(
        sign for sign in text if sign == "\t" or unicodedata.category(sign) not in _UNWANTED
    )


def closing(text: str) -> str:
    """What ends the directions that a line turns to: they would go on in the words after it."""
    if text.isprintable():
        return ""
    waiting: list[str] = []
    for sign in text:
        if sign in _OPEN:
            waiting.append(_OPEN[sign])
        elif sign in _OPEN.values() and sign in waiting:
            # The end of an isolate ends what was embedded in it as well.
            while waiting.pop() != sign:
                pass
    return "".join(reversed(waiting))
