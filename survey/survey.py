"""A survey as the settings define it, and as a campaign freezes it at its start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from survey.errors import InvalidValue
from survey.localtime import OFFICE_HOURS, Window
from survey.occasion import Trigger
from survey.release import K_DEFAULT, K_FLOOR
from survey.scale import NPS, Scale

COMMENT_LIMIT = 2_000
"""Characters in a comment."""


class Mode(StrEnum):
    """Who may see what (`docs/decisions/0003-release-gate.md`)."""

    IDENTIFIED = "identified"
    CONFIDENTIAL = "confidential"
    ANONYMOUS = "anonymous"


class Answers(StrEnum):
    """Whether an answer may be replaced until the close, or is given once."""

    CHANGEABLE = "changeable"
    ONCE = "once"


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is asked, of whom, and how often.

    Attributes:
        name: The word people type: `nps`.
        subject: What the question is about: "Acme".
        scale: The marks that can be given.
        mode: Who may see what.
        k: The smallest number of people that a released figure may describe; 3 or more.
        answers: Whether a press can be changed until the close.
        owner: Who sees the answers, as people are told: "the People team".
        question: The question, where the built-in one for the scale does not fit.
        window: The hours in which messages go out, on each person's own clock.
        open_days: How many days a round stays open; 1 or more.
        rest_days: How many local days a person is left alone by this survey after being asked.
        audience: Attribute → the values that are asked; empty asks everyone.
        schedule: When a round starts by itself: five crontab fields in the organisation's zone;
            empty for rounds that are started by hand.
        reminders: Local days after somebody's first message on which they are reminded, rising.
        channels: The platforms it asks on, the preferred first; empty for all that are on, chats
            before e-mail.
        link_days: How many days the links in its e-mails are good; 1 or more.
        one_press: Whether the page behind a link may send the score that was pressed in the mail
            by itself; identified surveys only.
        asks_per_year: Told with each question as "2 of 4 asks this year"; None tells nothing.
        after: What it waits for; None for a survey that has rounds. Such a survey has one campaign
            without an end, and each of its invitations closes by itself after `open_days`.
        waits: How long after something happened the question goes out at the earliest.
        comment_limit: Characters that a comment may have; 1 to 2,000.
        alert_at: The highest mark that alerts the team's channel; None alerts nobody. Identified
            surveys only.

    Raises:
        InvalidValue: If a value does not fit, or the mode is not built yet.
    """

    name: str
    subject: str
    scale: Scale = NPS
    mode: Mode = Mode.CONFIDENTIAL
    k: int = K_DEFAULT
    answers: Answers = Answers.CHANGEABLE
    owner: str = ""
    question: str = ""
    window: Window = OFFICE_HOURS
    open_days: int = 14
    rest_days: int = 60
    audience: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    schedule: str = ""
    reminders: tuple[int, ...] = (7,)
    asks_per_year: int | None = None
    channels: tuple[str, ...] = ()
    link_days: int = 30
    one_press: bool = False
    after: Trigger | None = None
    waits: timedelta = timedelta(0)
    comment_limit: int = COMMENT_LIMIT
    alert_at: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be kept."""
        if not self.name or not all(c.isalnum() or c in "-_" for c in self.name):
            raise InvalidValue(
                f"A survey's name has letters, digits, - and _ only, not {self.name!r}."
            )
        if self.mode is Mode.ANONYMOUS:
            raise InvalidValue(
                f"surveys.{self.name}.mode = 'anonymous' is not built yet, and Voxpop does not "
                "imitate it. Use 'confidential' (groups of k or more) or 'identified'."
            )
        if self.k < K_FLOOR:
            raise InvalidValue(f"surveys.{self.name}.k is at least {K_FLOOR}, not {self.k}.")
        if self.open_days < 1:
            raise InvalidValue(
                f"surveys.{self.name}.open_days is at least 1, not {self.open_days}."
            )
        if self.rest_days < 0:
            raise InvalidValue(f"surveys.{self.name}.rest_days is not negative: {self.rest_days}.")
        if any(day < 1 for day in self.reminders) or list(self.reminders) != sorted(
            set(self.reminders)
        ):
            raise InvalidValue(
                f"surveys.{self.name}.reminders are days after the first message, each later than "
                f"the one before, such as [7, 10], not {list(self.reminders)}."
            )

        if self.link_days < 1:
            raise InvalidValue(
                f"surveys.{self.name}.link_days is at least 1, not {self.link_days}."
            )
        if self.one_press and self.mode is not Mode.IDENTIFIED:
            raise InvalidValue(
                f"surveys.{self.name}.one_press = true needs mode = 'identified': the link in the "
                "mail tells the score then, and mail gateways store links."
            )
        self._check_moments()

    def _check_moments(self) -> None:
        if self.after is not None and self.schedule:
            raise InvalidValue(
                f"surveys.{self.name} has a schedule and after = '{self.after.value}': it has "
                "rounds, or asks when something has happened."
            )
        if self.waits < timedelta(0):
            raise InvalidValue(f"surveys.{self.name} can't wait for less than no time.")
        if not 1 <= self.comment_limit <= COMMENT_LIMIT:
            raise InvalidValue(
                f"surveys.{self.name}.comment_limit is 1 to {COMMENT_LIMIT:,}, not "
                f"{self.comment_limit}."
            )
        if self.alert_at is not None and self.mode is not Mode.IDENTIFIED:
            raise InvalidValue(
                f"surveys.{self.name}.alert_at needs mode = 'identified': an alert names who gave "
                "which mark."
            )
        if self.alert_at is not None and self.alert_at not in self.scale.values:
            raise InvalidValue(
                f"surveys.{self.name}.alert_at is a mark of its scale, {self.scale.low} to "
                f"{self.scale.high}, not {self.alert_at}."
            )

    def asks_on(self, platforms: Sequence[str]) -> Sequence[str]:
        """Where it asks of those that are on, the preferred first.

        Args:
            platforms: Those that are on, in the order of the organisation.
        """
        if not self.channels:
            return platforms
        return [platform for platform in self.channels if platform in platforms]

    def in_keeping_with(self, before: "Survey") -> "Survey":
        """This definition, with what people were promised when their campaign began.

        Its mode, k, scale and whether it takes one answer stay, and with them what hangs on mode
        and scale.

        Args:
            before: The definition that holds so far.
        """
        same = (self.mode, self.scale) == (before.mode, before.scale)
        return replace(
            self,
            mode=before.mode,
            k=before.k,
            scale=before.scale,
            answers=before.answers,
            one_press=self.one_press if same else before.one_press,
            alert_at=self.alert_at if same else before.alert_at,
        )

    @property
    def gated(self) -> bool:
        """Whether figures pass the release gate."""
        return self.mode is not Mode.IDENTIFIED

    @property
    def smallest_group(self) -> int:
        """The smallest number of people whose figures may be shown: k, or 1 where names are."""
        return self.k if self.gated else 1
