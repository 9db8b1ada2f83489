"""What was answered to requests that carry a key of their own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Kept:
    """An answer as it is kept.

    Attributes:
        status: The HTTP status.
        body: Sealed: it may hold a link, and then only its caller is to read it.
        media_type: What kind of thing the body is.
        location: Where else there is something about it; None if nothing was said.
    """

    status: int
    body: str
    media_type: str | None = None
    location: str | None = None


class KeptAnswers(Protocol):
    """Answers by who called and the `Idempotency-Key` of the request."""

    async def begin(self, caller: str, key: str, *, request: str, at: datetime) -> Kept | None:
        """What was answered to this request before; None if it is new, and is under way from now.

        What is kept for longer than a day is as if it had never been. A request that has been
        under way for longer than any may take was lost with its process: it begins anew.

        Args:
            caller: Who calls.
            key: What the request says it is.
            request: A digest of all of it.
            at: Now (UTC).

        Raises:
            IdempotencyKeyReused: If another request came under this key.
            IdempotencyInProgress: If this one is being answered at this moment.
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def keep(self, caller: str, key: str, kept: Kept) -> None:
        """This is the answer to what is under way."""
        ...

    async def drop(self, caller: str, key: str) -> None:
        """There was no answer that is worth keeping: the next request begins anew."""
        ...

    async def forget(self, *, before: datetime) -> int:
        """Forget what came before then; how many there were."""
        ...
