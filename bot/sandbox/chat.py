"""The sandbox's chat server: conversations of one person each with Voxpop."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from survey.card import Attachment

PLATFORM = "sandbox"
WORKSPACE = "sandbox"


class Author(StrEnum):
    """Who wrote a message."""

    PERSON = "person"
    VOXPOP = "voxpop"


class Message(Protocol):
    """One message of a conversation, or one answer in the thread below it."""

    @property
    def id(self) -> int:
        """Stable."""
        ...

    @property
    def inbox(self) -> str:
        """The e-mail of the person whose conversation it is, or a channel: `#support`."""
        ...

    @property
    def author(self) -> str:
        """Who wrote it: an `Author`."""
        ...

    @property
    def thread_id(self) -> int | None:
        """The message that it answers; None outside of threads."""
        ...

    @property
    def content(self) -> Mapping[str, Any]:
        """As `rendering` made it."""
        ...

    @property
    def has_image(self) -> bool:
        """Whether a picture goes with it."""
        ...

    @property
    def file_name(self) -> str | None:
        """What the file is called that goes with it; None if none does."""
        ...

    @property
    def at(self) -> datetime:
        """When it was written (UTC)."""
        ...

    @property
    def edited(self) -> bool:
        """Whether it has changed since."""
        ...


class Chat(Protocol):
    """Where conversations are kept, so that they survive a restart."""

    async def add(
        self,
        inbox: str,
        content: Mapping[str, Any],
        *,
        author: str,
        at: datetime,
        thread_id: int | None = None,
        delivery_id: UUID | None = None,
        image: bytes | None = None,
        attachment: Attachment | None = None,
    ) -> int:
        """A new message; its id. A delivery that is there already is not written again."""
        ...

    async def replace(
        self, message_id: int, content: Mapping[str, Any], *, as_of: datetime | None
    ) -> bool:
        """Change a message, unless it shows something newer; False if it is gone."""
        ...

    async def get(self, message_id: int) -> Message | None:
        """One message."""
        ...

    async def find(self, delivery_id: UUID) -> int | None:
        """The message of a delivery."""
        ...

    async def inbox(self, inbox: str) -> Sequence[Message]:
        """A conversation with its threads, oldest first."""
        ...

    async def posts(self) -> Sequence[Message]:
        """What stands in channels, oldest first."""
        ...

    async def image(self, message_id: int) -> bytes | None:
        """A message's picture."""
        ...

    async def attachment(self, message_id: int) -> Attachment | None:
        """A message's file."""
        ...
