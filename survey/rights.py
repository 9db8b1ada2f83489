"""What is held about one person, whole, as they may read it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from survey.consent import Consent
from survey.person import Address


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One message that went out to them.

    Attributes:
        kind: `initial`, `reminder` or `notice`.
        platform: Where to.
        at: When (UTC).
    """

    kind: str
    platform: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Aside:
    """An answer that came by a link of theirs and is not counted.

    Attributes:
        score: The mark; None after the round, when it is kept no more.
        at: When it came (UTC).
        why: Why it is not counted.
    """

    score: int | None
    at: datetime
    why: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One round that asked them.

    Attributes:
        campaign: Such as `nps/2026Q4`.
        mode: Under which promise.
        state: Of their invitation.
        asked_at: When they came onto its list (UTC).
        messages: Those that were sent to them.
        answered_at: Their latest press (UTC); None if there was none.
        score: Their own; None if there is none.
        previous_score: The one before it, or None.
        score_in_figures: What the figures that administrators see have of it; None if nothing, or
            if the survey is by name, whose figures wait for nothing.
        comment: Theirs, word for word, or None.
        set_aside: Answers that are not counted, because a program may have given them.
    """

    campaign: str
    mode: str
    state: str
    asked_at: datetime
    messages: tuple[Sent, ...] = ()
    answered_at: datetime | None = None
    score: int | None = None
    previous_score: int | None = None
    score_in_figures: int | None = None
    comment: str | None = None
    set_aside: tuple[Aside, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Happened:
    """Something that happened to them, or was noted of what they said.

    Attributes:
        kind: `ticket`, `visit`, `feature`, `asked about`, `follow-up`, …
        at: When, as far as it is known (UTC).
        details: Word → words that are kept of it.
    """

    kind: str
    at: datetime
    details: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Held:
    """Everything that is held about somebody.

    Attributes:
        email: As in the roster; `name`, `timezone`, `locale` and `attributes` as well.
        language: The language that they chose themselves, or None.
        channel: The platform on which they want to be asked first, or None.
        source: Where the roster has them from; None if nobody noted it.
        addresses: Their accounts.
        opt_outs: Surveys they stopped; an empty name stands for all.
        consents: What they have said on being asked, oldest first.
        mailbox_refuses: What their mailbox's server said, if nothing is sent there for it; or None.
        compact: Whether they prefer one menu to a button for each score.
        snoozed_until: The first day on which they may be asked again, or None.
        away_from: The first day of an absence, or None; `away_until` is its last.
        rounds: Those that asked them, newest first.
        happened: What is kept of what happened to them, the latest first.
        administrator_accounts: Accounts that their e-mail is pinned to as an administrator.
        audit_entries: Lines of the audit log about what they asked for.
    """

    email: str
    name: str
    timezone: str | None
    locale: str | None
    attributes: Mapping[str, str]
    language: str | None = None
    channel: str | None = None
    source: str | None = None
    addresses: tuple[Address, ...] = ()
    opt_outs: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()
    mailbox_refuses: str | None = None
    compact: bool = False
    snoozed_until: date | None = None
    away_from: date | None = None
    away_until: date | None = None
    rounds: tuple[Asked, ...] = ()
    happened: tuple[Happened, ...] = ()
    administrator_accounts: tuple[str, ...] = ()
    audit_entries: int = 0

    def as_json(self) -> dict[str, Any]:
        """For a file; dates and times are to be written as text."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How somebody stands with us, in short.

    Attributes:
        opt_outs: Surveys they stopped; an empty name stands for all.
        snoozed_until: The first day on which they may be asked again, or None.
        answered: The latest rounds that are over and have an answer of theirs, newest first; their
            messages are left out.
    """

    opt_outs: tuple[str, ...] = ()
    snoozed_until: date | None = None
    answered: tuple[Asked, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What forgetting somebody did.

    Attributes:
        taken_back: Answers that were taken back in rounds that were open.
        kept: Scores in rounds that were over, which count on without a name.
    """

    taken_back: int = 0
    kept: int = 0


@dataclass(frozen=True, kw_only=True)
class Lifted:
    """What asking again has lifted, and what still stands.

    Attributes:
        anything: Whether there was anything to lift.
        still_stopped: Surveys that stay stopped; an empty name stands for all.
        snoozed_until: The first day on which they may be asked again; None for now.
    """

    anything: bool
    still_stopped: tuple[str, ...] = ()
    snoozed_until: date | None = None


SNOOZE_DAYS = 14
"""How long `/nps snooze` lasts where nobody says."""
