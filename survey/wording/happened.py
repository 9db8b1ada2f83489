"""What happened to somebody, in the words of the question about it; foreign words among them."""

from collections.abc import Iterator

from survey.invitation import Invitation
from survey.language import Language
from survey.localtime import local_date
from survey.occasion import Told, Trigger
from survey.person import Person
from survey.signs import unseen
from survey.survey import Survey
from survey.wording.comments import inert

SHOWN = 200
"""Characters that are shown of a word somebody else gave."""
OPENING_SHOWN = 2_000
"""Characters that are shown of what an invitation says above its question."""


def word(about: Told | None, name: str) -> str:
    """What was told of it under this name, on one line that marks nothing; empty if nothing was."""
    return foreign("" if about is None else about.details.get(name, ""))


def foreign(text: str) -> str:
    """Somebody else's words: on one line, not too long, and nothing that marks or turns text."""
    return inert(_seen(text), longest=SHOWN)


def subject(survey: Survey, about: Told | None) -> str:
    """What the question is about: the feature that was used, or what the survey says."""
    named = word(about, "subject") if survey.after is Trigger.FEATURES else ""
    return named or survey.subject


def lines(invitation: Invitation, language: Language) -> tuple[str, ...]:
    """Told below the question, so that nobody has to guess what it means."""
    about = invitation.about
    if about is None:
        return ()
    match invitation.campaign.survey.after:
        case Trigger.TICKETS:
            return tuple(_of_a_request(about, language))
        case Trigger.VISITS:
            return (_of_a_visit(about, invitation.person, language),)
        case _:
            return ()


def _of_a_request(about: Told, language: Language) -> Iterator[str]:
    if request := request_of(about):
        yield language.text("Your request: {ticket}", ticket=request)
    if by := word(about, "resolved_by"):
        yield language.text("Answered by {name}", name=by)


def request_of(about: Told | None) -> str:
    """How the person knows their request: by its number, its title or both."""
    number, title = word(about, "ticket"), word(about, "subject")
    return " · ".join(part for part in dict.fromkeys((number, title)) if part)


def named(invitation: Invitation) -> str:
    """The request, the branch or the feature, by its name alone: for lists."""
    about, survey = invitation.about, invitation.campaign.survey
    match survey.after:
        case Trigger.TICKETS:
            return request_of(about)
        case Trigger.VISITS:
            return word(about, "branch")
        case _:
            return subject(survey, about)


def _of_a_visit(about: Told, person: Person, language: Language) -> str:
    day = language.day(local_date(about.happened_at, person.zone))
    if branch := word(about, "branch"):
        return language.text("Your visit: {branch}, {day}", branch=branch, day=day)
    return language.text("Your visit: {day}", day=day)


def opening(invitation: Invitation, language: Language) -> str:
    """What stands above the question, a paragraph a line; empty where nothing does.

    For requests and visits: to those people we are nobody, so it speaks of what happened to them.
    """
    person, about = invitation.person, invitation.about
    match invitation.campaign.survey.after:
        case Trigger.TICKETS if person.name.strip():
            return language.text(
                "Hi {name}, your request has been resolved.", name=foreign(person.first_name)
            )
        case Trigger.TICKETS:
            return language.text("Your request has been resolved.")
        case Trigger.VISITS if about is not None and about.details.get("invitation", "").strip():
            return _paragraphs(about.details["invitation"])
        case Trigger.VISITS if person.name.strip():
            return language.text(
                "Hi {name}, thank you for your visit.", name=foreign(person.first_name)
            )
        case Trigger.VISITS:
            return language.text("Thank you for your visit.")
        case _:
            return ""


def _paragraphs(text: str) -> str:
    said = [inert(_seen(line)) for line in text[:OPENING_SHOWN].splitlines()]
    whole = "\n".join(line for line in said if line)
    return f"{whole.rstrip()}…" if len(text) > OPENING_SHOWN else whole


def why(invitation: Invitation, language: Language) -> str:
    """Why this person is asked: what happened, and when on their clock."""
    survey, about = invitation.campaign.survey, invitation.about
    if about is None:
        return _why_at_all(survey, language)
    day = language.day(local_date(about.happened_at, invitation.person.zone))
    match survey.after:
        case Trigger.TICKETS if request := request_of(about):
            return language.text(
                "You are asked because your request “{ticket}” was resolved on {day}.",
                ticket=request,
                day=day,
            )
        case Trigger.TICKETS:
            return language.text(
                "You are asked because a request of yours was resolved on {day}.", day=day
            )
        case Trigger.VISITS if branch := word(about, "branch"):
            return language.text(
                "You are asked because you visited us on {day} ({branch}) and agreed to it.",
                day=day,
                branch=branch,
            )
        case Trigger.VISITS:
            return language.text(
                "You are asked because you visited us on {day} and agreed to it.", day=day
            )
        case _:
            return language.text(
                "You are asked because you used {subject} on {day}.",
                subject=subject(survey, about),
                day=day,
            )


def _why_at_all(survey: Survey, language: Language) -> str:
    match survey.after:
        case Trigger.TICKETS:
            return language.text("You are asked because a request of yours was resolved.")
        case Trigger.VISITS:
            return language.text("You are asked because you visited us and agreed to it.")
        case _:
            return language.text("You are asked because you use {subject}.", subject=survey.subject)


def awaited(trigger: Trigger, language: Language) -> str:
    """When a survey asks that has no rounds."""
    match trigger:
        case Trigger.TICKETS:
            return language.text("It asks by itself when a request has been resolved.")
        case Trigger.FEATURES:
            return language.text("It asks by itself when somebody has used a feature for a while.")
        case Trigger.VISITS:
            return language.text("It asks by itself after a visit.")


def closed(language: Language) -> str:
    """What the message says when its own time is over."""
    return language.text("This question is closed now; thank you.")


def _seen(text: str) -> str:
    return text if not unseen(text) else "".join(" " if unseen(sign) else sign for sign in text)
