"""What Slack sends us, after Bolt has read it. It may say more; nothing less is taken."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from survey.delivery import MessageRef

Id = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]
Opaque = Annotated[str, Field(max_length=2_000)]
Stamp = Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}$")]
"""When, in seconds since 1970, by Slack's clock; of a message it is its name as well."""


def _nothing_is_empty(value: object) -> object:
    return {} if value is None else value


Values = Annotated[dict[str, Any], BeforeValidator(_nothing_is_empty)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Named(_Body):
    """Something with an id: a team, a person, a channel."""

    id: Id


class Option(_Body):
    """A choice in a menu."""

    value: Opaque = ""


class Action(_Body):
    """What was pressed, or chosen."""

    type: Opaque = ""
    action_id: Opaque = ""
    value: Opaque = ""
    selected_option: Option | None = None
    action_ts: Opaque = ""

    @property
    def seal(self) -> str:
        """What we put into it: into a button's value, and into the name of a menu."""
        return self.action_id if self.type == "static_select" else self.value

    @property
    def choice(self) -> str:
        """Of a menu; empty for a button."""
        return "" if self.selected_option is None else self.selected_option.value


class Where(StrEnum):
    """What a button stands in."""

    MESSAGE = "message"
    VIEW = "view"


class Container(_Body):
    """What a button stands in."""

    type: Opaque = ""
    channel_id: Id | None = None
    message_ts: Stamp | None = None
    is_ephemeral: bool = False


class Click(_Body):
    """A button, or a choice in a menu, in a message or in the Home tab.

    Attributes:
        trigger_id: The click's own; opens a form within three seconds, once.
        response_url: Where its message is changed and private words go; none in the Home tab.
    """

    team: Named
    user: Named
    trigger_id: Annotated[Opaque, Field(min_length=1)]
    response_url: Opaque = ""
    container: Container
    actions: Annotated[tuple[Action, ...], Field(min_length=1, max_length=25)]

    @property
    def action(self) -> Action:
        """One at a time."""
        return self.actions[0]

    @property
    def at_home(self) -> bool:
        """Whether it comes from the Home tab."""
        return self.container.type == Where.VIEW

    @property
    def channel_id(self) -> str:
        """Where the message stands; empty for the Home tab."""
        return self.container.channel_id or ""

    @property
    def message(self) -> MessageRef | None:
        """The message, where it is one that stands for longer than one person looks at it."""
        inside = self.container
        if inside.type != Where.MESSAGE or inside.is_ephemeral:
            return None
        if inside.channel_id is None or inside.message_ts is None:
            return None
        return MessageRef(channel=inside.channel_id, message=inside.message_ts)


class View(_Body):
    """A form, as it stands before a person."""

    callback_id: Opaque = ""
    private_metadata: Annotated[str, Field(max_length=3_000)] = ""
    state: Values = Field(default_factory=dict)


class Submission(_Body):
    """A form that was sent off."""

    team: Named
    user: Named
    view: View

    @property
    def values(self) -> dict[str, str]:
        """Field → text; a field is a block with one input."""
        blocks = self.view.state.get("values")
        found: dict[str, str] = {}
        for name, inputs in (blocks if isinstance(blocks, dict) else {}).items():
            for one in inputs.values() if isinstance(inputs, dict) else ():
                value = one.get("value") if isinstance(one, dict) else None
                found[name] = value if isinstance(value, str) else ""
        return found


class Typed(_Body):
    """A slash command.

    Attributes:
        response_url: Where later answers go.
    """

    team_id: Id
    user_id: Id
    channel_id: Id
    command: Opaque = ""
    text: str = ""
    trigger_id: Annotated[Opaque, Field(min_length=1)]
    response_url: Opaque = ""


class Chosen(_Body):
    """A shortcut from the menu beside the message box."""

    team: Named
    user: Named
    callback_id: Opaque = ""
    trigger_id: Annotated[Opaque, Field(min_length=1)]


class Written(_Body):
    """A message, as an event tells of it."""

    user: Id | None = None
    bot_id: Opaque | None = None
    subtype: Opaque | None = None
    channel: Id
    channel_type: Opaque = ""
    text: str = ""
    ts: Stamp
    thread_ts: Stamp | None = None


class Told(_Body):
    """An event of any kind.

    Attributes:
        event_id: The same however often it is told.
        event_time: When, in seconds since 1970.
        event: What happened.
    """

    team_id: Id
    event_id: Id
    event_time: int = 0
    event: dict[str, Any]


def instant(stamp: str) -> datetime:
    """When that was.

    Raises:
        ValueError: If it names no moment.
    """
    try:
        return datetime.fromtimestamp(float(stamp), UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{stamp!r} is no moment.") from error
