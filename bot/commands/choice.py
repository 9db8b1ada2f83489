"""Which survey and which round a command means."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.grammar import Command
from survey.campaign import Campaign
from survey.errors import NotFound
from survey.language import Language
from survey.ports import Rounds
from survey.states import OPEN_CAMPAIGN
from survey.survey import Survey
from survey.usecases.next_rounds import NextRounds
from survey.wording import rounds


@dataclass(frozen=True, kw_only=True)
class Choice:
    """In chat the only one there is needs no name."""

    surveys: Mapping[str, Survey]
    rounds: Rounds
    next_rounds: NextRounds

    def survey(self, command: Command, language: Language) -> str:
        """The survey that is meant.

        Raises:
            NotFound: If it could be several.
        """
        if command.survey:
            return command.survey
        if "nps" in self.surveys:
            return "nps"
        if len(self.surveys) == 1:
            return next(iter(self.surveys))
        raise NotFound(rounds.which_survey(sorted(self.surveys), language))

    async def open_round(self, command: Command, language: Language) -> Campaign:
        """The round that is meant, of those that are running or paused.

        Raises:
            NotFound: If there is none, or it could be several.
        """
        everything = await self.rounds.all()
        found = [
            campaign
            for campaign in everything
            if campaign.state in OPEN_CAMPAIGN
            and command.survey in {None, campaign.survey.name}
            and command.period in {None, campaign.period}
        ]
        if not found:
            still = [one.name for one in everything if one.state in OPEN_CAMPAIGN]
            raise NotFound(
                rounds.another_running(still, language)
                if still
                else rounds.nothing_running(language, self.next_rounds(command.survey))
            )
        if len(found) > 1:
            raise NotFound(rounds.several_running([campaign.name for campaign in found], language))
        return found[0]
