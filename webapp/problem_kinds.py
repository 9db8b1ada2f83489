"""The types of problems: one line for each error."""

from collections.abc import Mapping
from dataclasses import dataclass

from survey.errors import (
    AlreadyAnswered,
    AlreadyAsked,
    AlreadyTaken,
    AsksByItself,
    CampaignExists,
    CommentTooLong,
    CommitUnknown,
    FeatureExists,
    HasStopped,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    IllegalTransition,
    InvalidScore,
    InvalidValue,
    InvitationClosed,
    LinkExpired,
    LinkNotValid,
    NobodyToAsk,
    NoConsent,
    NoReminder,
    NoRoundRunning,
    NotAllowed,
    NotAsked,
    NotDelivered,
    NotFound,
    NotWritable,
    NotYours,
    OnlyIdentified,
    OutOfDate,
    PlanOutdated,
    SchemaMismatch,
    StorageUnavailable,
    TicketNotFound,
    VoxpopError,
)
from survey.messenger import (
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientBusy,
    RecipientUnreachable,
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type of problem.

    Attributes:
        status: The HTTP status.
        title: What every problem of this type has in common.
        says: The detail, where the error's own message is meant for operators; None takes that.
        retry_after: After how many seconds another try is worth it; None if it is not.
    """

    status: int
    title: str
    says: str | None = None
    retry_after: int | None = None


PROBLEMS: Mapping[type[VoxpopError], Kind] = {
    InvalidValue: Kind(status=422, title="A value does not fit"),
    InvalidScore: Kind(status=422, title="The score is not on the scale"),
    CommentTooLong: Kind(status=422, title="The comment is too long"),
    NotFound: Kind(status=404, title="Not found"),
    NotYours: Kind(status=403, title="Sent to somebody else"),
    NotAllowed: Kind(status=403, title="Not allowed"),
    InvitationClosed: Kind(status=410, title="The round is closed"),
    OutOfDate: Kind(status=409, title="Out of date"),
    AlreadyAnswered: Kind(status=409, title="Answered already"),
    IllegalTransition: Kind(status=409, title="Not in this state"),
    CampaignExists: Kind(status=409, title="A round is running already"),
    FeatureExists: Kind(status=409, title="The feature exists already"),
    PlanOutdated: Kind(status=409, title="Another round has just started"),
    NoReminder: Kind(status=409, title="No reminder now"),
    NobodyToAsk: Kind(status=409, title="Nobody to ask"),
    NoRoundRunning: Kind(status=409, title="No round is running"),
    AsksByItself: Kind(status=409, title="The survey asks by itself"),
    HasStopped: Kind(status=409, title="The person wants no surveys"),
    IdempotencyKeyReused: Kind(status=422, title="The Idempotency-Key is of another request"),
    IdempotencyInProgress: Kind(
        status=409, title="The same request is still under way", retry_after=1
    ),
    AlreadyTaken: Kind(status=409, title="Somebody else looks after it"),
    OnlyIdentified: Kind(status=409, title="The survey is not identified"),
    NoConsent: Kind(status=403, title="No consent"),
    AlreadyAsked: Kind(status=409, title="Asked already"),
    NotAsked: Kind(status=409, title="Not asked"),
    NotDelivered: Kind(status=502, title="The message was not delivered"),
    LinkNotValid: Kind(status=404, title="The link is not valid"),
    TicketNotFound: Kind(status=404, title="The request is not known any more"),
    LinkExpired: Kind(status=410, title="The link has expired"),
    StorageUnavailable: Kind(
        status=503,
        title="The database is away",
        says="The database did not answer, so nothing was saved. Please try again in a moment.",
        retry_after=5,
    ),
    NotWritable: Kind(
        status=503,
        title="The database takes no writes",
        says="The database is read-only or its disk is full, so nothing was saved. Reading works.",
        retry_after=60,
    ),
    CommitUnknown: Kind(
        status=503,
        title="The outcome of saving is not known",
        says="The database went away while it was saving. Trying again does no harm.",
        retry_after=5,
    ),
    SchemaMismatch: Kind(
        status=503,
        title="The database has another version",
        says="The database is older or newer than this server; `voxpop db check` says what to do.",
        retry_after=60,
    ),
    RecipientUnreachable: Kind(status=422, title="The person can't be reached"),
    RecipientBusy: Kind(
        status=503,
        title="The person can't be reached just now",
        says="The person's mailbox does not take it just now; nothing was delivered.",
        retry_after=300,
    ),
    PlatformBusy: Kind(
        status=503,
        title="The chat platform is busy",
        says="The chat platform asks for patience; nothing was delivered.",
        retry_after=5,
    ),
    PlatformRefuses: Kind(
        status=503,
        title="The chat platform refuses us",
        says="The chat platform refuses Voxpop until its operator mends it; nothing was delivered.",
        retry_after=60,
    ),
    OutcomeUnknown: Kind(
        status=504,
        title="The outcome is not known yet",
        says="The message may have arrived; it is looked up and never sent twice.",
    ),
    VoxpopError: Kind(status=400, title="Refused"),
}
"""One line per error; an error that has none is treated as its nearest ancestor."""
