"""The comments of a round, through the release rules."""

from dataclasses import dataclass

from survey.campaign import Campaign, Period
from survey.ports import Comments
from survey.report import GROUPS_OF_K, NamedAnswer, RoundComments, Withheld
from survey.states import CampaignState
from survey.usecases.make_report import MakeReport


@dataclass(frozen=True, kw_only=True)
class ReadComments:
    """What people wrote, for whoever may see figures.

    Where names are, at once. Elsewhere after the close, from 2k counted answers, shuffled for
    good, dated by the round alone; never by score or attribute
    (`docs/decisions/0007-comments-and-exports.md`).
    """

    report: MakeReport
    comments: Comments

    async def __call__(self, survey: str, period: Period | None = None) -> RoundComments:
        """The comments of one round.

        Raises:
            NotFound: If there is no such survey or round.
        """
        return await self.of(await self.report.campaign(survey, period))

    async def of(self, campaign: Campaign) -> RoundComments:
        """The comments of this round."""
        if not campaign.survey.gated:
            named = tuple(await self.comments.named(campaign))
            return self._document(campaign, named=named)
        withheld = await self._withheld(campaign)
        if withheld is not None:
            return self._document(campaign, withheld=withheld)
        return self._document(campaign, unnamed=tuple(await self.comments.unnamed(campaign)))

    async def _withheld(self, campaign: Campaign) -> Withheld | None:
        if campaign.state is not CampaignState.CLOSED:
            return Withheld.OPEN
        counted = (await self.report.shown([campaign])).get(campaign.id)
        if counted is None or counted.n < GROUPS_OF_K * campaign.survey.k:
            return Withheld.FEW
        return None

    def _document(
        self,
        campaign: Campaign,
        *,
        withheld: Withheld | None = None,
        named: tuple[NamedAnswer, ...] = (),
        unnamed: tuple[str, ...] = (),
    ) -> RoundComments:
        return RoundComments(
            survey=campaign.survey.name,
            campaign=campaign.name,
            period=str(campaign.period),
            mode=campaign.survey.mode.value,
            k=campaign.survey.k,
            withheld=withheld,
            named=named,
            unnamed=unnamed,
        )
