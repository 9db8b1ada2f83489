"""When rounds start by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from survey.cron import Cron
from survey.ports import Clock
from survey.survey import Survey


@dataclass(frozen=True, kw_only=True)
class NextRounds:
    """Looks ahead in the schedules of the settings.

    Attributes:
        surveys: By name, as the settings define them.
        zone: The organisation's.
    """

    surveys: Mapping[str, Survey]
    zone: ZoneInfo
    clock: Clock

    def __call__(self, survey: str | None = None) -> Sequence[tuple[str, datetime]]:
        """Surveys (or this one) with a schedule and their next start in the zone, soonest first.

        A round that is open then is not started a second time; that is not looked at here.
        """
        now = self.clock()
        found = [
            (known.name, Cron.parse(known.schedule).next_due(self.zone, after=now))
            for known in self.surveys.values()
            if known.schedule and survey in {None, known.name}
        ]
        soonest = sorted(found, key=lambda one: (one[1], one[0]))
        return [(name, due.astimezone(self.zone)) for name, due in soonest]
