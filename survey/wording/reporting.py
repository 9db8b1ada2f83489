"""Figures in words: the report, the state of a round, a preview."""

from survey.card import Act, Button, Card, Picture
from survey.language import Language
from survey.report import Band, Figures, GroupFigures, Participation, Report, Verdict, band
from survey.scale import Metric
from survey.states import CampaignState
from survey.survey import Mode

_OVER = {CampaignState.CLOSING.value, CampaignState.CLOSED.value}


def value_of(figures: Figures, language: Language) -> str:
    """The headline figure: +32 for NPS, 81 % for CSAT."""
    if figures.value is None:
        return "–"
    if figures.metric is Metric.NPS:
        return language.number(figures.value, signed=True)
    return language.percent(figures.value)


def bounds_of(figures: Figures, language: Language) -> dict[str, str]:
    """The ends of the 95 % interval, as `low` and `high`."""
    interval = figures.interval
    if interval is None:
        return {"low": "–", "high": "–"}
    if figures.metric is Metric.NPS:
        return {
            "low": language.number(interval.low, signed=True),
            "high": language.number(interval.high, signed=True),
        }
    return {"low": language.percent(interval.low), "high": language.percent(interval.high)}


def headline(report: Report, language: Language) -> str:
    """NPS +32, or why there is no figure."""
    answered = report.participation.answered
    if report.figures is None:
        if not answered and report.state in _OVER:
            return language.text("Nobody answered.")
        if not answered:
            return language.text("Nobody has answered yet.")
        return language.plural(
            "{n} answer. I show figures from {k}.",
            "{n} answers. I show figures from {k}.",
            answered,
            k=language.number(report.k),
        )
    value = value_of(report.figures, language)
    name = "NPS" if report.figures.metric is Metric.NPS else "CSAT"
    return language.text("{figure} {value}", figure=name, value=value)


def _change(report: Report, language: Language) -> str | None:
    figures, change = report.figures, report.change
    if figures is None:
        return None
    bounds = bounds_of(figures, language)
    if change is None:
        return language.text("95 %: {low} to {high}", **bounds)
    step = change.difference * (1 if figures.metric is Metric.NPS else 100)
    amount = language.number(abs(step))
    if figures.metric is not Metric.NPS:
        amount = language.plural("{n} point", "{n} points", round(abs(step)))
    fields = {"amount": amount, "since": change.since, **bounds}
    real = change.verdict is Verdict.REAL
    if round(step) == 0:
        return language.text("Unchanged since {since} (95 %: {low} to {high})", **fields)
    if step > 0 and real:
        return language.text(
            "▲ {amount} since {since}: a real change (95 %: {low} to {high})", **fields
        )
    if step > 0:
        return language.text(
            "▲ {amount} since {since}, within noise (95 %: {low} to {high})", **fields
        )
    if real:
        return language.text(
            "▼ {amount} since {since}: a real change (95 %: {low} to {high})", **fields
        )
    return language.text("▼ {amount} since {since}, within noise (95 %: {low} to {high})", **fields)


def _band(figures: Figures, language: Language) -> str | None:
    if figures.metric is not Metric.NPS or figures.value is None:
        return None
    match band(figures.value):
        case Band.NEEDS_IMPROVEMENT:
            return language.text("needs improvement")
        case Band.GOOD:
            return language.text("good")
        case Band.GREAT:
            return language.text("great")
        case Band.EXCELLENT:
            return language.text("excellent")


def participation_line(report: Report, language: Language) -> str:
    """214 of 480 answered (45 %)."""
    return took_part(report.participation, language)


def took_part(told: Participation, language: Language) -> str:
    """214 of 480 answered (45 %)."""
    return language.plural(
        "{answered} of {n} person answered ({rate})",
        "{answered} of {n} people answered ({rate})",
        told.reached or told.invited,
        answered=language.number(told.answered),
        rate=language.percent(told.response_rate),
    )


def _shares(figures: Figures, language: Language) -> str:
    fields = {
        "promoters": language.percent(figures.promoters),
        "passives": language.percent(figures.passives),
        "detractors": language.percent(figures.detractors),
    }
    if figures.metric is Metric.NPS:
        return language.text(
            "{promoters} promoters · {passives} passives · {detractors} detractors", **fields
        )
    return language.text(
        "{promoters} satisfied · {passives} neutral · {detractors} dissatisfied", **fields
    )


def group_lines(report: Report, language: Language) -> list[str]:
    """By team: Platform +41 (38) · Sales +12 (52) · 3 groups under 5 not shown."""
    if report.groups_withheld:
        return [
            language.text(
                "Groups are shown once the round has closed: while it runs, figures that move "
                "group by group could single people out."
            )
        ]
    attributes = sorted({group.attribute for group in report.groups})
    return [_groups_by(attribute, report, language) for attribute in attributes]


def _groups_by(attribute: str, report: Report, language: Language) -> str:
    asked = [group for group in report.groups if group.attribute == attribute]
    shown = [group for group in asked if group.figures is not None]
    hidden = len(asked) - len(shown)
    parts = [_group(group, language) for group in shown]
    if hidden and report.mode == Mode.IDENTIFIED.value:
        parts.append(
            language.plural("{n} group without answers", "{n} groups without answers", hidden)
        )
    elif hidden:
        parts.append(
            language.plural(
                "{n} group not shown (a group needs {k} people, and no other may give it away)",
                "{n} groups not shown (a group needs {k} people, and no other may give it away)",
                hidden,
                k=language.number(report.k),
            )
        )
    return language.text("By {attribute}: {groups}", attribute=attribute, groups=" · ".join(parts))


def _group(group: GroupFigures, language: Language) -> str:
    if group.figures is None:
        return group.value
    return language.text(
        "{group} {value} ({n})",
        group=group.value,
        value=value_of(group.figures, language),
        n=language.number(group.figures.n),
    )


def report_lines(report: Report, language: Language) -> tuple[str, ...]:
    """Everything below the headline."""
    return (*summary_lines(report, language), *group_lines(report, language))


def summary_lines(report: Report, language: Language) -> tuple[str, ...]:
    """What is told of everybody."""
    lines = []
    figures = report.figures
    if figures is not None:
        lines.append(
            " · ".join(
                part for part in (_change(report, language), _band(figures, language)) if part
            )
        )
        lines.append(f"{participation_line(report, language)} · {_shares(figures, language)}")
    elif report.participation.answered:
        lines.append(participation_line(report, language))
    elif report.state in _OVER:
        lines.append(
            language.plural(
                "{n} person was asked.", "{n} people were asked.", report.participation.invited
            )
        )
    else:
        lines.append(
            language.plural(
                "{n} person was asked; the first answers usually come within the hour.",
                "{n} people were asked; the first answers usually come within the hour.",
                report.participation.invited,
            )
        )
    if figures is not None and report.pending:
        lines.append(
            language.plural(
                "{n} more answer or change is not in these figures yet: outside of identified "
                "surveys they move by groups of {k} or more.",
                "{n} more answers or changes are not in these figures yet: outside of identified "
                "surveys they move by groups of {k} or more.",
                report.pending,
                k=language.number(report.k),
            )
        )
    return tuple(lines)


def report_card(
    report: Report, picture: bytes | None, language: Language, *, shareable: bool
) -> Card:
    """The report as a message with its chart."""
    name = report.campaign.replace("/", "-")
    lines = report_lines(report, language)
    head = headline(report, language)
    return Card(
        headline=head,
        lines=lines,
        note=state_note(report, language),
        buttons=_buttons(report, language) if shareable and report.figures is not None else (),
        picture=None
        if picture is None
        else Picture(name=f"{name}.png", png=picture, text=" ".join((head, *lines))),
    )


def _buttons(report: Report, language: Language) -> tuple[Button, ...]:
    """What else can be seen of this round; whoever presses is checked anew."""
    about = f"{report.survey} {report.period}"
    grouped = " ".join([about, *(group.attribute for group in report.groups[:1])])
    return (
        Button(act=Act.COMMENTS, value=about, label=language.text("Comments")),
        Button(act=Act.COMPARE, value=about, label=language.text("Compare")),
        Button(act=Act.EXPORT, value=about, label=language.text("Export")),
        Button(act=Act.SHARE, value=grouped, label=language.text("Share here")),
    )


def state_note(report: Report, language: Language) -> str:
    """nps/2026Q4, closed."""
    if report.state in _OVER:
        return language.text("{campaign}, closed", campaign=report.campaign)
    return language.text("{campaign}, still open", campaign=report.campaign)


def report_text(report: Report, language: Language) -> str:
    """The same for a terminal."""
    head = f"{report.campaign}: {headline(report, language)}"
    return "\n".join((head, *report_lines(report, language)))


def method(report: Report, language: Language) -> str:
    """What the figure and its interval mean."""
    answers = 0 if report.figures is None else report.figures.n
    if report.scale.metric is Metric.NPS:
        return language.plural(
            "NPS is the share of promoters (9 and 10) less that of detractors (0 to 6), from -100 "
            "to +100; here from {n} answer. With 95 % confidence the figure of everybody who could "
            "have answered lies in the interval; a change is called real if chance alone "
            "would bring it about less than once in 20 times.",
            "NPS is the share of promoters (9 and 10) less that of detractors (0 to 6), from -100 "
            "to +100; here from {n} answers. With 95 % confidence the figure of everybody who "
            "could have answered lies in the interval; a change is called real if chance "
            "alone would bring it about less than once in 20 times.",
            answers,
        )
    return language.plural(
        "CSAT is the share of the two best marks; here from {n} answer. With 95 % confidence the "
        "figure of everybody who could have answered lies in the interval; a change is "
        "called real if chance alone would bring it about less than once in 20 times.",
        "CSAT is the share of the two best marks; here from {n} answers. With 95 % confidence the "
        "figure of everybody who could have answered lies in the interval; a change is "
        "called real if chance alone would bring it about less than once in 20 times.",
        answers,
    )
