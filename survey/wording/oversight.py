"""The audit log in words."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from survey.audit import A_PERSON, THE_SCHEDULE, Line
from survey.card import Card
from survey.language import Language

SHOWN = 12
"""Characters of the last digest that are shown, to be compared with a log elsewhere."""


def audit(lines: Sequence[Line], tz: ZoneInfo, language: Language, *, now: datetime) -> Card:
    """Who asked for what, newest first; times are the reader's own."""
    if not lines:
        return Card(headline=language.text("Nobody has asked for anything yet."))
    return Card(
        headline=language.text("Who asked for what, the latest first"),
        lines=tuple(_line(line, tz, language, now=now) for line in lines),
        note=language.plural(
            "{n} entry in all; the digest of the last begins with {digest}.",
            "{n} entries in all; the digest of the last begins with {digest}.",
            lines[0].number,
            digest=lines[0].digest[:SHOWN],
        ),
    )


def _line(line: Line, tz: ZoneInfo, language: Language, *, now: datetime) -> str:
    entry = line.entry
    return language.text(
        "{number} · {when} · {actor} · {action} · {about}",
        number=line.number,
        when=language.moment(entry.at, tz, now=now),
        actor=_actor(entry.actor, language),
        action=entry.action,
        about=entry.about,
    )


def _actor(actor: str, language: Language) -> str:
    if actor == A_PERSON:
        return language.text("a person")
    return language.text("the schedule") if actor == THE_SCHEDULE else actor
