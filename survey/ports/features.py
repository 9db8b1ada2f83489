"""Products, their features, and how people use them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from survey.campaign import Campaign
from survey.eligibility import Candidate
from survey.features import Counted, Feature, Product, Source, Turn, Use
from survey.invitation import Invitation


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What speaks for or against asking somebody anything.

    Attributes:
        candidate: What is known of them; None if they are on no list of ours.
        open_question: Whether a question about any feature waits for them.
        forgotten: Whether they asked to be forgotten.
    """

    candidate: Candidate | None = None
    open_question: bool = False
    forgotten: bool = False


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a program brings of somebody.

    Attributes:
        email: Whose it is, in lower case.
        rating: On the survey's scale.
        comment: Word for word; empty for none.
        user_agent: Of their browser; None where nobody said.
        at: When it came (UTC).
    """

    email: str
    rating: int
    source: Source
    comment: str = ""
    user_agent: str | None = None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class GivenFeedback:
    """Feedback as it stands.

    Attributes:
        id: Of the invitation that it answers.
    """

    id: UUID
    email: str
    rating: int
    comment: str | None
    source: Source
    user_agent: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Usage:
    """A feature's use in figures.

    Attributes:
        users: How many people used it, or dismissed the question about it.
        average: Interactions of one of them in the mean, rounded.
        most: The most of any one.
        exhausted: How many have dismissed it so often that they are asked no more.
    """

    users: int
    average: int
    most: int
    exhausted: int


class Features(Protocol):
    """What there is, how often it was used, and what was said of it."""

    async def define(
        self, products: Sequence[Product], features: Sequence[Feature], *, at: datetime
    ) -> None:
        """These are what the settings name.

        What they name no more is put out of use, figures and all else stay; what a program made
        stays in use. A name or description that they leave out stays as it is.
        """
        ...

    async def products(self) -> Sequence[Product]:
        """All of them, by name."""
        ...

    async def features(self, products: Sequence[str] = ()) -> Sequence[Feature]:
        """Those in use, of these products or of all, by product and key."""
        ...

    async def feature(self, product: str, feature: str) -> Feature:
        """One that is in use.

        Raises:
            NotFound: If there is no such feature.
        """
        ...

    async def add(self, feature: Feature, *, at: datetime) -> Feature:
        """A feature that a program makes; one that was out of use is in use again.

        Raises:
            NotFound: If there is no such product.
            FeatureExists: If there is such a feature.
        """
        ...

    async def change(
        self, product: str, feature: str, changes: Mapping[str, str | None], *, at: datetime
    ) -> Feature:
        """Give it another `name` or `description`; None takes it away.

        Raises:
            NotFound: If there is no such feature.
        """
        ...

    async def of_person(self, product: str, email: str, *, at: datetime) -> Sequence[Use]:
        """How somebody has used each feature of a product, by key.

        Raises:
            NotFound: If there is no such product.
        """
        ...

    async def increment(
        self, product: str, feature: str, email: str, *, rested_since: datetime, at: datetime
    ) -> Use:
        """Count one interaction, in one statement.

        Of somebody who was forgotten nothing is kept: theirs is always the first one.

        Args:
            product: Its key.
            feature: Its key.
            email: Whose, in lower case.
            rested_since: Whoever gave feedback after that rests: only the total counts.
            at: Now.

        Raises:
            NotFound: If there is no such feature.
        """
        ...

    async def reject(self, product: str, feature: str, email: str, *, at: datetime) -> Use:
        """Somebody does not want to be asked now; a question in chat about it is over with it.

        Raises:
            NotFound: If there is no such feature.
        """
        ...

    async def decline(self, invitation: Invitation, *, at: datetime) -> None:
        """The same, said in chat: the question is over, and counted as a rejection, once.

        Raises:
            OutOfDate: If it is about no feature that is known.
        """
        ...

    async def contact(self, survey: str, email: str, *, year_from: datetime) -> Contact:
        """What else speaks for or against asking them; nothing is changed."""
        ...

    async def claim_question(self, use: Use, *, at: datetime) -> Turn:
        """Whether it is this call that asks them in chat; of several at once one does.

        Not while a question about any feature waits for them or is being planned (`UNDER_WAY`),
        and about this one not before `ANEW_AFTER`.
        """
        ...

    async def give(self, campaign: Campaign, feature: Feature, feedback: Feedback) -> UUID:
        """Keep feedback, and begin to count anew, in one transaction; the invitation it answers.

        A question in chat about the feature that waits for them is answered by prompted feedback.

        Raises:
            NotFound: If there is no such feature.
            HasStopped: If they asked to be forgotten.
            InvitationClosed: If the campaign takes no answers any more.
            InvalidScore: If the rating is not on the survey's scale.
        """
        ...

    async def settle(self, *, since: datetime, at: datetime) -> int:
        """What came of questions in chat is counted: answered ones, and those that closed.

        Args:
            since: How far back it looks.
            at: Now.

        Returns:
            How many questions were new to it.
        """
        ...


class FeatureFigures(Protocol):
    """Figures of one feature, whether it is in use or not.

    Each raises `NotFound` if there is no such feature.
    """

    async def usage(self, product: str, feature: str) -> Usage:
        """How it is used."""
        ...

    async def users(
        self, product: str, feature: str, *, limit: int, after: tuple[datetime, str] | None = None
    ) -> Sequence[Use]:
        """Who used it, the latest change first.

        Args:
            product: Its key.
            feature: Its key.
            limit: How many at most.
            after: `updated_at` and `email` of the last one of the page before.
        """
        ...

    async def feedbacks(
        self,
        product: str,
        feature: str,
        *,
        limit: int,
        after: tuple[datetime, UUID] | None = None,
    ) -> Sequence[GivenFeedback]:
        """What was said of it in identified surveys, the latest first.

        Args:
            product: Its key.
            feature: Its key.
            limit: How many at most.
            after: `created_at` and `id` of the last one of the page before.
        """
        ...

    async def ratings(self, product: str, feature: str) -> Sequence[Counted]:
        """What was said of it in identified surveys, counted by month (UTC), rating and source."""
        ...
