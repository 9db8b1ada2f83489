"""Everything that the product can refuse, as one tree.

An error's message is the sentence that an operator reads; what a person reads in chat is
worded in `survey.wording.refusals`, what a program reads is mapped in `webapp.problems`.
"""


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


class NotFound(VoxpopError):
    """A survey, campaign, person or invitation that is not known."""

    code = "not_found"


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


class CampaignExists(VoxpopError):
    """A round of this survey is running already."""

    code = "campaign_exists"


class NobodyToAsk(VoxpopError):
    """A round was started, and nobody is left to be asked."""

    code = "nobody_to_ask"


class StorageUnavailable(VoxpopError):
    """The database did not take it; nothing was saved."""

    code = "unavailable"


class SchemaMismatch(VoxpopError):
    """The database's schema is older or newer than this version serves."""

    code = "schema_mismatch"
