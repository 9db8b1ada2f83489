"""Tombstones: what stands for an e-mail that was forgotten, and who must not come back by it."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import erasures
from survey.errors import InvalidValue

_MARK_BYTES = 8
_BATCH = 10_000
"""How many digests one statement looks up."""


class Tombstones:
    """A digest for each e-mail that only a holder of the key can make.

    Args:
        secrets: The settings' keys, newest first: the newest writes, any of them finds.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [
            hmac.digest(secret.encode(), b"voxpop erasures", hashlib.sha256) for secret in secrets
        ]
        self.marks = [
            hmac.digest(key, b"voxpop mark of this key", hashlib.sha256)[:_MARK_BYTES].hex()
            for key in self._keys
        ]
        """What tells under which key a digest was made, the newest first."""

    def digests(self, email: str) -> list[str]:
        """The digests that an e-mail may stand under, that of the newest key first."""
        known = email.strip().lower().encode()
        return [hmac.digest(key, known, hashlib.sha256).hex() for key in self._keys]

    def row(self, email: str) -> dict[str, str]:
        """What is written of it, less the time."""
        return {"digest": self.digests(email)[0], "key_mark": self.marks[0]}

    def among(self, emails: Iterable[str], known: set[str]) -> set[str]:
        """Those of these e-mails whose digest is among the known ones."""
        if not known:
            return set()
        return {email for email in emails if not known.isdisjoint(self.digests(email))}

    async def forgotten(self, connection: AsyncConnection, emails: Iterable[str]) -> set[str]:
        """Those of these e-mails that nobody may bring back.

        Raises:
            InvalidValue: If some can't be compared with any e-mail.
        """
        if lost := await self.unreadable(connection):
            raise InvalidValue(
                f"{told_unreadable(lost)}, so what happens to them could bring them back; nobody "
                f"new is asked. To mend it, {MEND_UNREADABLE}."
            )
        return await self.find(connection, emails)

    async def find(self, connection: AsyncConnection, emails: Iterable[str]) -> set[str]:
        """Those of these e-mails that stand here under any of the keys."""
        given: dict[str, set[str]] = {}
        for email in emails:
            for digest in self.digests(email):
                given.setdefault(digest, set()).add(email)
        digests = list(given)
        found: set[str] = set()
        for place in range(0, len(digests), _BATCH):
            part = digests[place : place + _BATCH]
            known = await connection.scalars(
                select(erasures.c.digest).where(erasures.c.digest.in_(part))
            )
            found |= {email for digest in known for email in given[digest]}
        return found

    async def unreadable(self, connection: AsyncConnection) -> int:
        """How many stand under a key that is not named any more."""
        lost = select(func.count()).where(erasures.c.key_mark.not_in(self.marks))
        return await connection.scalar(lost) or 0

    async def read(self, connection: AsyncConnection) -> set[str]:
        """Every digest.

        Raises:
            InvalidValue: If some can't be compared with any e-mail.
        """
        if lost := await self.unreadable(connection):
            raise InvalidValue(
                f"{told_unreadable(lost)}, so a roster could bring them back; nothing was changed. "
                f"To mend it, {MEND_UNREADABLE}."
            )
        return set(await connection.scalars(select(erasures.c.digest)))


def told_unreadable(lost: int) -> str:
    """How many forgotten people can't be recognised, and why."""
    people = "1 person who was" if lost == 1 else f"{lost} people who were"
    return (
        f"{people} forgotten can't be recognised: that was under a secret key that "
        "VOXPOP_SECRET_KEY does not name any more"
    )


MEND_UNREADABLE = (
    "name the old key again, behind the new one; if it is lost for good, "
    "`voxpop people readmit --lost-keys` gives up what it recognised"
)
