"""A round as a file, through the release rules."""

from dataclasses import dataclass

from survey.campaign import Period
from survey.ports import Comments
from survey.report import Export
from survey.usecases.make_report import EVERY_ATTRIBUTE, MakeReport
from survey.usecases.read_comments import ReadComments


@dataclass(frozen=True, kw_only=True)
class ExportCampaign:
    """Everything of one round that an administrator may take away.

    Where names are, a row per answer. Elsewhere what the report and the list of comments show,
    and nothing else: no row stands for one person.
    """

    report: MakeReport
    read_comments: ReadComments
    comments: Comments

    async def __call__(self, survey: str, period: Period | None = None) -> Export:
        """One round, the latest if no period is named; answers are read as the file is written.

        Raises:
            NotFound: If there is no such survey or round.
        """
        campaign = await self.report.campaign(survey, period)
        report = await self.report(survey, campaign.period, by=EVERY_ATTRIBUTE)
        if campaign.survey.gated:
            # A round that closed meanwhile has other figures than the report; its comments wait.
            return Export(report=report, comments=await self.read_comments.of(campaign))
        return Export(
            report=report,
            attributes=tuple(await self.comments.attributes(campaign)),
            answers=self.comments.answers(campaign),
        )
