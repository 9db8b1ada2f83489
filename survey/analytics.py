"""Figures of an identified survey over any span of time (seed 003), a sending told beside them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from survey.follow_ups import FollowUp
from survey.invitation import Invitation
from survey.report import Distribution, Figures, figures
from survey.survey import Survey

USUAL_SPAN = timedelta(days=30)
"""How far figures reach back where nobody says."""
LOW_MARKS_SPAN = timedelta(days=7)
"""How far the list of low marks does."""
LOWEST_MARKS = 2
"""How many of the lowest marks are low, where the survey alerts nobody."""
TARGET_DELIVERY_RATE = 0.99
"""What the delivery rate should pass, a fraction of 1 (seed 003)."""
TARGET_RESPONSE_RATE = 0.20
"""What the response rate should pass, a fraction of 1 (seed 003)."""
TARGET_MEAN = 4.5
"""What the mean mark should pass on scales of five (seed 003)."""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What became of the questions that were due in the span.

    Attributes:
        scheduled: How many people were to be asked; those that stopped meanwhile aside.
        sent: How many of them got the question.
        answered: How many of those have answered.
    """

    scheduled: int = 0
    sent: int = 0
    answered: int = 0

    @property
    def delivery_rate(self) -> float | None:
        """Sent of scheduled, a fraction of 1; None of nobody."""
        return self.sent / self.scheduled if self.scheduled else None

    @property
    def response_rate(self) -> float | None:
        """Answered of sent, a fraction of 1; None of nobody."""
        return self.answered / self.sent if self.sent else None


@dataclass(frozen=True, kw_only=True)
class Group:
    """Those who share a value: `billing` of `category`."""

    value: str
    distribution: Distribution

    @property
    def figures(self) -> Figures:
        """What their answers come to."""
        return figures(self.distribution)


@dataclass(frozen=True, kw_only=True)
class Analytics:
    """What came in over a span of time.

    Attributes:
        survey: Of which survey; one where names are.
        since: From when on (UTC).
        until: Until when (UTC), this instant left out.
        distribution: The answers that were given in it, as they stand.
        sending: What became of the questions that were due in it.
        by: The attribute of the groups; None where none was asked for.
        groups: By it, those with the most answers first.
    """

    survey: Survey
    since: datetime
    until: datetime
    distribution: Distribution
    sending: Sending
    by: str | None = None
    groups: tuple[Group, ...] = ()

    @property
    def figures(self) -> Figures:
        """What the answers come to."""
        return figures(self.distribution)


@dataclass(frozen=True, kw_only=True)
class LowMark:
    """A low mark, and who looks after it.

    Attributes:
        invitation: With who gave it and what they wrote.
        follow_up: None if nobody was told of it yet.
    """

    invitation: Invitation
    follow_up: FollowUp | None
