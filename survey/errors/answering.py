"""Why an answer is not taken."""

from survey.errors.base import VoxpopError


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


class TicketNotFound(VoxpopError):
    """A link of ours to a request that is known no more: whoever opened it was forgotten."""

    code = "ticket_not_found"

    def __init__(self) -> None:
        super().__init__("We couldn't find the support request this feedback relates to.")


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
