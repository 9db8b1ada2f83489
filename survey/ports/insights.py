"""Answers on their way into the archive, and what is said of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from survey.insights import Insight, VisitAnswer
from survey.invitation import Invitation


@dataclass(frozen=True, kw_only=True)
class Looked:
    """An answer that was looked into.

    Attributes:
        insight: What it says at a glance.
        path: Where the archive has it; None where there is no archive.
    """

    insight: Insight
    path: str | None


@dataclass(frozen=True, kw_only=True)
class LookedInto:
    """A question about a visit.

    Attributes:
        invitation: It, with the answer if there is one.
        looked: What was found of that answer; None if nobody has looked yet.
    """

    invitation: Invitation
    looked: Looked | None


class Insights(Protocol):
    """Answers that are looked into once each, whenever they change."""

    async def plan(self, surveys: Sequence[str], *, at: datetime) -> int:
        """Note every answer of these surveys that was not noted yet; how many. Set-based."""
        ...

    async def due(self, *, at: datetime, limit: int) -> Sequence[VisitAnswer]:
        """What has to be looked into now; nobody else gets it for two minutes."""
        ...

    async def looked(self, answer: VisitAnswer, found: Looked, *, at: datetime) -> None:
        """Note what came of it; where the answer has changed meanwhile, it is due again."""
        ...

    async def put_off(self, answer: VisitAnswer, *, until: datetime, reason: str) -> None:
        """It could not be written: try again then."""
        ...

    async def dropped(self, answer: VisitAnswer) -> None:
        """Nothing is kept of it any more, here and in the archive."""
        ...

    async def waiting(self) -> int:
        """How many could not be written when they were tried."""
        ...

    async def about(self, visit_id: int) -> LookedInto | None:
        """The question about a visit with its answer, and what was found of that."""
        ...


class ArchiveUnavailable(Exception):
    """The archive did not take it; the message says why, and never with a secret."""


class Archive(Protocol):
    """A folder or an object store."""

    async def put(self, name: str, content: bytes) -> str:
        """Write it, in place of what has this name; where it is.

        Raises:
            ArchiveUnavailable: If it did not take it.
        """
        ...

    async def remove(self, path: str) -> None:
        """Remove what was written there; what is not there is as good.

        Raises:
            ArchiveUnavailable: If it could not be removed.
        """
        ...


class Reader(Protocol):
    """Says what an answer says, better than its mark alone does."""

    async def insight(self, score: int, highest: int, comment: str) -> Insight | None:
        """What it says; None if it can't tell now."""
        ...


class Writer(Protocol):
    """Finds the words above a question about a visit."""

    async def invitation(self, *, first_name: str, purpose: str, branch: str, locale: str) -> str:
        """Those words; empty for the built-in ones, also where it can't find any now."""
        ...
