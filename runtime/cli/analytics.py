"""`voxpop report` of a survey without rounds: figures over a span of time."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from runtime.cli.common import audited, fail
from runtime.languages import language
from runtime.wiring import Product
from survey.analytics import Analytics
from survey.audit import about_round
from survey.campaign import Period
from survey.report import safe_cell
from survey.wording import analytics as wording
from webapp.api.analytics import as_told

STYLES = ("text", "json", "csv", "png")


@dataclass(frozen=True, kw_only=True)
class Span:
    """What was asked for."""

    survey: str
    period: Period | None
    days: int | None
    by: str | None


async def over_time(product: Product, asked: Span, style: str) -> bytes:
    """The figures of a span as they are written: text, json, csv, or a picture."""
    analyse = product.looking_after.analyse
    since = until = None
    if asked.period is not None:
        since, until = analyse.quarter(asked.period)
    elif asked.days is not None:
        since = product.clock() - timedelta(days=asked.days)
    await audited(product, "report.read", about_round(asked.survey, by=asked.by))
    found = await analyse(asked.survey, since=since, until=until, by=asked.by)
    english, zone = language("en"), analyse.zone
    if style not in STYLES:
        fail(f"Figures over a span of time are written as {', '.join(STYLES)}.", code=2)
    match style:
        case "text":
            return f"{wording.analytics_text(found, english, zone=zone)}\n".encode()
        case "json":
            told = as_told(found).model_dump(mode="json")
            return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()
        case "csv":
            return _rows(found).encode()
        case _:
            if not found.figures.n:
                fail(wording.headline(found, english))
            drawn = wording.as_report(found, english, zone=zone)
            return await product.charts.report(drawn, english) or b""


def _rows(found: Analytics) -> str:
    """A row for all, and one a group; a mark has a column each."""
    text = io.StringIO()
    marks = [f"rating_{mark}" for mark in found.survey.scale.values]
    names = ["group", "responses", "avg_rating", "csat_percentage", "top_two_pct", *marks]
    writer = csv.DictWriter(text, fieldnames=names)
    writer.writeheader()
    rows = [("", found.distribution), *((one.value, one.distribution) for one in found.groups)]
    told = as_told(found)
    whole: dict[str, Any] = {
        "responses": told.total_responses,
        "avg_rating": told.avg_rating,
        "csat_percentage": told.csat_percentage,
        "top_two_pct": None if told.top_two is None else told.top_two.percentage,
    }
    figures = [whole, *(group.model_dump(exclude={"value"}) for group in told.groups)]
    for (name, counts), shown in zip(rows, figures, strict=True):
        each = zip(marks, counts.counts.values(), strict=True)
        writer.writerow({"group": safe_cell(name), **shown, **dict(each)})
    return text.getvalue()
