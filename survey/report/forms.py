"""A report for programs: as JSON (`docs`: Report JSON) and as rows for spreadsheets."""

from typing import Any

from survey.report.document import GroupFigures, Report, RoundPoint
from survey.report.headline import Change, Figures
from survey.scale import Scale
from survey.statistics import CONFIDENCE, Interval

Cell = str | int | float | None
"""One cell of a row; texts are safe to open, numbers are numbers, None is empty."""

_FORMULA_STARTS = tuple("=+-@＝＋－＠")  # noqa: RUF001 - spreadsheets read full-width ones too
_CELL_STARTS = tuple("\t\r\n")
_UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""What stands before a formula, does not show, and is no space to Python."""


def as_json(report: Report) -> dict[str, Any]:
    """The Report JSON: shares are fractions of 1, NPS is -100 to 100.

    Figures that are withheld, or that nobody's answers make, are null.
    """
    figures = report.figures
    return {
        "survey": report.survey,
        "subject": report.subject,
        "campaign": report.campaign,
        "period": report.period,
        "state": report.state,
        "mode": report.mode,
        "k": report.k,
        "invited": report.participation.invited,
        "reached": report.participation.reached,
        "answered": report.participation.answered,
        "response_rate": report.participation.response_rate,
        "target_response_rate": report.target_response_rate,
        "counted": figures.n if figures else 0,
        "pending": report.pending,
        **_headline(report.scale, figures),
        "confidence": CONFIDENCE,
        **_details(figures),
        "distribution": _distribution(report),
        "change": _change(report.change),
        "groups": [_group(report.scale, group) for group in report.groups],
        "groups_withheld": report.groups_withheld,
        "history": [_point(report.scale, point) for point in report.history],
    }


def as_rows(report: Report) -> list[dict[str, Cell]]:
    """The report as flat rows with the same columns: one for everyone, then one per group.

    Who took part and how many gave which mark (`marks_0` …) is known of everyone only; a
    suppressed group has empty figures. Every text is passed through `safe_cell`.
    """
    everyone = _row(
        report,
        attribute="",
        value="",
        figures=report.figures,
        suppressed=report.figures is None and report.participation.answered > 0,
    )
    taking_part = report.participation
    everyone |= {
        "invited": taking_part.invited,
        "reached": taking_part.reached,
        "answered": taking_part.answered,
        "response_rate": taking_part.response_rate,
        "pending": report.pending,
    }
    for mark, count in (_distribution(report) or {}).items():
        everyone[f"marks_{mark}"] = count
    return [everyone] + [
        _row(
            report,
            attribute=group.attribute,
            value=group.value,
            figures=group.figures,
            suppressed=group.figures is None,
        )
        for group in report.groups
    ]


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before what might be one.

    Source: OWASP, "CSV Injection" (cells that start with = + - @, tab, CR or LF, full-width forms
    included). Spaces before it are no help: some spreadsheets trim them.
    """
    bare = text
    while bare != (bare := bare.lstrip().lstrip(_UNSEEN)):
        pass
    return f"'{text}" if bare.startswith(_FORMULA_STARTS) or text.startswith(_CELL_STARTS) else text


def _headline(scale: Scale, figures: Figures | None) -> dict[str, Any]:
    return {
        scale.metric.value: figures.value if figures else None,
        "interval": _interval(figures.interval) if figures else None,
    }


def _details(figures: Figures | None) -> dict[str, Any]:
    told = figures if figures and figures.n else None
    return {
        "band": told.band.value if told and told.band else None,
        "promoters": told.promoters if told else None,
        "passives": told.passives if told else None,
        "detractors": told.detractors if told else None,
        "mean": told.mean if told else None,
        "csat_percentage": told.csat_percentage if told else None,
    }


def _interval(interval: Interval | None) -> list[float] | None:
    return [interval.low, interval.high] if interval else None


def _distribution(report: Report) -> dict[str, int] | None:
    if report.figures is None or report.distribution is None:
        return None
    return {str(mark): count for mark, count in report.distribution.counts.items()}


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "from": change.since,
        "difference": change.difference,
        "verdict": change.verdict.value,
    }


def _group(scale: Scale, group: GroupFigures) -> dict[str, Any]:
    named = {"attribute": group.attribute, "value": group.value}
    if group.figures is None:
        return named | {"suppressed": True}
    return named | {"n": group.figures.n} | _headline(scale, group.figures)


def _point(scale: Scale, point: RoundPoint) -> dict[str, Any]:
    return {
        "campaign": point.campaign,
        "period": point.period,
        "n": point.figures.n,
        "reached": point.participation.reached,
        "answered": point.participation.answered,
        "response_rate": point.participation.response_rate,
        **_headline(scale, point.figures),
        "change": _change(point.change),
    }


def _row(
    report: Report, *, attribute: str, value: str, figures: Figures | None, suppressed: bool
) -> dict[str, Cell]:
    interval = figures.interval if figures else None
    return {
        "survey": safe_cell(report.survey),
        "campaign": safe_cell(report.campaign),
        "period": safe_cell(report.period),
        "mode": safe_cell(report.mode),
        "attribute": safe_cell(attribute),
        "value": safe_cell(value),
        "suppressed": "yes" if suppressed else "no",
        "invited": None,
        "reached": None,
        "answered": None,
        "response_rate": None,
        "pending": None,
        "counted": figures.n if figures else None,
        report.scale.metric.value: figures.value if figures else None,
        "interval_low": interval.low if interval else None,
        "interval_high": interval.high if interval else None,
        "confidence": CONFIDENCE,
        **_details(figures),
        **{f"marks_{mark}": None for mark in report.scale.values},
    }
