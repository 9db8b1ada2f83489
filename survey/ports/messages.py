"""Messages that stand in a chat, as the outbox knows them."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from survey.card import Subject
from survey.delivery import MessageRef
from survey.person import Address


class Messages(Protocol):
    """Which message is ours, and what it is about."""

    async def vouch(self, delivery_id: UUID, ref: MessageRef, *, at: datetime) -> bool:
        """Whether this delivery is that message.

        Where nobody knows yet what became of the delivery, a press below the message tells: it
        has arrived, and is recorded as sent.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        ...

    async def about(self, address: Address, ref: MessageRef) -> Subject | None:
        """What a message to this person is about; None if it is none of ours to them.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        ...

    async def latest(self, address: Address, subject: Subject) -> MessageRef | None:
        """The newest message about this that the person has; None if there is none.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        ...
