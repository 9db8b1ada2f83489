"""`voxpop report`, `comments` and `export`: the same figures and words as in chat."""

import csv
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runtime.cli.common import audited, fail, with_product, write_json
from runtime.languages import language
from runtime.wiring import Product
from survey.audit import about_round
from survey.campaign import Period
from survey.errors import InvalidValue
from survey.report import (
    BOM,
    Report,
    RoundComments,
    as_answer,
    as_json,
    as_rows,
    export_csv,
    export_json,
)
from survey.wording import comments as wording
from survey.wording import comparing, reporting


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    PDF = "pdf"
    PNG = "png"


class ExportFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSON = "json"


def report(
    survey: Annotated[str, typer.Argument(help="The survey's name, such as nps.")],
    *,
    period: Annotated[str, typer.Option(help="Which round: 2026Q4; the latest if left out.")] = "",
    by: Annotated[
        str, typer.Option(metavar="ATTRIBUTE", help="Groups by this attribute; * for all.")
    ] = "",
    days: Annotated[
        int | None,
        typer.Option(min=1, max=366, help="Answers of so many days; where names are."),
    ] = None,
    style: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
    output: Annotated[Path | None, typer.Option(help="A file; otherwise standard output.")] = None,
) -> None:
    """Figures of a round, through the release gate.

    Of an identified survey without rounds: those of the last 30 days, a quarter, or --days.
    """
    when = _period(period)
    if when is not None and days is not None:
        fail("Give either --period or --days.", code=2)

    async def work(product: Product) -> None:
        known = product.settings.surveys.get(survey)
        if days is not None or (known is not None and known.after is not None and not known.gated):
            # What writes them loads the HTTP interface, which no other report needs.
            from runtime.cli.analytics import Span, over_time  # noqa: PLC0415

            asked = Span(survey=survey, period=when, days=days, by=by or None)
            await _write(
                _once(await over_time(product, asked, style.value)),
                output,
                csv_file=style is Format.CSV,
            )
            return
        campaign = await product.report.campaign(survey, when)
        await audited(product, "report.read", about_round(campaign.name, by=by or None))
        made = await product.report(survey, campaign.period, by=by or None)
        if style is Format.PNG and made.figures is None:
            fail(reporting.headline(made, language("en")))
        written = _once(await _written(product, made, style))
        await _write(written, output, csv_file=style is Format.CSV)

    if style in {Format.PDF, Format.PNG} and output is None and sys.stdout.isatty():
        fail("That is nothing for a terminal: name a file with --output.", code=2)
    with_product(work)


def comments(
    survey: Annotated[str, typer.Argument(help="The survey's name, such as nps.")],
    *,
    period: Annotated[str, typer.Option(help="Which round: 2026Q4; the latest if left out.")] = "",
    as_object: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What people wrote, as far as it may be read."""
    when = _period(period)

    async def work(product: Product) -> RoundComments:
        campaign = await product.report.campaign(survey, when)
        await audited(product, "comments.read", campaign.name)
        return await product.read_comments(survey, when)

    found = with_product(work)
    if not as_object:
        sys.stdout.write(f"{wording.comments_text(found, language('en'))}\n")
        return
    named = found.mode == "identified"
    told = [as_answer(one) for one in found.named] if named else list(found.unnamed)
    write_json(
        {
            "campaign": found.campaign,
            "mode": found.mode,
            "withheld": found.withheld,
            "comments": None if found.withheld else told,
        }
    )


def export(
    campaign: Annotated[str, typer.Argument(help="The round: nps/2026Q4; nps for the latest.")],
    *,
    style: Annotated[
        ExportFormat, typer.Option("--format", help="How it is written.")
    ] = ExportFormat.CSV,
    output: Annotated[Path | None, typer.Option(help="A file; otherwise standard output.")] = None,
) -> None:
    """A round as a file, through the release rules.

    Where names are a row per answer; elsewhere figures and comments, and no row per person.
    """
    survey, _, period = campaign.partition("/")
    when = _period(period)

    async def work(product: Product) -> None:
        found = await product.report.campaign(survey, when)
        await audited(product, "export.made", found.name)
        export = await product.export(survey, found.period)
        pieces = export_json(export) if style is ExportFormat.JSON else export_csv(export)
        encoded = (piece.encode() async for piece in pieces)
        await _write(encoded, output, csv_file=style is ExportFormat.CSV)

    with_product(work)


async def _write(pieces: AsyncIterator[bytes], output: Path | None, *, csv_file: bool) -> None:
    """To standard output, or a whole file or none.

    It stands under its name once it is complete, for its owner alone; spreadsheets tell by the
    mark at the start of a CSV file that it is UTF-8.
    """
    if output is None:
        async for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    beside = output.with_name(f".{output.name}.part")
    try:
        with suppress(FileNotFoundError):
            beside.unlink()
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(BOM.encode() if csv_file else b"")
            async for piece in pieces:
                file.write(piece)
        beside.replace(output)
    except OSError as error:
        fail(f"I can't write {output}: {error.strerror}.")
    finally:
        beside.unlink(missing_ok=True)


async def _once(whole: bytes) -> AsyncIterator[bytes]:
    yield whole


def _period(typed: str) -> Period | None:
    try:
        return Period.parse(typed) if typed else None
    except InvalidValue as error:
        fail(str(error), code=2)


async def _written(product: Product, made: Report, style: Format) -> bytes:
    english = language("en")
    match style:
        case Format.TEXT:
            lines = [reporting.report_text(made, english), *_rounds(made)]
            return "".join(f"{line}\n" for line in lines).encode()
        case Format.JSON:
            return (json.dumps(as_json(made), ensure_ascii=False, indent=2) + "\n").encode()
        case Format.CSV:
            rows = as_rows(made)
            text = io.StringIO()
            writer = csv.DictWriter(text, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
            return text.getvalue().encode()
        case Format.PDF:
            return await _document(product, made)
        case Format.PNG:
            if made.figures is None:
                return b""
            return await product.charts.report(made, english) or b""


def _rounds(made: Report) -> list[str]:
    """The rounds below the report, as far as there are several."""
    lines = comparing.compare_lines(made, language("en"))
    return [f"  {line}" for line in lines] if len(lines) > 1 else []


async def _document(product: Product, made: Report) -> bytes:
    try:
        # The extra may not be there, and nothing else needs it.
        from runtime.report_pdf import Pictures, report_pdf  # noqa: PLC0415
    except ImportError:
        fail(
            "A PDF needs the extra `pdf`, which is not installed: pip install 'voxpop[pdf]'. "
            "The formats text, json, csv and png need nothing more."
        )
    english = language("en")
    pictures = Pictures(
        report=None if made.figures is None else await product.charts.report(made, english),
        trend=await product.charts.trend(made, english),
    )
    return report_pdf(made, pictures, english, made_at=product.clock())
