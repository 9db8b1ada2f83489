"""Keys with which programs call us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What a key may do; each may do what those after it may."""

    OWNER = "owner"
    ADMIN = "admin"
    INGEST = "ingest"

    def may(self, needed: "Role") -> bool:
        """Whether this is enough for what needs that role."""
        order = list(Role)
        return order.index(self) <= order.index(needed)


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key as it is listed; what it consists of is known to its holder alone.

    Attributes:
        name: As its maker called it; unique.
        role: What it may do.
        mark: Its first characters, by which it can be told from others.
        made_at: When (UTC).
        revoked_at: Since when it opens nothing (UTC); None if it does.
    """

    name: str
    role: Role
    mark: str
    made_at: datetime
    revoked_at: datetime | None = None


class Keys(Protocol):
    """The keys that there are; only digests of them are kept."""

    async def make(self, name: str, role: Role, *, at: datetime) -> str:
        """A new key, told this once.

        Raises:
            InvalidValue: If there is one of this name, revoked or not.
        """
        ...

    async def find(self, key: str) -> Key | None:
        """The key that this is; None if it is none, or revoked."""
        ...

    async def revoke(self, name: str, *, at: datetime) -> bool:
        """Make it worthless; whether it was good."""
        ...

    async def all(self) -> Sequence[Key]:
        """Every key, by name, revoked ones among them."""
        ...
