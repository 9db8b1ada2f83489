"""Rounds in words: before they start, while they run, when they are closed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from survey.accounts import Accounts
from survey.campaign import Campaign
from survey.card import Card
from survey.language import Language
from survey.localtime import local_date
from survey.occasion import Trigger
from survey.states import OPEN_CAMPAIGN, CampaignState
from survey.wording import channels, happened
from survey.wording.comments import inert

REASONS_SHOWN = 3
"""How many reasons a state tells, the commonest first."""


def status(
    campaign: Campaign, accounts: Accounts, answered: int, language: Language, *, zone: ZoneInfo
) -> Card:
    """Sent 312 of 480 · 96 answered · 2 could not be reached (why); `zone` is the asker's."""
    failed, skipped = sum(accounts.failed.values()), sum(accounts.skipped.values())
    parts = [
        language.text(
            "Sent {sent} of {all}",
            sent=language.number(accounts.sent),
            all=language.number(campaign.invited),
        ),
        language.plural("{n} answered", "{n} answered", answered),
    ]
    if failed:
        parts.append(
            language.plural(
                "{n} could not be reached ({why})",
                "{n} could not be reached ({why})",
                failed,
                why=_commonest(accounts.failed),
            )
        )
    lines = [
        language.text(
            "Nothing goes out by {channel} just now, and is tried again: {why}",
            channel=channels.name_of(platform, language),
            why=inert(why),
        )
        for platform, why in sorted(accounts.held.items())
    ]
    put_off = sum(accounts.put_off.values())
    if accounts.waiting > put_off:
        lines.append(
            language.plural(
                "{n} message is still to go out, in its reader's sending hours.",
                "{n} messages are still to go out, each in its reader's sending hours.",
                accounts.waiting - put_off,
            )
        )
    if put_off:
        lines.append(
            language.plural(
                "{n} message was not taken and is tried again ({why}).",
                "{n} messages were not taken and are tried again ({why}).",
                put_off,
                why=_commonest(accounts.put_off),
            )
        )
    if skipped:
        lines.append(
            language.plural(
                "{n} was not written to after all ({why}).",
                "{n} were not written to after all ({why}).",
                skipped,
                why=_commonest(accounts.skipped),
            )
        )
    if accounts.reminders:
        lines.append(
            language.plural("{n} reminder went out.", "{n} reminders went out.", accounts.reminders)
        )
    if accounts.suspected:
        lines.append(
            language.plural(
                "{n} answer is kept aside: a program that checks mails may have given it. "
                "`voxpop campaign suspected` tells why, and counts it if you say so.",
                "{n} answers are kept aside: programs that check mails may have given them. "
                "`voxpop campaign suspected` tells why, and counts them if you say so.",
                accounts.suspected,
            )
        )
    return Card(
        headline=" · ".join(parts),
        lines=tuple(lines),
        note=_where_it_stands(campaign, language, zone=zone),
    )


def _commonest(reasons: Mapping[str, int]) -> str:
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return "; ".join(reason for reason, _ in ordered[:REASONS_SHOWN])


def _where_it_stands(campaign: Campaign, language: Language, *, zone: ZoneInfo) -> str:
    if campaign.rolls and campaign.state in OPEN_CAMPAIGN:
        since = {
            "campaign": campaign.name,
            "day": language.day(local_date(campaign.started_at, zone)),
        }
        if campaign.state is CampaignState.PAUSED:
            return language.text("{campaign}, paused; asking since {day}", **since)
        return language.text("{campaign}, asking since {day}", **since)
    fields = {
        "campaign": campaign.name,
        "day": language.day(campaign.closed_on(zone)),
    }
    match campaign.state:
        case CampaignState.PAUSED:
            return language.text("{campaign}, paused; open until {day}", **fields)
        case CampaignState.CLOSING | CampaignState.CLOSED:
            return language.text("{campaign}, closed on {day}", **fields)
        case _:
            return language.text("{campaign}, open until {day}", **fields)


def nothing_running(language: Language, upcoming: Sequence[tuple[str, datetime]] = ()) -> str:
    """There is no round to tell about; `upcoming` are surveys and their next starts, local."""
    if not upcoming:
        return language.text("No round is running. `/nps start` begins one.")
    survey, start = upcoming[0]
    return language.text(
        "No round is running. The next one of {survey} starts on {day} at {time} ({zone}); "
        "`/nps start` begins one now.",
        survey=survey,
        day=language.day(start.date()),
        time=f"{start:%H:%M}",
        zone=str(start.tzinfo),
    )


def nobody_asked_yet(survey: str, trigger: Trigger, language: Language) -> str:
    """A survey without rounds has had nothing to ask about so far."""
    return language.text(
        "{survey} has nothing open. {when}",
        survey=survey,
        when=happened.awaited(trigger, language),
    )


def another_running(names: list[str], language: Language) -> str:
    """That round is not open; others are."""
    return language.text("That round is not open; open is {names}.", names=language.listing(names))


def several_running(names: list[str], language: Language) -> str:
    """A command that could mean more than one round."""
    return language.text(
        "Several rounds are open: {names}. Name the one you mean, as in `/nps status {name}`.",
        names=language.listing(names),
        name=names[0],
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
    lines = [language.text("Every message changes to say so, and `/nps report` has the figures.")]
    if campaign.rolls:
        lines.append(
            language.text(
                "The next time there is something to ask about, a new one begins. To ask no more, "
                "take {survey} out of `voxpop.toml`, or pause the new one.",
                survey=campaign.survey.name,
            )
        )
    return Card(
        headline=language.text(
            "{campaign} is closed: no more answers count.", campaign=campaign.name
        ),
        lines=tuple(lines),
    )


def paused(campaign: Campaign, language: Language) -> Card:
    """Nothing goes out for now."""
    return Card(
        headline=language.text(
            "{campaign} is paused: nothing goes out, and answers still count.",
            campaign=campaign.name,
        ),
        lines=(
            language.text(
                "`/nps resume` goes on with it, and asks about what happens until then as well."
            )
            if campaign.rolls
            else language.text("`/nps resume` goes on with it."),
        ),
    )


def resumed(campaign: Campaign, language: Language) -> Card:
    """It goes on."""
    return Card(
        headline=language.text(
            "{campaign} goes on: what waited goes out in its readers' sending hours.",
            campaign=campaign.name,
        )
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


def preview_is_old(language: Language) -> Card:
    """Its button would start something else than what was seen."""
    return Card(
        headline=language.text(
            "That preview is out of date, so nothing was started. `/nps start` shows a new one."
        )
    )


def cancelled(language: Language) -> Card:
    """Nothing happened."""
    return Card(headline=language.text("Cancelled; nobody was asked."))


def shared(language: Language) -> str:
    """The report was posted."""
    return language.text("Posted here for everyone to see.")
