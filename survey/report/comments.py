"""What people wrote, as far as an administrator may read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from survey.errors import InvalidValue
from survey.survey import Mode

GROUPS_OF_K = 2
"""Unnamed comments are shown from so many times k counted answers up."""


class Withheld(StrEnum):
    """Why no comments are shown."""

    OPEN = "open"
    FEW = "few"


@dataclass(frozen=True, kw_only=True)
class NamedAnswer:
    """One person's answer in a survey that shows names.

    Attributes:
        email: Theirs; empty if they have asked to be forgotten.
        name: Theirs, likewise.
        attributes: As they were when the round started.
        score: The mark.
        comment: Word for word; None if there is none.
        pressed_at: When the mark was given (UTC).
    """

    email: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    score: int
    comment: str | None = None
    pressed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class RoundComments:
    """The comments of one round.

    Attributes:
        survey: The survey's name: `nps`.
        campaign: The round's name: `nps/2026Q4`.
        period: Its period: `2026Q4`.
        mode: Who may see what: identified, confidential or anonymous.
        k: The smallest number of people that figures may describe.
        withheld: Why there are none to see; None if they may be seen.
        named: With their people, the latest first; in identified surveys only.
        unnamed: Words alone, in an order that tells nothing; in the others.

    Raises:
        InvalidValue: If names or words are here that may not be.
    """

    survey: str
    campaign: str
    period: str
    mode: str
    k: int
    withheld: Withheld | None = None
    named: tuple[NamedAnswer, ...] = ()
    unnamed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """A refusal gives no words, and a name is only where names are."""
        if self.withheld is not None and (self.named or self.unnamed):
            raise InvalidValue(f"Comments of {self.campaign} are withheld, and so is every one.")
        if self.named and self.mode != Mode.IDENTIFIED.value:
            raise InvalidValue(f"Nobody is named in {self.campaign}.")

    @property
    def count(self) -> int:
        """How many there are to read."""
        return len(self.named) + len(self.unnamed)
