"""Answers that are kept and not counted: whether a person gave them is not known yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from survey.campaign import Campaign
from survey.card import Subject


class Suspicion(StrEnum):
    """Why an answer is kept aside."""

    TRAP = "a field was filled in that people don't see"
    TOO_SOON = "it came within seconds of the mail"
    ONE_PRESS = "the page sent it by itself, and nobody has touched the page"
    SEVERAL = "several links of one mail were followed"


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """One answer that is kept aside.

    Attributes:
        id: Ours.
        subject: What it answers.
        score: The mark.
        at: When it came (UTC).
        why: Why it is not counted.
    """

    id: UUID
    subject: Subject
    score: int
    at: datetime
    why: Suspicion


class Doubtful(Protocol):
    """Answers that are kept aside. What a person answers themselves always wins over them.

    What came before that counts no more, even if the person takes it back again.
    """

    async def keep(
        self,
        subject: Subject,
        score: int,
        *,
        why: Suspicion,
        at: datetime,
        counts_at: datetime | None = None,
    ) -> Suspicion:
        """Keep one, in place of one with the same score of the same invitation.

        Of an invitation for which several scores wait to be counted by themselves, none does:
        somebody follows every link.

        Args:
            subject: What it answers.
            score: The mark; it is on the survey's scale.
            why: Why it is not counted.
            at: When it came.
            counts_at: When it is counted by itself, unless there is a sign of a robot by then;
                None for never.

        Returns:
            Why it is kept now: `SEVERAL` in place of what was given, if that is so.

        Raises:
            OutOfDate: If there is no such invitation.
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def drop(self, subject: Subject) -> int:
        """Forget what waits for this invitation: the person does not want it.

        Returns:
            How many there were.
        """
        ...

    async def ripe(self, *, at: datetime, limit: int) -> Sequence[SetAside]:
        """Those that are to be counted by themselves by now, oldest first."""
        ...

    async def waiting(self, campaign: Campaign) -> Sequence[SetAside]:
        """All that are kept aside in a round and were not counted, the latest of each invitation.

        Those of invitations that have an answer are not among them: that one stands.
        """
        ...

    async def told(self, campaigns: Sequence[Campaign]) -> Mapping[int, Mapping[Suspicion, int]]:
        """How many are kept aside by the number of the round, and why; nothing of their scores.

        Those of invitations that have an answer are not among them.
        """
        ...
