"""Whose surveys these are, as mails and pages show it."""

import re
from dataclasses import dataclass

from survey.errors import InvalidValue
from survey.signs import unseen

PETROL = "#0b6670"
"""Voxpop's own colour."""
LONGEST_NAME = 60
_COLOR = re.compile(r"#[0-9a-f]{6}")
_BLACK, _WHITE = "#000000", "#ffffff"


@dataclass(frozen=True, kw_only=True)
class Brand:
    """A name, a picture and a colour.

    Attributes:
        name: One line, of 60 characters at most.
        logo_url: Where its picture is, `https://`; empty for none. Mails alone show it: a page
            loads nothing from elsewhere.
        color: Of what is to be pressed: `#0b6670`.

    Raises:
        InvalidValue: If a colour is not written so, or the name is none.
    """

    name: str = "Voxpop"
    logo_url: str = ""
    color: str = PETROL

    def __post_init__(self) -> None:
        """Refuse what could not be shown."""
        if not self.name.strip() or len(self.name) > LONGEST_NAME or unseen(self.name):
            raise InvalidValue(f"A brand's name is one line, of 1 to {LONGEST_NAME} characters.")
        if not _COLOR.fullmatch(self.color):
            raise InvalidValue('A colour is written "#0b6670": # and six digits, a to f in lower.')

    @property
    def on_color(self) -> str:
        """Black or white: what stands out more on the colour; 4.58 : 1 at the least."""
        return readable_on(self.color)


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, 1 … 21 (WCAG 2.1, "contrast ratio").

    Args:
        one: `#rrggbb`.
        other: The same.
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(color: str) -> str:
    """Black or white, whichever stands out more on the colour."""
    return max(_WHITE, _BLACK, key=lambda ink: contrast(ink, color))


def _luminance(color: str) -> float:
    """Relative luminance, 0 … 1 (WCAG 2.1)."""
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
