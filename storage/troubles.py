"""What drivers raise, as errors of the domain; and whether the database takes writes."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from survey.errors import NotWritable, StorageUnavailable

UNAVAILABLE = "I couldn't reach the database just now, and nothing was saved."
OUTCOME_UNKNOWN = (
    "The database went away while it was saving, so I don't know whether it did: look before you "
    "try again."
)
READ_ONLY = "it is read-only"
FULL = "its disk is full"
FAILS = "its disk fails"
DOUBTED_FOR = 60.0
"""Seconds for which a full disk is believed: what is small may fit where all else does not."""
_GAVE_WAY = frozenset({"40001", "40P01"})
"""What PostgreSQL says to one of two transactions that can't both go on."""
_POSTGRESQL_TAKES_NONE = {"25006": READ_ONLY, "53100": FULL}
_SQLITE_TAKES_NONE = {
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR_WRITE: FAILS,
    sqlite3.SQLITE_IOERR_FSYNC: FAILS,
    sqlite3.SQLITE_IOERR_TRUNCATE: FAILS,
}

log = structlog.get_logger()


class Contended(StorageUnavailable):
    """Two transactions wanted the same rows at once, and this one gave way."""

    code = "contended"


class translated:  # noqa: N801 - reads as a word in a with statement
    """Turns what drivers raise into an error of the domain; broken rules pass as they are."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate."""
        if error is None:
            return
        if sqlstate(error) in _GAVE_WAY:
            raise Contended(UNAVAILABLE) from error
        if why := _takes_none(error):
            raise NotWritable(why) from error
        if isinstance(error, IntegrityError):
            return
        if isinstance(error, DBAPIError | PoolTimeoutError | OSError | sqlite3.Error):
            raise StorageUnavailable(UNAVAILABLE) from error
        # While a server starts up, the raw connection raises the adapter's own errors.
        if type(error).__module__.startswith(("asyncpg", "sqlalchemy.dialects.postgresql.asyncpg")):
            raise StorageUnavailable(UNAVAILABLE) from error


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five signs for what is wrong; empty for what is not of it."""
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


def _takes_none(error: BaseException) -> str | None:
    """Why no writes are taken, if that is what the error says."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    if code is None:
        return _POSTGRESQL_TAKES_NONE.get(sqlstate(error))
    return _SQLITE_TAKES_NONE.get(code) or _SQLITE_TAKES_NONE.get(code & 0xFF)


@dataclass(kw_only=True)
class Writes:
    """Whether the database takes writes, as far as this process has seen.

    Attributes:
        refused: Why it takes none; empty if it does.
        clock: Seconds, monotonic.
    """

    refused: str = ""
    clock: Callable[[], float] = time.monotonic
    _last: float = 0.0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """See what becomes of a write; the first that is refused is an alert."""
        try:
            yield
        except NotWritable as error:
            self._last = self.clock()
            if not self.refused:
                log.error("database_refuses_writes", reason=error.why)  # noqa: TRY400 - an alert
            self.refused = error.why
            raise

    def taken(self) -> None:
        """A write was committed."""
        if not self.refused:
            return
        if self.refused != READ_ONLY and self.clock() < self._last + DOUBTED_FOR:
            return
        self.refused = ""
        log.info("database_takes_writes_again")
