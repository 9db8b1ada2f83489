"""Rounds in words: before they start, while they run, when they are closed."""

from survey.campaign import Campaign
from survey.card import Act, Button, Card, Style
from survey.language import Language
from survey.person import Person
from survey.planning import LeftOut, Plan
from survey.states import DeliveryState


def status(campaign: Campaign, accounts: dict[str, int], answered: int, language: Language) -> Card:
    """Sent 312 of 480 · 96 answered · 2 could not be reached."""
    sent = accounts.get(DeliveryState.SENT.value, 0)
    failed = accounts.get(DeliveryState.FAILED.value, 0)
    parts = [
        language.text(
            "Sent {sent} of {all}",
            sent=language.number(sent),
            all=language.number(campaign.invited),
        ),
        language.plural("{n} answered", "{n} answered", answered),
    ]
    if failed:
        parts.append(
            language.plural("{n} could not be reached", "{n} could not be reached", failed)
        )
    return Card(headline=" · ".join(parts), note=f"{campaign.name} · {campaign.state.value}")


def nothing_running(language: Language) -> str:
    """There is no round to tell about."""
    return language.text("No round is running. `/nps start` begins one.")


def another_running(names: list[str], language: Language) -> str:
    """That round is not open; others are."""
    return language.text("That round is not open; open is {names}.", names=language.listing(names))


def several_running(names: list[str], language: Language) -> str:
    """A command that could mean more than one round."""
    return language.text(
        "Several rounds are open: {names}. Which one do you mean?", names=language.listing(names)
    )


def which_survey(names: list[str], language: Language) -> str:
    """A command that could mean more than one survey."""
    if not names:
        return language.text("No survey is defined yet: `voxpop.toml` does that.")
    return language.text(
        "There are several surveys: {names}. Which one do you mean?", names=language.listing(names)
    )


def closing(campaign: Campaign, language: Language) -> Card:
    """Closed by hand."""
    return Card(
        headline=language.text(
            "{campaign} is closed: no more answers count.", campaign=campaign.name
        ),
        lines=(
            language.text("Every message changes to say so, and `/nps report` has the figures."),
        ),
    )


def started(campaign: Campaign, language: Language) -> Card:
    """Started by hand."""
    return Card(
        headline=language.plural(
            "{campaign} has started: {n} person is asked.",
            "{campaign} has started: {n} people are asked.",
            campaign.invited,
            campaign=campaign.name,
        ),
        lines=(language.text("`/nps status` shows how it is doing."),),
    )


def preview(plan: Plan, language: Language, *, value: str) -> Card:
    """Who gets it, who does not, and why; `value` is what the Start button starts."""
    window = plan.survey.window
    lines = []
    if plan.asks and not plan.at_once:
        lines.append(
            language.plural(
                "In {n} time zone, between {opens} and {closes} their time.",
                "In {n} time zones, between {opens} and {closes} their time.",
                plan.zones,
                opens=f"{window.opens:%H:%M}",
                closes=f"{window.closes:%H:%M}",
            )
        )
    left_out = sum(len(people) for people in plan.left_out.values())
    if left_out:
        lines.append(
            language.plural(
                "{n} person is left out: {why}.",
                "{n} people are left out: {why}.",
                left_out,
                why=language.listing(
                    [_why(reason, people, language) for reason, people in plan.left_out.items()]
                ),
            )
        )
    buttons = (
        Button(act=Act.START, value=value, label=language.text("Start"), style=Style.PRIMARY),
        Button(act=Act.CANCEL, label=language.text("Cancel")),
    )
    return Card(
        headline=language.plural(
            "This goes to {n} person.", "This goes to {n} people.", len(plan.asks)
        ),
        lines=tuple(lines),
        buttons=buttons if plan.asks else (),
    )


def _why(reason: LeftOut, people: tuple[Person, ...], language: Language) -> str:
    match reason:
        case LeftOut.OPTED_OUT:
            return language.plural("{n} opted out", "{n} opted out", len(people))
        case LeftOut.ASKED_RECENTLY:
            return language.plural("{n} was asked recently", "{n} were asked recently", len(people))
        case LeftOut.NOT_REACHABLE:
            return language.plural("{n} is not reachable", "{n} are not reachable", len(people))


def cancelled(language: Language) -> Card:
    """Nothing happened."""
    return Card(headline=language.text("Cancelled; nobody was asked."))


def shared(language: Language) -> str:
    """The report was posted."""
    return language.text("Posted here for everyone to see.")
