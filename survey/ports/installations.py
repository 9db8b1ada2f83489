"""Workspaces of a chat that installed us by themselves, each with its own token."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One workspace that installed us.

    Attributes:
        workspace: Its id, as the platform writes it.
        name: What people there call it.
        bot_user_id: Who we are there.
        app_id: Which app was installed; empty where the platform does not tell.
        scopes: What we may do there.
        token: What we call the platform with.
        refresh_token: What the next token is bought with, once; None for a token that stays.
        expires_at: When the token ends (UTC); None if it stays.
        installed_at: When (UTC).
        installed_by: Whose account there did it.
    """

    workspace: str
    name: str
    bot_user_id: str
    app_id: str
    scopes: tuple[str, ...]
    token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    expires_at: datetime | None = None
    installed_at: datetime
    installed_by: str


class Installations(Protocol):
    """What was installed where. Whoever reads the database reads no token: they are sealed."""

    async def all(self) -> Sequence[Installation]:
        """Every workspace, by its id; one whose token no key opens any more is left out.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        ...

    async def find(self, workspace: str) -> Installation | None:
        """One workspace; None if it has not installed us, or no key opens its token any more.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        ...

    async def save(self, installation: Installation) -> None:
        """Somebody has installed us; what was there of the workspace gives way.

        What waits for the workspace is tried at once.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def forget(self, workspace: str) -> bool:
        """Take a workspace out, with its token; whether it was there.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def begin_rotation(self, workspace: str, *, at: datetime, until: datetime) -> bool:
        """Begin to renew a token, alone until then; whether it is ours to do. One wins.

        Args:
            workspace: Whose.
            at: Now.
            until: When whoever has not finished has lost it, and another may begin.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def rotated(
        self,
        workspace: str,
        *,
        until: datetime,
        token: str,
        refresh_token: str | None,
        expires_at: datetime | None,
    ) -> bool:
        """Save the new token of a rotation; whether it was still the one under way.

        Args:
            workspace: Whose.
            until: What the rotation was begun with. It is not any more, once another one has begun
                or the workspace has installed us anew: then nothing changes.
            token: The new one.
            refresh_token: What the one after it is bought with.
            expires_at: When it ends (UTC).

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...
