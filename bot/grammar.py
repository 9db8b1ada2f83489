"""The words after `/nps`: read once, the nearest word suggested when none fits."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from survey.campaign import Period
from survey.errors import InvalidValue


class Word(StrEnum):
    """Everything that can be typed."""

    HELP = "help"
    REPORT = "report"
    STATUS = "status"
    PREVIEW = "preview"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    REMIND = "remind"
    COMMENTS = "comments"
    EXPORT = "export"
    AUDIT = "audit"
    FOLLOWUPS = "followups"
    PENDING = "pending"
    SNOOZE = "snooze"
    OPTOUT = "optout"
    OPTIN = "optin"
    COMPACT = "compact"
    BUTTONS = "buttons"
    LANGUAGE = "language"
    CHANNEL = "channel"
    MYDATA = "mydata"
    FORGET = "forget"


LATER_WORDS = frozenset(
    {
        "compliance",
        "dashboard",
        "extend",
        "history",
        "themes",
        "waive",
    }
)
"""Words of the full grammar that this version does not know yet."""
FOR_ADMINISTRATORS = frozenset(
    {
        Word.REPORT,
        Word.STATUS,
        Word.PREVIEW,
        Word.START,
        Word.PAUSE,
        Word.RESUME,
        Word.CLOSE,
        Word.REMIND,
        Word.COMMENTS,
        Word.EXPORT,
        Word.AUDIT,
    }
)
_OF_A_ROUND = frozenset(
    {
        Word.REPORT,
        Word.STATUS,
        Word.PAUSE,
        Word.RESUME,
        Word.CLOSE,
        Word.REMIND,
        Word.COMMENTS,
        Word.EXPORT,
    }
)
"""Words after which a round may be named."""
TO_SOME = frozenset({Word.START, Word.PREVIEW, Word.REMIND})
"""Words after which people may be named."""
LONGEST_SNOOZE = 366
"""Days."""
LONGEST_AUDIT = 100
"""Lines of the audit log."""
LONGEST_SPAN = 366
"""Days that a report looks back at most."""
WHICH = ("all", "mine", "done")
"""Words after `followups`."""
_DIGITS_OF_A_YEAR = 4
_DAYS = frozenset({"day", "days"})
LONGEST_SUGGESTION = 60
"""Characters of a command that is suggested."""
_HARMLESS = re.compile(r"[\w@.,/+-]+")
"""A word that may be said back as it was typed."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command that was understood.

    Attributes:
        word: What to do.
        survey: Of which survey; None for the only one there is.
        period: Of which round; None for the latest.
        by: The attribute whose groups are wanted.
        share: Whether everybody in the channel may see the answer.
        to: E-mails or handles, where the command is about some people.
        days: The number after `snooze` (days) or `audit` (entries), or that before `days` after
            `report`; None where none is named.
        which: The word after `followups`: all, mine or done; None where there is none.
        language: The code after `language`; None where none is named.
        channel: The word after `channel`, as it was typed; None where there is none.
    """

    word: Word
    survey: str | None = None
    period: Period | None = None
    by: str | None = None
    share: bool = False
    to: frozenset[str] = frozenset()
    days: int | None = None
    language: str | None = None
    channel: str | None = None
    which: str | None = None


NO_LANGUAGES: Mapping[str, str] = {}


class NotUnderstood(InvalidValue):
    """A word that no command has here; `nearest` is what may have been meant."""

    code = "unknown_command"

    def __init__(self, typed: str, nearest: str | None) -> None:
        super().__init__(f"I don't know {typed!r}.")
        self.typed = typed
        self.nearest = nearest


class NotSpoken(NotUnderstood):
    """A language that is none of ours, and near none of them."""

    def __init__(self, typed: str) -> None:
        super().__init__(typed, Word.LANGUAGE.value)


class NumberOutOfRange(InvalidValue):
    """A number that is too small or too large; `most` is the largest."""

    code = "out_of_range"

    def __init__(self, typed: str, most: int) -> None:
        super().__init__(f"{typed} is not from 1 to {most}.")
        self.typed = typed
        self.most = most


class NotBuilt(InvalidValue):
    """A word that a later version will know."""

    code = "not_built"

    def __init__(self, typed: str) -> None:
        super().__init__(f"{typed} is not built yet.")
        self.typed = typed


def _with(near: str, rest: Sequence[str]) -> str:
    """A suggestion with the rest that was typed, if that is a few plain words."""
    whole = " ".join([near, *rest])
    harmless = len(whole) <= LONGEST_SUGGESTION and all(map(_HARMLESS.fullmatch, rest))
    return whole if harmless else near


def _near(word: str, known: Sequence[str]) -> str | None:
    """The word that was probably meant: one that begins alike, or one that looks alike."""
    alike = [name for name in known if len(word) > 1 and name.startswith(word)]
    return next(iter(alike or difflib.get_close_matches(word, known, n=1, cutoff=0.6)), None)


def parse(
    text: str, *, surveys: Sequence[str], languages: Mapping[str, str] = NO_LANGUAGES
) -> Command:
    """Read `/nps report nps 2026Q4 by team share` and the like.

    Args:
        text: All that was typed, with or without the slash command itself.
        surveys: The names of the surveys there are.
        languages: Those that can be chosen, each with its own name for itself, by their codes.

    Raises:
        NotUnderstood: With the nearest command, if a word does not fit.
    """
    # What was copied from a chat may carry spaces without width.
    words = text.replace("\u200b", "").split()
    if words and words[0].startswith("/"):
        bare = words[0].removeprefix("/").lower()
        # `/report` is what somebody types who forgot the rest.
        words = [bare, *words[1:]] if bare in set(Word) else words[1:]
    if words and words[0].lower() == "nps" and len(words) > 1:
        words = words[1:]
    if not words:
        return Command(word=Word.HELP)
    typed, *rest = words
    try:
        word = Word(typed.lower())
    except ValueError as error:
        if typed.lower() in LATER_WORDS:
            raise NotBuilt(typed.lower()) from error
        near = _near(typed.lower(), [known.value for known in Word])
        raise NotUnderstood(typed, None if near is None else _with(near, rest)) from error
    if word is Word.LANGUAGE and rest:
        return Command(word=word, language=_language(" ".join(rest), languages))
    if word is Word.CHANNEL and rest:
        return Command(word=word, channel=" ".join(rest))
    return _arguments(word, rest, surveys=surveys)


def _language(typed: str, languages: Mapping[str, str]) -> str:
    """The code of a language that is named by it, or by its own name: `de`, `pt-BR`, `Deutsch`."""
    lowered = typed.lower().replace("-", "_")
    known = {code.lower(): code for code in languages}
    known |= {name.lower(): code for code, name in languages.items()}
    if lowered in known:
        return known[lowered]
    bare = lowered.partition("_")[0]  # `de_AT` where there is but one German
    near = bare if bare in known else _near(lowered, list(known))
    if near is None:
        raise NotSpoken(typed)
    raise NotUnderstood(typed, f"language {known[near]}")


def _arguments(word: Word, rest: list[str], *, surveys: Sequence[str]) -> Command:  # noqa: C901, PLR0912 - a table
    survey: str | None = None
    period: Period | None = None
    by: str | None = None
    share = False
    to: frozenset[str] = frozenset()
    days: int | None = None
    which: str | None = None
    named = {name.lower(): name for name in surveys}
    rest = list(rest)
    while rest:
        argument = rest.pop(0)
        lowered = argument.lower()
        if lowered == "by" and word is Word.REPORT and rest:
            by = rest.pop(0)
        elif lowered == "share" and word is Word.REPORT:
            share = True
        elif lowered == "to" and word in TO_SOME:
            to = _emails(rest)
            rest = []
            if not to:
                raise NotUnderstood(argument, f"{word.value} to @name")
        elif word in TO_SOME and argument.strip("@,") and "@" in argument:
            to |= _emails([argument])
        elif word in {Word.SNOOZE, Word.AUDIT} and days is None and argument.isdecimal():
            days = _count(word, argument)
        elif word is Word.REPORT and argument.isdecimal() and rest and rest[0].lower() in _DAYS:
            days = _count(word, argument)
            rest.pop(0)
        elif word is Word.REPORT and argument.isdecimal() and len(argument) < _DIGITS_OF_A_YEAR:
            raise NotUnderstood(" ".join([argument, *rest[:1]]), f"{word.value} {argument} days")
        elif word is Word.FOLLOWUPS and lowered in WHICH and which is None:
            which = lowered
        elif lowered in named and survey is None:
            survey = named[lowered]
        elif word in _OF_A_ROUND and argument[:4].isdigit():
            period = Period.parse(argument)
        elif word in _OF_A_ROUND and "/" in argument:
            name, _, when = argument.partition("/")
            survey, period = named.get(name.lower(), name), Period.parse(when)
        else:
            raise NotUnderstood(argument, _instead(word, lowered, surveys))
    return Command(
        word=word,
        survey=survey,
        period=period,
        by=by,
        share=share,
        to=to,
        days=days,
        which=which,
    )


def _instead(word: Word, typed: str, surveys: Sequence[str]) -> str | None:
    """The command that may have been meant, where a word after it does not fit."""
    if typed == "by" and word is Word.REPORT:
        return "report by team"
    if word is Word.EXPORT and typed in {"csv", "json", "pdf"}:
        return "export"  # its file is CSV
    if word is Word.FOLLOWUPS:
        surveys = WHICH
    known = [*surveys, *(["by", "share"] if word is Word.REPORT else [])]
    near = _near(typed, [name for name in known if name != typed])
    if near is None and word is Word.FOLLOWUPS:
        near = WHICH[0]
    if near is not None:
        return f"{word.value} {near}"
    if word is Word.REMIND and typed.strip("@"):
        meant = _with(word.value, [f"@{typed.strip('@')}"])
        return meant if meant != word.value else f"{word.value} @name"
    return None


def _count(word: Word, typed: str) -> int:
    """The number after `snooze` (days) or `audit` (entries), or that of a report's days."""
    most = {Word.SNOOZE: LONGEST_SNOOZE, Word.REPORT: LONGEST_SPAN}.get(word, LONGEST_AUDIT)
    number = int(typed[:9])
    if not 1 <= number <= most:
        raise NumberOutOfRange(typed, most)
    return number


def _emails(words: list[str]) -> frozenset[str]:
    parts = " ".join(words).replace(",", " ").split()
    return frozenset(name for part in parts if (name := part.removeprefix("@").lower()))
