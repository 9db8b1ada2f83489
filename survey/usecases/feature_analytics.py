"""Figures of a feature, for those who may read figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from survey.audit import Entry, plain
from survey.errors import OnlyIdentified
from survey.features import Counted, Judged
from survey.ports import AuditLog, Clock, FeatureFigures, GivenFeedback, Usage
from survey.survey import Survey
from survey.usecases.use_features import UseFeatures


@dataclass(frozen=True, kw_only=True)
class FeatureAnalytics:
    """What is read is noted first, where it tells what people said.

    Figures over any span of time, and of anybody by name, are for identified surveys.

    Attributes:
        survey: The one that asks about features.
        use: Judges who is to be asked.
    """

    survey: Survey
    figures: FeatureFigures
    use: UseFeatures
    audit: AuditLog
    clock: Clock

    async def usage(self, product: str, feature: str) -> Usage:
        """How a feature is used.

        Raises:
            NotFound: If there is no such feature.
        """
        return await self.figures.usage(product, feature)

    async def users(
        self, product: str, feature: str, *, limit: int, after: tuple[datetime, str] | None = None
    ) -> Sequence[Judged]:
        """Who uses it, and whom its own rules would ask now; the latest change first.

        Raises:
            NotFound: If there is no such feature.
        """
        now = self.clock()
        uses = await self.figures.users(product, feature, limit=limit, after=after)
        return [
            Judged(use=use, suppressed_by=use.suppressed_by(rest=self.use.rest, at=now))
            for use in uses
        ]

    async def ratings(self, product: str, feature: str, *, by: str) -> Sequence[Counted]:
        """What was said of it, counted.

        Raises:
            NotFound: If there is no such feature.
            OnlyIdentified: If the survey shows no names.
        """
        await self._may_read("report.read", product, feature, by)
        return await self.figures.ratings(product, feature)

    async def feedbacks(
        self,
        product: str,
        feature: str,
        *,
        limit: int,
        by: str,
        after: tuple[datetime, UUID] | None = None,
    ) -> Sequence[GivenFeedback]:
        """What was said of it, the latest first.

        Raises:
            NotFound: If there is no such feature.
            OnlyIdentified: If the survey shows no names.
        """
        await self._may_read("comments.read", product, feature, by)
        return await self.figures.feedbacks(product, feature, limit=limit, after=after)

    async def _may_read(self, action: str, product: str, feature: str, by: str) -> None:
        if self.survey.gated:
            raise OnlyIdentified(self.survey.name)
        entry = Entry(
            at=self.clock(),
            actor=by,
            action=action,
            about=plain(f"{self.survey.name}: {product}/{feature}"),
        )
        await self.audit.append(entry)
