"""Workspaces that installed us; their tokens lie sealed: a copy of the database has none."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Row, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.engine import Database
from storage.lanes import try_again
from storage.tables import installations
from survey.ports import Installation

_SALT = b"voxpop.installation"


@dataclass(frozen=True, kw_only=True)
class _Secrets:
    token: str
    refresh_token: str | None


class _Safe:
    """Seals with the newest key and opens with any, like buttons; under keys of its own.

    What is sealed names its workspace: moved to another row, it opens nothing.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        derived = [hmac.digest(key.encode(), _SALT, hashlib.sha256) for key in keys]
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])

    def close(self, workspace: str, token: str, refresh_token: str | None) -> str:
        text = json.dumps([workspace, token, refresh_token])
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, workspace: str, sealed: str) -> _Secrets | None:
        try:
            whose, token, refresh_token = json.loads(self._fernet.decrypt(sealed.encode()))
        except InvalidToken:
            return None
        return _Secrets(token=token, refresh_token=refresh_token) if whose == workspace else None


class SqlInstallations:
    """The port `Installations` on a database.

    Args:
        database: Where.
        keys: Newest first, as `VOXPOP_SECRET_KEY` has them. A key that is dropped loses the tokens
            that were sealed with it: those workspaces have to install us again.
    """

    def __init__(self, database: Database, keys: Sequence[str]) -> None:
        self._database = database
        self._safe = _Safe(keys)

    async def all(self) -> Sequence[Installation]:
        """See the port."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(installations).order_by(installations.c.workspace)
            )
            read = [self._installation(row) for row in found]
        return [installation for installation in read if installation is not None]

    async def find(self, workspace: str) -> Installation | None:
        """See the port."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(installations).where(installations.c.workspace == workspace)
                )
            ).one_or_none()
        return None if row is None else self._installation(row)

    async def unreadable(self) -> Sequence[str]:
        """Workspaces whose token no key opens any more, by their ids.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        async with self._database.read() as connection:
            found = await connection.execute(
                select(installations.c.workspace, installations.c.secrets).order_by(
                    installations.c.workspace
                )
            )
            return [
                row.workspace
                for row in found
                if self._safe.open(row.workspace, row.secrets) is None
            ]

    async def save(self, installation: Installation) -> None:
        """See the port."""
        values = {
            "name": installation.name,
            "bot_user_id": installation.bot_user_id,
            "app_id": installation.app_id,
            "scopes": " ".join(installation.scopes),
            "secrets": self._safe.close(
                installation.workspace, installation.token, installation.refresh_token
            ),
            "expires_at": installation.expires_at,
            "installed_at": installation.installed_at,
            "installed_by": installation.installed_by,
            # Whoever renews the token that was there has lost it.
            "rotating_until": None,
        }
        insert: Any = sqlite_insert if self._database.is_sqlite else pg_insert
        row = insert(installations).values(workspace=installation.workspace, **values)
        async with self._database.write() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=["workspace"], set_=values)
            )
            await try_again(connection, installation.workspace)

    async def forget(self, workspace: str) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            gone = await connection.execute(
                installations.delete().where(installations.c.workspace == workspace)
            )
            return gone.rowcount == 1

    async def begin_rotation(self, workspace: str, *, at: datetime, until: datetime) -> bool:
        """See the port."""
        free = or_(installations.c.rotating_until.is_(None), installations.c.rotating_until <= at)
        async with self._database.write() as connection:
            begun = await connection.execute(
                installations.update()
                .where(installations.c.workspace == workspace, free)
                .values(rotating_until=until)
            )
            return begun.rowcount == 1

    async def rotated(
        self,
        workspace: str,
        *,
        until: datetime,
        token: str,
        refresh_token: str | None,
        expires_at: datetime | None,
    ) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            saved = await connection.execute(
                installations.update()
                .where(
                    installations.c.workspace == workspace,
                    installations.c.rotating_until == until,
                )
                .values(
                    secrets=self._safe.close(workspace, token, refresh_token),
                    expires_at=expires_at,
                    rotating_until=None,
                )
            )
            return saved.rowcount == 1

    def _installation(self, row: Row[Any]) -> Installation | None:
        secrets = self._safe.open(row.workspace, row.secrets)
        if secrets is None:
            return None
        return Installation(
            workspace=row.workspace,
            name=row.name,
            bot_user_id=row.bot_user_id,
            app_id=row.app_id,
            scopes=tuple(row.scopes.split()),
            token=secrets.token,
            refresh_token=secrets.refresh_token,
            expires_at=row.expires_at,
            installed_at=row.installed_at,
            installed_by=row.installed_by,
        )
