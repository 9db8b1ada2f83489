"""Counts over any span of time, of surveys where names are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from survey.analytics import LowMark, Sending
from survey.campaign import Campaign


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Answers of a span.

    Attributes:
        marks: Mark → how many.
        sending: What became of the questions that were due in it.
        attributes: What groups there are to tell apart, by the rounds that were counted.
        groups: Value of the wanted attribute → mark → how many; the rest have none.
    """

    marks: Mapping[int, int]
    sending: Sending
    attributes: tuple[str, ...] = ()
    groups: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


class Spans(Protocol):
    """Set-based; only of rounds that are not gated."""

    async def count(
        self, campaigns: Sequence[Campaign], *, since: datetime, until: datetime, by: str | None
    ) -> Counted:
        """Everything that was answered, and was due, from `since` until just before `until`.

        Args:
            campaigns: Of which rounds.
            since: From then on (UTC).
            until: Until then (UTC).
            by: The attribute whose groups are wanted, whatever its case; None for no groups.
        """
        ...

    async def low_marks(
        self,
        campaigns: Sequence[Campaign],
        *,
        highest: int,
        since: datetime,
        until: datetime,
        before: tuple[datetime, UUID] | None = None,
        limit: int,
    ) -> Sequence[LowMark]:
        """Marks of at most `highest`, the latest first.

        Args:
            campaigns: Of which rounds.
            highest: The highest mark that is low.
            since: Given from then on (UTC).
            until: Given before (UTC).
            before: Those behind this one, by when it was given and its invitation.
            limit: At most so many.
        """
        ...
