"""Type: which fonts there are, how wide a text runs, and what XML can hold."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from math import ceil

import fontpkg

FAMILY = "Inter"
"""What everything is set in; the open font of the package `fontpkg-inter` (SIL OFL 1.1)."""

_EM = {
    "ijl|!'.,:;": 0.28,
    " ()[]/ftr-": 0.36,
    "1": 0.48,
    "023456789+−±": 0.66,
    "mwMW%@—▲▼": 0.92,
}
_EMS = {letter: em for letters, em in _EM.items() for letter in letters}
_EM_WIDE, _EM_UPPER, _EM_OTHER = 1.0, 0.72, 0.58
_PACKAGED = (
    range(0x530),  # Latin, Greek, Cyrillic
    range(0x590, 0x700),  # Hebrew, Arabic
    range(0x750, 0x780),
    range(0x8A0, 0x900),
    range(0x1E00, 0x2C00),  # more Latin and Greek, punctuation, signs
    range(0xFB1D, 0xFE00),
    range(0xFE70, 0xFF00),
)
_RUN_LEFT, _RUN_ENDS = "\u2067", "\u2069"
_CONTROL = {"Cc", "Cs"}
_NONCHARACTERS = {"\ufffe", "\uffff"}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A text that fits where it goes.

    Attributes:
        text: What is written.
        size: The font's size in pixels.
    """

    text: str
    size: float


@cache
def font_files() -> tuple[str, ...]:
    """Upright font files of every `fontpkg` family that is installed.

    A family for another script is picked up by being installed, as `fontpkg-noto-sans-thai`
    would be.
    """
    return tuple(
        str(file.path)
        for family in fontpkg.families().values()
        for file in family.files
        if file.style == "normal"
    )


def needs_other_fonts(text: str) -> bool:
    """Whether a letter is in no font that Voxpop brings along.

    It brings Inter (Latin, Greek, Cyrillic, signs), Heebo (Hebrew) and Noto Sans Arabic.
    """
    return any(not any(ord(letter) in block for block in _PACKAGED) for letter in text)


def width(text: str, size: float) -> float:
    """About how many pixels a text runs in Inter, rather too many than too few."""
    return size * sum(map(_em, text))


def fitted(text: str, *, size: float, room: float, smallest: float) -> Line:
    """A text on one line: set smaller where it is too long, and cut short where that is not enough.

    Args:
        text: What to write.
        size: The font's size that it should have, in pixels.
        room: How many pixels there are.
        smallest: The font's size below which nobody reads it.
    """
    text = " ".join(text.split())
    natural = width(text, size)
    if natural <= room:
        return Line(text=text, size=size)
    if natural * smallest / size <= room:
        return Line(text=text, size=round(size * room / natural, 2))
    cut = text[: ceil(room)]
    while cut and width(f"{cut}…", smallest) > room:
        cut = cut[:-1]
    return Line(text=f"{cut.rstrip()}…", size=smallest)


def writable(value: object) -> object:
    """The value, without the characters that XML 1.0 cannot hold (controls, lone surrogates).

    A text whose first letter is of a script that runs to the left runs there as a whole: the
    pictures take every text to run to the right, which would put its numbers in a wrong order.
    """
    if not isinstance(value, str):
        return value
    text = "".join(letter for letter in value if _in_xml(letter))
    strong = (unicodedata.bidirectional(letter) for letter in text)
    first = next((kind for kind in strong if kind in {"L", "R", "AL"}), "L")
    return type(value)(text if first == "L" else f"{_RUN_LEFT}{text}{_RUN_ENDS}")


def _in_xml(letter: str) -> bool:
    return letter in "\t\n\r" or (
        unicodedata.category(letter) not in _CONTROL and letter not in _NONCHARACTERS
    )


def _em(letter: str) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(letter) in {"W", "F"}:
        return _EM_WIDE
    return _EMS.get(letter, _EM_UPPER if letter.isupper() else _EM_OTHER)
