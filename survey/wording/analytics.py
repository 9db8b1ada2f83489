"""Figures over a span of time in words."""

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from survey.analytics import (
    TARGET_DELIVERY_RATE,
    TARGET_MEAN,
    TARGET_RESPONSE_RATE,
    Analytics,
    Group,
)
from survey.card import Card, Picture
from survey.language import Language
from survey.localtime import local_date
from survey.report import Figures, Participation, Report
from survey.scale import Metric
from survey.states import CampaignState
from survey.wording.comments import inert
from survey.wording.reporting import bounds_of, value_of

GROUPS_SHOWN = 12
"""How many groups a message tells."""
_FIVE = 5
_SHORT = 60


def analytics_card(
    found: Analytics, chart: bytes | None, language: Language, *, zone: ZoneInfo, waiting: int
) -> Card:
    """The figures, as a message.

    Args:
        found: What to tell.
        chart: Their picture; None where there is none.
        language: The reader's.
        zone: The organisation's.
        waiting: How many low marks wait for somebody, of all surveys.
    """
    lines = [*lines_of(found, language)]
    if waiting:
        lines.append(
            language.plural(
                "{n} low mark waits for somebody: `/nps followups`",
                "{n} low marks wait for somebody: `/nps followups`",
                waiting,
            )
        )
    picture = None
    if chart is not None:
        picture = Picture(
            name=f"{found.survey.name}.png", png=chart, text=headline(found, language)
        )
    return Card(
        headline=headline(found, language),
        lines=tuple(lines),
        note=language.text(
            "{survey} · {span}", survey=found.survey.name, span=span(found, language, zone=zone)
        ),
        picture=picture,
    )


def analytics_text(found: Analytics, language: Language, *, zone: ZoneInfo) -> str:
    """The same for a terminal."""
    head = f"{headline(found, language)}  ({found.survey.name}, {span(found, language, zone=zone)})"
    return "\n".join([head, *(f"  {line}" for line in lines_of(found, language))])


def headline(found: Analytics, language: Language) -> str:
    """CSAT 85 %, or that nobody has answered."""
    if not found.figures.n:
        return language.text("Nobody answered.")
    name = "NPS" if found.figures.metric is Metric.NPS else "CSAT"
    return language.text("{figure} {value}", figure=name, value=value_of(found.figures, language))


def span(found: Analytics, language: Language, *, zone: ZoneInfo) -> str:
    """From Wednesday 21 October to Friday 20 November, on the organisation's calendar."""
    first, last = _days(found, zone)
    return language.text(
        "From {first} to {last}", first=language.day(first), last=language.day(last)
    )


def _days(found: Analytics, zone: ZoneInfo) -> tuple[date, date]:
    """The first day and the last one; a span ends before its end, and a quarter at midnight."""
    until = max(found.since, found.until - timedelta(microseconds=1))
    return local_date(found.since, zone), local_date(until, zone)


def lines_of(found: Analytics, language: Language) -> Iterator[str]:
    """Below the headline: certainty, mean, distribution, sending, groups."""
    shown = found.figures
    if shown.n:
        yield language.plural(
            "{n} answer · 95 %: {low} to {high}",
            "{n} answers · 95 %: {low} to {high}",
            shown.n,
            **bounds_of(shown, language),
        )
        yield _mean(found, language)
        yield _marks(found, language)
    yield from _sending(found, language)
    if found.by is not None:
        yield from _groups(found, language)


def _mean(found: Analytics, language: Language) -> str:
    shown, scale = found.figures, found.survey.scale
    mean = language.number(shown.mean or 0, decimals=2)
    highest = language.number(scale.high)
    if shown.csat_percentage is None:
        return language.text("Mean {mean} of {highest}", mean=mean, highest=highest)
    told = language.text(
        "Mean {mean} of {highest} ({percentage})",
        mean=mean,
        highest=highest,
        percentage=language.percent(shown.csat_percentage / 100, decimals=1),
    )
    if scale.high != _FIVE:
        return told
    target = language.text(
        "target: more than {target}", target=language.number(TARGET_MEAN, decimals=1)
    )
    return f"{told} · {target}"


def _marks(found: Analytics, language: Language) -> str:
    n = found.figures.n
    return " · ".join(
        language.text(
            "{mark}: {n} ({share})",
            mark=language.number(mark),
            n=language.number(count),
            share=language.percent(count / n),
        )
        for mark, count in sorted(found.distribution.counts.items(), reverse=True)
    )


def _sending(found: Analytics, language: Language) -> Iterator[str]:
    sending = found.sending
    if sending.delivery_rate is not None:
        yield language.text(
            "{sent} of {due} questions sent ({rate}; target: more than {target})",
            sent=language.number(sending.sent),
            due=language.number(sending.scheduled),
            rate=language.percent(sending.delivery_rate, decimals=1),
            target=language.percent(TARGET_DELIVERY_RATE),
        )
    if sending.response_rate is not None:
        yield language.text(
            "{answered} of {sent} answered ({rate}; target: more than {target})",
            answered=language.number(sending.answered),
            sent=language.number(sending.sent),
            rate=language.percent(sending.response_rate, decimals=1),
            target=language.percent(TARGET_RESPONSE_RATE),
        )


def _groups(found: Analytics, language: Language) -> Iterator[str]:
    for group in found.groups[:GROUPS_SHOWN]:
        yield _group(group, group.figures, language)
    more = len(found.groups) - GROUPS_SHOWN
    if more > 0:
        yield language.plural("and {n} more group", "and {n} more groups", more)


def _group(group: Group, shown: Figures, language: Language) -> str:
    return language.plural(
        "{name}: {value}, mean {mean} ({n} answer)",
        "{name}: {value}, mean {mean} ({n} answers)",
        shown.n,
        name=inert(group.value, longest=_SHORT),
        value=value_of(shown, language),
        mean=language.number(shown.mean or 0, decimals=2),
    )


def as_report(found: Analytics, language: Language, *, zone: ZoneInfo) -> Report:
    """The same as the report of a round, for whatever draws one."""
    sending, shown = found.sending, found.figures
    first, last = _days(found, zone)
    return Report(
        survey=found.survey.name,
        subject=found.survey.subject,
        campaign=span(found, language, zone=zone),
        # A picture has no room for names of days.
        period=language.text("{first} to {last}", first=first, last=last),
        scale=found.survey.scale,
        mode=found.survey.mode.value,
        k=found.survey.k,
        state=CampaignState.RUNNING.value,
        participation=Participation(
            invited=sending.scheduled, reached=sending.sent, answered=sending.answered
        ),
        distribution=found.distribution,
        figures=shown,
        change=None,
        groups=(),
        groups_withheld=False,
        history=(),
        pending=0,
        target_response_rate=TARGET_RESPONSE_RATE,
    )
