"""What happened to people, and who is asked about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from survey.campaign import Campaign
from survey.eligibility import Candidate
from survey.occasion import Occasion
from survey.person import Address
from survey.survey import Survey


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Somebody who is asked about something.

    Attributes:
        occasion: About what.
        person_id: Who.
        address: Where.
        due_at: When at the earliest (UTC).
        closes_at: From when on no answer is taken (UTC).
        first_contact: Whether we have never written to them.
        number: Which question of the year it is to them.
        at_once: Whether it goes out without waiting for their window.
    """

    occasion: Occasion
    person_id: int
    address: Address
    due_at: datetime
    closes_at: datetime
    first_contact: bool
    number: int
    at_once: bool = False


@dataclass(frozen=True, kw_only=True)
class Given:
    """An answer that comes without having been asked for, or in a program's own window.

    Attributes:
        occasion: What it is about.
        score: The mark; on the survey's scale.
        comment: Word for word, within the survey's limit; empty for none.
        at: When (UTC).
    """

    occasion: Occasion
    score: int
    comment: str
    at: datetime


class Occasions(Protocol):
    """Invitations of campaigns that have no end. Set-based, however many."""

    async def campaign(self, survey: Survey, *, at: datetime) -> Campaign:
        """The survey's campaign; begun now if none is running.

        What the settings say anew of it holds from now on, but for its mode, k, scale and whether
        it takes one answer: those are what people were promised, and stay until it is closed.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def candidates(
        self,
        survey: Survey,
        occasions: Sequence[Occasion],
        *,
        platforms: Sequence[str],
        year_from: datetime,
        at: datetime,
    ) -> Mapping[str, Candidate]:
        """To whom it happened, by lower-case e-mail; people not known yet are added.

        Left out are those who have left the roster and those who asked to be forgotten.
        """
        ...

    async def ask(self, campaign: Campaign, askings: Sequence[Asking]) -> Mapping[str, UUID]:
        """Plan their invitations and first messages; by the occasion's key.

        An occasion that was asked about before is left out, whoever it was told of.

        Raises:
            InvitationClosed: If the campaign takes no answers any more.
        """
        ...

    async def withdraw(self, campaign: Campaign, keys: Sequence[str]) -> Sequence[str]:
        """Nobody is asked about these after all, where nothing went out yet; which those are.

        It is as if they had never been planned: they can be asked about again.
        """
        ...

    async def answer(self, campaign: Campaign, given: Given) -> UUID:
        """Keep an answer with the invitation that it makes; counted as any other.

        Where its occasion has an invitation already, that is what it answers.

        Raises:
            InvitationClosed: If the campaign, or that invitation, takes no answers any more.
            AlreadyAnswered: If it takes one answer and has it.
            InvalidScore: If the mark is not on the scale.
        """
        ...

    async def expire(self, *, at: datetime) -> int:
        """Close the invitations whose own time is over; how many. Their messages are updated."""
        ...
