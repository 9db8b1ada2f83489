"""Close a round: refuse presses first, settle the rest when none can be under way any more."""

from dataclasses import dataclass

from survey.campaign import Campaign
from survey.errors import VoxpopError
from survey.ports import Clock, Figures, Rounds


@dataclass(frozen=True, kw_only=True)
class CloseCampaign:
    """Close rounds, by hand or because their time is over."""

    rounds: Rounds
    figures: Figures
    clock: Clock

    async def __call__(self, campaign: Campaign) -> Campaign:
        """Refuse presses from now on; `settle` does the rest.

        Raises:
            IllegalTransition: If the round is not open.
        """
        return await self.rounds.begin_closing(campaign, at=self.clock())

    async def close_overdue(self) -> None:
        """Refuse presses in rounds whose time is over; from then on the next one may start."""
        now = self.clock()
        for campaign in await self.rounds.overdue(at=now):
            await self.rounds.begin_closing(campaign, at=now)

    async def settle(self) -> int:
        """Close what is overdue, finish what has been closing; how many rounds were finished."""
        now = self.clock()
        await self.close_overdue()
        finished, failures = 0, []
        for campaign in await self.rounds.settled(at=now):
            try:
                if campaign.survey.gated:
                    await self.figures.step(campaign, at=now, last=True)
                await self.rounds.finish(campaign, at=now)
                finished += 1
            except VoxpopError as error:
                failures.append(error)  # the other rounds close all the same
        if failures:
            raise failures[0]
        return finished

    async def move_figures(self) -> None:
        """Let the figures of open rounds move where enough people are behind the move."""
        now = self.clock()
        for campaign in await self.rounds.all():
            if campaign.survey.gated and campaign.takes_answers(now):
                await self.figures.step(campaign, at=now)
