"""What a message looks like before any platform has rendered it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Style(StrEnum):
    """How a button is shown."""

    SCORE = "score"
    PRIMARY = "primary"
    PLAIN = "plain"
    DANGER = "danger"


class Act(StrEnum):
    """What pressing a button does; with a value where there is one: `score:6`."""

    SCORE = "score"
    LATER = "later"
    WHY = "why"
    STOP = "stop"
    STOP_ALL = "stopall"
    STOP_THIS = "stopthis"
    KEEP = "keep"
    REASON = "reason"
    CHANGE = "change"
    UNDO = "undo"
    SHARE = "share"
    COMMENTS = "comments"
    COMPARE = "compare"
    EXPORT = "export"
    START = "start"
    SEE_WHO = "seewho"
    CANCEL = "cancel"
    FORGET = "forget"
    REMAIN = "remain"
    OPT_OUT = "optout"
    OPT_IN = "optin"
    SNOOZE = "snooze"
    WAKE = "wake"
    COMPACT = "compact"
    BUTTONS = "buttons"
    LANGUAGE = "language"
    ASK = "ask"
    """Asks once more before one of the next four; its value says which, and of which round."""
    REMIND = "remind"
    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    NOT_NOW = "notnow"
    DECLINE = "decline"
    """This question, this time: `Not now` below one that something a person used brought."""
    TAKE = "take"
    """The next four look after a low mark; whoever sees it in its channel may press them."""
    GIVE_BACK = "giveback"
    NOTE = "note"
    DONE = "done"
    REPORT = "report"
    CHECK = "check"
    """Nothing: an operator's look whether presses arrive."""


@dataclass(frozen=True, kw_only=True)
class Button:
    """Something to press.

    Attributes:
        act: What it does.
        value: With what; empty where nothing is needed.
        label: What it says; a score button says its number alone.
        style: How it is shown.
        description: What a screen reader says in place of the label; None for the label.
        tone: low | middle | high, where a colour helps; None otherwise.
    """

    act: Act
    label: str
    value: str = ""
    style: Style = Style.PLAIN
    description: str | None = None
    tone: str | None = None

    @property
    def id(self) -> str:
        """Letters and digits only: some platforms take no others. Unique in its card."""
        if self.act is Act.SCORE:
            return f"s{self.value}"
        return f"{self.act.value}{self.value}" if self.value.isalnum() else self.act.value


def ids_of(buttons: Sequence[Button]) -> Sequence[str]:
    """The ids of a card's buttons: letters and digits, each once."""
    found: list[str] = []
    for button in buttons:
        name = button.id
        while name in found:
            name += "x"
        found.append(name)
    return found


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a card is about: the round and the invitation that its buttons act on."""

    campaign_id: int
    invitation_id: UUID


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An image that goes with a message.

    Attributes:
        name: A file name.
        png: The picture.
        text: What it shows, for those who do not see it.
    """

    name: str
    png: bytes
    text: str


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a message; whoever sees the message may keep it.

    Attributes:
        name: A file name.
        media_type: What it is: `text/csv; charset=utf-8`.
        content: The file.
    """

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a message says beyond its card where it goes out as a letter; its buttons are links.

    Attributes:
        survey: By which name the survey is known.
        locale: In which language it is: `de`, `pt_BR`.
        right_to_left: Which way that is read.
        title: The line by which it is told from others.
        preview: What a list of letters shows behind the title.
        how: What happens when a number is pressed.
        page: What the link is called that leads to the question without a score.
        why: Why they get it.
        stop: What the link is called that ends these letters.
        first: Whether it is the first about its invitation; later ones answer to it.
        reveals_score: Whether a link may tell its score to whoever stores links: gateways do.
        valid_for: How long its links are good.
        json_links: Whether its links to the page are written as JSON Web Tokens.
    """

    survey: str
    locale: str
    right_to_left: bool
    title: str
    preview: str
    how: str
    page: str
    why: str
    stop: str
    first: bool
    reveals_score: bool
    valid_for: timedelta
    json_links: bool = False


@dataclass(frozen=True, kw_only=True)
class Card:
    """A message.

    The texts are plain: `backticks` mark a command, nothing else is markup, and every platform
    escapes all of it.

    Attributes:
        greeting: A line above the headline, for who hears from us for the first time.
        headline: The line that counts.
        lines: Paragraphs below it.
        note: Small print.
        buttons: What can be pressed.
        subject: What the buttons act on; None where they act on no invitation.
        picture: An image.
        attachment: A file to keep.
        compact: Whether its scores are one menu rather than a button each, where there are menus.
        as_of: The latest press or undo that the card knows of; None if there was none. A platform
            never puts an older card over a newer one.
        letter: What it says besides as a letter; None where it goes out in a chat.
        shared: Whether it is for everybody in a channel, and anybody there may press; a card that
            is not never goes into one.
    """

    greeting: str = ""
    headline: str = ""
    lines: tuple[str, ...] = ()
    note: str = ""
    buttons: tuple[Button, ...] = ()
    subject: Subject | None = None
    picture: Picture | None = None
    attachment: Attachment | None = None
    compact: bool = False
    as_of: datetime | None = None
    letter: Letter | None = None
    shared: bool = False

    @property
    def bare(self) -> "Card":
        """Without its picture and its file."""
        return replace(self, picture=None, attachment=None)

    @property
    def text(self) -> str:
        """All of it in plain words, for notifications and those who see no layout."""
        return "\n".join(
            part for part in (self.greeting, self.headline, *self.lines, self.note) if part
        )


@dataclass(frozen=True, kw_only=True)
class Field:
    """A text field of a dialog; `max_length` in characters."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    multiline: bool = True
    max_length: int


@dataclass(frozen=True, kw_only=True)
class Dialog:
    """A small form over the conversation; `title` has 24 characters at most."""

    act: Act
    title: str
    fields: tuple[Field, ...]
    submit: str
    subject: Subject
    intro: str = ""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the desk answers; each platform shows it in its own way.

    Attributes:
        update: The message that was pressed changes to this.
        private: Said to this person alone.
        thread: Said in the thread below the message.
        dialog: Opens.
        errors: Field → sentence: the dialog stays open.
        share: Posted to everyone in the channel that the command came from.
    """

    update: Card | None = None
    private: Card | None = None
    thread: str | None = None
    dialog: Dialog | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    share: Card | None = None
