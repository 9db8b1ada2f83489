"""The audit log."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import CursorResult, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.locks import Lock, wait_for
from storage.tables import audit_log
from survey.audit import NOTHING_YET, Chain, Entry, Line, Verification

log = structlog.get_logger()
BATCH = 1_000
"""Lines that are checked at a time."""


class SqlAuditLog:
    """The port `AuditLog` on a database."""

    def __init__(self, database: Database, chain: Chain) -> None:
        self._database = database
        self._chain = chain

    async def append(self, entry: Entry) -> None:
        """See the port."""
        async with self._database.write() as connection:
            line = await append_within(connection, self._chain, entry)
        tell(line)

    async def latest(self, limit: int) -> Sequence[Line]:
        """See the port."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
            )
            return [_line(row) for row in rows]

    async def verify(self) -> Verification:
        """See the port."""
        found, last = NOTHING_YET, None
        async with self._database.read() as connection:
            while found.whole:
                # From the last id that was read, not from the count: ids can be tampered with too.
                later = select(audit_log).order_by(audit_log.c.id).limit(BATCH)
                if last is not None:
                    later = later.where(audit_log.c.id > last)
                lines, legible = _read(await connection.execute(later))
                found = self._chain.verified(lines, after=found)
                if found.whole and not legible:
                    found = replace(found, broken_at=found.count + 1)
                if not lines:
                    break
                last = lines[-1].number
        return found


async def append_within(connection: AsyncConnection, chain: Chain, entry: Entry) -> Line:
    """Write a line in somebody else's transaction; whoever wants to write as well waits for it."""
    await wait_for(connection, Lock.AUDIT)
    row = (
        await connection.execute(select(audit_log).order_by(audit_log.c.id.desc()).limit(1))
    ).one_or_none()
    line = chain.after(None if row is None else _line(row), entry)
    await connection.execute(
        audit_log.insert().values(
            id=line.number,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            about=entry.about,
            digest=line.digest,
        )
    )
    return line


def tell(line: Line) -> None:
    """Say outside of the database how far the log has come, once that is committed."""
    log.info("audit_entry", number=line.number, digest=line.digest)


def _read(rows: CursorResult[Any]) -> tuple[list[Line], bool]:
    """The lines up to the first whose time is none; whether all could be read."""
    lines = []
    try:
        for row in rows:
            lines.append(_line(row))  # noqa: PERF401 - what was read before an error counts
    except ValueError:
        return lines, False
    return lines, True


def _line(row: Row[Any]) -> Line:
    entry = Entry(at=row.at, actor=row.actor, action=row.action, about=row.about)
    return Line(number=row.id, entry=entry, digest=row.digest)
