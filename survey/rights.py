"""What is held about one person, whole, as they may read it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from survey.person import Address


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One round that asked them.

    Attributes:
        campaign: Such as `nps/2026Q4`.
        mode: Under which promise.
        state: Of their invitation.
        asked_at: When they came onto its list (UTC).
        messages: How many were sent to them.
        answered_at: Their latest press (UTC); None if there was none.
        score: Their own; None if there is none.
        comment: Theirs, word for word, or None.
    """

    campaign: str
    mode: str
    state: str
    asked_at: datetime
    messages: int
    answered_at: datetime | None = None
    score: int | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Held:
    """Everything that is held about somebody.

    Attributes:
        email: As in the roster; `name`, `timezone`, `locale` and `attributes` as well.
        source: Where the roster has them from; None if nobody noted it.
        addresses: Their accounts.
        opt_outs: Surveys they stopped; an empty name stands for all.
        snoozed_until: The first day on which they may be asked again, or None.
        away_from: The first day of an absence, or None; `away_until` is its last.
        rounds: Those that asked them, newest first.
        administrator_accounts: Accounts that their e-mail is pinned to as an administrator.
        audit_entries: Lines of the audit log about what they asked for.
    """

    email: str
    name: str
    timezone: str | None
    locale: str | None
    attributes: Mapping[str, str]
    source: str | None = None
    addresses: tuple[Address, ...] = ()
    opt_outs: tuple[str, ...] = ()
    snoozed_until: date | None = None
    away_from: date | None = None
    away_until: date | None = None
    rounds: tuple[Asked, ...] = ()
    administrator_accounts: tuple[str, ...] = ()
    audit_entries: int = 0

    def as_json(self) -> dict[str, Any]:
        """For a file; dates and times are to be written as text."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What forgetting somebody did.

    Attributes:
        taken_back: Answers that were taken back in rounds that were open.
        kept: Scores in rounds that were over, which count on without a name.
    """

    taken_back: int = 0
    kept: int = 0


SNOOZE_DAYS = 14
"""How long `/nps snooze` lasts where nobody says."""
