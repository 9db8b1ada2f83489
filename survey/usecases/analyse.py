"""Figures over a span of time, where names are; the others have the release gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from survey.analytics import (
    LOW_MARKS_SPAN,
    LOWEST_MARKS,
    USUAL_SPAN,
    Analytics,
    Group,
    LowMark,
)
from survey.campaign import Campaign, Period
from survey.errors import InvalidPeriod, InvalidValue, OnlyIdentified, UnknownAttribute
from survey.ports import Clock, Rounds, Spans
from survey.report import Distribution
from survey.survey import Mode, Survey
from survey.usecases.start_campaign import survey_named

_MONTHS_IN_QUARTER = 3


@dataclass(frozen=True, kw_only=True)
class Analyse:
    """Answers of one survey, however its rounds lie.

    Attributes:
        surveys: By name, as the settings define them.
        zone: The organisation's, in which quarters begin.
    """

    surveys: Mapping[str, Survey]
    rounds: Rounds
    spans: Spans
    clock: Clock
    zone: ZoneInfo

    async def __call__(
        self,
        survey: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str | None = None,
    ) -> Analytics:
        """The figures of a span.

        Args:
            survey: Its name.
            since: From when on; 30 days before the end if None.
            until: Until when; now if None.
            by: An attribute whose groups are told as well: category, resolved_by.

        Raises:
            UnknownSurvey: If the settings define none of this name.
            OnlyIdentified: If it shows no names: its figures go through the release gate.
            UnknownAttribute: If nobody has that attribute.
            InvalidValue: If the span ends before it begins.
        """
        known, campaigns = await self._identified(survey)
        begins, ends = self._span(since, until, usual=USUAL_SPAN)
        counted = await self.spans.count(campaigns, since=begins, until=ends, by=by)
        if by is not None and counted.marks and not counted.groups:
            raise UnknownAttribute(by, counted.attributes)
        groups = [
            Group(value=value, distribution=Distribution(scale=known.scale, counts=marks))
            for value, marks in counted.groups.items()
        ]
        return Analytics(
            survey=known,
            since=begins,
            until=ends,
            distribution=Distribution(scale=known.scale, counts=counted.marks),
            sending=counted.sending,
            by=by,
            groups=tuple(sorted(groups, key=lambda group: (-group.distribution.n, group.value))),
        )

    async def low_marks(
        self,
        survey: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        before: tuple[datetime, UUID] | None = None,
        limit: int,
    ) -> Sequence[LowMark]:
        """Low marks of the last 7 days, or of a span, the latest first; raises as the figures do.

        Args:
            survey: Its name.
            since: From when on; 7 days before the end if None.
            until: Until when; now if None.
            before: Those behind this one.
            limit: At most so many.
        """
        known, campaigns = await self._identified(survey)
        begins, ends = self._span(since, until, usual=LOW_MARKS_SPAN)
        highest = known.alert_at
        return await self.spans.low_marks(
            campaigns,
            highest=known.scale.low + LOWEST_MARKS - 1 if highest is None else highest,
            since=begins,
            until=ends,
            before=before,
            limit=limit,
        )

    def quarter(self, period: Period) -> tuple[datetime, datetime]:
        """From when until when a quarter lasts, on the organisation's clock.

        Raises:
            InvalidPeriod: If no calendar reaches so far.
        """
        first = _MONTHS_IN_QUARTER * (period.quarter - 1) + 1
        after = first + _MONTHS_IN_QUARTER
        try:
            begins = date(period.year, first, 1)
            ends = date(period.year + 1, 1, 1) if after > 12 else date(period.year, after, 1)  # noqa: PLR2004 - months
            return self._midnight(begins), self._midnight(ends)
        except (ValueError, OverflowError) as error:
            raise InvalidPeriod(f"There is no calendar for {period}.") from error

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def _span(
        self, since: datetime | None, until: datetime | None, *, usual: timedelta
    ) -> tuple[datetime, datetime]:
        ends = self.clock() if until is None else until
        try:
            begins = ends - usual if since is None else since
        except OverflowError:  # nothing was answered then
            begins = ends
        if begins > ends:
            raise InvalidValue("The span ends before it begins.")
        return begins, ends

    async def _identified(self, name: str) -> tuple[Survey, Sequence[Campaign]]:
        """The survey on the scale that it has asked on last, and its rounds of that scale.

        Rounds that were promised to show no names are not among them.
        """
        survey = survey_named(self.surveys, name)
        rounds = await self.rounds.all(survey.name)
        identified = [found for found in rounds if found.survey.mode is Mode.IDENTIFIED]
        if survey.mode is not Mode.IDENTIFIED or (rounds and not identified):
            raise OnlyIdentified(survey.name)
        if not identified:
            return survey, []
        # A scale that is set anew holds from the next round on.
        latest = max(identified, key=lambda found: found.started_at).survey
        shown = [found for found in identified if found.survey.scale == latest.scale]
        return survey.in_keeping_with(latest), shown
