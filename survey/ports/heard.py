"""What was heard in chats: nothing twice, and nothing missed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a platform may tell of more than once.

    Attributes:
        source: What tells, such as `mattermost:comments`.
        name: As the platform calls it.
    """

    source: str
    name: str


class Heard(Protocol):
    """Events of chats by their source, such as `mattermost:posts`; each names its own."""

    async def mark(self, source: str) -> int | None:
        """How far a source has been heard, as it counts itself; None before the first time.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        ...

    async def set_mark(self, source: str, mark: int) -> None:
        """Everything up to this has been heard; a mark never goes back.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def is_new(self, source: str, event: str) -> bool:
        """Whether nobody has noted this event.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        ...

    async def done(self, source: str, event: str, *, at: datetime) -> bool:
        """Note an event; whether nobody had. Of two who note one, one alone is told so.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...
