"""What `voxpop people import` and `sync` tell: for people as lines, for programs as JSON."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bar

from survey.roster import Column, Entry, Form, Meaning, Prune, Refused
from survey.roster.checking import told_place
from survey.usecases.import_people import Imported, Progress

FIRST = 10
"""How many refused rows are told; `--json` tells all."""
MEANINGS = {
    Meaning.EMAIL: "whose row it is",
    Meaning.NAME: "their name",
    Meaning.TIMEZONE: "their time zone",
    Meaning.LOCALE: "their language",
    Meaning.MATTERMOST: "their Mattermost account",
    Meaning.SLACK: "their Slack account",
    Meaning.AWAY_FROM: "the first day of an absence",
    Meaning.AWAY_UNTIL: "the last day of an absence",
    Meaning.HOLIDAYS: "whose public holidays they have",
    Meaning.ATTRIBUTE: "an attribute, to choose and to group people by",
}


@contextmanager
def progress_bar(total: int | None) -> Iterator[Progress]:
    """A bar on a terminal; elsewhere nothing, so that logs have no half lines."""
    if not sys.stderr.isatty():
        yield lambda _what, _done: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def told(what: str, done: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield told


def told_form(form: Form) -> list[str]:
    """How a file is written, in lines."""
    lines = [f"Written in {form.encoding}, {form.delimited_by}, line ends {form.line_ends}."]
    if not form.sure:
        lines.append(
            f"It is not UTF-8; {form.encoding} fits. Look at the names below: if they are wrong, "
            "say what it is with --encoding."
        )
    return lines


def told_columns(columns: Sequence[Column]) -> list[str]:
    """A line per column."""
    width = max(len(column.name) for column in columns)
    lines = ["Columns:"]
    for column in columns:
        near = f"; did you mean {column.near}?" if column.near else ""
        lines.append(f"  {column.name:<{width}}  {MEANINGS[column.means]}{near}")
    return lines


def told_sample(sample: Sequence[Entry]) -> list[str]:
    """The first people as they were understood."""
    if not sample:
        return []
    return ["The first rows, as they were understood:", *(f"  {_person(one)}" for one in sample)]


def _person(entry: Entry) -> str:
    parts = [f"{entry.name} <{entry.email}>", entry.timezone, entry.locale]
    parts += [f"{name}={value}" for name, value in entry.attributes.items()]
    parts += [f"{one.platform} {one.user_id}" for one in entry.addresses]
    if entry.away_from or entry.away_until:
        parts.append(f"away {entry.away_from or '…'} to {entry.away_until or '…'}")
    return ", ".join(part for part in parts if part)


def told_outcome(
    done: Imported, *, dry_run: bool, prune: Prune, skip_refused: bool, source: str
) -> list[str]:
    """What was changed, or would be, and which rows were refused."""
    changes = done.changes
    counts = (
        f"{done.rows} {'row' if done.rows == 1 else 'rows'}: "
        f"{changes.new} new, {changes.changed} changed, "
        f"{changes.unchanged} unchanged, {changes.reactivated} back, "
        f"{changes.deactivated} deactivated, {len(done.refused)} refused."
    )
    lines = [counts]
    if changes.missing and prune is Prune.NOBODY:
        lines.append(
            f"{changes.missing} active people of the source {source} are not on this roster and "
            "stay; --prune deactivates them."
        )
    lines += _told_refused(done.refused)
    if done.written:
        lines.append("Done.")
    elif done.faulty and not skip_refused:
        lines.append(
            "Nothing was imported: mend these rows, or import the others with --skip-refused."
        )
    elif dry_run:
        lines.append("This was a dry run: nothing was changed.")
    return lines


def _told_refused(refused: Sequence[Refused]) -> list[str]:
    lines = [
        f"  {told_place(row.place)}: {row.reason}; {row.mend}"
        if not row.email or row.email in row.reason
        else f"  {told_place(row.place)}, {row.email}: {row.reason}; {row.mend}"
        for row in refused[:FIRST]
    ]
    more = len(refused) - FIRST
    if more > 0:
        lines.append(f"  … and {more} more; --json tells them all.")
    return ["Refused:", *lines] if lines else []


def _form_json(form: Form) -> dict[str, object]:
    return {
        "encoding": form.encoding,
        "sure": form.sure,
        "delimiter": form.delimiter,
        "line_ends": form.line_ends,
    }


def outcome_json(
    done: Imported, *, dry_run: bool, columns: Sequence[Column], form: Form | None
) -> dict[str, Any]:
    """The same for programs, with every refused row."""
    changes = done.changes
    return {
        **({"file": _form_json(form)} if form else {}),
        "columns": [
            {"column": column.name, "means": column.means.value, "near": column.near}
            for column in columns
        ],
        "dry_run": dry_run,
        "written": done.written,
        "rows": done.rows,
        "new": changes.new,
        "changed": changes.changed,
        "unchanged": changes.unchanged,
        "reactivated": changes.reactivated,
        "deactivated": changes.deactivated,
        "missing": changes.missing,
        "refused": [
            {
                ("line" if isinstance(row.place, int) else "entity"): row.place,
                "email": row.email or None,
                "reason": row.reason,
                "mend": row.mend,
                "faulty": row.faulty,
            }
            for row in done.refused
        ],
        "sample": [
            {
                "email": entry.email,
                "name": entry.name,
                "timezone": entry.timezone,
                "locale": entry.locale,
                "attributes": dict(entry.attributes),
            }
            for entry in done.sample
        ],
    }
