"""What a question says when it goes out by e-mail."""

from datetime import datetime, timedelta

from survey.card import Letter
from survey.invitation import Invitation
from survey.language import Language
from survey.occasion import Trigger
from survey.survey import Answers, Mode, Survey
from survey.wording import asked, happened


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
        title=_title(invitation, language),
        preview=_preview(invitation, language, reminder=reminder, most=most, now=now),
        how=_how(survey, language),
        page=language.text("Answer on the page"),
        why=_why(invitation, language),
        stop=language.text("Unsubscribe"),
        first=first,
        reveals_score=survey.mode is Mode.IDENTIFIED,
        valid_for=timedelta(days=survey.link_days),
        json_links=survey.after is Trigger.VISITS,
    )


def _title(invitation: Invitation, language: Language) -> str:
    if invitation.campaign.survey.after is Trigger.TICKETS:
        return language.text("How did we do?")
    return asked.question_of(invitation, language)


def _why(invitation: Invitation, language: Language) -> str:
    survey = invitation.campaign.survey
    match survey.after:
        case None:
            return language.text(
                "You get this because you are on the list of people whom the survey {survey} asks. "
                "Its links answer for you, so please keep this mail to yourself.",
                survey=survey.name,
            )
        case Trigger.TICKETS:
            return language.text(
                "You get this because a request of yours was resolved. Its links answer for you, "
                "so please keep this mail to yourself."
            )
        case Trigger.FEATURES:
            return language.text(
                "You get this because you use {subject}. Its links answer for you, so please keep "
                "this mail to yourself.",
                subject=happened.subject(survey, invitation.about),
            )
        case Trigger.VISITS:
            return language.text(
                "You get this because you agreed to be asked after your visit. Its links answer "
                "for you, so please keep this mail to yourself."
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
    survey = invitation.campaign.survey
    if reminder is None and survey.after is Trigger.TICKETS and survey.one_press:
        return language.text("One click to let us know.")
    if reminder is None:
        return language.text("One question, ten seconds.")
    if reminder >= most:
        return language.text("Last call: it closes {moment}.", moment=closes)
    if reminder == 1:
        return language.text("A quick one you may have missed.")
    return language.text("Still open until {moment}.", moment=closes)


def _how(survey: Survey, language: Language) -> str:
    """What a press does here, promised only as it is kept."""
    if survey.one_press and survey.answers is Answers.ONCE:
        return language.text("Press a number: a page opens and keeps it.")
    if survey.one_press:
        return language.text("Press a number: a page opens and keeps it. You can change it there.")
    return language.text("Press a number. A page opens, and one more press there sends it.")
