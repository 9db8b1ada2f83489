"""PostgreSQL's advisory locks, all of them in one place: no two may have one number."""

from enum import IntEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection


class Lock(IntEnum):
    """What is done by one at a time."""

    UPGRADE = 7_086_707
    """The schema is brought to a version."""
    AUDIT = 7_086_708
    """A line of the audit log is written, from reading the one before it on."""
    START = 7_086_710
    """A round starts: who may be asked depends on the rounds before it."""
    LEADER = 7_086_711
    """A scheduler leads; held by a connection, not by a transaction."""
    LISTENER = 7_086_714
    """A process hears what is written in chats; held by a connection as well."""
    RESTORE = 7_086_712
    """A restored database is set right."""
    ROSTER = 7_086_713
    """A roster comes in, or somebody is forgotten."""


async def wait_for(connection: AsyncConnection, lock: Lock) -> None:
    """Hold a lock until the transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(lock)))
