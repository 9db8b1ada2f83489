"""Why somebody is not asked, reminded or looked after."""

from enum import StrEnum

from survey.errors.base import VoxpopError


class CampaignExists(VoxpopError):
    """A round of this survey is running already."""

    code = "campaign_exists"


class StartedElsewhere(CampaignExists):
    """This time of a schedule has been dealt with, by another process or an earlier look."""


class PlanOutdated(VoxpopError):
    """Another round has started since this one was planned: who may be asked has changed."""

    code = "plan_outdated"


class NobodyToAsk(VoxpopError):
    """A round was started, and nobody is left to be asked."""

    code = "nobody_to_ask"


class WhyNoReminder(StrEnum):
    """Why somebody is not reminded."""

    ANSWERED = "they have answered"
    LEFT = "they stopped, or left"
    NOT_SENT = "they don't have the question yet"
    PLANNED = "a message to them is planned already"
    PAUSED = "the round is paused"
    OFTEN_ENOUGH = "they were reminded as often as the contact policy allows"
    WRITTEN_TO_TODAY = "they got a message about it within the last 24 hours"
    SILENCE = "they want silence or are away until the round closes"
    TOO_LATE = "the round closes before their next sending hours"


class NoReminder(VoxpopError):
    """Somebody cannot be reminded now."""

    code = "no_reminder"

    def __init__(self, why: WhyNoReminder) -> None:
        super().__init__(f"No reminder: {why.value}.")
        self.why = why


class NoRoundRunning(VoxpopError):
    """Something needs a running round of a survey, and there is none."""

    code = "no_round_running"

    def __init__(self, survey: str) -> None:
        super().__init__(f"No round of {survey} is running.")
        self.survey = survey


class AsksByItself(VoxpopError):
    """A survey that waits for something to happen has no rounds to start."""

    code = "asks_by_itself"

    def __init__(self, survey: str, after: str) -> None:
        super().__init__(
            f"{survey} has no rounds: it asks by itself, after {after}. Pause it to ask nobody for "
            "now, or close it to end it."
        )
        self.survey = survey
        self.after = after


class HasStopped(VoxpopError):
    """Somebody has said that they want no more of this; nobody else can lift that."""

    code = "opted_out"

    def __init__(self, survey: str) -> None:
        super().__init__(f"This person wants no {survey} surveys; only they can change that.")


class NoConsent(VoxpopError):
    """Somebody did not say that they may be asked."""

    code = "no_consent"

    def __init__(self) -> None:
        super().__init__("This customer gave no consent to be asked by e-mail.")


class AlreadyAsked(VoxpopError):
    """They were asked about it before, and can answer that."""

    code = "already_asked"

    def __init__(self) -> None:
        super().__init__("They were asked about it already.")


class NotAsked(VoxpopError):
    """The rules leave somebody out; the message says why."""

    code = "not_asked"

    def __init__(self, why: str) -> None:
        super().__init__(f"They are not asked: {why}.")


class NotDelivered(VoxpopError):
    """A message could not be delivered, and is not tried again."""

    code = "delivery_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The message could not be delivered: {reason or 'nobody said why'}.")


class AlreadyTaken(VoxpopError):
    """A low mark that somebody else looks after already."""

    code = "already_taken"

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} looks after it already.")
        self.by = by
