"""Keys with which programs call us; only digests of them are kept."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, select
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.exc import IntegrityError

from storage.engine import Database
from storage.press import Compiled
from storage.tables import api_keys
from survey.errors import InvalidValue
from survey.ports import Key, Role

BEGINS = "voxpop_"
"""So that a key that lies about somewhere is recognised, by people and by programs."""
NAME_LIMIT = 64
"""Characters of a key's name."""
_BYTES = 32
_MARK = len(BEGINS) + 4
_THAT_OPENS = select(api_keys).where(
    api_keys.c.digest == bindparam("digest", type_=String), api_keys.c.revoked_at.is_(None)
)
_BY_DIGEST = Compiled(_THAT_OPENS, asyncpg_dialect.dialect())  # type: ignore[no-untyped-call]


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
        """See the port.

        Every call of a program asks this first. On PostgreSQL it goes by the driver's own
        connection, as presses do: one round trip where a transaction takes five.
        """
        if not self._database.is_sqlite:
            async with self._database.driver() as driver:
                found = await driver.fetchrow(_BY_DIGEST.text, _digest(key))
                return None if found is None else _key(found)
        async with self._database.read() as connection:
            rows = await connection.execute(_THAT_OPENS, {"digest": _digest(key)})
            row = rows.mappings().one_or_none()
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
            return [_key(row) for row in rows.mappings()]


def _digest(key: str) -> str:
    # A header may hold anything.
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _key(row: Any) -> Key:
    """A row by the names of its columns, of SQLAlchemy's or of the driver's."""
    return Key(
        name=row["name"],
        role=Role(row["role"]),
        mark=row["mark"],
        made_at=row["made_at"],
        revoked_at=row["revoked_at"],
    )
