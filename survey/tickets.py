"""Tickets of a helpdesk: what it tells of them, and what follows for asking about them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from survey.errors import InvalidValue
from survey.occasion import Occasion
from survey.person import Enrolment
from survey.signs import unseen

LONGEST_NUMBER = 190
"""Characters of a ticket's number."""
LONGEST_SOURCE = 32
LONGEST_EVENT = 255
LONGEST_WORDS = 500
"""Characters kept of a subject, a category and a name."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""When a ticket came into its state that nobody has told anything of yet."""


class TicketState(StrEnum):
    """Where a ticket stands, as far as asking about it goes."""

    RESOLVED = "resolved"
    OPEN = "open"
    """New, waiting, reopened: anything but resolved."""
    GONE = "gone"
    """Deleted, or merged into another one."""


_SAME_MOMENT = (TicketState.OPEN, TicketState.RESOLVED, TicketState.GONE)
"""Of two states that a ticket came into at the same moment the later one here counts: whoever
solves a ticket while they create it tells both."""


class Step(StrEnum):
    """What has to be done about a ticket."""

    ASK = "to be asked"
    WITHDRAW = "to be withdrawn"


NOTHING = ""
"""Nothing is to be done: somebody is asked, or there is nothing to ask about."""


class WhyNot(StrEnum):
    """Why nobody is asked about a resolved ticket, beside what the rules of asking say."""

    NO_SURVEY = "no survey waits for tickets"
    NO_EMAIL = "no e-mail of whoever opened it"
    BROKE = "it could not be handled; the log has it"


@dataclass(frozen=True, kw_only=True)
class Requester:
    """Who opened a ticket.

    Attributes:
        email: Lower case, as a roster would have it.
        name: As they are addressed; empty where the helpdesk does not tell.
        locale: Such as `pt_BR`, or None.
        timezone: An IANA zone, or None for the organisation's.
    """

    email: str
    name: str = ""
    locale: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, kw_only=True)
class TicketEvent:
    """What a helpdesk told of a ticket.

    Attributes:
        source: Which helpdesk: `zammad`.
        event: What it calls this event; it is heard once. 1 to 255 characters.
        number: Which ticket: `4711`, `IT-12`. 1 to 190 characters.
        state: In which state it is.
        happened_at: Since when, or when it was told (UTC): the latest event rules.
        resolved_at: When it was resolved, where the helpdesk tells (UTC); None takes `happened_at`
            of the first event that has it resolved.
        requester: Who opened it; None where nobody can be written to.
        subject: What it is about, in the requester's own words; empty if not told.
        category: Which kind of ticket; empty if not told.
        resolved_by: Who looked after it; empty if not told.

    Raises:
        InvalidValue: If the event or the ticket could not be told from others.
    """

    source: str
    event: str
    number: str
    state: TicketState
    happened_at: datetime
    resolved_at: datetime | None = None
    requester: Requester | None = None
    subject: str = ""
    category: str = ""
    resolved_by: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be kept apart."""
        for name, value, longest in (
            ("source", self.source, LONGEST_SOURCE),
            ("event", self.event, LONGEST_EVENT),
            ("number", self.number, LONGEST_NUMBER),
        ):
            if not 1 <= len(value) <= longest or unseen(value):
                raise InvalidValue(f"A ticket's {name} has 1 to {longest} visible characters.")

    @property
    def key(self) -> str:
        """Which ticket it is, among those of all helpdesks."""
        return f"{self.source}:{self.number}"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A ticket as far as it was told.

    Attributes:
        source: Which helpdesk.
        number: Which ticket.
        state: The latest.
        state_at: Since when (UTC).
        resolved_at: When it was resolved last (UTC); None if it is not.
        requester: Who opened it, as far as they can be written to.
        subject: What it is about.
        category: Which kind of ticket.
        resolved_by: Who looked after it.
        asked: Whether somebody is or was asked about it.
        outcome: A `Step` that is due, `NOTHING`, or why nobody is asked.
        asks_at: When the question goes out at the earliest (UTC), as lists tell it; None where it
            went out, or there is none.
    """

    source: str
    number: str
    state: TicketState = TicketState.OPEN
    state_at: datetime = BEGINNING
    resolved_at: datetime | None = None
    requester: Requester | None = None
    subject: str = ""
    category: str = ""
    resolved_by: str = ""
    asked: bool = False
    outcome: str = NOTHING
    asks_at: datetime | None = None

    @property
    def key(self) -> str:
        """Which ticket it is, among those of all helpdesks; the key of its occasion."""
        return f"{self.source}:{self.number}"

    def after(self, event: TicketEvent) -> "Ticket":
        """The ticket after an event, in whatever order events come and however often."""
        told = (event.happened_at, _SAME_MOMENT.index(event.state))
        if told < (self.state_at, _SAME_MOMENT.index(self.state)):
            return self._with_words(event, newer=False)
        now = replace(self._with_words(event, newer=True), state_at=event.happened_at)
        if event.state is not TicketState.RESOLVED:
            step = Step.WITHDRAW if self.asked or self.outcome == Step.ASK else NOTHING
            return replace(now, state=event.state, resolved_at=None, outcome=step)
        if self.state is not TicketState.RESOLVED or self._resolved_again(event):
            resolved_at = event.resolved_at or event.happened_at
            return replace(now, state=event.state, resolved_at=resolved_at, outcome=Step.ASK)
        return now

    def _resolved_again(self, event: TicketEvent) -> bool:
        """Whether it was resolved anew since; that it was reopened between may come later."""
        return (
            event.resolved_at is not None
            and self.resolved_at is not None
            and event.resolved_at > self.resolved_at
        )

    def _with_words(self, event: TicketEvent, *, newer: bool) -> "Ticket":
        first, then = (event, self) if newer else (self, event)
        return replace(
            self,
            requester=first.requester or then.requester,
            subject=first.subject or then.subject,
            category=first.category or then.category,
            resolved_by=first.resolved_by or then.resolved_by,
        )

    def occasion(self) -> Occasion | None:
        """What its requester is asked about; None if it is not resolved, or nobody can be asked."""
        if self.requester is None or self.resolved_at is None:
            return None
        who = self.requester
        words = {"category": self.category, "resolved_by": self.resolved_by}
        number = f"#{self.number}" if self.number.isdigit() else self.number
        told = {"ticket": number, "subject": self.subject, "resolved_by": self.resolved_by}
        return Occasion(
            key=self.key,
            who=Enrolment(email=who.email, name=who.name, timezone=who.timezone, locale=who.locale),
            happened_at=self.resolved_at,
            groups={name: value for name, value in words.items() if value},
            details={name: value for name, value in told.items() if value},
        )


def words(text: str | None) -> str:
    """Somebody else's words as they are kept: on one line, visible, not too long."""
    seen = "".join(" " if unseen(sign) else sign for sign in text or "")
    line = " ".join(seen.split())
    return line if len(line) <= LONGEST_WORDS else f"{line[: LONGEST_WORDS - 1]}…"
