"""What people wrote, as administrators read it; and a round as a file."""

import unicodedata

from survey.card import Attachment, Card
from survey.language import Language
from survey.report import (
    BOM,
    CSV_TYPE,
    GROUPS_OF_K,
    Export,
    NamedAnswer,
    RoundComments,
    Withheld,
    comments_csv,
)
from survey.survey import Mode

SHOWN = 20
"""So many comments stand in a message; the file has all."""
LONGEST = 280
"""Characters of one comment in a message."""
TEAM = "team"


def comments_card(comments: RoundComments, language: Language) -> Card:
    """The first comments, and a file with all of them where that is not everything."""
    if comments.withheld is not None or not comments.count:
        return Card(headline=_none(comments, language), note=comments.campaign)
    lines = _lines(comments, language, longest=LONGEST)
    shown = lines[:SHOWN]
    whole = len(lines) <= SHOWN and lines == _lines(comments, language, longest=None)
    return Card(
        headline=language.plural(
            "{n} comment on {campaign}",
            "{n} comments on {campaign}",
            comments.count,
            campaign=comments.campaign,
        ),
        lines=tuple(shown),
        note=_note(comments, language, whole=whole, shown=len(shown)),
        attachment=None if whole else comments_file(comments),
    )


def comments_file(comments: RoundComments) -> Attachment:
    """All of them, word for word, for a spreadsheet."""
    return Attachment(
        name=f"{comments.survey}-{comments.period}-comments.csv",
        media_type=CSV_TYPE,
        content=(BOM + comments_csv(comments)).encode(),
    )


def comments_text(comments: RoundComments, language: Language) -> str:
    """The same for a terminal, all of them."""
    if comments.withheld is not None or not comments.count:
        return _none(comments, language)
    return "\n".join(_lines(comments, language, longest=None))


def _none(comments: RoundComments, language: Language) -> str:
    """Why there is nothing to read; without words, and without how many there would be."""
    match comments.withheld:
        case Withheld.OPEN:
            return language.text(
                "Comments are shown once the round has closed: while it runs, who has just "
                "answered could be told from what has just come in."
            )
        case Withheld.FEW:
            return language.plural(
                "Comments are shown from {n} counted answers; this round has fewer.",
                "Comments are shown from {n} counted answers; this round has fewer.",
                GROUPS_OF_K * comments.k,
            )
        case None:
            return language.text("There are no comments on this round.")


def _lines(comments: RoundComments, language: Language, *, longest: int | None) -> list[str]:
    if comments.named:
        return [_named(one, language, longest=longest) for one in comments.named]
    return [
        language.text("“{comment}”", comment=inert(one, longest=longest))
        for one in comments.unnamed
    ]


def _named(answer: NamedAnswer, language: Language, *, longest: int | None) -> str:
    team = next(
        (value for name, value in answer.attributes.items() if name.casefold() == TEAM), None
    )
    fields = {
        "name": inert(answer.name or answer.email) or language.text("Somebody"),
        "score": language.number(answer.score),
        "comment": inert(answer.comment or "", longest=longest),
    }
    if not team:
        return language.text("{name}, {score}: “{comment}”", **fields)
    return language.text("{name} ({team}), {score}: “{comment}”", team=inert(team), **fields)


def _note(comments: RoundComments, language: Language, *, whole: bool, shown: int) -> str:
    if comments.mode == Mode.IDENTIFIED.value:
        if whole:
            return language.text("The latest first.")
        return language.plural(
            "The latest one; the file has them all, word for word.",
            "The latest {n}; the file has them all, word for word.",
            shown,
        )
    if whole:
        return language.text("In no order, and without scores, so that nobody can be told from it.")
    return language.plural(
        "{n} of them in no order, and without scores, so that nobody can be told from it; the "
        "file has them all, word for word.",
        "{n} of them in no order, and without scores, so that nobody can be told from it; the "
        "file has them all, word for word.",
        shown,
    )


def inert(text: str, *, longest: int | None = None) -> str:
    """What somebody else wrote, on one line, out of which it never breaks; it marks nothing.

    Args:
        text: As it was written.
        longest: How many characters are shown of it.
    """
    line = " ".join(text.split()).replace("`", "'")
    line = "".join(letter for letter in line if unicodedata.category(letter) not in {"Cc", "Cs"})
    if longest is None or len(line) <= longest:
        return line
    return f"{line[: longest - 1].rstrip()}…"


def export_card(file: Attachment, export: Export, language: Language) -> Card:
    """A round as a file."""
    withheld = export.comments.withheld if export.comments else None
    if export.answers is not None:
        line = language.text(
            "A row for each answer, with names: keep the file as safe as the answers themselves."
        )
    elif withheld is Withheld.OPEN:
        line = language.text(
            "The figures that are shown so far. Groups and comments follow after the close."
        )
    elif withheld is Withheld.FEW:
        line = language.text(
            "The figures that may be shown. There are too few answers to show comments."
        )
    else:
        line = language.text(
            "The figures and comments that may be shown. No row of it stands for one person."
        )
    return Card(
        headline=language.text("{file} is ready.", file=file.name), lines=(line,), attachment=file
    )
