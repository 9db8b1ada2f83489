"""A report on one round: what every face of it (chat, page, file, picture) is made from."""

from dataclasses import dataclass

from survey.errors import InvalidValue
from survey.report.distribution import Distribution
from survey.report.headline import Change, Figures
from survey.scale import Scale

TARGET_RESPONSE_RATE = 0.30
"""The response rate that a round should pass (seed 000)."""


@dataclass(frozen=True, kw_only=True)
class Participation:
    """Who took part; told in every mode.

    Attributes:
        invited: How many people were asked.
        reached: How many of them got the message.
        answered: How many have an answer that counts.

    Raises:
        InvalidValue: If a number is negative.
    """

    invited: int
    reached: int
    answered: int

    def __post_init__(self) -> None:
        """Refuse negative people."""
        if min(self.invited, self.reached, self.answered) < 0:
            raise InvalidValue(f"People are counted from 0 up, not {self}.")

    @property
    def response_rate(self) -> float:
        """Answered of those reached, a fraction of 1; 0 if nobody was reached (seed 000)."""
        return self.answered / self.reached if self.reached else 0.0


@dataclass(frozen=True, kw_only=True)
class GroupFigures:
    """The figures of the people who share an attribute's value.

    Attributes:
        attribute: Such as `team`.
        value: Such as `Platform`.
        figures: None if the release gate does not show this group.
    """

    attribute: str
    value: str
    figures: Figures | None


@dataclass(frozen=True, kw_only=True)
class RoundPoint:
    """One round of the trend.

    Attributes:
        campaign: The round's name: `nps/2026Q4`.
        period: Its period: `2026Q4`.
        figures: What came out.
        participation: Who took part.
        change: Against the point before; None for the first one, or if either has no answers.
    """

    campaign: str
    period: str
    figures: Figures
    participation: Participation
    change: Change | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """One round, as the asking administrator may see it.

    Attributes:
        survey: The survey's name: `nps`.
        subject: What was asked about: "Acme".
        campaign: The round's name: `nps/2026Q4`.
        period: Its period: `2026Q4`.
        scale: What could be answered.
        mode: Who may see what: identified, confidential or anonymous.
        k: The smallest number of people that figures may describe.
        state: Where the round stands in its life.
        participation: Who took part.
        distribution: The answers behind the figures; None if they are withheld.
        figures: None if they are withheld, or nobody has answered.
        change: Against the round before; None if there is none to compare with.
        groups: The figures by attribute, shown and suppressed.
        groups_withheld: Whether groups are left out altogether, as while a gated round runs.
        history: The survey's rounds up to and with this one, oldest first, as far as they have
            figures.
        pending: How many answers and changes the figures do not have yet.
        target_response_rate: What the response rate should pass, a fraction of 1.

    Raises:
        InvalidValue: If figures are withheld and something else here gives them away, or if the
            parts do not fit together.
    """

    survey: str
    subject: str
    campaign: str
    period: str
    scale: Scale
    mode: str
    k: int
    state: str
    participation: Participation
    distribution: Distribution | None
    figures: Figures | None
    change: Change | None
    groups: tuple[GroupFigures, ...]
    groups_withheld: bool
    history: tuple[RoundPoint, ...]
    pending: int
    target_response_rate: float = TARGET_RESPONSE_RATE

    def __post_init__(self) -> None:
        """A refusal gives no figure."""
        if self.figures is None:
            self._check_refusal()
        elif self.figures.metric is not self.scale.metric:
            raise InvalidValue(f"{self.campaign} is no {self.figures.metric.value} survey.")
        elif self.distribution is not None and self.distribution.n != self.figures.n:
            raise InvalidValue(
                f"The figures of {self.campaign} have {self.figures.n} answers, and their "
                f"distribution has {self.distribution.n}."
            )
        if self.distribution is not None and self.distribution.scale != self.scale:
            raise InvalidValue(f"{self.campaign} was not answered on {self.scale.name}.")

    def _check_refusal(self) -> None:
        if (
            (self.distribution is not None and self.distribution.n)
            or self.change is not None
            or any(group.figures is not None and group.figures.n for group in self.groups)
            or any(point.campaign == self.campaign for point in self.history)
        ):
            raise InvalidValue(f"Figures of {self.campaign} are withheld, and so are all parts.")
