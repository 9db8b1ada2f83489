"""The last rounds as a picture of their own: a line with its band, and who took part."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.charts.chart import ROUNDS, TEMPLATES, band, ticks, written
from bot.charts.geometry import (
    FLOOR,
    HEIGHT,
    MARGIN,
    RIGHT,
    ROOM,
    TREND_LEFT_ALONE,
    WIDTH,
    Dot,
    Trend,
    trend,
)
from bot.charts.lettering import FAMILY, Line, fitted
from bot.charts.raster import png
from survey.language import Language
from survey.report import Report, RoundPoint, Verdict
from survey.scale import Metric

_VALUE = 19


def trend_svg(report: Report, language: Language) -> str | None:
    """The last eight rounds as an SVG of 1200 by 520 pixels; None if fewer than two have figures.

    Every round says its figure, its period and how many answered; one that differs from the round
    before by more than noise is told in bold.

    Args:
        report: What to show; it holds only what may be shown.
        language: The reader's.
    """
    points = [point for point in report.history[-ROUNDS:] if point.figures.n]
    line = trend(points, metric=report.scale.metric, left=TREND_LEFT_ALONE)
    if line is None:
        return None
    return TEMPLATES.get_template("trend.svg.j2").render(
        sheet={"width": WIDTH, "height": HEIGHT, "left": MARGIN, "right": RIGHT, "floor": FLOOR},
        family=FAMILY,
        left=TREND_LEFT_ALONE,
        subject=fitted(report.subject, size=25, room=ROOM - 320, smallest=18),
        survey=fitted(report.survey, size=15, room=ROOM - 320, smallest=13),
        span=fitted(
            language.text("{first} to {last}", first=points[0].period, last=points[-1].period),
            size=20,
            room=300,
            smallest=12,
        ),
        name=fitted(_name(report, language, rounds=len(points)), size=15, room=ROOM, smallest=11),
        band=band(line),
        line=[(dot.x, dot.y) for dot in line.dots],
        dots=_dots(line, points, language),
        ticks=ticks(line, report.scale.metric, language),
        footnote=fitted(
            language.text(
                "Below each round: how many answered, of those reached. In bold: another figure "
                "than in the round before, by more than noise."
            ),
            size=13,
            room=ROOM,
            smallest=10,
        ),
    )


def trend_png(report: Report, language: Language) -> bytes | None:
    """The same picture as a PNG of 2400 by 1040 pixels; see `png` for where not to call it."""
    svg = trend_svg(report, language)
    return None if svg is None else png(svg)


def _name(report: Report, language: Language, *, rounds: int) -> str:
    if report.scale.metric is Metric.NPS:
        return language.text(
            "Net Promoter Score of the last {n} rounds, with its 95 % band",
            n=language.number(rounds),
        )
    return language.text(
        "CSAT (the two best marks) of the last {n} rounds, with its 95 % band",
        n=language.number(rounds),
    )


def _dots(line: Trend, points: Sequence[RoundPoint], language: Language) -> list[Mapping[str, Any]]:
    return [
        _dot(dot, point, language, room=line.step - 8)
        for dot, point in zip(line.dots, points, strict=True)
    ]


def _dot(dot: Dot, point: RoundPoint, language: Language, *, room: float) -> Mapping[str, Any]:
    value = point.figures.value
    took_part = point.participation
    return {
        "x": dot.x,
        "y": dot.y,
        "value": Line(
            text="" if value is None else written(point.figures, value, language), size=_VALUE
        ),
        "real": point.change is not None and point.change.verdict is Verdict.REAL,
        "label": fitted(f"{dot.label} {dot.year}".strip(), size=15, room=room, smallest=10),
        "answered": fitted(
            language.text(
                "{answered} of {reached}",
                answered=language.number(took_part.answered),
                reached=language.number(took_part.reached),
            ),
            size=14,
            room=room,
            smallest=9,
        ),
        "rate": fitted(language.percent(took_part.response_rate), size=14, room=room, smallest=9),
    }
