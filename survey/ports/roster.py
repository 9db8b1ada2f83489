"""The roster as a whole: brought in from elsewhere, listed, kept up to date."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from survey.roster import Changes, Entry, Listed, Meaning, Prune


class Roster(Protocol):
    """Everybody, as a roster says it."""

    async def bring_in(
        self,
        entries: Sequence[Entry],
        *,
        columns: frozenset[Meaning],
        kept: Collection[str] = (),
        source: str,
        prune: Prune = Prune.NOBODY,
        at: datetime,
        dry_run: bool = False,
        told: Callable[[int], None] | None = None,
    ) -> Changes:
        """Add people, and bring up to date those of whom something differs; set-based.

        A person belongs to the source that brought them first, or back; only that one prunes them.

        Args:
            entries: Each e-mail once.
            columns: What the roster has; what it has not stays as it is.
            kept: E-mails, lower case, that are on the roster and not among the entries: they are
                not pruned.
            source: Where the roster comes from.
            prune: Who leaves: their unanswered questions are withdrawn, planned messages skipped.
            at: Now.
            dry_run: Only tell; nothing is locked.
            told: Is called with how many entries are done.

        Raises:
            InvalidValue: If more than half of the source's people would leave, or all.
            StorageUnavailable: If the database did not take it; nothing is saved.
        """
        ...

    async def listing(
        self, *, attributes: Mapping[str, str], inactive: bool = False
    ) -> Sequence[Listed]:
        """Everybody active who has these attributes, or everybody who is not; by e-mail."""
        ...

    async def set_away(self, email: str, *, begins: date | None, ends: date | None) -> bool:
        """Their absence, by local days; None for none. Whether we know them."""
        ...
