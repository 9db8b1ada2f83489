"""Count answers that were kept aside: those whose time has come, or all of a round by hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from survey.campaign import Campaign
from survey.errors import AlreadyAnswered, InvalidScore, InvitationClosed, OutOfDate
from survey.ports import Answers, Clock, Doubtful, Press, SetAside

AT_ONCE = 200
"""How many are counted at one look; the rest waits for the next."""


@dataclass(frozen=True, kw_only=True)
class CountDoubtful:
    """Answers that nobody has contradicted become answers, of the time at which they came."""

    answers: Answers
    doubtful: Doubtful
    clock: Clock

    async def __call__(self) -> int:
        """Count those whose time has come.

        Returns:
            How many answers that made; none of those that came too late, or whose people have
            answered meanwhile.

        Raises:
            StorageUnavailable: If the database did not take it; what is left waits.
        """
        return await self._count(await self.doubtful.ripe(at=self.clock(), limit=AT_ONCE))

    async def all_of(self, campaign: Campaign) -> int:
        """Count all that are kept aside in a round, whatever they are suspected of.

        Returns:
            How many answers that made.

        Raises:
            InvitationClosed: If the round takes no answers any more.
        """
        if not campaign.takes_answers(self.clock()):
            raise InvitationClosed(f"{campaign.name} no longer takes answers.")
        return await self._count(await self.doubtful.waiting(campaign))

    async def _count(self, kept: Sequence[SetAside]) -> int:
        return sum([await self._one(one) for one in kept])

    async def _one(self, kept: SetAside) -> bool:
        press = Press(subject=kept.subject, by=None, at=kept.at)
        counted = False
        try:
            # What a person has answered wins, even if it came before.
            if (await self.answers.show(press)).response.score is None:
                await self.answers.record(press, kept.score)
                counted = True
        except (AlreadyAnswered, InvalidScore, InvitationClosed, OutOfDate):
            counted = False
        await self.doubtful.drop(kept.subject)
        return counted
