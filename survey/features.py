"""Features of products: how often somebody used one, and whether they are asked about it now."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from survey.errors import InvalidValue

FEATURE_KEY = re.compile(r"[A-Za-z0-9\-_.+]{1,64}")
"""What keys of products and features consist of; they stand in addresses and in occasions."""
ANEW_AFTER = timedelta(days=1)
"""How long after a question in chat was tried it is tried again, if nothing came of it."""
UNDER_WAY = timedelta(seconds=10)
"""How long it may take to plan a question in chat."""
POSITIVE_FROM = 6
"""The lowest rating, of 1 to 10, that `pm_rating` counts as positive."""
_OCCASION = re.compile(rf"feature:({FEATURE_KEY.pattern})/({FEATURE_KEY.pattern}):.+")


class Source(StrEnum):
    """How feedback came about."""

    PROMPTED = "prompted"
    VOLUNTARY = "voluntary"


class Suppressed(StrEnum):
    """Why no feedback is asked for now, what lasts longest first."""

    OPTED_OUT = "opted_out"
    REJECTIONS = "rejections"
    REST = "rest"
    THRESHOLD = "threshold"
    ASKED_IN_CHAT = "asked_in_chat"
    CONTACT_POLICY = "contact_policy"
    CONFIDENTIAL = "confidential"


class Turn(StrEnum):
    """Whose turn it is to ask somebody in chat."""

    MINE = "mine"
    OTHERS = "others"
    """Another question waits for them, or is being planned at this moment."""
    TRIED = "tried"
    """It was tried a while ago, and did not come about."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """What has features.

    Attributes:
        key: Its name for programs; 1 to 64 ASCII letters, digits, `-`, `_`, `.` and `+`.
        name: Its name for people.
    """

    key: str
    name: str

    def __post_init__(self) -> None:
        """Refuse what could not stand in an address."""
        _check_key("product", self.key)


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What is used, and when its users are asked.

    Attributes:
        product: The key of its product.
        key: As that of a product.
        name: For people; None for its key in words.
        description: What it is; None where nobody said.
        interaction_threshold: After how many interactions feedback is asked for; 1 or more.
        rejection_threshold: After how many rejections it is asked for no more; 1 or more.
        ask_in_chat: Whether the bot asks by itself when the threshold is reached.

    Raises:
        InvalidValue: If a key or a threshold does not fit.
    """

    product: str
    key: str
    name: str | None = None
    description: str | None = None
    interaction_threshold: int = 5
    rejection_threshold: int = 3
    ask_in_chat: bool = False

    def __post_init__(self) -> None:
        """Refuse what could not be kept."""
        _check_key("product", self.product)
        _check_key("feature", self.key)
        if min(self.interaction_threshold, self.rejection_threshold) < 1:
            raise InvalidValue(f"The thresholds of {self.product}/{self.key} are 1 or more.")

    @property
    def title(self) -> str:
        """What people read."""
        return self.name or in_words(self.key)


def in_words(key: str) -> str:
    """A key as a name: `export-csv` is "export csv"."""
    return re.sub(r"[-_.+]+", " ", key).strip() or key


def _check_key(what: str, key: str) -> None:
    if not FEATURE_KEY.fullmatch(key):
        raise InvalidValue(
            f"The key of a {what} has 1 to 64 ASCII letters, digits, -, _, . and + only, not "
            f"{key[:80]!r}."
        )


@dataclass(frozen=True, kw_only=True)
class Use:
    """How somebody has used a feature so far.

    Attributes:
        email: Who, in lower case.
        interaction_count: Interactions since the last rejection or feedback; those of a rest after
            feedback don't count.
        total_interaction_count: All of them.
        rejection_count: Rejections since the last feedback.
        last_feedback_at: When they gave feedback on it last (UTC).
        asked_at: When they were last to be asked about it in chat (UTC).
        created_at: When anything was first known of it (UTC).
        updated_at: When something changed last (UTC).
    """

    feature: Feature
    email: str
    interaction_count: int
    total_interaction_count: int
    rejection_count: int
    last_feedback_at: datetime | None = None
    asked_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    def suppressed_by(self, *, rest: timedelta, at: datetime) -> Suppressed | None:
        """Why the feature's own rules don't ask now; None if they do.

        Args:
            rest: How long nobody is asked about a feature again after feedback on it.
            at: Now.
        """
        if self.rejection_count >= self.feature.rejection_threshold:
            return Suppressed.REJECTIONS
        if self.last_feedback_at is not None and self.last_feedback_at > at - rest:
            return Suppressed.REST
        if self.interaction_count < self.feature.interaction_threshold:
            return Suppressed.THRESHOLD
        return None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How somebody has used a feature, and whether they are asked about it now.

    Attributes:
        suppressed_by: Why not; None if the program is to ask.
    """

    use: Use
    suppressed_by: Suppressed | None

    @property
    def should_request_feedback(self) -> bool:
        """Whether the program is to show its prompt."""
        return self.suppressed_by is None


def occasion_key(feature: Feature, distinct: str) -> str:
    """What a question about a feature, or an answer, is known by.

    Args:
        feature: Which.
        distinct: What tells this one from all others about the feature; it does not show.
    """
    return f"{occasion_prefix(feature)}{sha256(distinct.encode()).hexdigest()[:32]}"


def occasion_prefix(feature: Feature) -> str:
    """How the keys of all questions about a feature begin."""
    return f"feature:{feature.product}/{feature.key}:"


def feature_of(occasion: str) -> tuple[str, str] | None:
    """The keys of product and feature that an occasion is about; None if it is about none."""
    found = _OCCASION.fullmatch(occasion)
    return None if found is None else (found[1], found[2])


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Answers that are alike.

    Attributes:
        year: When they were given (UTC).
        month: 1 to 12.
        n: How many.
    """

    year: int
    month: int
    rating: int
    source: Source
    n: int

    @property
    def quarter(self) -> int:
        """1 to 4."""
        return (self.month + 2) // 3


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Ratings of 1 to 10, as figures.

    Attributes:
        counts: Rating → how many.
    """

    counts: Mapping[int, int]

    @classmethod
    def of(cls, counted: Iterable[Counted]) -> "Ratings":
        """Of answers that were counted."""
        counts: dict[int, int] = {}
        for one in counted:
            counts[one.rating] = counts.get(one.rating, 0) + one.n
        return cls(counts=counts)

    @property
    def n(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def average(self) -> float:
        """Their arithmetic mean, two decimals; 0 where there are none."""
        total = sum(rating * n for rating, n in self.counts.items())
        return round(total / self.n, 2) if self.n else 0.0

    @property
    def median(self) -> float:
        """The one in the middle, or the mean of the two; 0 where there are none."""
        if not self.n:
            return 0.0
        return (self._at((self.n - 1) // 2) + self._at(self.n // 2)) / 2

    def _at(self, place: int) -> int:
        for rating in sorted(self.counts):
            place -= self.counts[rating]
            if place < 0:
                return rating
        raise IndexError(place)

    @property
    def positive(self) -> float:
        """`pm_rating`: the share of ratings above 5, from 0 to 1, two decimals."""
        found = sum(n for rating, n in self.counts.items() if rating >= POSITIVE_FROM)
        return round(found / self.n, 2) if self.n else 0.0


def by_month(counted: Sequence[Counted]) -> Mapping[tuple[int, int], Ratings]:
    """(year, month) → its ratings, the latest first."""
    months = sorted({(one.year, one.month) for one in counted}, reverse=True)
    return {
        month: Ratings.of(one for one in counted if (one.year, one.month) == month)
        for month in months
    }


def by_quarter(counted: Sequence[Counted]) -> Mapping[tuple[int, int], Ratings]:
    """(year, quarter) → its ratings, the latest first."""
    quarters = sorted({(one.year, one.quarter) for one in counted}, reverse=True)
    return {
        quarter: Ratings.of(one for one in counted if (one.year, one.quarter) == quarter)
        for quarter in quarters
    }
