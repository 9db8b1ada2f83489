"""A page of one's own, before any platform has rendered it."""

from dataclasses import dataclass

from survey.card import Card


@dataclass(frozen=True, kw_only=True)
class Part:
    """What belongs together under one heading.

    Attributes:
        heading: A few words; empty where there is but one part.
        cards: Each with its own subject and buttons.
        chart: Rows below the first card, for signs of one width; each says in words what it draws.
    """

    heading: str = ""
    cards: tuple[Card, ...]
    chart: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Home:
    """A page of one's own: what is open, what was answered, settings, and the round's state."""

    parts: tuple[Part, ...]
