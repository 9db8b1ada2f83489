"""The audit log: who asked for what, as a chain in which nothing can be changed unnoticed.

Each row carries an HMAC-SHA256 over the digest of the row before it and its own text. Whoever can
write to the database and does not hold the key can neither change a row nor put one in or
take one out of the middle. Rows cut off at the end leave a chain that is whole: that is why each
number and digest is also told to the log, and why the check names the last of them.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from survey.errors import InvalidValue

BEFORE_THE_FIRST = ""
"""What stands in for the digest before the first row."""
A_PERSON = "a person"
"""Who uses a right about themselves; never more than that."""
THE_SCHEDULE = "schedule"
LONGEST = 200
"""Characters of an actor or of what an entry is about."""
_ACTION = re.compile(r"[a-z]+(?:_[a-z]+)*\.[a-z]+(?:_[a-z]+)*")


def somebody(number: int) -> str:
    """Who is no administrator, as an actor: by our number, which names nobody once erased."""
    return f"person {number}"


def plain(text: str) -> str:
    """Somebody's words as an entry may hold them: on one line, visible, not too long."""
    seen = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return seen if len(seen) <= LONGEST else f"{seen[: LONGEST - 1]}…"


def about_round(name: str, *, by: str | None = None, to: int = 0) -> str:
    """What an entry about a round or a survey says: `nps/2026Q4 by team`.

    Args:
        name: Of the round or the survey.
        by: The attribute whose groups were wanted.
        to: How many people it was limited to by name; 0 if it was not.
    """
    limits = [f"to {to} by name"] if to else []
    return plain(" ".join([name, *limits, *([] if by is None else [f"by {by}"])]))


def about_failure(what: str, code: str) -> str:
    """What an entry about something that could not be done says."""
    return plain(f"{what}: {code}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Something that was asked for.

    Attributes:
        at: When (UTC).
        actor: An administrator's e-mail, `command line (USER)`, `schedule`, `person 17` for
            somebody who tried what is not for them, or `a person`, who uses a right.
        action: Two words with a dot: `report.read`.
        about: What it was about, such as `nps/2026Q4 by team`; never an answer or a comment.
    """

    at: datetime
    actor: str
    action: str
    about: str

    def check(self) -> None:
        """Refuse what is no entry; what stands in the log already is told as it is.

        Raises:
            InvalidValue: If a word does not fit.
        """
        if not _ACTION.fullmatch(self.action):
            raise InvalidValue(f"{self.action!r} is no action; one looks like report.read.")
        for text in (self.actor, self.about):
            if text != plain(text):
                raise InvalidValue(f"{text!r} is no line of at most {LONGEST} visible characters.")


@dataclass(frozen=True, kw_only=True)
class Line:
    """An entry as it stands in the log.

    Attributes:
        number: 1 for the first; none is left out.
        digest: Over the line and the digest before it, in hexadecimal.
    """

    number: int
    entry: Entry
    digest: str


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a check of the whole log found.

    Attributes:
        count: How many lines fit, from the first on.
        head: The digest of the last line that fits; empty if there is none.
        broken_at: The number of the first line that does not fit; None if all do.
    """

    count: int
    head: str
    broken_at: int | None = None

    @property
    def whole(self) -> bool:
        """Whether every line fits."""
        return self.broken_at is None


class Chain:
    """What links one line to the next.

    Args:
        secrets: The settings' keys, newest first: the newest seals, any of them verifies.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [
            hmac.digest(secret.encode(), b"voxpop audit log", hashlib.sha256) for secret in secrets
        ]

    def after(self, previous: Line | None, entry: Entry) -> Line:
        """The line that comes next.

        Raises:
            InvalidValue: If the entry does not fit.
        """
        entry.check()
        number, before = (
            (1, BEFORE_THE_FIRST) if previous is None else (previous.number + 1, previous.digest)
        )
        digest = _digest(self._keys[0], before, number, entry)
        return Line(number=number, entry=entry, digest=digest)

    def fits(self, line: Line, *, after: Verification) -> bool:
        """Whether a line is the one that was written after these."""
        return line.number == after.count + 1 and any(
            hmac.compare_digest(_digest(key, after.head, line.number, line.entry), line.digest)
            for key in self._keys
        )

    def verified(self, lines: Sequence[Line], *, after: Verification) -> Verification:
        """Go on with the check of a log, in which the lines `after` fit."""
        for line in lines:
            if not after.whole:
                return after
            after = (
                Verification(count=line.number, head=line.digest)
                if self.fits(line, after=after)
                else Verification(count=after.count, head=after.head, broken_at=line.number)
            )
        return after


NOTHING_YET = Verification(count=0, head=BEFORE_THE_FIRST)
"""The check of a log before its first line."""


def _digest(key: bytes, previous: str, number: int, entry: Entry) -> str:
    # JSON in ASCII: no two entries share a text, whatever their words are.
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps([previous, number, at, entry.actor, entry.action, entry.about])
    return hmac.digest(key, text.encode("ascii"), hashlib.sha256).hex()
