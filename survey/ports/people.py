"""The roster, as the rules need it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from survey.campaign import Campaign
from survey.consent import Consent, How
from survey.contact import Ledger
from survey.delivery import MessageRef
from survey.eligibility import Candidate
from survey.person import Address, Channels, Enrolment, Person
from survey.rights import Lifted
from survey.survey import Survey


class People(Protocol):
    """The roster."""

    async def by_address(self, address: Address) -> Person | None:
        """Who has this address; None if nobody we know."""
        ...

    async def by_accounts(
        self, platform: str, workspace: str, accounts: Collection[str]
    ) -> Mapping[str, Person]:
        """Who has these accounts, by their ids; those that are nobody's are left out."""
        ...

    async def by_email(self, email: str) -> Person | None:
        """Who has this e-mail, upper and lower case alike."""
        ...

    async def by_names(self, names: Collection[str]) -> Mapping[str, Person]:
        """Who is meant by these e-mails or handles (the part of an e-mail before its @).

        A handle that several people have means nobody. Only active people are found.
        """
        ...

    async def reachable(self, platform: str, workspace: str) -> Sequence[Person]:
        """Everybody active who has an address there, in the order in which they came."""
        ...

    async def enrol(self, enrolments: Sequence[Enrolment]) -> None:
        """Add people, or bring what we know of them up to date; set-based."""
        ...

    async def candidates(
        self, survey: Survey, *, platforms: Sequence[str], year_from: datetime
    ) -> Sequence[Candidate]:
        """Everybody active, with what decides whether they are asked.

        Args:
            survey: What would be asked.
            platforms: Those that are on, the preferred first.
            year_from: When the calendar year of the organisation began (UTC).
        """
        ...

    async def ledger(self, person: Person, campaign: Campaign, *, year_from: datetime) -> Ledger:
        """How often they were asked before this round asked them."""
        ...

    async def opt_out(
        self,
        person: Person,
        *,
        survey: str | None,
        at: datetime,
        message: MessageRef | None = None,
        how: How = How.CHAT,
        reason: str = "",
    ) -> None:
        """No more of this survey, or of any (None); open invitations leave with it.

        Every message of theirs is updated, but the one on which this was pressed. What was said is
        noted as consent withdrawn, unless it stood so already and no reason is given.
        """
        ...

    async def consents(self, person: Person) -> Sequence[Consent]:
        """What they have said on being asked, oldest first."""
        ...

    async def opt_in(
        self, person: Person, *, survey: str | None = None, at: datetime, how: How = How.CHAT
    ) -> Lifted:
        """Ask again, their open questions included; what was lifted is noted as consent given.

        Args:
            person: Who.
            survey: Lift this stop alone; None lifts all of them and ends a snooze.
            at: Now.
            how: By which way they said so.

        Returns:
            Whether there was anything to lift, and what still stands.
        """
        ...

    async def prefer(self, person: Person, *, compact: bool) -> None:
        """Whether their questions have one menu rather than a button for each score, from now on.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def channels(self, person: Person) -> Channels:
        """Where they can be asked, and where they want to be; a mailbox that refuses is none."""
        ...

    async def ask_first(self, person: Person, *, platform: str | None) -> None:
        """Ask them on this platform before all others, from the next round on.

        Args:
            person: Who.
            platform: Its name; None for the order of the survey or the organisation.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def wake(self, person: Person, *, at: datetime) -> None:
        """End a snooze, and nothing else; what was held back by it goes out after all."""
        ...

    async def speak(self, person: Person, *, language: str) -> None:
        """Write to them in this language from now on, whatever a roster says.

        Args:
            person: Who.
            language: Such as `de` or `pt_BR`.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        ...

    async def opted_out(self, person: Person) -> Sequence[str]:
        """Surveys they stopped; an empty string stands for all."""
        ...
