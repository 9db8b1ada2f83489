"""What an answer says at a glance: its sentiment and a summary, and who says so."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from survey.scale import Category, Scale

SUMMARY_LIMIT = 200
"""Characters of a summary."""


class Sentiment(StrEnum):
    """How somebody feels about it."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Source(StrEnum):
    """Who says so."""

    SCORE = "score"
    WORDS = "their own words"
    MODEL = "language model"
    NOTHING = "nothing was said"


_OF_CATEGORY = {
    Category.PROMOTER: Sentiment.POSITIVE,
    Category.PASSIVE: Sentiment.NEUTRAL,
    Category.DETRACTOR: Sentiment.NEGATIVE,
}


@dataclass(frozen=True, kw_only=True)
class Insight:
    """What an answer says at a glance.

    Attributes:
        sentiment: How they feel about it.
        sentiment_source: Who says so.
        summary: In one line of 200 characters at most; empty where nothing was said.
        summary_source: Whose line it is.
    """

    sentiment: Sentiment
    sentiment_source: Source
    summary: str
    summary_source: Source


@dataclass(frozen=True, kw_only=True)
class VisitAnswer:
    """An answer about a visit, with what the archive keeps of it.

    Attributes:
        invitation_id: Which it answers.
        pressed_at: When (UTC); together they name it.
        customer_id: The visit, as programs know it; None once they were forgotten.
        score: The mark; None if it was taken back.
        scale: Of the mark.
        comment: Word for word; None for none.
        email_consent: Whether they had said that they may be asked.
        purpose: What they came for.
        branch_id: Where.
        branch: What that is called.
        staff: Who looked after them.
        visited_at: When they were there (UTC).
        path: Where the archive has it, if it has it; what was written there is written anew.
        tries: How often it could not be written.
    """

    invitation_id: UUID
    pressed_at: datetime
    customer_id: int | None
    score: int | None
    scale: Scale
    comment: str | None
    email_consent: bool
    purpose: str
    branch_id: str
    branch: str
    staff: str
    visited_at: datetime
    path: str | None = None
    tries: int = 0

    @property
    def gone(self) -> bool:
        """Whether there is nothing left to keep: it was taken back, or they were forgotten."""
        return self.score is None or self.customer_id is None

    @property
    def name(self) -> str:
        """Of its file: the visit and when it was answered, to the microsecond (UTC)."""
        return f"feedback_{self.customer_id}_{self.pressed_at:%Y%m%dT%H%M%S%fZ}.json"


def at_a_glance(score: int, scale: Scale, comment: str | None) -> Insight:
    """What needs nobody's help: the mark tells the sentiment, their own words the rest."""
    summary = shortened(comment or "")
    return Insight(
        sentiment=_OF_CATEGORY[scale.category(score)],
        sentiment_source=Source.SCORE,
        summary=summary,
        summary_source=Source.WORDS if summary else Source.NOTHING,
    )


def shortened(text: str) -> str:
    """On one line, cut behind a word where it is too long."""
    line = " ".join(text.split())
    if len(line) <= SUMMARY_LIMIT:
        return line
    cut = line[: SUMMARY_LIMIT - 1]
    return f"{cut.rpartition(' ')[0] or cut}…"
