"""Links that people open without signing in: whoever holds one is the one who was asked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from survey.card import Subject


class Purpose(StrEnum):
    """What a link is for; one for the one opens nothing of the other. Its value is its path."""

    ANSWER = "s"
    UNSUBSCRIBE = "u"


@dataclass(frozen=True, kw_only=True)
class Link:
    """What a link says, before anything was looked up.

    Attributes:
        subject: The round and the invitation that it is about.
        locale: In which language its page is.
        issued_at: When it was made (UTC, to the second).
        expires_at: From when on it is good no more (UTC, to the hour after `issued_at`).
        json: Whether it is written as a JSON Web Token: three times as long, and what some programs
            expect.
    """

    subject: Subject
    locale: str
    issued_at: datetime
    expires_at: datetime
    json: bool = False


class Links(Protocol):
    """Makes links and reads them; nothing is looked up for that."""

    def address(self, link: Link, purpose: Purpose) -> str:
        """Where it leads: the whole address, without a score.

        Raises:
            InvalidValue: If it would be good for more than seven years.
        """
        ...

    def token(self, link: Link, purpose: Purpose) -> str:
        """What stands behind the path."""
        ...

    def read(self, token: str, purpose: Purpose) -> Link:
        """What a token says; that its time is over is for the caller to see.

        Raises:
            LinkNotValid: If it was not made by us for this; it takes as long for every token.
        """
        ...
