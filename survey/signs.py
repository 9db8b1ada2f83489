"""Signs that have no place in a name."""

import unicodedata

# Directions that text could be turned into; what emoji are joined with is left alone.
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}


def unseen(text: str) -> bool:
    """Whether there are control characters, line breaks, or signs that turn text around."""
    if text.isprintable():
        return False
    return any(sign in TURNS or unicodedata.category(sign) in _UNSEEN for sign in text)
