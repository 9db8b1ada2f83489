"""Low marks and figures over spans of time, put together."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.commands.follow_ups import FollowUpCommands
from bot.commands.oversight import Oversight
from bot.follow_ups import FollowUpDesk
from runtime.languages import language
from runtime.settings import Settings
from storage.engine import Database
from storage.follow_ups import SqlFollowUps
from storage.invitations import Ballots
from storage.spans import SqlSpans
from survey.localtime import zone
from survey.ports import Clock, People, Rounds
from survey.survey import Survey
from survey.usecases.analyse import Analyse
from survey.usecases.compose_alert import ComposeAlert
from survey.usecases.find_low_marks import FindLowMarks

TEAM_SPEAKS = "en"
"""The language of alerts: a channel is nobody's in particular."""


@dataclass(frozen=True, kw_only=True)
class LookingAfter:
    """What is done about answers that show names.

    Attributes:
        alert: What a channel is told.
        find: Looks for low marks.
    """

    follow_ups: SqlFollowUps
    alert: ComposeAlert
    find: FindLowMarks
    analyse: Analyse
    clock: Clock

    def desk(self, people: People) -> FollowUpDesk:
        """What is pressed in a channel."""
        return FollowUpDesk(
            follow_ups=self.follow_ups,
            alert=self.alert,
            people=people,
            languages=language,
            clock=self.clock,
        )

    def commands(self, oversight: Oversight) -> FollowUpCommands:
        """What is typed."""
        return FollowUpCommands(follow_ups=self.follow_ups, oversight=oversight, clock=self.clock)


def connect(
    settings: Settings,
    database: Database,
    ballots: Ballots,
    *,
    surveys: Mapping[str, Survey],
    rounds: Rounds,
    clock: Clock,
) -> LookingAfter:
    """On a database."""
    follow_ups, at_home = SqlFollowUps(database, ballots), zone(settings.timezone)
    return LookingAfter(
        follow_ups=follow_ups,
        alert=ComposeAlert(
            follow_ups=follow_ups, language=language(TEAM_SPEAKS), zone=at_home, clock=clock
        ),
        find=FindLowMarks(follow_ups=follow_ups, channels=settings.alert_channels, clock=clock),
        analyse=Analyse(
            surveys=surveys,
            rounds=rounds,
            spans=SqlSpans(database, ballots),
            clock=clock,
            zone=at_home,
        ),
        clock=clock,
    )
