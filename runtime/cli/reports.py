"""`voxpop report`: the same figures as in chat."""

import csv
import io
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runtime.cli.common import fail, with_product
from runtime.languages import language
from runtime.wiring import Product
from survey.campaign import Period
from survey.errors import InvalidValue
from survey.report import Report, as_json, as_rows
from survey.wording import reporting


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    PNG = "png"


def report(
    survey: Annotated[str, typer.Argument(help="The survey's name, such as nps.")],
    *,
    period: Annotated[str, typer.Option(help="Which round: 2026Q4; the latest if left out.")] = "",
    by: Annotated[str, typer.Option(metavar="ATTRIBUTE", help="Groups by this attribute.")] = "",
    style: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.TEXT,
    output: Annotated[Path | None, typer.Option(help="A file; otherwise standard output.")] = None,
) -> None:
    """Figures of a round, through the release gate."""
    try:
        when = Period.parse(period) if period else None
    except InvalidValue as error:
        fail(str(error), code=2)

    async def work(product: Product) -> tuple[Report, bytes]:
        made = await product.report(survey, when, by=by or None)
        return made, await _written(product, made, style)

    made, written = with_product(work)
    if style is Format.PNG and made.figures is None:
        fail(reporting.headline(made, language("en")))
    if output is not None:
        try:
            output.write_bytes(written)
        except OSError as error:
            fail(f"I can't write {output}: {error.strerror}.")
        return
    if style is Format.PNG and sys.stdout.isatty():
        fail("A picture is nothing for a terminal: name a file with --output.", code=2)
    sys.stdout.buffer.write(written)


async def _written(product: Product, made: Report, style: Format) -> bytes:
    english = language("en")
    match style:
        case Format.TEXT:
            return (reporting.report_text(made, english) + "\n").encode()
        case Format.JSON:
            return (json.dumps(as_json(made), ensure_ascii=False, indent=2) + "\n").encode()
        case Format.CSV:
            rows = as_rows(made)
            text = io.StringIO()
            writer = csv.DictWriter(text, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
            return text.getvalue().encode()
        case Format.PNG:
            if made.figures is None:
                return b""
            return await product.charts.report(made, english) or b""
