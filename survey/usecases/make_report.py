"""The report: counts from the database, judged by the rules, let out by the release gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from survey.campaign import Campaign, Period
from survey.errors import NoRoundYet, UnknownAttribute, UnknownRound
from survey.ports import Clock, Figures, Rounds
from survey.report import (
    Distribution,
    GroupFigures,
    Report,
    RoundPoint,
    change,
    figures,
)
from survey.states import CampaignState
from survey.survey import Survey
from survey.usecases.start_campaign import survey_named

ROUNDS_SHOWN = 8
"""How many rounds a trend shows, the reported one among them."""
_TOLD = {
    CampaignState.RUNNING,
    CampaignState.PAUSED,
    CampaignState.CLOSING,
    CampaignState.CLOSED,
}


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
        told = [found for found in await self.rounds.all(survey) if found.state in _TOLD]
        for found in told:
            if period is None or found.period == period:
                return found
        if not told:
            survey_named(self.surveys, survey)
            raise NoRoundYet(survey)
        known = tuple(str(found.period) for found in told[:ROUNDS_SHOWN])
        raise UnknownRound(f"{survey}/{period}", known)

    async def __call__(
        self, survey: str, period: Period | None = None, *, by: str | None = None
    ) -> Report:
        """The report of one round.

        Args:
            survey: Its name.
            period: Which round; the latest if None.
            by: An attribute whose groups are shown as well.

        Raises:
            NotFound: If there is no such survey, round or attribute.
        """
        campaign = await self.campaign(survey, period)
        if campaign.survey.gated and campaign.state is not CampaignState.CLOSED:
            await self.figures.step(campaign, at=self.clock())
        shown = await self.shown(campaign)
        earlier = await self._earlier(campaign)
        points = [
            RoundPoint(campaign=name, period=str(when), figures=figures(counts))
            for name, when, counts in reversed(earlier)
        ]
        if shown is not None:
            points.append(
                RoundPoint(
                    campaign=campaign.name, period=str(campaign.period), figures=figures(shown)
                )
            )
        gated = campaign.survey.gated
        told = await self.figures.participation(campaign)
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
            change=None
            if shown is None or not earlier
            else change(shown, earlier[0][2], since=str(earlier[0][1])),
            groups=() if by is None else await self._groups(campaign, by),
            groups_withheld=by is not None and gated and campaign.state is not CampaignState.CLOSED,
            history=tuple(points),
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

    async def shown(self, campaign: Campaign) -> Distribution | None:
        """What may be shown of everyone by now; None if that is nothing."""
        if not campaign.survey.gated:
            live = await self.figures.live(campaign)
            return live if live.n else None
        released = await self.figures.released(campaign)
        return released if released.n >= campaign.survey.k else None

    async def _earlier(self, campaign: Campaign) -> Sequence[tuple[str, Period, Distribution]]:
        """Closed rounds before this one that have figures, the latest first."""
        found = []
        for other in await self.rounds.all(campaign.survey.name):
            before = other.started_at < campaign.started_at
            if not before or other.state is not CampaignState.CLOSED:
                continue
            if other.survey.scale != campaign.survey.scale:
                continue
            shown = await self.shown(other)
            if shown is not None:
                found.append((other.name, other.period, shown))
            if len(found) == ROUNDS_SHOWN - 1:
                break
        return found

    async def _groups(self, campaign: Campaign, by: str) -> tuple[GroupFigures, ...]:
        if not campaign.survey.gated:
            known: Mapping[tuple[str, str], Distribution | None] = dict(
                await self.figures.live_groups(campaign)
            )
        else:
            known = await self.figures.released_groups(campaign)
        chosen = {
            value: counts
            for (name, value), counts in known.items()
            if name.casefold() == by.casefold()
        }
        if not chosen:
            raise UnknownAttribute(by, tuple(sorted({name for name, _ in known})))
        return tuple(
            GroupFigures(
                attribute=next(name for name, _ in known if name.casefold() == by.casefold()),
                value=value,
                figures=None if counts is None or not counts.n else figures(counts),
            )
            for value, counts in sorted(chosen.items())
        )
