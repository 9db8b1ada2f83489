"""The NPS of a span of time, through the release gate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add

from survey.audit import Entry, plain
from survey.campaign import Campaign
from survey.errors import InvalidValue
from survey.ports import AuditLog, Clock, Figures
from survey.report import Distribution, Participation
from survey.scale import Metric
from survey.states import CampaignState
from survey.survey import Survey
from survey.usecases.make_report import TOLD, MakeReport
from survey.usecases.start_campaign import survey_named


@dataclass(frozen=True, kw_only=True)
class Nps:
    """Whole rounds taken together; a part of a round is never told.

    Attributes:
        survey: Its name.
        since: From when on its rounds were started (UTC).
        until: Until when, that instant included (UTC).
        rounds: Those that were, newest first.
        released: The answers that may be shown; None if there are none.
        withheld: Rounds of which nothing may be shown yet.
        participation: Who took part, all rounds together; told in every mode.
    """

    survey: str
    since: datetime
    until: datetime
    rounds: Sequence[Campaign]
    released: Distribution | None
    withheld: Sequence[Campaign]
    participation: Participation


@dataclass(frozen=True, kw_only=True)
class NpsOverTime:
    """The figures of the rounds that were started in a span of time.

    Each round is in with all that the gate let out of it, or not at all; so two spans differ by
    whole rounds, each of which may be seen on its own anyway.
    """

    surveys: Mapping[str, Survey]
    report: MakeReport
    figures: Figures
    audit: AuditLog
    clock: Clock

    async def __call__(self, survey: str, *, since: datetime, until: datetime, by: str) -> Nps:
        """The figures, if they may be shown.

        Args:
            survey: Its name.
            since: From when on its rounds were started.
            until: Until when.
            by: Who wants them, for the audit log.

        Raises:
            NotFound: If there is no such survey.
            InvalidValue: If it is not asked on the NPS scale.
            StorageUnavailable: If the database does not answer.
        """
        scale = survey_named(self.surveys, survey).scale
        if scale.metric is not Metric.NPS:
            raise InvalidValue(f"{survey} is asked on the scale {scale.name}, which has no NPS.")
        now = self.clock()
        entry = Entry(
            at=now,
            actor=plain(by),
            action="report.read",
            about=plain(f"{survey} from {since.date()} to {until.date()}"),
        )
        await self.audit.append(entry)
        rounds = [
            found
            for found in await self.report.rounds.all(survey)
            if found.state in TOLD
            and found.survey.scale == scale
            and since <= found.started_at <= until
        ]
        for found in rounds:  # those that are not closed: one, or two at the most
            if found.survey.gated and found.state is not CampaignState.CLOSED:
                await self.figures.step(found, at=now)
        shown = await self.report.shown(rounds)
        took_part = await self.figures.participations(rounds)
        return Nps(
            survey=survey,
            since=since,
            until=until,
            rounds=rounds,
            released=reduce(add, shown.values()) if shown else None,
            withheld=[found for found in rounds if found.id not in shown],
            participation=_together([took_part[found.id] for found in rounds]),
        )


def _together(rounds: Sequence[Participation]) -> Participation:
    return Participation(
        invited=sum(one.invited for one in rounds),
        reached=sum(one.reached for one in rounds),
        answered=sum(one.answered for one in rounds),
    )
