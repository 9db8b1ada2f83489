"""Reminders in words: never that somebody has not, only that they still can."""

from dataclasses import replace
from datetime import datetime

from survey.campaign import Campaign
from survey.card import Card
from survey.errors import NoReminder, WhyNoReminder
from survey.invitation import Invitation
from survey.language import Language
from survey.report import Participation
from survey.wording import asked


def reminder(
    invitation: Invitation,
    ordinal: int,
    participation: Participation,
    language: Language,
    *,
    most: int,
    now: datetime,
    by_letter: bool = False,
) -> Card:
    """The question once more, with its buttons.

    Args:
        invitation: Whose.
        ordinal: Which reminder it is; 1 for the first.
        participation: Of the round, as of now.
        language: The person's.
        most: How many reminders of a question anybody gets, so that the last can say so.
        now: Now.
        by_letter: Whether a press opens a page, where it takes one more.
    """
    card = asked.asked(invitation, language, now=now)
    line = _line(
        invitation, ordinal, participation, language, most=most, now=now, by_letter=by_letter
    )
    return replace(card, greeting="", lines=(line, *card.lines))


def _line(
    invitation: Invitation,
    ordinal: int,
    participation: Participation,
    language: Language,
    *,
    most: int,
    now: datetime,
    by_letter: bool,
) -> str:
    campaign = invitation.campaign
    closes = language.moment(campaign.closes_at, invitation.person.zone, now=now)
    if ordinal == 1 < most and by_letter:
        return language.text("A quick one you may have missed: it takes ten seconds.")
    if ordinal == 1 < most:
        return language.text("A quick one you may have missed: one press and it's done.")
    if ordinal >= most:
        return language.text("Last call: it closes {moment}. I won't ask again.", moment=closes)
    if campaign.rolls:  # there is nobody who was asked the same
        return language.text("Still open until {moment}.", moment=closes)
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


def perhaps(campaign: Campaign, language: Language) -> Card:
    """Where names stay apart from answers, the reply must not tell who has answered."""
    return Card(
        headline=language.text("If the question is still open for them, they get a reminder."),
        lines=(
            language.text(
                "In {campaign} I don't tell who has answered, stopped or snoozed. A reminder goes "
                "out in its reader's sending hours, never within 24 hours of another message, and "
                "no oftener than your contact policy allows.",
                campaign=campaign.name,
            ),
        ),
    )


def not_reminded(error: NoReminder, language: Language) -> str:
    """Why somebody gets no reminder; whose own wish it is stays with them."""
    match error.why:
        case WhyNoReminder.ANSWERED:
            return language.text("They have answered already: there is nothing to remind of.")
        case WhyNoReminder.PAUSED:
            return language.text("That round is paused: `/nps resume` goes on with it first.")
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
        case WhyNoReminder.TOO_LATE:
            return language.text("The round closes before their next sending hours.")
        case WhyNoReminder.LEFT | WhyNoReminder.NOT_SENT | WhyNoReminder.SILENCE:
            return language.text("They can't be reminded of it now.")
