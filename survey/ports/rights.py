"""What people may do about what is held of them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

from survey.person import Person
from survey.rights import Erased, Held, Standing


class Rights(Protocol):
    """Silence, information, erasure."""

    async def snooze(self, person: Person, *, until: date) -> None:
        """Ask them nothing new before this local day of theirs; the last word counts."""
        ...

    async def held(self, person: Person) -> Held:
        """Everything that is held about them.

        Raises:
            NotFound: If they are not on the roster any more.
        """
        ...

    async def standing(self, person: Person, *, at: datetime, latest: int) -> Standing:
        """How they stand: nothing that `held` does not tell as well.

        Args:
            person: Who.
            at: Now; a snooze that is over is none.
            latest: How many rounds at most.
        """
        ...

    async def forget(self, person: Person, *, at: datetime) -> Erased:
        """Erase them for good; forgetting twice does no more than once.

        What they answered in rounds that are open is taken back. Scores of rounds that are over
        stay in the counts, which were released; comments go everywhere.
        """
        ...

    async def forget_email(self, email: str, *, at: datetime) -> Erased | None:
        """Erase whoever has this e-mail, and keep a roster from bringing them in.

        Args:
            email: As a roster's e-mails are kept.
            at: Now.

        Returns:
            What was done; None if nobody here has it, which a roster is kept from all the same.
        """
        ...

    async def forgotten(self, emails: Iterable[str]) -> set[str]:
        """Those of these e-mails (as they were given) that asked to be forgotten."""
        ...

    async def readmit(self, email: str) -> bool:
        """Let a roster bring them back; whether they were forgotten."""
        ...

    async def readmit_unreadable(self) -> int:
        """Give up those whom no key that is named can recognise; how many there were."""
        ...
