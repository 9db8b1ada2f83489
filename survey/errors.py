"""Everything that the product can refuse, as one tree.

An error's message is the sentence that an operator reads; what a person reads in chat is
worded in `survey.wording.refusals`, what a program reads is mapped in `webapp.problems`.
"""

from enum import StrEnum


class VoxpopError(Exception):
    """Anything that Voxpop refuses on purpose."""

    code = "refused"


class InvalidValue(VoxpopError, ValueError):
    """A value does not fit: the message says which one, why, and what would fit."""

    code = "invalid_value"


class InvalidScore(InvalidValue):
    """A score lies outside of its scale, or is no whole number."""

    code = "invalid_score"


class CommentTooLong(InvalidValue):
    """A comment has more characters than its survey takes."""

    code = "comment_too_long"

    def __init__(self, *, length: int, limit: int) -> None:
        super().__init__(f"The comment has {length} characters; at most {limit} fit.")
        self.length = length
        self.limit = limit


class InvalidPeriod(InvalidValue):
    """A word that names no quarter."""

    code = "invalid_period"


class NotFound(VoxpopError):
    """A survey, campaign, person or invitation that is not known."""

    code = "not_found"


class UnknownSurvey(NotFound):
    """The settings define no survey of this name, but these."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        there = ", ".join(known) or "none yet"
        super().__init__(f"There is no survey {name!r}; the settings define: {there}.")
        self.known = known


class NoRoundYet(NotFound):
    """A survey that has never been started; one that asks by itself has asked nobody yet."""

    def __init__(self, survey: str, *, asks_by_itself: bool = False) -> None:
        super().__init__(
            f"{survey} has asked nobody yet: it asks when there is something to ask about."
            if asks_by_itself
            else f"There has been no round of {survey} yet; `voxpop campaign start {survey}` "
            "begins one."
        )
        self.survey = survey
        self.asks_by_itself = asks_by_itself


class UnknownRound(NotFound):
    """A round that never was; these were."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no round {name}; there is {', '.join(known)}.")
        self.known = known


class UnknownAttribute(NotFound):
    """An attribute that nobody in a round has; they have these."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        there = ", ".join(known) or "none"
        super().__init__(f"People have no attribute {name!r} in this round; there is: {there}.")
        self.known = known


class UnknownPeople(NotFound):
    """E-mails that are on no roster."""

    def __init__(self, emails: tuple[str, ...]) -> None:
        super().__init__(f"Nobody on the roster has the e-mail {', '.join(emails)}.")
        self.emails = emails


class TooManyWouldLeave(InvalidValue):
    """A roster lacks most of the people that its source has; exports go wrong like that."""

    def __init__(self, *, missing: int, of: int) -> None:
        super().__init__(
            f"{missing} of {of} people of this source are not in the roster, and pruning would "
            "deactivate them all. Is it complete? If it is, --prune-even-most does it."
        )
        self.missing = missing


class IllegalTransition(VoxpopError):
    """A state was asked to change in a way that its life does not allow."""

    code = "illegal_transition"


class InvitationClosed(VoxpopError):
    """The round no longer takes answers."""

    code = "closed"


class NotYours(VoxpopError):
    """Somebody pressed what was sent to somebody else."""

    code = "not_yours"


class OutOfDate(VoxpopError):
    """A button that was replaced, forged or left over from an earlier question."""

    code = "out_of_date"


class AlreadyAnswered(VoxpopError):
    """The survey takes one answer, and it was given."""

    code = "already_submitted"


class NotAllowed(VoxpopError):
    """The person may not do this; the message names who may."""

    code = "not_allowed"


class AnotherAccount(NotAllowed):
    """An administrator's e-mail came from another account than the one it is tied to."""

    def __init__(self, email: str) -> None:
        super().__init__(
            f"{email} is tied to the account that came with it first; `voxpop admin confirm "
            f"{email} ACCOUNT` ties it to the one that claims it now."
        )
        self.email = email


class CampaignExists(VoxpopError):
    """A round of this survey is running already."""

    code = "campaign_exists"


class FeatureExists(VoxpopError):
    """A product has a feature of this key already."""

    code = "feature_exists"

    def __init__(self, product: str, feature: str) -> None:
        super().__init__(f"There is a feature {product}/{feature} already.")


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


class LinkNotValid(VoxpopError):
    """A link that we did not make, that was bent, or that leads to nothing: all alike."""

    code = "invalid_token"

    def __init__(self) -> None:
        super().__init__("This feedback link doesn't appear to be valid.")


class LinkExpired(VoxpopError):
    """A link of ours whose time is over."""

    code = "token_expired"

    def __init__(self) -> None:
        super().__init__("This feedback link has expired.")


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


class StorageUnavailable(VoxpopError):
    """The database did not take it; nothing was saved."""

    code = "unavailable"


class NotWritable(StorageUnavailable):
    """The database answers but takes no writes: it is read-only, or its disk is full."""

    code = "not_writable"

    def __init__(self, why: str) -> None:
        super().__init__(f"The database takes no writes just now ({why}), so nothing was saved.")
        self.why = why


class CommitUnknown(StorageUnavailable):
    """The database went away while it was saving: whether it did has to be looked up."""

    code = "commit_unknown"


class SchemaMismatch(VoxpopError):
    """The database's schema is older or newer than this version serves."""

    code = "schema_mismatch"


class IdempotencyKeyReused(VoxpopError):
    """A request came under the `Idempotency-Key` of another one."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("Another request came under this Idempotency-Key: give each its own.")


class IdempotencyInProgress(VoxpopError):
    """The same request is being answered at this moment."""

    code = "idempotency_in_progress"

    def __init__(self) -> None:
        super().__init__("The first request under this Idempotency-Key is still under way.")


class AlreadyTaken(VoxpopError):
    """A low mark that somebody else looks after already."""

    code = "already_taken"

    def __init__(self, by: str) -> None:
        super().__init__(f"{by} looks after it already.")
        self.by = by


class OnlyIdentified(VoxpopError):
    """Figures over any span of time, asked of a survey that shows no names."""

    code = "only_identified"

    def __init__(self, survey: str) -> None:
        super().__init__(
            f"{survey} is not identified: its figures come by the round, through the release gate. "
            "Those over any span of time could single people out, from one span to the next."
        )
        self.survey = survey


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
