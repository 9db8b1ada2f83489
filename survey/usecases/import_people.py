"""Bring a roster in, or only tell what that would change."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from survey.errors import InvalidValue
from survey.ports import Clock, Roster
from survey.roster import (
    Changes,
    Checked,
    Column,
    Entry,
    Prune,
    Refused,
    Row,
    Rules,
    check_rows,
)
from survey.roster.checking import told_place

Progress = Callable[[str, int], None]
"""Is called with what is being done, and how many rows of it are done."""
SAMPLE = 3


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of a roster.

    Attributes:
        rows: How many there were.
        changes: What was changed, or would be.
        refused: Rows that were left out, in their order.
        sample: The first people as they were understood.
        written: Whether it was done; False in a dry run, and if rows are faulty.
    """

    rows: int
    changes: Changes
    refused: Sequence[Refused]
    sample: Sequence[Entry]
    written: bool

    @property
    def faulty(self) -> Sequence[Refused]:
        """Those that hold the rest back until they are mended or skipped."""
        return [row for row in self.refused if row.faulty]


@dataclass(frozen=True, kw_only=True)
class ImportPeople:
    """All of a roster in one transaction, or nothing of it."""

    roster: Roster
    rules: Rules
    clock: Clock

    async def __call__(
        self,
        columns: Sequence[Column],
        rows: Iterable[Row],
        *,
        source: str,
        prune: Prune = Prune.NOBODY,
        skip_refused: bool = False,
        dry_run: bool = False,
        progress: Progress = lambda _what, _done: None,
    ) -> Imported:
        """Check every row, then bring in those that are in order.

        Args:
            columns: What the cells mean; what is in none of them is left as it is.
            rows: Each is read once.
            source: Where the roster comes from, at most 32 characters.
            prune: Who leaves because this roster has them no more.
            skip_refused: Bring in the others although rows are faulty.
            dry_run: Only tell.
            progress: Is told how far it is.

        Raises:
            InvalidValue: If there is nobody in it, or pruning it would be a mistake.
        """
        checked = check_rows(
            columns, rows, self.rules, told=lambda done: progress("Checking", done)
        )
        number = len(checked.entries) + len(checked.refused)
        _require_sense(checked, prune)
        faulty = bool(checked.refused)
        write = not dry_run and (skip_refused or not faulty)
        changes = await self.roster.bring_in(
            checked.entries,
            columns=frozenset(column.means for column in columns),
            kept=_only_refused(checked),
            source=source,
            prune=prune,
            at=self.clock(),
            dry_run=not write,
            told=lambda done: progress("Comparing", done),
        )
        _refuse(checked, frozenset(changes.forgotten))
        checked.refused.sort(key=_order)
        return Imported(
            rows=number,
            changes=changes,
            refused=checked.refused,
            sample=checked.entries[:SAMPLE],
            written=write,
        )


def _only_refused(checked: Checked) -> set[str]:
    """Who is on the roster in refused rows only: not brought in, and not missing either."""
    return {row.email for row in checked.refused if row.email} - {
        entry.email for entry in checked.entries
    }


def _require_sense(checked: Checked, prune: Prune) -> None:
    if not checked.entries and not checked.refused and prune is not Prune.EVEN_MOST:
        raise InvalidValue("There is nobody in this roster; nothing was changed.")
    if prune is Prune.NOBODY:
        return
    unreadable = [row for row in checked.refused if not row.email]
    if unreadable:
        raise InvalidValue(
            f"The e-mail of {len(unreadable)} rows can't be read (the first: "
            f"{told_place(unreadable[0].place)}, {unreadable[0].reason}), so who is missing can't "
            "be told, and nobody is pruned. Mend them, or import without pruning."
        )


def _refuse(checked: Checked, forgotten: AbstractSet[str]) -> None:
    """Their rows are in order and are left out all the same."""
    if not forgotten:
        return
    checked.refused.extend(
        Refused(
            place=entry.place,
            email=entry.email,
            reason="asked to be forgotten",
            mend="nothing to mend: they are left out",
            faulty=False,
        )
        for entry in checked.entries
        if entry.email in forgotten
    )
    checked.entries[:] = [entry for entry in checked.entries if entry.email not in forgotten]


def _order(row: Refused) -> tuple[bool, int]:
    return (isinstance(row.place, str), row.place if isinstance(row.place, int) else 0)
