"""The roster, as the rules need it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from survey.campaign import Campaign
from survey.person import Address, Enrolment, Person
from survey.planning import Candidate
from survey.survey import Survey


class People(Protocol):
    """The roster."""

    async def by_address(self, address: Address) -> Person | None:
        """Who has this address; None if nobody we know."""
        ...

    async def by_email(self, email: str) -> Person | None:
        """Who has this e-mail, upper and lower case alike."""
        ...

    async def reachable(self, platform: str, workspace: str) -> Sequence[Person]:
        """Everybody active who has an address there, in the order in which they came."""
        ...

    async def enrol(self, enrolments: Sequence[Enrolment]) -> None:
        """Add people, or bring what we know of them up to date; set-based."""
        ...

    async def candidates(self, survey: Survey, *, platforms: Sequence[str]) -> Sequence[Candidate]:
        """Everybody active, with what decides whether they are asked."""
        ...

    async def last_asked(self, person: Person, campaign: Campaign) -> datetime | None:
        """When the survey of this round asked them before this round; None if never."""
        ...

    async def opt_out(self, person: Person, *, survey: str | None, at: datetime) -> None:
        """No more of this survey, or of any (None); open invitations leave with it."""
        ...

    async def opt_in(self, person: Person, *, at: datetime) -> bool:
        """Ask again, their open questions included; whether there was anything to lift."""
        ...

    async def opted_out(self, person: Person) -> Sequence[str]:
        """Surveys they stopped; an empty string stands for all."""
        ...
