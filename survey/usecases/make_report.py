"""The report: counts from the database, judged by the rules, let out by the release gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from survey.campaign import Campaign, Period
from survey.errors import NoRoundYet, UnknownAttribute, UnknownRound
from survey.ports import Clock, Figures, Rounds
from survey.report import (
    Distribution,
    GroupFigures,
    Participation,
    Report,
    RoundPoint,
    change,
    figures,
)
from survey.states import CampaignState
from survey.survey import Survey
from survey.usecases.start_campaign import survey_named

EVERY_ATTRIBUTE = "*"
"""In place of an attribute: the groups of all of them."""
ROUNDS_SHOWN = 8
"""How many rounds a trend shows, the reported one among them."""
TOLD = {
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.CLOSING,
    CampaignState.CLOSED,
}
"""States of a round of which there is something to tell."""


@dataclass(frozen=True, kw_only=True)
class MakeReport:
    """Figures of one round, as anybody may see them who may see any."""

    surveys: Mapping[str, Survey]
    rounds: Rounds
    figures: Figures
    clock: Clock

    async def campaign(self, survey: str, period: Period | None = None) -> Campaign:
        """The round that is meant: that of the period, else the latest.

        Raises:
            NotFound: The message says what there is.
        """
        told = [found for found in await self.rounds.all(survey) if found.state in TOLD]
        for found in told:
            if period is None or found.period == period:
                return found
        if not told:
            survey_named(self.surveys, survey)
            raise NoRoundYet(survey, asks_by_itself=self.surveys[survey].after is not None)
        known = tuple(str(found.period) for found in told[:ROUNDS_SHOWN])
        raise UnknownRound(f"{survey}/{period}", known)

    async def __call__(
        self, survey: str, period: Period | None = None, *, by: str | None = None
    ) -> Report:
        """The report of one round.

        Args:
            survey: Its name.
            period: Which round; the latest if None.
            by: An attribute whose groups are shown as well; those of all with `EVERY_ATTRIBUTE`.

        Raises:
            NotFound: If there is no such survey, round or attribute.
        """
        campaign = await self.campaign(survey, period)
        if campaign.survey.gated and campaign.state is not CampaignState.CLOSED:
            await self.figures.step(campaign, at=self.clock())
        earlier = await self._earlier(campaign)
        counts = await self.shown([campaign, *earlier])
        shown = counts.get(campaign.id)
        took_part = await self.figures.participations([campaign, *earlier])
        told = took_part[campaign.id]
        points = _points(
            [found for found in [*reversed(earlier), campaign] if found.id in counts],
            counts,
            took_part,
        )
        return Report(
            survey=campaign.survey.name,
            subject=campaign.survey.subject,
            scale=campaign.survey.scale,
            campaign=campaign.name,
            period=str(campaign.period),
            mode=campaign.survey.mode.value,
            k=campaign.survey.k,
            state=campaign.state.value,
            participation=told,
            distribution=shown,
            figures=None if shown is None else figures(shown),
            change=None if shown is None else points[-1].change,
            groups=() if by is None else await self._groups(campaign, by),
            groups_withheld=by is not None
            and campaign.survey.gated
            and campaign.state is not CampaignState.CLOSED,
            history=points,
            pending=await self._pending(campaign, answered=told.answered, shown=shown),
        )

    async def _pending(
        self, campaign: Campaign, *, answered: int, shown: Distribution | None
    ) -> int:
        """How many answers the figures do not have.

        While a round runs this is told from the participation alone: a number that counts changes
        would tell a watcher that somebody has just changed their mind.
        """
        if not campaign.survey.gated or shown is None:
            return 0
        if campaign.state is CampaignState.CLOSED:
            return await self.figures.pending(campaign)
        return max(0, answered - shown.n)

    async def shown(self, campaigns: Sequence[Campaign]) -> Mapping[int, Distribution]:
        """What may be shown of everyone by now, by the round's number; nothing is left out."""
        found = await self.figures.of_rounds(campaigns)
        return {
            campaign.id: found[campaign.id]
            for campaign in campaigns
            if found[campaign.id].n >= campaign.survey.smallest_group
        }

    async def _earlier(self, campaign: Campaign) -> list[Campaign]:
        """Closed rounds before this one on the same scale, the latest first."""
        return [
            other
            for other in await self.rounds.all(campaign.survey.name)
            if other.started_at < campaign.started_at
            and other.state is CampaignState.CLOSED
            and other.survey.scale == campaign.survey.scale
        ][: ROUNDS_SHOWN - 1]

    async def _groups(self, campaign: Campaign, by: str) -> tuple[GroupFigures, ...]:
        if not campaign.survey.gated:
            known: Mapping[tuple[str, str], Distribution | None] = dict(
                await self.figures.live_groups(campaign)
            )
        else:
            known = await self.figures.released_groups(campaign)
        chosen = {
            (name, value): counts
            for (name, value), counts in known.items()
            if by == EVERY_ATTRIBUTE or name.casefold() == by.casefold()
        }
        if not chosen and by != EVERY_ATTRIBUTE:
            raise UnknownAttribute(by, tuple(sorted({name for name, _ in known})))
        return tuple(
            GroupFigures(
                attribute=name,
                value=value,
                figures=None if counts is None or not counts.n else figures(counts),
            )
            for (name, value), counts in sorted(chosen.items(), key=lambda group: group[0])
        )


def _points(
    rounds: Sequence[Campaign],
    counts: Mapping[int, Distribution],
    took_part: Mapping[int, Participation],
) -> tuple[RoundPoint, ...]:
    """The trend, oldest first: each round against the one before it."""
    return tuple(
        RoundPoint(
            campaign=found.name,
            period=str(found.period),
            figures=figures(counts[found.id]),
            participation=took_part[found.id],
            change=None
            if before is None
            else change(counts[found.id], counts[before.id], since=str(before.period)),
        )
        for before, found in zip([None, *rounds], rounds, strict=False)
    )
