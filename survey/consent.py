"""Consent: who said when and how that they may be asked, or may not."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class How(StrEnum):
    """By which way somebody said so."""

    CHAT = "in chat"
    PAGE = "on the page"
    ONE_CLICK = "by their mail program"
    COMPLAINT = "by a complaint to their mail provider"
    FRONT_DESK = "at the front desk"


REASON_LIMIT = 500
"""Characters of a reason that somebody gives for it."""


@dataclass(frozen=True, kw_only=True)
class Consent:
    """One line of what somebody said; lines are added and never changed.

    Attributes:
        at: When (UTC).
        survey: Which survey; an empty name stands for all.
        may_ask: Whether they may be asked from then on.
        how: By which way.
        reason: Why, in their own words; empty if they gave none.
    """

    at: datetime
    survey: str
    may_ask: bool
    how: How
    reason: str = ""
