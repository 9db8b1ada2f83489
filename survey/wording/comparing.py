"""Rounds beside each other, in words."""

from survey.card import Card, Picture
from survey.language import Language
from survey.report import Change, Report, RoundPoint, Verdict
from survey.scale import Metric
from survey.wording.reporting import bounds_of, took_part, value_of


def compare_card(report: Report, picture: bytes | None, language: Language) -> Card:
    """The last rounds, the latest first, each against the one before it; with their trend."""
    lines = compare_lines(report, language)
    if not lines:
        return Card(
            headline=language.text("There are no figures to compare yet."), note=report.survey
        )
    head = _headline(report, language)
    name = report.campaign.replace("/", "-")
    return Card(
        headline=head,
        lines=lines,
        note=_note(report, language),
        picture=None
        if picture is None
        else Picture(name=f"{name}-trend.png", png=picture, text=" ".join((head, *lines))),
    )


def compare_lines(report: Report, language: Language) -> tuple[str, ...]:
    """A line for each round that has figures, the latest first."""
    return tuple(_line(point, report.scale.metric, language) for point in reversed(report.history))


def _headline(report: Report, language: Language) -> str:
    return language.plural(
        "{survey}: one round so far",
        "{survey}: the last {n} rounds",
        len(report.history),
        survey=report.survey,
    )


def _line(point: RoundPoint, metric: Metric, language: Language) -> str:
    """2026Q3 +26 (95 %: +16 to +36) · 52 of 60 answered (87 %) · ▲ 4, within noise."""
    figure = language.text(
        "{period} {value} (95 %: {low} to {high})",
        period=point.period,
        value=value_of(point.figures, language),
        **bounds_of(point.figures, language),
    )
    parts = [figure, took_part(point.participation, language)]
    return " · ".join(part for part in (*parts, change_of(point, metric, language)) if part)


def change_of(point: RoundPoint, metric: Metric, language: Language) -> str:
    """▲ 4, within noise; empty where there is nothing to compare with."""
    return "" if point.change is None else _change(point.change, metric, language)


def _change(change: Change, metric: Metric, language: Language) -> str:
    step = change.difference * (1 if metric is Metric.NPS else 100)
    if round(step) == 0:
        return language.text("unchanged")
    real = change.verdict is Verdict.REAL
    amount = language.number(abs(step))
    if step > 0 and real:
        return language.text("▲ {amount}, a real change", amount=amount)
    if step > 0:
        return language.text("▲ {amount}, within noise", amount=amount)
    if real:
        return language.text("▼ {amount}, a real change", amount=amount)
    return language.text("▼ {amount}, within noise", amount=amount)


def _note(report: Report, language: Language) -> str:
    if len(report.history) == 1:
        return language.text("From the second round on they are compared.")
    return language.text("Each round against the one before it, at 95 % confidence.")
