"""Something that happened to somebody, about which they may be asked once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from survey.errors import InvalidValue
from survey.person import Enrolment

LONGEST_KEY = 255


class Trigger(StrEnum):
    """What a survey waits for, where it has no rounds."""

    TICKETS = "tickets"
    FEATURES = "features"
    VISITS = "visits"


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """Something that happened.

    Attributes:
        key: What it is, among everything that its survey asks about: `zammad:4711`. Nobody is asked
            about the same twice. 1 to 255 characters.
        who: To whom. What a roster says of them stays; who is not known yet is added, and belongs
            to no round's audience.
        happened_at: When (UTC).
        groups: Attribute → value by which figures are told apart: category, branch. Identified
            surveys only; the others leave them away.
        details: Word → words that the message tells: `subject`, `ticket`, `resolved_by`.

    Raises:
        InvalidValue: If the key is empty or too long.
    """

    key: str
    who: Enrolment
    happened_at: datetime
    groups: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could not be kept apart."""
        if not 1 <= len(self.key) <= LONGEST_KEY:
            raise InvalidValue(f"An occasion's key has 1 to {LONGEST_KEY} characters.")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an invitation's message tells of what brought it.

    Attributes:
        key: Of the occasion.
        happened_at: When (UTC).
        details: Word → words: `subject`, `ticket`, `resolved_by`.
    """

    key: str
    happened_at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
