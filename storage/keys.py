"""Keys with which programs call us; only digests of them are kept."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError

from storage.engine import Database
from storage.tables import api_keys
from survey.errors import InvalidValue
from survey.ports import Key, Role

BEGINS = "voxpop_"
"""So that a key that lies about somewhere is recognised, by people and by programs."""
NAME_LIMIT = 64
"""Characters of a key's name."""
_BYTES = 32
_MARK = len(BEGINS) + 4


class SqlKeys:
    """The port `Keys` on a database.

    A key has 256 random bits: its digest needs no salt, and is found by an index.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, name: str, role: Role, *, at: datetime) -> str:
        """See the port."""
        if not name.strip() or len(name) > NAME_LIMIT:
            raise InvalidValue(f"A key's name has 1 to {NAME_LIMIT} characters.")
        key = BEGINS + secrets.token_urlsafe(_BYTES)
        try:
            async with self._database.write() as connection:
                await connection.execute(
                    api_keys.insert().values(
                        name=name,
                        role=role.value,
                        digest=_digest(key),
                        mark=key[:_MARK],
                        made_at=at,
                    )
                )
        except IntegrityError as error:
            raise InvalidValue(
                f"There is a key {name} already; names are not used twice, so that a log always "
                "means one key."
            ) from error
        return key

    async def find(self, key: str) -> Key | None:
        """See the port."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(api_keys).where(
                        api_keys.c.digest == _digest(key), api_keys.c.revoked_at.is_(None)
                    )
                )
            ).one_or_none()
            return None if row is None else _key(row)

    async def revoke(self, name: str, *, at: datetime) -> bool:
        """See the port."""
        async with self._database.write() as connection:
            revoked = await connection.execute(
                api_keys.update()
                .where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=at)
            )
            return bool(revoked.rowcount)

    async def all(self) -> Sequence[Key]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(api_keys).order_by(api_keys.c.name))
            return [_key(row) for row in rows]


def _digest(key: str) -> str:
    # A header may hold anything.
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _key(row: Row[Any]) -> Key:
    return Key(
        name=row.name,
        role=Role(row.role),
        mark=row.mark,
        made_at=row.made_at,
        revoked_at=row.revoked_at,
    )
