"""What is set and has no effect here, or is missing for what is set to work."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from bot.sandbox.chat import PLATFORM as SANDBOX
from runtime.settings.tables import SettingsFile, SurveyTable
from runtime.settings.tickets import NO_SURVEY
from survey.cron import Cron
from survey.occasion import Trigger
from survey.person import EMAIL
from survey.survey import Survey

if TYPE_CHECKING:
    from runtime.settings import Settings

STRANGERS = {Trigger.TICKETS, Trigger.VISITS}
"""Who is asked about these is seldom in a chat of ours."""


def notices(file: SettingsFile) -> list[str]:
    """What was set and has no effect, or not the one that was probably meant."""
    told = []
    for name, defined in file.surveys.items():
        if defined.schedule and _overtakes_itself(defined):
            told.append(
                f"surveys.{name}.schedule comes again while a round is still open "
                f"(open_days = {defined.open_days}): a time at which one is open starts none."
            )
        too_late = [day for day in defined.reminders if day > defined.open_days]
        if "reminders" in defined.model_fields_set and too_late:
            told.append(
                f"surveys.{name}.reminders on day {', '.join(map(str, too_late))} has no effect: "
                f"a round closes after {defined.open_days} days (open_days)."
            )
        if len(defined.reminders) > file.contact.max_reminders:
            told.append(
                f"surveys.{name}.reminders names {len(defined.reminders)} reminders, and "
                f"contact.max_reminders allows {file.contact.max_reminders}."
            )
        if defined.show_budget and file.contact.asks_per_year is None:
            told.append(f"surveys.{name}.show_budget has no effect without contact.asks_per_year.")
        if defined.after is None and defined.wait_minutes:
            told.append(f"surveys.{name}.wait_minutes has no effect without after.")
        if defined.after is not None and defined.audience:
            told.append(
                f"surveys.{name}.audience has no effect with after = '{defined.after}': whoever "
                "it happened to is asked."
            )
    return told


def channel_notices(surveys: Mapping[str, Survey], platforms: Sequence[str]) -> list[str]:
    """What was set of where surveys ask, and has no effect where these platforms are on."""
    told = []
    for name, survey in surveys.items() if platforms else ():
        on = survey.asks_on(platforms)
        if off := [channel for channel in survey.channels if channel not in on]:
            nobody = "" if on else ": nobody can be asked"
            told.append(
                f"surveys.{name}.channels names {', '.join(off)}, not switched on here{nobody}."
            )
        # A survey about tickets has it unless it says otherwise.
        if survey.one_press and EMAIL not in on and survey.after is not Trigger.TICKETS:
            told.append(f"surveys.{name}.one_press has no effect where it does not ask by e-mail.")
        if EMAIL in on and survey.link_days < survey.open_days:
            told.append(
                f"surveys.{name}.link_days = {survey.link_days}: the links in a mail end before "
                f"the round closes (open_days = {survey.open_days})."
            )
    return told


def moment_notices(settings: "Settings") -> list[str]:
    """What surveys wait for and nobody can tell, and what is set for surveys that there are not."""
    if not settings.platforms:  # settings that are only checked
        return []
    waiting = {one.after: one for one in settings.surveys.values() if one.after is not None}
    told = [
        f"surveys.{survey.name} asks people by e-mail who are in no chat, and e-mail is off here: "
        "set VOXPOP_EMAIL__SMTP_URL and VOXPOP_EMAIL__FROM."
        for after, survey in waiting.items()
        if after in STRANGERS and not {EMAIL, SANDBOX} & set(survey.asks_on(settings.platforms))
    ]
    tickets, features = waiting.get(Trigger.TICKETS), waiting.get(Trigger.FEATURES)
    if tickets is not None and not settings.tickets.on:
        told.append(
            f"surveys.{tickets.name} waits for tickets, and no helpdesk may tell of any: set "
            "VOXPOP_TICKETS__SECRETS, __ZAMMAD_TOKEN, __ZENDESK_SECRET or __JIRA_SECRET."
        )
    if tickets is None and settings.tickets.on:
        told.append(NO_SURVEY)
    if features is not None and not settings.products:
        told.append(
            f"surveys.{features.name} waits for features, and there is no product: define one, "
            "[products.KEY] with a name."
        )
    if Trigger.VISITS not in waiting:
        told.extend(
            f"{name} is set, and no survey asks about visits: give one after = 'visits'."
            for name, value in (
                ("VOXPOP_ARCHIVE_URL", settings.archive_url),
                ("VOXPOP_LLM__MODEL", settings.model),
            )
            if value is not None
        )
    if settings.alert_channels and all(one.alert_at is None for one in settings.surveys.values()):
        told.append("VOXPOP_ALERT_CHANNEL is set, and no survey has alert_at: nothing alerts.")
    return told


def _overtakes_itself(defined: SurveyTable) -> bool:
    """Whether the schedule comes again before a round that it started has closed."""
    cron = Cron.parse(defined.schedule)
    starts = datetime.combine(date.min, cron.times[0])
    closes = datetime.combine(date.min + timedelta(days=defined.open_days), defined.window[1])
    return starts + cron.closest < closes
