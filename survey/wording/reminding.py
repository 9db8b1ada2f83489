"""Reminders in words: never that somebody has not, only that they still can."""

from dataclasses import replace
from datetime import datetime

from survey.card import Card
from survey.errors import NoReminder, WhyNoReminder
from survey.invitation import Invitation
from survey.language import Language
from survey.report import Participation
from survey.wording import asked

LAST_TONE = 3
"""From which reminder on the last one of a survey says that it is the last."""


def reminder(
    invitation: Invitation,
    ordinal: int,
    participation: Participation,
    language: Language,
    *,
    now: datetime,
) -> Card:
    """The question once more, with its buttons.

    Args:
        invitation: Whose.
        ordinal: Which reminder it is; 1 for the first.
        participation: Of the round, as of now.
        language: The person's.
        now: Now.
    """
    card = asked.asked(replace(invitation, first_contact=False), language, now=now)
    line = _line(invitation, ordinal, participation, language, now=now)
    return replace(card, lines=(line, *card.lines))


def _line(
    invitation: Invitation,
    ordinal: int,
    participation: Participation,
    language: Language,
    *,
    now: datetime,
) -> str:
    campaign = invitation.campaign
    closes = language.moment(campaign.closes_at, invitation.person.zone, now=now)
    if ordinal == 1:
        return language.text("A quick one you may have missed: one press and it's done.")
    if ordinal >= max(LAST_TONE, len(campaign.survey.reminders)):
        return language.text("Last call: it closes {moment}. I won't ask again.", moment=closes)
    return language.plural(
        "Still open until {moment}: {answered} of {n} has answered so far.",
        "Still open until {moment}: {answered} of {n} have answered so far.",
        participation.reached,
        moment=closes,
        answered=language.number(participation.answered),
    )


def planned(count: int, language: Language) -> Card:
    """What `remind` has done."""
    if not count:
        return Card(
            headline=language.text("Nobody is due a reminder right now."),
            lines=(
                language.text(
                    "Reminders go to those who have not answered, on the days that the survey "
                    "names, never within 24 hours of another message. `/nps remind @user` reminds "
                    "one person whatever the day."
                ),
            ),
        )
    return Card(
        headline=language.plural(
            "{n} reminder goes out, in its reader's sending hours.",
            "{n} reminders go out, each in its reader's sending hours.",
            count,
        )
    )


def planned_for(name: str, moment: str, language: Language) -> Card:
    """One person is reminded."""
    return Card(
        headline=language.text("{name} gets a reminder {moment}.", name=name, moment=moment)
    )


def not_reminded(error: NoReminder, language: Language) -> str:
    """Why somebody gets no reminder."""
    match error.why:
        case WhyNoReminder.ANSWERED:
            return language.text("They have answered already: there is nothing to remind of.")
        case WhyNoReminder.LEFT:
            return language.text("They stopped this survey or left, so I leave them alone.")
        case WhyNoReminder.NOT_SENT:
            return language.text("They don't have the question, so there is nothing to remind of.")
        case WhyNoReminder.PLANNED:
            return language.text("A message to them is on its way already.")
        case WhyNoReminder.OFTEN_ENOUGH:
            return language.text(
                "They were reminded as often as your contact policy allows, so I leave them alone."
            )
        case WhyNoReminder.WRITTEN_TO_TODAY:
            return language.text(
                "They got a message about it within the last 24 hours: try again tomorrow."
            )
        case WhyNoReminder.SILENCE:
            return language.text("They want silence or are away until the round closes.")
        case WhyNoReminder.TOO_LATE:
            return language.text("The round closes before their next sending hours.")
