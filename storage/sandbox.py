"""Where the sandbox's conversations are kept."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.engine import Database
from storage.tables import sandbox_messages
from survey.card import Attachment
from survey.person import CHANNEL


@dataclass(frozen=True, kw_only=True)
class StoredMessage:
    """A row of `sandbox_messages`, less its picture and its file."""

    id: int
    inbox: str
    author: str
    thread_id: int | None
    content: Mapping[str, Any]
    has_image: bool
    file_name: str | None
    at: datetime
    edited: bool


_COLUMNS = (
    sandbox_messages.c.id,
    sandbox_messages.c.inbox,
    sandbox_messages.c.author,
    sandbox_messages.c.thread_id,
    sandbox_messages.c.card,
    sandbox_messages.c.image.is_not(None).label("has_image"),
    sandbox_messages.c.attachment_name.label("file_name"),
    sandbox_messages.c.at,
    sandbox_messages.c.edited,
)


class SqlSandbox:
    """The sandbox's chat on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        async with self._database.write() as connection:
            number: int | None = await connection.scalar(
                insert(sandbox_messages)
                .values(
                    inbox=inbox,
                    card=json.dumps(content, ensure_ascii=False),
                    author=str(author),
                    at=at,
                    thread_id=thread_id,
                    delivery_id=delivery_id,
                    image=image,
                    attachment_name=None if attachment is None else attachment.name,
                    attachment_type=None if attachment is None else attachment.media_type,
                    attachment=None if attachment is None else attachment.content,
                )
                .on_conflict_do_nothing(index_elements=["delivery_id"])
                .returning(sandbox_messages.c.id)
            )
        if number is not None:
            return number
        found = None if delivery_id is None else await self.find(delivery_id)
        if found is None:
            raise RuntimeError("A message was neither written nor there.")
        return found

    async def replace(
        self, message_id: int, content: Mapping[str, Any], *, as_of: datetime | None
    ) -> bool:
        """Change a message, unless it shows something newer; False if it is gone."""
        shown = sandbox_messages.c.as_of
        older = shown.is_(None) if as_of is None else or_(shown.is_(None), shown <= as_of)
        async with self._database.write() as connection:
            changed = await connection.execute(
                sandbox_messages.update()
                .where(sandbox_messages.c.id == message_id, older)
                .values(card=json.dumps(content, ensure_ascii=False), as_of=as_of, edited=True)
            )
            if changed.rowcount:
                return True
            there = await connection.scalar(
                select(sandbox_messages.c.id).where(sandbox_messages.c.id == message_id)
            )
            return there is not None

    async def get(self, message_id: int) -> StoredMessage | None:
        """One message."""
        found = await self._read(sandbox_messages.c.id == message_id)
        return found[0] if found else None

    async def find(self, delivery_id: UUID) -> int | None:
        """The message of a delivery."""
        async with self._database.read() as connection:
            number: int | None = await connection.scalar(
                select(sandbox_messages.c.id).where(sandbox_messages.c.delivery_id == delivery_id)
            )
            return number

    async def inbox(self, inbox: str) -> Sequence[StoredMessage]:
        """A conversation with its threads, oldest first."""
        return await self._read(sandbox_messages.c.inbox == inbox)

    async def posts(self) -> Sequence[StoredMessage]:
        """What stands in channels, oldest first."""
        return await self._read(sandbox_messages.c.inbox.startswith(CHANNEL, autoescape=True))

    async def image(self, message_id: int) -> bytes | None:
        """A message's picture."""
        async with self._database.read() as connection:
            png: bytes | None = await connection.scalar(
                select(sandbox_messages.c.image).where(sandbox_messages.c.id == message_id)
            )
            return png

    async def attachment(self, message_id: int) -> Attachment | None:
        """A message's file."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(
                        sandbox_messages.c.attachment_name,
                        sandbox_messages.c.attachment_type,
                        sandbox_messages.c.attachment,
                    ).where(
                        sandbox_messages.c.id == message_id,
                        sandbox_messages.c.attachment_name.is_not(None),
                    )
                )
            ).one_or_none()
        if row is None:
            return None
        return Attachment(
            name=row.attachment_name, media_type=row.attachment_type, content=row.attachment
        )

    async def _read(self, condition: Any) -> list[StoredMessage]:
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(*_COLUMNS).where(condition).order_by(sandbox_messages.c.id)
            )
            return [
                StoredMessage(
                    id=row.id,
                    inbox=row.inbox,
                    author=row.author,
                    thread_id=row.thread_id,
                    content=json.loads(row.card),
                    has_image=row.has_image,
                    file_name=row.file_name,
                    at=row.at,
                    edited=row.edited,
                )
                for row in rows
            ]
