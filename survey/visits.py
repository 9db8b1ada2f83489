"""Visits: who was there, what for, and whether they may be asked about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from survey.occasion import Occasion
from survey.person import Enrolment
from survey.states import COUNTED, DeliveryState, InvitationState

ANEW = frozenset(
    {InvitationState.UNDELIVERABLE, InvitationState.WITHDRAWN, InvitationState.EXPIRED}
)
"""States after which a visit may be asked about once more."""
LONGEST_BRANCH = 50
"""Characters of a branch's id."""
LONGEST = 255
"""Characters of a name or a purpose."""


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Somebody who looks after customers.

    Attributes:
        id: Ours; None where only the settings know them yet.
        name: As customers and reports see it; unique in a branch.
    """

    id: int | None
    name: str


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A place that customers visit.

    Attributes:
        id: Its short name, unique.
        name: As customers see it.
        staff: Who works there, by name.
    """

    id: str
    name: str
    staff: tuple[Staff, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Capture:
    """What is written down about a visit.

    Attributes:
        name: Of the customer.
        email: Theirs, in lower case.
        mobile: Theirs, as they write it; None if they gave none.
        email_consent: Whether they said that they may be asked by e-mail.
        purpose: What they came for.
        branch_id: Where; a branch that is not known yet is added.
        branch_name: What it is called; the latest name counts.
        staff_name: Who looked after them; added to the branch if not known there yet.
        taken_by: Who writes it down: the name of a key.
    """

    name: str
    email: str
    mobile: str | None
    email_consent: bool
    purpose: str
    branch_id: str
    branch_name: str
    staff_name: str
    taken_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the question about a visit has come.

    Attributes:
        invitation_id: Ours.
        state: Of the invitation.
        delivery: Of its first message, on whichever channel was tried last.
        due_at: When that may go out at the earliest (UTC).
        sent_at: When it went out (UTC); None if it did not.
        reason: What was in the way the last time, for operators; empty if nothing was.
        tries: How many questions there have been about this visit.
    """

    invitation_id: UUID
    state: InvitationState
    delivery: DeliveryState
    due_at: datetime
    sent_at: datetime | None
    reason: str
    tries: int = 1

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self.state in COUNTED

    @property
    def sent(self) -> bool:
        """Whether the question has gone out."""
        return self.delivery is DeliveryState.SENT or self.state is InvitationState.SENT

    @property
    def over(self) -> bool:
        """Whether nothing more happens to its message by itself."""
        ended = {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SKIPPED}
        return self.delivery in ended or self.state not in {
            InvitationState.PENDING,
            InvitationState.SENT,
        }


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A visit as it is kept.

    Attributes:
        id: Of the customer, as programs know them: each visit has its own.
        progress: Of the question about it; None where nobody was asked.
    """

    id: int
    name: str
    email: str
    email_consent: bool
    purpose: str
    branch: Branch
    staff_name: str
    created_at: datetime
    progress: Progress | None = None

    @property
    def first_name(self) -> str:
        """The first word of their name."""
        return self.name.split()[0] if self.name.strip() else ""

    @property
    def key(self) -> str:
        """What the next question about it is kept under; it stays until one has ended for good."""
        if self.progress is None:
            return first_key(self.id)
        tries = self.progress.tries + int(self.progress.state in ANEW)
        return first_key(self.id) if tries == 1 else f"{first_key(self.id)}:{tries}"

    def occasion(self, *, invitation: str = "") -> Occasion:
        """What is asked about.

        Args:
            invitation: Words that go above the question; empty for none.
        """
        groups = {"branch": self.branch.name, "staff": self.staff_name}
        details: Mapping[str, str] = {"branch": self.branch.name, "purpose": self.purpose}
        if invitation:
            details = {**details, "invitation": invitation}
        return Occasion(
            key=self.key,
            who=Enrolment(email=self.email, name=self.name),
            happened_at=self.created_at,
            groups=groups,
            details=details,
        )


def first_key(visit_id: int | str) -> str:
    """What the first question about a visit is kept under."""
    return f"visit:{visit_id}"
