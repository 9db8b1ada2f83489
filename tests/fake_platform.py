"""Hand-written stand-ins for what lies between the worker and a platform."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from survey.card import Card
from survey.delivery import Delivery, MessageRef, Method, Pace
from survey.errors import StorageUnavailable
from survey.person import Address

REF = MessageRef(channel="D1", message="M1")
Outcome = tuple[Any, ...]


@dataclass
class FakeOutbox:
    """Gives away what is due once, and keeps what it is told."""

    due: list[Delivery] = field(default_factory=list)
    lost: list[Delivery] = field(default_factory=list)
    told: list[Outcome] = field(default_factory=list)
    fenced: bool = False
    troubled: bool = False
    lingered: list[bool] = field(default_factory=list)
    down: bool = False

    async def claim(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        assert at.tzinfo is not None
        taken, self.due = self.due[:limit], self.due[limit:]
        return taken

    async def claim_unknown(self, *, at: datetime, limit: int) -> Sequence[Delivery]:
        assert at.tzinfo is not None
        taken, self.lost = self.lost[:limit], self.lost[limit:]
        return taken

    async def sent(
        self, delivery: Delivery, ref: MessageRef, *, at: datetime, more: bool = False
    ) -> bool:
        self.lingered.append(more)
        return self._keep("sent", delivery, ref.message, at)

    async def postponed(
        self, delivery: Delivery, *, until: datetime, reason: str, tried: bool = False
    ) -> bool:
        return self._keep("tried" if tried else "postponed", delivery, until, reason)

    async def busy(self, delivery: Delivery, *, wait: timedelta | None, reason: str) -> None:
        self._keep("busy", delivery, wait, reason)

    async def trouble(self, delivery: Delivery, *, reason: str) -> None:
        self._keep("trouble", delivery, reason)

    async def refused(self, delivery: Delivery, *, reason: str) -> bool:
        self._keep("refused", delivery, reason)
        was_well, self.troubled = not self.troubled, True
        return was_well

    async def well(self, delivery: Delivery) -> bool:
        self._keep("well", delivery)
        had_trouble, self.troubled = self.troubled, False
        return had_trouble

    async def unknown(self, delivery: Delivery, *, until: datetime, reason: str) -> bool:
        return self._keep("unknown", delivery, until, reason)

    async def failed(self, delivery: Delivery, *, reason: str) -> bool:
        return self._keep("failed", delivery, reason)

    async def skipped(self, delivery: Delivery, *, reason: str) -> bool:
        return self._keep("skipped", delivery, reason)

    def _keep(self, what: str, delivery: Delivery, *details: object) -> bool:
        if self.down:
            raise StorageUnavailable("The database does not answer.")
        self.told.append((what, delivery.id.int, *details))
        return not self.fenced


@dataclass
class FakeMessenger:
    """Answers as it is told, by the number of the delivery; otherwise all goes well."""

    repeats = False

    sends: Mapping[int, BaseException] = field(default_factory=dict)
    finds: Mapping[int, MessageRef | BaseException | None] = field(default_factory=dict)
    calls: list[tuple[str, int | str]] = field(default_factory=list)
    under_way: int = 0
    most: int = 0
    paces: Mapping[Method, Pace] = field(default_factory=dict)

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        assert address.platform == "chat"
        assert card.headline
        self.calls.append(("send", delivery_id.int))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if error := self.sends.get(delivery_id.int):
            raise error
        return REF

    async def update(self, address: Address, ref: MessageRef, card: Card) -> None:
        assert address.platform == "chat"
        self.calls.append(("update", f"{ref.message}: {card.headline}"))
        if error := self.sends.get(0):
            raise error

    async def find(self, address: Address, delivery_id: UUID) -> MessageRef | None:
        assert address.platform == "chat"
        self.calls.append(("find", delivery_id.int))
        found = self.finds.get(delivery_id.int)
        if isinstance(found, BaseException):
            raise found
        return found
