"""A round in words before it starts: who gets it, who does not, and why."""

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

from survey.card import Act, Attachment, Button, Card, Style
from survey.eligibility import LEFT_ALONE, LeftOut
from survey.language import Language
from survey.person import Person
from survey.planning import Plan, told_reasons
from survey.report import safe_cell

NAMES_SHOWN = 10
"""How many names a reason shows in chat; the file has all of them."""


def preview(
    plan: Plan, language: Language, *, value: str, zone: ZoneInfo, startable: bool = True
) -> Card:
    """This goes to 480 people; 23 are left out, and why.

    Args:
        plan: What would be started.
        language: The asker's.
        value: What the buttons act on: the survey, and the e-mails it is limited to.
        zone: The asker's, for the moment at which the last message goes out.
        startable: Whether there is a button that starts it.
    """
    lines = [
        *_when(plan, language, zone=zone),
        *_left_out(plan, language),
        *_warnings(plan, language),
    ]
    start = Button(act=Act.START, value=value, label=language.text("Start"), style=Style.PRIMARY)
    who = Button(act=Act.SEE_WHO, value=value, label=language.text("See who"))
    cancel = Button(act=Act.CANCEL, label=language.text("Cancel"))
    return Card(
        headline=language.plural(
            "This goes to {n} person.", "This goes to {n} people.", len(plan.asks)
        )
        if plan.asks
        else language.text("This would go to nobody."),
        lines=tuple(lines),
        note=language.text(
            "{survey}, open until {moment}",
            survey=plan.survey.name,
            moment=language.moment(plan.closes_at, zone, now=plan.starts_at),
        )
        if plan.asks
        else "",
        buttons=(start, who, cancel) if plan.asks and startable else (who,),
    )


def _when(plan: Plan, language: Language, *, zone: ZoneInfo) -> list[str]:
    if not plan.asks:
        return []
    if plan.at_once:
        return [language.text("It goes out at once: sending hours are set aside.")]
    window = plan.survey.window
    last: datetime = max(ask.due_at for ask in plan.asks)
    return [
        language.plural(
            "In {n} time zone, between {opens} and {closes} their time; the last goes out "
            "{moment}.",
            "In {n} time zones, between {opens} and {closes} their time; the last goes out "
            "{moment}.",
            plan.zones,
            opens=f"{window.opens:%H:%M}",
            closes=f"{window.closes:%H:%M}",
            moment=language.moment(last, zone, now=plan.starts_at),
        )
    ]


def _left_out(plan: Plan, language: Language) -> list[str]:
    everybody = sum(len(people) for people in plan.left_out.values())
    if not everybody:
        return []
    return [
        language.plural(
            "{n} person is left out: {why}.",
            "{n} people are left out: {why}.",
            everybody,
            why=language.listing(
                [reason(why, n, language) for why, n in told_reasons(plan).items()]
            ),
        )
    ]


def _warnings(plan: Plan, language: Language) -> list[str]:
    lines = []
    if plan.later:
        lines.append(
            language.plural(
                "{n} of them is away or wants silence for now, and is asked afterwards.",
                "{n} of them are away or want silence for now, and are asked afterwards.",
                plan.later,
            )
        )
    if plan.over_budget:
        lines.append(
            language.plural(
                "{n} of them gets more questions this year than your contact policy wants.",
                "{n} of them get more questions this year than your contact policy wants.",
                plan.over_budget,
            )
        )
    if 0 < len(plan.asks) < plan.survey.smallest_group:
        lines.append(
            language.text(
                "Figures are shown from {k} answers, so this round can never show any.",
                k=language.number(plan.survey.k),
            )
        )
    return lines


def reason(why: LeftOut | None, n: int, language: Language) -> str:  # noqa: C901, PLR0912 - a table
    """12 were asked recently; None stands for reasons that are nobody else's business."""
    match why:
        case None:
            return language.plural("{n} is left alone for now", "{n} are left alone for now", n)
        case LeftOut.NOT_IN_AUDIENCE:
            return language.plural("{n} is not in the audience", "{n} are not in the audience", n)
        case LeftOut.OPTED_OUT:
            return language.plural("{n} opted out", "{n} opted out", n)
        case LeftOut.NOT_REACHABLE:
            return language.plural("{n} is not reachable", "{n} are not reachable", n)
        case LeftOut.ASKED_RECENTLY:
            return language.plural("{n} was asked recently", "{n} were asked recently", n)
        case LeftOut.RESTING:
            return language.plural(
                "{n} was asked recently by another survey",
                "{n} were asked recently by another survey",
                n,
            )
        case LeftOut.BUDGET_SPENT:
            return language.plural(
                "{n} was asked often enough this year", "{n} were asked often enough this year", n
            )
        case LeftOut.SNOOZED:
            return language.plural(
                "{n} wants silence until after the close",
                "{n} want silence until after the close",
                n,
            )
        case LeftOut.AWAY:
            return language.plural(
                "{n} is away until after the close", "{n} are away until after the close", n
            )
        case LeftOut.CLOSES_BEFORE:
            return language.plural(
                "{n} has no sending hours before the close",
                "{n} have no sending hours before the close",
                n,
            )
        case LeftOut.FORGOTTEN:
            return language.plural("{n} asked to be forgotten", "{n} asked to be forgotten", n)
        case LeftOut.TOO_LATE:
            return language.plural(
                "{n} is too late: it happened too long ago",
                "{n} are too late: it happened too long ago",
                n,
            )
        case LeftOut.ALREADY_ASKED:
            return language.plural(
                "{n} was asked about it before", "{n} were asked about it before", n
            )


def who(plan: Plan, language: Language) -> Card:
    """By name; why somebody is left alone is told of nobody."""
    lines = []
    for why, people in _by_told_reason(plan).items():
        told = reason(why, len(people), language)
        shown = [person.name or person.email for person in people[:NAMES_SHOWN]]
        names = language.listing(shown)
        if len(people) > NAMES_SHOWN:
            lines.append(language.text("{why}: {names} and others.", why=told, names=names))
        else:
            lines.append(language.text("{why}: {names}.", why=told, names=names))
    return Card(
        headline=language.plural(
            "{n} person would be asked.", "{n} people would be asked.", len(plan.asks)
        ),
        lines=tuple(lines),
        note=language.text(
            "The file names everybody. Left alone is who was asked lately or often enough, is "
            "away, or wants it so; which of these stays with them."
        ),
        attachment=Attachment(
            name=f"{plan.survey.name}-preview.csv",
            media_type="text/csv; charset=utf-8",
            content=_file(plan).encode("utf-8-sig"),
        ),
    )


def _by_told_reason(plan: Plan) -> dict[LeftOut | None, list[Person]]:
    found: dict[LeftOut | None, list[Person]] = {}
    for why, people in plan.left_out.items():
        found.setdefault(None if why in LEFT_ALONE else why, []).extend(people)
    return {why: sorted(people, key=lambda one: one.id) for why, people in found.items()}


def who_rows(plan: Plan) -> list[dict[str, str]]:
    """Everybody in a preview: e-mail, name, whether they are asked, and why not.

    Who is left alone, by their own wish or because they were asked lately, is told alike.
    """
    asked = [
        {"email": person.email, "name": person.name, "asked": "yes", "why_not": ""}
        for person in plan.people
    ]
    return asked + [
        {
            "email": person.email,
            "name": person.name,
            "asked": "no",
            "why_not": "left alone for now" if why is None else why.value,
        }
        for why, people in _by_told_reason(plan).items()
        for person in people
    ]


def _file(plan: Plan) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=["email", "name", "asked", "why_not"])
    writer.writeheader()
    for row in who_rows(plan):
        writer.writerow({name: safe_cell(cell) for name, cell in row.items()})
    return text.getvalue()
