"""`voxpop people`: the roster from a file or a catalogue, who is on it, who is away."""

import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from runtime.cli import roster_preview as preview
from runtime.cli.common import (
    audited,
    fail,
    product_of,
    settings_here,
    show,
    with_product,
    write_json,
)
from runtime.cli.roster_sources import Origin, fetched
from runtime.roster_rules import as_on_roster
from runtime.settings import Settings
from runtime.wiring import Product
from survey.errors import InvalidValue
from survey.ports import Tied
from survey.roster import Column, Form, Listed, Prune, Row, Table, parse_absence, read_table
from survey.roster.reading import MAX_BYTES
from survey.usecases.import_people import Imported, Progress

CSV = "csv"
"""The source of everybody who comes from a file."""

app = typer.Typer(help="The roster: who can be asked.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only tell what would change; nothing is written.")
]
PruneMissing = Annotated[
    bool,
    typer.Option("--prune", help="Deactivate who came from the same source and is missing now."),
]
PruneEvenMost = Annotated[
    bool,
    typer.Option(
        "--prune-even-most", help="The same, also if that is more than half of them, or all."
    ),
]
SkipRefused = Annotated[
    bool, typer.Option("--skip-refused", help="Bring in the other rows although some are refused.")
]
Who = Annotated[str, typer.Argument(metavar="EMAIL", help="Who.")]


def _prune(*, missing: bool, even_most: bool) -> Prune:
    if even_most:
        return Prune.EVEN_MOST
    return Prune.MISSING if missing else Prune.NOBODY


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The roster.")],
    *,
    dry_run: DryRun = False,
    prune: PruneMissing = False,
    prune_even_most: PruneEvenMost = False,
    skip_refused: SkipRefused = False,
    encoding: Annotated[
        str, typer.Option(metavar="NAME", help="What it is written in; else it is found out.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Bring a CSV file in: all of it, or nothing while a row is refused; exit 1 then."""
    try:
        table = read_table(_content(file), encoding=encoding or None)
    except InvalidValue as error:
        fail(f"{file}: {error}")
    _bring_in(
        settings_here(),
        table.columns,
        table,
        form=table.form,
        source=CSV,
        prune=_prune(missing=prune, even_most=prune_even_most),
        dry_run=dry_run,
        skip_refused=skip_refused,
        as_json=as_json,
        total=_line_count(table),
    )


def _content(file: Path) -> bytes:
    if str(file) in {"-", "/dev/stdin"}:
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        if not file.is_file() and file.exists():
            fail(f"{file} is no file: give a file, or - for what is piped in.")
        if file.is_file() and file.stat().st_size > MAX_BYTES:
            fail(f"{file} has more than {MAX_BYTES // 1024**2} MB: split it.")
        return file.read_bytes()
    except OSError as error:
        fail(f"I can't read {file}: {error.strerror}.")


def _line_count(table: Table) -> int:
    ends = max(table.content.count(b"\n"), table.content.count(b"\r"))
    return ends - 1 + (not table.content.endswith((b"\n", b"\r")))


@app.command()
def sync(
    origin: Annotated[Origin, typer.Argument(help="Where the roster is fetched from.")],
    *,
    dry_run: DryRun = False,
    prune: PruneMissing = False,
    prune_even_most: PruneEvenMost = False,
    skip_refused: SkipRefused = False,
    as_json: Json = False,
) -> None:
    """Fetch the roster: Backstage's users, a Mattermost team's members, or Slack's."""
    settings = settings_here()
    with preview.progress_bar(None) as told:
        columns, rows, skipped = fetched(origin, settings, told=lambda done: told("Fetching", done))
    _bring_in(
        settings,
        columns,
        rows,
        form=None,
        source=origin.value,
        prune=_prune(missing=prune, even_most=prune_even_most),
        dry_run=dry_run,
        skip_refused=skip_refused,
        as_json=as_json,
        total=len(rows),
        skipped=skipped,
    )


def _bring_in(
    settings: Settings,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    form: Form | None,
    source: str,
    prune: Prune,
    dry_run: bool,
    skip_refused: bool,
    as_json: bool,
    total: int,
    skipped: str = "",
) -> None:
    """Bring a roster in and tell about it; exit 1 if refused rows hold it back."""

    async def work(told: Progress) -> tuple[Imported, Mapping[str, Tied]]:
        async with product_of(settings) as product:
            if not dry_run:
                action = "people.imported" if source == CSV else "people.synced"
                await audited(product, action, source)
            done = await product.import_people(
                columns,
                rows,
                source=source,
                prune=prune,
                skip_refused=skip_refused,
                dry_run=dry_run,
                progress=told,
            )
            if not done.written:
                return done, {}
            return done, await product.tie_imported()

    if not as_json:
        _say([*(preview.told_form(form) if form else []), *preview.told_columns(columns)])
    with preview.progress_bar(total) as told:
        done, tied = asyncio.run(work(told))
    if as_json:
        outcome = preview.outcome_json(done, dry_run=dry_run, columns=columns, form=form)
        if tied:
            outcome |= {"accounts_found": sum(one.tied for one in tied.values())}
        write_json({**outcome, **({"left_out": skipped} if skipped else {})})
    else:
        if skipped:
            _say([f"Left out: {skipped}."])
        _say(preview.told_sample(done.sample))
        _say(
            preview.told_outcome(
                done, dry_run=dry_run, prune=prune, skip_refused=skip_refused, source=source
            )
        )
        _say(
            f"{found.tied} of them were found in {platform.title()} by their e-mail."
            for platform, found in tied.items()
            if found.tied
        )
    if done.faulty and not skip_refused:
        sys.exit(1)


def _say(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


@app.command("list")
def list_people(
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Only who has this; may be given several times."),
    ] = None,
    *,
    inactive: Annotated[
        bool, typer.Option("--inactive", help="Those who have left, instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List everybody who can be asked."""
    wanted: dict[str, str] = {}
    for given in attribute or []:
        name, sign, value = given.partition("=")
        if not (name and sign):
            fail(f"{given!r} is no attribute with its value: write --attribute team=Sales.", code=2)
        wanted[name.strip()] = value.strip()

    async def work(product: Product) -> Sequence[Listed]:
        await audited(product, "people.listed", "those who left" if inactive else "the roster")
        return await product.roster.listing(attributes=wanted, inactive=inactive)

    columns = ["email", "name", "timezone", "locale", "attributes", "active", "source"]
    columns += ["away_from", "away_until"]
    show(columns, [_line(one, as_json=as_json) for one in with_product(work)], as_json=as_json)


def _line(one: Listed, *, as_json: bool) -> tuple[object, ...]:
    attributes: object = dict(one.attributes)
    if not as_json:
        attributes = ", ".join(f"{name}={value}" for name, value in one.attributes.items())
    return (
        one.email,
        one.name,
        one.timezone,
        one.locale,
        attributes,
        one.active,
        one.source,
        one.away_from,
        one.away_until,
    )


@app.command()
def away(
    email: Who,
    *,
    begins: Annotated[
        str, typer.Option("--from", metavar="DATE", help="The first day, such as 2026-12-24.")
    ] = "",
    ends: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day.")] = "",
    clear: Annotated[bool, typer.Option("--clear", help="They are not away after all.")] = False,
) -> None:
    """Note an absence: nobody is asked on days on which they are away."""
    if clear == bool(begins or ends):
        fail("Give --from, --until or both; or --clear alone.", code=2)
    try:
        first, last = parse_absence(begins, ends)
    except InvalidValue as error:
        told = str(error).replace("away_from", "--from").replace("away_until", "--until")
        fail(told, code=2)

    async def work(product: Product) -> bool:
        await audited(product, "people.noted_away", "one person")
        return await product.roster.set_away(as_on_roster(email), begins=first, ends=last)

    if not with_product(work):
        fail(f"Nobody on the roster has the e-mail {email}.")
    if clear:
        _say([f"{email} is not away."])
        return
    begin = f" from {first}" if first else ""
    end = f" until {last}" if last else ""
    _say([f"{email} is away{begin}{end}."])
