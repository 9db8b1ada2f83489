"""Counts for the report: live ones, and those that the release gate has let out."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.one_each import OneEach, one_each
from storage.tables import (
    campaigns,
    cohorts,
    released_groups,
    released_totals,
    responses,
    steps,
    totals,
)
from storage.troubles import Contended
from survey.campaign import Campaign
from survey.errors import NotWritable
from survey.release import Movement, Pending, next_step, shown_groups
from survey.report import Distribution, Participation

Group = tuple[str, str]
_DIFFERS = responses.c.score.is_distinct_from(responses.c.released_score)


class SqlFigures:
    """The port `Figures` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def participation(self, campaign: Campaign) -> Participation:
        """See the port."""
        return (await self.participations([campaign]))[campaign.id]

    async def participations(self, rounds: Sequence[Campaign]) -> Mapping[int, Participation]:
        """See the port."""
        answered = (
            select(func.coalesce(func.sum(totals.c.n), 0))
            .where(totals.c.campaign_id == campaigns.c.id)
            .scalar_subquery()
        )
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(
                    campaigns.c.id,
                    campaigns.c.invited,
                    campaigns.c.reached,
                    answered.label("answered"),
                ).where(campaigns.c.id.in_([campaign.id for campaign in rounds]))
            )
            # Whoever has answered was reached, even if the platform's word for it is under way.
            return {
                row.id: Participation(
                    invited=row.invited,
                    reached=max(row.reached, int(row.answered)),
                    answered=int(row.answered),
                )
                for row in rows
            }

    async def live(self, campaign: Campaign) -> Distribution:
        """See the port."""
        return await self._sum(campaign, totals)

    async def of_rounds(self, campaigns: Sequence[Campaign]) -> Mapping[int, Distribution]:
        """See the port."""
        counts: dict[int, dict[int, int]] = {campaign.id: {} for campaign in campaigns}
        async with self._database.read() as connection:
            for table, gated in ((totals, False), (released_totals, True)):
                rows = await connection.execute(
                    select(table.c.campaign_id, table.c.score, func.sum(table.c.n).label("n"))
                    .where(
                        table.c.campaign_id.in_(
                            [found.id for found in campaigns if found.survey.gated is gated]
                        )
                    )
                    .group_by(table.c.campaign_id, table.c.score)
                )
                for row in rows:
                    counts[row.campaign_id][row.score] = int(row.n)
        return {
            campaign.id: Distribution(scale=campaign.survey.scale, counts=counts[campaign.id])
            for campaign in campaigns
        }

    async def live_groups(self, campaign: Campaign) -> Mapping[Group, Distribution]:
        """See the port."""
        return await self._sum_groups(campaign, totals)

    async def released_groups(self, campaign: Campaign) -> Mapping[Group, Distribution | None]:
        """See the port."""
        found = await self._sum_groups(campaign, released_totals)
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(released_groups).where(released_groups.c.campaign_id == campaign.id)
            )
            shown = {(row.attribute, row.value) for row in rows}
        return {group: counts if group in shown else None for group, counts in found.items()}

    async def pending(self, campaign: Campaign) -> int:
        """See the port."""
        async with self._database.read() as connection:
            return (
                await connection.scalar(
                    select(func.count()).where(
                        responses.c.campaign_id == campaign.id, responses.c.waiting, _DIFFERS
                    )
                )
                or 0
            )

    async def step(self, campaign: Campaign, *, at: datetime, last: bool = False) -> bool:
        """See the port."""
        try:
            # In one snapshot: what is counted is what is folded in, whoever presses meanwhile.
            async with self._database.write(snapshot=True) as connection:
                moved = more = await self._move(connection, campaign, at=at, last=last)
            while more and last and campaign.rolls:  # of those who were asked often
                async with self._database.write(snapshot=True) as connection:
                    more = await self._move(connection, campaign, at=at, last=True)
        except (Contended, NotWritable):  # what is shown stays as it is
            if last:
                raise
            return False
        if last:
            await self._settle_groups(campaign)
        return moved

    async def _move(
        self, connection: AsyncConnection, campaign: Campaign, *, at: datetime, last: bool
    ) -> bool:
        of_campaign = responses.c.campaign_id == campaign.id
        waiting = and_(of_campaign, responses.c.waiting)
        # Pressed again with the same outcome: nothing waits any more.
        await connection.execute(responses.update().where(waiting, ~_DIFFERS).values(waiting=False))
        each: OneEach | None = None
        if campaign.rolls:
            each = await one_each(connection, campaign)
            waiting = and_(waiting, responses.c.respondent.in_(each.respondents))
        new = and_(responses.c.entered_step.is_(None), responses.c.score.is_not(None))
        movable = and_(responses.c.entered_step.is_not(None), responses.c.changed_step.is_(None))
        changed = and_(movable, responses.c.score.is_not(None))
        undone = and_(movable, responses.c.score.is_(None))
        kind = case((new, "new"), (changed, "changed"), (undone, "undone"), else_="held")
        counts: dict[str, dict[int, int]] = defaultdict(dict)
        what = select(kind.label("kind"), responses.c.entered_step).where(waiting).subquery("what")
        rows = await connection.execute(
            select(what.c.kind, what.c.entered_step, func.count()).group_by(
                what.c.kind, what.c.entered_step
            )
        )
        for name, entered, count in rows:
            counts[name][entered or 0] = count
        known = await connection.execute(
            select(steps.c.step, steps.c.steady).where(steps.c.campaign_id == campaign.id)
        )
        steady = {row.step: row.steady for row in known}
        counted = each.counted if each else await self._counted(connection, campaign)
        decided = next_step(
            Pending(
                new=sum(counts["new"].values()),
                changed=sum(counts["changed"].values()),
                undone=counts["undone"],
            ),
            steady=steady,
            counted=counted,
            k=campaign.survey.k,
            last=last,
        )
        if decided is None:
            return False
        number = max(steady, default=0) + 1
        folds = or_(
            new, changed, and_(undone, responses.c.entered_step.in_(decided.folds_undone_from))
        )
        await self._fold(connection, campaign, and_(waiting, folds), number=number)
        for entered in decided.folds_undone_from:
            await connection.execute(
                steps.update()
                .where(steps.c.campaign_id == campaign.id, steps.c.step == entered)
                .values(steady=steps.c.steady - counts["undone"].get(entered, 0))
            )
        await connection.execute(
            steps.insert().values(
                campaign_id=campaign.id,
                step=number,
                steady=sum(counts["new"].values()) + sum(counts["changed"].values()),
                at=at,
            )
        )
        return True

    async def _counted(self, connection: AsyncConnection, campaign: Campaign) -> int:
        found = await connection.scalar(
            select(func.coalesce(func.sum(released_totals.c.n), 0)).where(
                released_totals.c.campaign_id == campaign.id
            )
        )
        return found or 0

    async def _fold(
        self, connection: AsyncConnection, campaign: Campaign, which: Any, *, number: int
    ) -> None:
        """Take these answers into the released totals."""
        insert = sqlite_insert if self._database.is_sqlite else pg_insert
        rows = await connection.execute(
            select(responses.c.cohort, responses.c.released_score, responses.c.score, func.count())
            .where(which)
            .group_by(responses.c.cohort, responses.c.released_score, responses.c.score)
        )
        moves: dict[tuple[int, int], int] = defaultdict(int)
        for cohort, before, after, count in rows:
            if before is not None:
                moves[cohort, before] -= count
            if after is not None:
                moves[cohort, after] += count
        added = insert(released_totals)
        await connection.execute(
            added.on_conflict_do_update(
                index_elements=["campaign_id", "cohort", "score"],
                set_={"n": released_totals.c.n + added.excluded.n},
            ),
            [
                {"campaign_id": campaign.id, "cohort": cohort, "score": score, "n": by}
                for (cohort, score), by in moves.items()
                if by
            ],
        )
        await connection.execute(
            responses.update()
            .where(which)
            .values(
                changed_step=case((responses.c.entered_step.is_not(None), number)),
                entered_step=func.coalesce(responses.c.entered_step, number),
                released_score=responses.c.score,
                waiting=False,
            )
        )

    async def _settle_groups(self, campaign: Campaign) -> None:
        """After the close, when nothing moves any more: which groups may be shown, for good."""
        async with self._database.read() as connection:
            movements = await self._movements(connection, campaign)
            shared = await self._cohorts(connection, campaign)
        # Judging may take seconds; neither presses nor the event loop wait for it.
        shown = await asyncio.to_thread(
            shown_groups, movements, cohorts=shared, k=campaign.survey.k
        )
        async with self._database.write() as connection:
            await connection.execute(
                released_groups.delete().where(released_groups.c.campaign_id == campaign.id)
            )
            if shown:
                await connection.execute(
                    released_groups.insert(),
                    [
                        {"campaign_id": campaign.id, "attribute": attribute, "value": value}
                        for attribute, value in sorted(shown)
                    ],
                )

    async def _movements(self, connection: AsyncConnection, campaign: Campaign) -> list[Movement]:
        """Who entered and moved the figures when, counted."""
        present = responses.c.released_score.is_not(None)
        rows = await connection.execute(
            select(
                responses.c.entered_step,
                responses.c.changed_step,
                present.label("present"),
                responses.c.cohort,
                func.count().label("people"),
            )
            .where(responses.c.campaign_id == campaign.id, responses.c.entered_step.is_not(None))
            .group_by(
                responses.c.entered_step, responses.c.changed_step, present, responses.c.cohort
            )
        )
        return [
            Movement(
                entered=row.entered_step,
                changed=row.changed_step,
                present=bool(row.present),
                cohort=row.cohort,
                people=row.people,
            )
            for row in rows
        ]

    async def _sum(self, campaign: Campaign, table: Any) -> Distribution:
        async with self._database.read() as connection:
            rows = await connection.execute(
                select(table.c.score, func.sum(table.c.n).label("n"))
                .where(table.c.campaign_id == campaign.id)
                .group_by(table.c.score)
            )
            return Distribution(
                scale=campaign.survey.scale, counts={row.score: int(row.n) for row in rows}
            )

    async def _sum_groups(self, campaign: Campaign, table: Any) -> Mapping[Group, Distribution]:
        async with self._database.read() as connection:
            rows = (
                await connection.execute(
                    select(table.c.cohort, table.c.score, func.sum(table.c.n).label("n"))
                    .where(table.c.campaign_id == campaign.id)
                    .group_by(table.c.cohort, table.c.score)
                )
            ).all()
            shared = await self._cohorts(connection, campaign)
        counts: dict[Group, dict[int, int]] = {
            group: defaultdict(int)
            for attributes in shared.values()
            for group in attributes.items()
        }
        for row in rows:
            for group in shared[row.cohort].items():
                counts[group][row.score] += int(row.n)
        return {
            group: Distribution(scale=campaign.survey.scale, counts=counts[group])
            for group in sorted(counts)
        }

    async def _cohorts(
        self, connection: AsyncConnection, campaign: Campaign
    ) -> Mapping[int, Mapping[str, str]]:
        rows = await connection.execute(
            select(cohorts.c.cohort, cohorts.c.attributes).where(
                cohorts.c.campaign_id == campaign.id
            )
        )
        return {row.cohort: json.loads(row.attributes) for row in rows}
