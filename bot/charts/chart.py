"""The report as a picture: who gave which mark, the headline figure, and the last rounds."""

from collections.abc import Mapping
from typing import Any

import jinja2

from bot.charts.geometry import (
    FLOOR,
    HEIGHT,
    MARGIN,
    RIGHT,
    ROOM,
    ROOM_BESIDE_TREND,
    TREND_LEFT,
    WIDTH,
    Bar,
    Trend,
    bars,
    brackets,
    trend,
)
from bot.charts.lettering import FAMILY, Line, fitted, width, writable
from bot.charts.raster import png
from survey.language import Language
from survey.report import Change, Figures, Report, Verdict
from survey.scale import Category, Metric, Scale

ROUNDS = 8
"""How many rounds the trend goes back."""
_HEADLINE, _COUNT, _BESIDE = 68, 15, 24
_ANSWERED_ROOM = 420
_COLOURS = {
    Category.PROMOTER: "#0f6e8c",
    Category.PASSIVE: "#8a96a3",
    Category.DETRACTOR: "#cf5b3c",
}
_FIVE_MARKS = 5
TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("bot.charts"),
    autoescape=True,
    finalize=writable,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def report_svg(report: Report, language: Language) -> str:
    """The report as an SVG of 1200 by 520 pixels, drawn on white.

    Bars for every mark in the colours of the three classes, which stand apart for colour-blind
    readers and are named below; the headline figure with its 95 % interval; and, from two rounds
    on, the last eight as a line with its 95 % band. Without figures it says why there are none.

    Args:
        report: What to show; it holds only what may be shown.
        language: The reader's.
    """
    line = trend(report.history[-ROUNDS:], metric=report.scale.metric)
    room = ROOM_BESIDE_TREND if line else ROOM
    return TEMPLATES.get_template("report.svg.j2").render(
        sheet={"width": WIDTH, "height": HEIGHT, "left": MARGIN, "right": RIGHT, "floor": FLOOR},
        family=FAMILY,
        subject=fitted(report.subject, size=25, room=ROOM - 240, smallest=18),
        survey=fitted(report.survey, size=15, room=ROOM - _ANSWERED_ROOM - 40, smallest=13),
        period=fitted(report.period, size=25, room=200, smallest=14),
        participation=fitted(
            _participation(report, language), size=15, room=_ANSWERED_ROOM, smallest=11
        ),
        headline=_headline(report, language, room=room),
        bars=_bars(report, language, room=room),
        brackets=_brackets(report, language, room=room),
        trend=_trend(line, report, language) if line else None,
        refusal=_refusal(report, language),
        footnote=_footnote(report, language),
    )


def report_png(report: Report, language: Language) -> bytes:
    """The same picture as a PNG of 2400 by 1040 pixels; see `png` for where not to call it."""
    return png(report_svg(report, language))


def _headline(report: Report, language: Language, *, room: float) -> Mapping[str, Any] | None:
    figures = report.figures
    if figures is None or figures.value is None or figures.interval is None:
        return None
    figure = written(figures, figures.value, language)
    beside = MARGIN + width(figure, _HEADLINE) + _BESIDE
    interval = language.text(
        "95 %: {low} to {high}",
        low=written(figures, figures.interval.low, language, decimals=_decimals(figures)),
        high=written(figures, figures.interval.high, language, decimals=_decimals(figures)),
    )
    note_room = MARGIN + room - beside
    return {
        "name": (
            language.text("Net Promoter Score")
            if figures.metric is Metric.NPS
            else language.text("CSAT: the two best marks")
        ),
        "figure": Line(text=figure, size=_HEADLINE),
        "beside": beside,
        "real": report.change is not None and report.change.verdict is Verdict.REAL,
        "interval": fitted(interval, size=18, room=note_room, smallest=12),
        "change": (
            fitted(
                _change(report.change, report.scale.metric, language),
                size=15,
                room=note_room,
                smallest=11,
            )
            if report.change
            else None
        ),
    }


def _change(change: Change, metric: Metric, language: Language) -> str:
    points = change.difference if metric is Metric.NPS else change.difference * 100
    if round(points, 1) == 0:
        return language.text("No change since {period}", period=change.since)
    size = language.number(abs(points), decimals=0 if abs(points) >= 1 else 1)
    told = {"difference": size, "period": change.since}
    if change.verdict is Verdict.REAL:
        if points > 0:
            return language.text("▲ {difference} since {period} — a real change", **told)
        return language.text("▼ {difference} since {period} — a real change", **told)
    if points > 0:
        return language.text("▲ {difference} since {period} — within noise", **told)
    return language.text("▼ {difference} since {period} — within noise", **told)


def written(figures: Figures, value: float, language: Language, *, decimals: int = 0) -> str:
    """A headline figure or an end of its interval: +32, 81 %."""
    if figures.metric is Metric.NPS:
        return language.number(round(value, decimals) + 0.0, decimals=decimals, signed=True)
    return language.percent(value, decimals=decimals)


def _decimals(figures: Figures) -> int:
    """As many as keep the ends of an interval apart."""
    if figures.interval is None:
        return 0
    points = figures.interval.width * (1 if figures.metric is Metric.NPS else 100)
    return next((d for d in range(2) if points >= 10**-d), 2)


def _bars(report: Report, language: Language, *, room: float) -> list[Mapping[str, Any]]:
    if report.figures is None or not report.figures.n or report.distribution is None:
        return []
    placed = bars(report.distribution, room=room)
    slot = room / len(placed)
    labels = {bar.mark: language.number(bar.count) for bar in placed}
    longest = max(width(label, _COUNT) for label in labels.values())
    size = round(min(_COUNT, _COUNT * slot * 0.92 / longest), 2)
    return [_bar(bar, Line(text=labels[bar.mark], size=size), language) for bar in placed]


def _bar(bar: Bar, count: Line, language: Language) -> Mapping[str, Any]:
    return {
        "x": bar.x,
        "left": bar.x - bar.width / 2,
        "width": bar.width,
        "top": bar.top,
        "colour": _COLOURS[bar.category],
        "empty": bar.count == 0,
        "count": count,
        "mark": language.number(bar.mark),
    }


def _brackets(report: Report, language: Language, *, room: float) -> list[Mapping[str, Any]]:
    figures = report.figures
    if figures is None or not figures.n:
        return []
    shares = {
        Category.PROMOTER: figures.promoters,
        Category.PASSIVE: figures.passives,
        Category.DETRACTOR: figures.detractors,
    }
    names = _class_names(report.scale, language)
    return [
        {
            "x": bracket.x,
            "left": bracket.left,
            "right": bracket.right,
            "colour": _COLOURS[bracket.category],
            "name": fitted(
                names[bracket.category],
                size=15,
                room=bracket.right - bracket.left + 12,
                smallest=11,
            ),
            "share": Line(text=language.percent(shares[bracket.category]), size=15),
        }
        for bracket in brackets(report.scale, room=room)
    ]


def _class_names(scale: Scale, language: Language) -> Mapping[Category, str]:
    if scale.high == _FIVE_MARKS:
        return {
            Category.PROMOTER: language.text("Satisfied"),
            Category.PASSIVE: language.text("Neutral"),
            Category.DETRACTOR: language.text("Dissatisfied"),
        }
    return {
        Category.PROMOTER: language.text("Promoters"),
        Category.PASSIVE: language.text("Passives"),
        Category.DETRACTOR: language.text("Detractors"),
    }


def band(line: Trend) -> list[tuple[float, float]]:
    """The outline of the 95 % band: along its upper end, and back along the lower one."""
    return [(dot.x, dot.high) for dot in line.dots] + [
        (dot.x, dot.low) for dot in reversed(line.dots)
    ]


def _trend(line: Trend, report: Report, language: Language) -> Mapping[str, Any]:
    return {
        "left": TREND_LEFT,
        "name": fitted(
            language.text(
                "The last {n} rounds with their 95 % band", n=language.number(len(line.dots))
            ),
            size=15,
            room=RIGHT - TREND_LEFT + 40,
            smallest=11,
        ),
        "band": band(line),
        "line": [(dot.x, dot.y) for dot in line.dots],
        "dots": [
            {
                "x": dot.x,
                "y": dot.y,
                "label": fitted(dot.label, size=14, room=line.step - 4, smallest=10),
                "year": dot.year,
            }
            for dot in line.dots
        ],
        "ticks": ticks(line, report.scale.metric, language),
    }


def ticks(line: Trend, metric: Metric, language: Language) -> list[Mapping[str, Any]]:
    """The trend's scale."""
    return [
        {
            "y": tick.y,
            "text": language.number(tick.value, signed=True)
            if metric is Metric.NPS
            else language.percent(tick.value / 100),
            "zero": tick.value == 0,
        }
        for tick in line.ticks
    ]


def _participation(report: Report, language: Language) -> str:
    return language.text(
        "{answered} of {reached} answered ({share})",
        answered=language.number(report.participation.answered),
        reached=language.number(report.participation.reached),
        share=language.percent(report.participation.response_rate),
    )


def _refusal(report: Report, language: Language) -> Line | None:
    if report.figures is not None and report.figures.n:
        return None
    if report.participation.answered == 0:
        sentence = language.text("Nobody has answered yet.")
    else:
        sentence = language.text("Figures are shown from {k} answers.", k=language.number(report.k))
    return fitted(sentence, size=26, room=ROOM_BESIDE_TREND, smallest=13)


def _footnote(report: Report, language: Language) -> Line | None:
    if not report.pending or report.figures is None:
        return None
    sentence = language.text(
        "Newer answers and changes that are not in these figures yet: {n}",
        n=language.number(report.pending),
    )
    return fitted(sentence, size=13, room=ROOM, smallest=10)
