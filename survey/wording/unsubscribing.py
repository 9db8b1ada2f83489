"""What the page says that ends mails, and brings them back."""

from dataclasses import replace

from survey.consent import REASON_LIMIT
from survey.language import Language
from survey.page import Choice, Page, Voice, Words
from survey.rights import Lifted
from survey.survey import Survey

ALL, THIS = "all", "this"
"""What a form says is to be stopped, or asked again."""
ALL_SURVEYS = ""
"""What stands for all surveys among those that somebody stopped."""


def asking(survey: Survey, language: Language) -> Page:
    """Asked once before anything stops: whoever only opens a link stops nothing."""
    return Page(
        headline=language.text("What should I stop?"),
        lines=(language.text("Whichever you choose, I won't hold it against you."),),
        words=_why(language),
        choices=(
            Choice(
                name="stop", value=ALL, label=language.text("No more surveys from me"), strong=True
            ),
            Choice(
                name="stop",
                value=THIS,
                label=language.text("No more about {subject}", subject=survey.subject),
            ),
        ),
        trap=language.text("Leave this empty, it is for programs only"),
    )


def _why(language: Language) -> Words:
    limit = language.number(REASON_LIMIT)
    return Words(
        label=language.text("Why? Only if you like to tell."),
        hint=language.text("Whoever runs the surveys can read it beside your name."),
        limit=REASON_LIMIT,
        most=language.text("Up to {limit} characters.", limit=limit),
        count=language.text("{length} of {limit} characters", length="{length}", limit=limit),
        send="",
    )


def done(survey: Survey, language: Language, *, everything: bool) -> Page:
    """Stopped."""
    return Page(
        headline=language.text("Done: no more surveys from me.")
        if everything
        else language.text(
            "Done: I won't ask you about {subject} any more.", subject=survey.subject
        ),
        voice=Voice.STATUS,
        lines=(language.text("If that was a mistake, one press brings me back."),),
        choices=(_again(ALL if everything else THIS, language),),
    )


def _again(which: str, language: Language) -> Choice:
    return Choice(name="again", value=which, label=language.text("Ask me again"))


def back(lifted: Lifted, language: Language) -> Page:
    """Asked again; what still stands is told."""
    if ALL_SURVEYS in lifted.still_stopped:
        return Page(
            headline=language.text("All surveys are still stopped."),
            voice=Voice.STATUS,
            lines=(language.text("You stopped them all, which counts for this one too."),),
            choices=(_again(ALL, language),),
        )
    still = []
    if lifted.still_stopped:
        names = language.listing(lifted.still_stopped)
        still.append(language.text("Still stopped: {surveys}.", surveys=names))
    if lifted.snoozed_until is not None:
        day = language.day(lifted.snoozed_until)
        still.append(language.text("I still won't ask you anything before {day}.", day=day))
    return Page(
        headline=language.text("Welcome back: I may ask you again."),
        voice=Voice.STATUS,
        lines=tuple(still),
    )


def not_saved(page: Page, language: Language) -> Page:
    """The page once more: the database did not take it."""
    return replace(
        page,
        alert=language.text("I couldn't save that just now, so please press again in a minute."),
    )


def once_more(page: Page, language: Language) -> Page:
    """A program seems to have pressed."""
    return replace(
        page,
        alert=language.text(
            "Nothing is stopped yet. Programs that check mails press buttons too, so please press "
            "once more."
        ),
    )
