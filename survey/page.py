"""What a page says before anything has rendered it."""

from dataclasses import dataclass
from enum import StrEnum

from survey.card import Button


class Voice(StrEnum):
    """How those hear of it who do not see the page."""

    PLAIN = "plain"
    STATUS = "status"
    ALERT = "alert"


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The buttons of a question, each of which sends its mark.

    Attributes:
        question: What they answer.
        anchors: What the ends of the scale mean.
        buttons: One a mark, lowest first.
        sends: What a larger button says that sends the mark which was chosen elsewhere; one a mark.
        hint: Told beside that one; may be empty.
        chosen: The mark that was chosen elsewhere, or stands; None for none.
        by_address: Whether the part of the address behind its # may tell the chosen one, which
            the browser alone sees.
        by_itself: Whether the page's script may send the chosen one.
    """

    question: str
    anchors: str
    buttons: tuple[Button, ...]
    sends: tuple[str, ...]
    hint: str = ""
    chosen: int | None = None
    by_address: bool = False
    by_itself: bool = False


@dataclass(frozen=True, kw_only=True)
class Words:
    """A field for somebody's own words.

    Attributes:
        label: What is asked.
        hint: Where the words go.
        value: What stands in it.
        limit: Characters at most.
        most: The sentence that says so.
        count: The same with how many there are; `{length}` stands for that.
        send: What the button says.
        wrong: Why it was not taken; empty if nothing is wrong.
    """

    label: str
    hint: str
    value: str = ""
    limit: int
    most: str
    count: str
    send: str
    wrong: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A button of a form that is no score; `strong` for the one that is meant."""

    name: str
    value: str
    label: str
    strong: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page.

    Attributes:
        headline: What it is about, in a line.
        voice: How that is told.
        alert: What went wrong, told at once; empty if nothing did.
        lines: Paragraphs.
        quote: Somebody's own words.
        marks: The question, to be answered here.
        change: What opens the question where it stands folded; empty where it is open.
        words: A field for words.
        edit: What opens that field where it stands folded; empty where it is open.
        undo: What takes an answer back; empty where nothing can.
        stands: The mark of which the page knows that it stands; its forms say so again, since
            whoever has only the link is not told. None if it knows of none.
        provisional: The mark that waits to be counted by itself; None if none does.
        choices: Other buttons, of one form with the words where there are both.
        trap: What the label of the field says that only programs fill in.
        notes: Small print, a line each.
    """

    headline: str
    voice: Voice = Voice.PLAIN
    alert: str = ""
    lines: tuple[str, ...] = ()
    quote: str = ""
    marks: Marks | None = None
    change: str = ""
    words: Words | None = None
    edit: str = ""
    undo: str = ""
    stands: int | None = None
    provisional: int | None = None
    choices: tuple[Choice, ...] = ()
    trap: str = ""
    notes: tuple[str, ...] = ()
