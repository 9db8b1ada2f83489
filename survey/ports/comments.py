"""What people wrote, and single answers where names are, as the rules need them."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from survey.campaign import Campaign
from survey.report import NamedAnswer


class Comments(Protocol):
    """Comments and answers for administrators. Who may see which is not decided here."""

    async def named(self, campaign: Campaign) -> Sequence[NamedAnswer]:
        """Counted answers with a comment, the latest first; for identified surveys only."""
        ...

    async def unnamed(self, campaign: Campaign) -> Sequence[str]:
        """The comments of everybody whose answer is in the released figures.

        Their order is that of a digest with the round's key: the same each time, and telling
        nothing of who wrote, when, or beside which score.
        """
        ...

    async def attributes(self, campaign: Campaign) -> Sequence[str]:
        """The names of the attributes that the round's people had at its start, sorted."""
        ...

    def answers(self, campaign: Campaign) -> AsyncGenerator[NamedAnswer, None]:
        """Every counted answer, by e-mail, a few in memory at a time; for identified surveys only.

        One transaction, which ends with the iterator: close it if it is left early.
        """
        ...
