"""What the page behind a link says where there is nothing to answer, or nothing more."""

from zoneinfo import ZoneInfo

from survey.campaign import Campaign
from survey.language import Language
from survey.occasion import Trigger
from survey.page import Page, Voice
from survey.survey import Survey
from survey.wording import happened, refusals


def already(survey: Survey, language: Language) -> Page:
    """A survey that takes one answer has it."""
    return Page(
        headline=language.text("We've already received your feedback for this visit.")
        if survey.after is Trigger.VISITS
        else language.text("We've already received your feedback for this request."),
        lines=(language.text("It takes one answer, so there is nothing more to do. Thank you."),),
    )


def expired(language: Language) -> Page:
    """A link of ours whose time is over."""
    return Page(
        headline=language.text("This feedback link has expired."),
        lines=(
            language.text(
                "Links like this one work for a limited time. If you have a newer mail about it, "
                "the link in that one works."
            ),
        ),
    )


def closed(campaign: Campaign, language: Language, *, tz: ZoneInfo, pressed: bool) -> Page:
    """The round is over; `pressed` if that has just kept something from being counted."""
    return Page(
        headline=happened.closed(language)
        if campaign.rolls
        else language.text("This round is closed; thank you."),
        lines=(
            refusals.closed_on(campaign, tz, language)
            if pressed
            else language.text("It closed on {day}.", day=language.day(campaign.closed_on(tz))),
        ),
    )


def lost(survey: Survey, language: Language) -> Page:
    """A link of ours to something that is known here no more."""
    if survey.after is not Trigger.TICKETS:
        return no_longer(language)
    return Page(
        headline=language.text("We couldn't find the support request this feedback relates to."),
        lines=(language.text("It may have been deleted since. There is nothing more to do."),),
    )


def no_longer(language: Language) -> Page:
    """The round goes on, but this invitation has ended."""
    return Page(headline=language.text("This link no longer takes an answer."))


def not_valid(language: Language) -> Page:
    """A link that is not ours, was bent or leads to nothing: the same words for all of them."""
    return Page(
        headline=language.text("This feedback link doesn't appear to be valid."),
        lines=(
            language.text(
                "Mail programs sometimes break long links. Please open it from the mail once more, "
                "or copy all of it."
            ),
        ),
    )


def try_again(language: Language) -> Page:
    """The database is away, and nothing is known of the round."""
    return Page(
        headline=language.text("This page can't be shown just now."),
        voice=Voice.ALERT,
        lines=(language.text("Please open the link again in a minute. Nothing is lost."),),
    )


def unforeseen(language: Language) -> Page:
    """A mistake of ours."""
    return Page(
        headline=language.text("This page can't be shown just now."),
        voice=Voice.ALERT,
        lines=(refusals.unforeseen(language),),
    )
