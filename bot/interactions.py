"""What comes in from a chat, whatever the platform."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from survey.card import Act, Subject
from survey.delivery import MessageRef
from survey.person import Address
from survey.ports import Event


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """A button. `act`, `value` and `subject` come from what we sealed into it.

    Attributes:
        message: The message that it stands below, where the platform tells.
    """

    by: Address
    act: Act
    value: str
    subject: Subject | None
    at: datetime
    message: MessageRef | None = None


@dataclass(frozen=True, kw_only=True)
class DialogSubmitted:
    """A form. `values` come from the client and are checked like anything else.

    Attributes:
        message: The message that it was opened from, where the platform tells.
        event: What names the form itself: one that is sent off twice counts once.
    """

    by: Address
    act: Act
    subject: Subject
    values: Mapping[str, str]
    at: datetime
    message: MessageRef | None = None
    event: Event | None = None


@dataclass(frozen=True, kw_only=True)
class Said:
    """Words in the conversation.

    Attributes:
        in_thread: Whether they answer a message; they may only ever concern that message.
        subject: That of the message they answer; None where it has none, or there is none.
        message: The message they answer.
        event: What the platform calls them, where it may tell of them twice.
    """

    by: Address
    text: str
    in_thread: bool
    subject: Subject | None
    at: datetime
    message: MessageRef | None = None
    event: Event | None = None


@dataclass(frozen=True, kw_only=True)
class CommandTyped:
    """A slash command, with all that follows the slash: `nps report by team`.

    Attributes:
        strangers: Accounts among the words that are nobody's on the roster, as they were typed.
    """

    by: Address
    text: str
    at: datetime
    strangers: tuple[str, ...] = ()


Interaction = Pressed | DialogSubmitted | Said | CommandTyped
FORM_ACTS = frozenset({Act.REASON, Act.NOTE})
"""What is done by a form; each of ours has one field, called `comment`."""
