"""What a question says when it goes out by e-mail."""

from datetime import datetime, timedelta

from survey.card import Letter
from survey.invitation import Invitation
from survey.language import Language
from survey.survey import Mode, Survey
from survey.wording import asked


def letter(
    invitation: Invitation,
    language: Language,
    *,
    reminder: int | None,
    first: bool,
    most: int,
    now: datetime,
) -> Letter:
    """All that stands around the card.

    Args:
        invitation: Whose.
        language: The person's.
        reminder: Which reminder it is; None for the question itself.
        first: Whether it is the first message about the invitation.
        most: How many reminders of a question anybody gets, so that the last can say so.
        now: Now.
    """
    survey = invitation.campaign.survey
    return Letter(
        survey=survey.name,
        locale=language.locale,
        right_to_left=language.right_to_left,
        # The same in each: that keeps them together in lists of letters.
        title=asked.question(survey, language),
        preview=_preview(invitation, language, reminder=reminder, most=most, now=now),
        how=_how(survey, language),
        page=language.text("Answer on the page"),
        why=language.text(
            "You get this because you are on the list of people whom the survey {survey} asks. "
            "Its links answer for you, so please keep this mail to yourself.",
            survey=survey.name,
        ),
        stop=language.text("Unsubscribe"),
        first=first,
        reveals_score=survey.mode is Mode.IDENTIFIED,
        valid_for=timedelta(days=survey.link_days),
    )


def _preview(
    invitation: Invitation,
    language: Language,
    *,
    reminder: int | None,
    most: int,
    now: datetime,
) -> str:
    """What a list of letters shows behind the title; it stands nowhere else."""
    closes = language.moment(invitation.campaign.closes_at, invitation.person.zone, now=now)
    if reminder is None:
        return language.text("One question, ten seconds.")
    if reminder >= most:
        return language.text("Last call: it closes {moment}.", moment=closes)
    if reminder == 1:
        return language.text("A quick one you may have missed.")
    return language.text("Still open until {moment}.", moment=closes)


def _how(survey: Survey, language: Language) -> str:
    """What a press does here, promised only as it is kept."""
    if survey.one_press:
        return language.text("Press a number: a page opens and keeps it. You can change it there.")
    return language.text("Press a number. A page opens, and one more press there sends it.")
