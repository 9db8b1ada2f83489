"""Start the rounds that schedules name, each once, whoever runs twice and whatever was down."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from survey.cron import Cron
from survey.errors import CampaignExists, InvalidValue, NobodyToAsk, StartedElsewhere, VoxpopError
from survey.localtime import zone
from survey.ports import Clock, Schedules
from survey.schedule import CLOCK_WENT_BACK, STARTED, Handled, Schedule
from survey.usecases.close_campaign import CloseCampaign
from survey.usecases.start_campaign import StartCampaign

OPEN = "a round was open"
MISSED = "missed: it was found when its round would have been over"
AHEAD = "the clock was ahead then, and has gone back: the schedule goes on from now"
CHANGED = "the schedule was changed before its round had started"


@dataclass(frozen=True, kw_only=True)
class StartDueRounds:
    """Deal with the times that have come since the last look.

    Of several missed times only the latest counts. Its round starts if it would still be open had
    it started in time; it is named by the local date on which it was due. A time that can't be
    used, because a round is open or nobody is left to ask, is passed over and not tried again.
    Whoever changes a schedule starts it anew: what was due under the old one is passed over too.
    """

    start: StartCampaign
    close: CloseCampaign
    schedules: Schedules
    clock: Clock

    async def __call__(self) -> AsyncIterator[Handled]:
        """Each time that is dealt with, as it is.

        Raises:
            VoxpopError: If one could not be dealt with now, after all the others were; it is
                tried again at the next look.
        """
        now, failures = self.clock(), []
        crons = self._crons()
        known = {schedule.survey: schedule for schedule in await self.schedules.all()}
        async for changed in self._agree(crons, known, now=now):
            yield changed
        for name, cron in crons.items():
            schedule = known.get(name)
            if schedule is None or not schedule.reads(cron.text, self.start.zone.key):
                continue  # new: nothing that is past is due
            due = cron.latest_due(self.start.zone, after=schedule.handled_until, upto=now)
            if due is None:
                continue
            try:
                handled = await self._handle(name, due=due, now=now)
            except VoxpopError as error:
                failures.append(error)  # the other surveys start all the same
            else:
                if handled is not None:
                    yield handled
        if failures:
            raise failures[0]

    def _crons(self) -> dict[str, Cron]:
        surveys = self.start.surveys.values()
        return {survey.name: Cron.parse(survey.schedule) for survey in surveys if survey.schedule}

    async def _agree(
        self, crons: Mapping[str, Cron], known: Mapping[str, Schedule], *, now: datetime
    ) -> AsyncIterator[Handled]:
        """Have the schedules of the settings; what was still due under changed ones is told."""
        tz = self.start.zone
        wanted = {name: cron.text for name, cron in crons.items()}
        ahead = [
            name
            for name, schedule in known.items()
            if schedule.handled_until > now + CLOCK_WENT_BACK
        ]
        if (
            not ahead
            and known.keys() == wanted.keys()
            and all(schedule.reads(wanted[name], tz.key) for name, schedule in known.items())
        ):
            return
        await self.schedules.define(wanted, timezone=tz.key, at=now)
        for name in ahead:
            yield Handled(survey=name, due=known[name].handled_until, outcome=AHEAD)
        for name, schedule in known.items():
            if name in wanted and not schedule.reads(wanted[name], tz.key):
                due = latest_of(schedule, upto=now)
                if due is not None:
                    yield Handled(survey=name, due=due, outcome=CHANGED)

    async def _handle(self, name: str, *, due: datetime, now: datetime) -> Handled | None:
        if now - due > timedelta(days=self.start.surveys[name].open_days):
            return await self._pass_over(name, due=due, outcome=MISSED)
        try:
            await self.close.close_overdue()  # after a pause they may all still be open
            campaign = await self.start(name, due=due)
        except StartedElsewhere:
            return None
        except CampaignExists:
            return await self._pass_over(name, due=due, outcome=OPEN)
        except NobodyToAsk as error:
            return await self._pass_over(name, due=due, outcome=str(error))
        return Handled(survey=name, due=due, outcome=STARTED, campaign=campaign)

    async def _pass_over(self, name: str, *, due: datetime, outcome: str) -> Handled | None:
        mine = await self.schedules.pass_over(name, due=due, outcome=outcome)
        return Handled(survey=name, due=due, outcome=outcome) if mine else None


def latest_of(schedule: Schedule, *, upto: datetime) -> datetime | None:
    """The latest time of a schedule that was not dealt with; None if none, or it can't be read."""
    try:
        return Cron.parse(schedule.cron).latest_due(
            zone(schedule.timezone), after=schedule.handled_until, upto=upto
        )
    except InvalidValue:
        return None
