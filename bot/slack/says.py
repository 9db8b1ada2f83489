"""What Slack says when it does not do as it was asked, as one error."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from survey.errors import VoxpopError

LONGEST_PATIENCE = timedelta(hours=1)
"""What is asked for beyond this is a mistake of somebody's clock."""
RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
OF_THE_TOKEN = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
"""The token is no good; another one may be."""
_UNKNOWN = frozenset({"fatal_error", "internal_error", "service_unavailable"})
"""After these, says Slack, some of it may have been done."""
_WORD = re.compile("[a-z0-9_]{1,100}")
_TOO_MANY = 429


class SlackSays(VoxpopError):
    """Slack refused, or nobody knows what it did; the message says what it said.

    Attributes:
        status: The HTTP status; None if there was no answer. Most refusals have 200.
        error: Slack's word for it: `channel_not_found`; a sentence of ours where it said none.
        needed: The scopes that the token lacks, where Slack names them.
        details: What Slack tells about the arguments that it does not take.
        retry_after: For how long this method wants to be left alone, where Slack says so.
        reached: Whether the request may have come to Slack.
    """

    def __init__(
        self,
        status: int | None,
        error: str,
        *,
        needed: str = "",
        details: Sequence[str] = (),
        retry_after: timedelta | None = None,
        reached: bool = True,
    ) -> None:
        self.status = status
        self.error = error
        self.needed = needed
        self.details = tuple(details)
        self.retry_after = retry_after
        self.reached = reached
        number = "" if status is None or self.is_a_word else f"{status} "
        because = "; ".join(self.details)
        super().__init__(
            f"Slack: {number}{error}"
            f"{f', the token lacks {needed}' if needed else ''}{f' ({because})' if because else ''}"
        )

    @property
    def is_a_word(self) -> bool:
        """Whether Slack itself said it, and nothing in between did."""
        return _WORD.fullmatch(self.error) is not None

    @property
    def busy(self) -> bool:
        """Whether it wants to be left alone for now."""
        return self.status == _TOO_MANY or self.error in RATE_LIMITED

    @property
    def outcome_known(self) -> bool:
        """Whether it surely did nothing: it refused, or never heard of it."""
        if self.status is None or not self.reached:
            return not self.reached
        if self.error in _UNKNOWN:
            return False
        if self.status < 300:  # noqa: PLR2004 - an answer that can be read is Slack's own
            return self.is_a_word
        return self.status < 500  # noqa: PLR2004 - what HTTP calls a refusal


def patience(text: str | None) -> timedelta | None:
    """What a `Retry-After` asks for: seconds from now on, or a proxy's date; at most an hour."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    if not math.isfinite(seconds):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), LONGEST_PATIENCE.total_seconds()))
