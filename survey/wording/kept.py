"""What is kept of what happened to somebody, told to them alone."""

from collections.abc import Sequence

from survey.language import Language
from survey.localtime import local_date
from survey.person import Person
from survey.rights import Happened
from survey.wording import happened

SHOWN = 10
"""How many are told of in the chat, the latest first; the file has all of them."""


def lines(kept: Sequence[Happened], person: Person, language: Language) -> Sequence[str]:
    """A line each, and how many more there are."""
    said = [_line(one, person, language) for one in kept[:SHOWN]]
    if len(kept) > SHOWN:
        said.append(
            language.plural(
                "{n} more note like these is in the file.",
                "{n} more notes like these are in the file.",
                len(kept) - SHOWN,
            )
        )
    return said


def _line(one: Happened, person: Person, language: Language) -> str:
    fields = {
        "day": language.day(local_date(one.at, person.zone)),
        "details": language.listing(
            [f"{name}: {happened.foreign(word)}" for name, word in one.details.items()]
        ),
    }
    match one.kind:
        case "asked about":
            return language.text("What you were asked about, {day}: {details}", **fields)
        case "ticket":
            return language.text("A support request of yours, {day}: {details}", **fields)
        case "visit":
            return language.text("A visit of yours, {day}: {details}", **fields)
        case "feature":
            return language.text("A feature that you have used, {day}: {details}", **fields)
        case "follow-up":
            return language.text("Noted on an answer of yours, {day}: {details}", **fields)
        case "insight":
            return language.text(
                "What was read from an answer of yours, {day}: {details}", **fields
            )
        case _:
            return language.text("Noted, {day}: {details}", **fields)
