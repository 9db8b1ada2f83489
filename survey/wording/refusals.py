"""What a person reads when something could not be done: one table from errors to sentences."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from survey.campaign import Campaign
from survey.errors import (
    AlreadyAnswered,
    AlreadyTaken,
    AnotherAccount,
    AsksByItself,
    CampaignExists,
    CommentTooLong,
    InvalidPeriod,
    InvalidScore,
    InvitationClosed,
    NobodyToAsk,
    NoReminder,
    NoRoundYet,
    NotYours,
    OnlyIdentified,
    OutOfDate,
    StorageUnavailable,
    UnknownAttribute,
    UnknownPeople,
    UnknownRound,
    UnknownSurvey,
    VoxpopError,
)
from survey.language import Language
from survey.occasion import Trigger
from survey.person import Administrators
from survey.wording.reminding import not_reminded


def refusal(error: VoxpopError, language: Language) -> str:
    """What happened, what it means for their answer, and what to do."""
    match error:
        case StorageUnavailable():
            return language.text(
                "I couldn't save that just now, so please press again in a minute."
            )
        case NotYours():
            return language.text("That button isn't yours to press.")
        case AlreadyAnswered():
            return language.text("You have answered already, and this survey takes one answer.")
        case CommentTooLong(length=length, limit=limit):
            return language.text(
                "That is {length} characters, and I can keep {limit}. Nothing was saved: please "
                "shorten it and send it again.",
                length=language.number(length),
                limit=language.number(limit),
            )
        case InvalidScore():
            return language.text(
                "That is no score of this question. Please press one of its buttons."
            )
        case InvitationClosed():
            return language.text("This round is closed, so I couldn't count that.")
        case OutOfDate():
            return language.text("That button is out of date. `/nps pending` shows what is open.")
        case AnotherAccount(email=email):
            return language.text(
                "The address {email} is tied to another account, the one that came with it first, "
                "so I did nothing. If this account is yours as well, ask whoever runs me to "
                "confirm it: `voxpop admin confirm {email} ACCOUNT`.",
                email=email,
            )
        case CampaignExists():
            return language.text("A round of this survey is running already; close it first.")
        case _:
            return _of_a_request(error, language)


def of_a_form(error: VoxpopError, language: Language) -> str:
    """The same beside a form's field: plain words, where nothing marks a command."""
    match error:
        case StorageUnavailable():
            return language.text(
                "I couldn't save that just now, so please send it again in a minute."
            )
        case NotYours():
            return language.text("This form isn't yours to send.")
        case OutOfDate():
            return language.text(
                "This form is out of date, so I couldn't keep that. Copy your words before you "
                "close it."
            )
        case _:
            return refusal(error, language).replace("`", "")


def sent_before(language: Language, *, editable: bool) -> str:
    """A form that comes again with other words.

    Args:
        language: Theirs.
        editable: Whether the message has a button that opens the form with what is kept.
    """
    if not editable:
        return language.text(
            "This form was sent before, and what it said then is kept. To add to it, close this "
            "and write in the question's thread."
        )
    return language.text(
        "This form was sent before, and what it said then is kept. To change it, close this and "
        "press {button}.",
        button=language.text("Edit"),
    )


def unsure_of_sender(language: Language) -> str:
    """A command that the chat server does not vouch for."""
    return language.text(
        "I couldn't make sure that this came from you just now; whoever runs me finds out why with "
        "`voxpop doctor`."
    )


def _asks_by_itself(survey: str, after: str, language: Language) -> str:
    """It has no rounds: what it waits for, and what there is instead."""
    ways = {"survey": survey}
    match after:
        case Trigger.TICKETS:
            return language.text(
                "{survey} asks by itself, whenever a support request was resolved: there is no "
                "round to start. `/nps pause {survey}` holds it, `/nps resume {survey}` goes on, "
                "and `/nps close {survey}` closes what is open.",
                **ways,
            )
        case Trigger.FEATURES:
            return language.text(
                "{survey} asks by itself, whenever somebody has used a feature often enough: there "
                "is no round to start. `/nps pause {survey}` holds it, `/nps resume {survey}` goes "
                "on, and `/nps close {survey}` closes what is open.",
                **ways,
            )
        case _:
            return language.text(
                "{survey} asks by itself, after each visit: there is no round to start. "
                "`/nps pause {survey}` holds it, `/nps resume {survey}` goes on, and "
                "`/nps close {survey}` closes what is open.",
                **ways,
            )


def _of_a_request(error: VoxpopError, language: Language) -> str:  # noqa: C901, PLR0912 - a table
    """What somebody asked for is not there."""
    match error:
        case InvalidPeriod():
            return language.text("A period looks like 2026Q4 (or 2026Q4.2 for a second one).")
        case OnlyIdentified(survey=survey):
            return language.text(
                "`{survey}` shows no names, so its figures come by the round and from groups that "
                "are large enough. Those of any span of time could single people out, from one "
                "span to the next. `/nps report {survey}` has what can be shown.",
                survey=survey,
            )
        case AlreadyTaken(by=by):
            return language.text("{name} has taken it already.", name=by)
        case UnknownSurvey(known=known):
            return language.text("There is no such survey; there is: {known}.", known=_all(known))
        case NoRoundYet(survey=survey, asks_by_itself=True):
            return language.text(
                "{survey} has asked nobody yet: it asks when there is something to ask about.",
                survey=survey,
            )
        case NoRoundYet(survey=survey):
            return language.text(
                "There has been no round of {survey} yet; `/nps start {survey}` begins one.",
                survey=survey,
            )
        case AsksByItself(survey=survey, after=after):
            return _asks_by_itself(survey, after, language)
        case UnknownRound(known=known):
            return language.text("There is no such round; there is: {known}.", known=_all(known))
        case UnknownAttribute(known=()):
            return language.text("In this round no attribute has groups that can be shown.")
        case UnknownAttribute(known=known):
            return language.text(
                "People have no such attribute in this round; there is: {known}.", known=_all(known)
            )
        case UnknownPeople(emails=emails):
            return language.text("Nobody on the roster is {emails}.", emails=_all(emails))
        case NoReminder():
            return not_reminded(error, language)
        case NobodyToAsk():
            return language.text("Nobody is left to be asked: `/nps preview` tells why.")
        case _:
            return str(error)


def _all(names: tuple[str, ...]) -> str:
    return ", ".join(short(name) for name in names) or "–"


def unforeseen(language: Language) -> str:
    """Something that nobody thought of; it is in the log."""
    return language.text(
        "I couldn't do that because of a mistake of mine, which is noted for those who look after "
        "me. What you answered before stands."
    )


def try_again(language: Language) -> str:
    """A command while the database is away."""
    return language.text("I couldn't do that just now, so please try again in a minute.")


def closed_on(campaign: Campaign, tz: ZoneInfo, language: Language) -> str:
    """A late press; the day is the one in `tz`."""
    day = language.day(campaign.closed_on(tz))
    if campaign.rolls:
        return language.text("This question closed on {day}, so I couldn't count that.", day=day)
    return language.text("This round closed on {day}, so I couldn't count that.", day=day)


def reports_are_for(administrators: Administrators, language: Language) -> str:
    """Somebody else's report."""
    if not administrators:
        return language.text(
            "Reports are for survey administrators, and none is named yet: `VOXPOP_ADMINS` does."
        )
    if not administrators.emails:
        return language.text("Reports are for survey administrators.")
    return language.text(
        "Reports are for survey administrators: {people}.",
        people=language.listing(administrators.emails),
    )


def only_administrators(administrators: Administrators, language: Language) -> str:
    """Somebody else's command."""
    if not administrators:
        return language.text(
            "That is for survey administrators, and none is named yet: `VOXPOP_ADMINS` does."
        )
    if not administrators.emails:
        return language.text("That is for survey administrators.")
    return language.text(
        "That is for survey administrators: {people}.",
        people=language.listing(administrators.emails),
    )


LONGEST_ECHO = 40
"""Characters of a mistyped word that are said back."""


def short(word: str) -> str:
    """A word as it may be said back: not too long, and nothing that turns the text around."""
    plain = "".join(letter for letter in word if letter.isprintable() and letter != "`")
    return plain if len(plain) <= LONGEST_ECHO else f"{plain[:LONGEST_ECHO]}…"


def nobodys_accounts(accounts: Sequence[str], language: Language) -> str:
    """Accounts of the chat that were mentioned, as people there write them."""
    return language.text(
        "Nobody on the roster has the account {accounts}.",
        accounts=language.listing([short(account) for account in accounts]),
    )


def not_built(typed: str, language: Language) -> str:
    """A word that a later version will know."""
    return language.text(
        "`/nps {typed}` is not built yet. `/nps help` shows what I can do.", typed=typed
    )


def out_of_range(typed: str, most: int, language: Language) -> str:
    """A number that does not fit."""
    return language.text(
        "`{typed}` is not a number that I can use here: from 1 to {most}, please.",
        typed=short(typed),
        most=language.number(most),
    )


def one_at_a_time(language: Language) -> str:
    """Several people where one is meant."""
    return language.text("One person at a time, please: `/nps remind @name`.")


def unknown_command(typed: str, nearest: str | None, language: Language) -> str:
    """A mistyped word."""
    typed = short(typed)
    if nearest is None:
        return language.text(
            "I don't know `{typed}`. `/nps help` shows what I can do.", typed=typed
        )
    return language.text(
        "I don't know `{typed}`. Did you mean `/nps {nearest}`?", typed=typed, nearest=nearest
    )


def unknown_person(language: Language) -> str:
    """Somebody who is not on the roster, or whose account was not found yet."""
    return language.text(
        "I don't know you yet: ask your survey administrators to add you. If they have, try again "
        "in a minute."
    )
