"""The audit log, as the rules need it."""

from collections.abc import Sequence
from typing import Protocol

from survey.audit import Entry, Line, Verification


class AuditLog(Protocol):
    """Who asked for what. Nothing is answered that could not be written here before."""

    async def append(self, entry: Entry) -> None:
        """Write one line after the last; everybody who writes waits their turn.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def latest(self, limit: int) -> Sequence[Line]:
        """The last lines, newest first."""
        ...

    async def verify(self) -> Verification:
        """Check every line, from the first to the last or to the first that does not fit."""
        ...
