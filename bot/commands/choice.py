"""Which survey and which round a command means."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.grammar import Command
from survey.campaign import Campaign
from survey.errors import NotFound
from survey.language import Language
from survey.occasion import Trigger
from survey.ports import Rounds
from survey.states import OPEN_CAMPAIGN
from survey.survey import Survey
from survey.usecases.next_rounds import NextRounds
from survey.wording import rounds


@dataclass(frozen=True, kw_only=True)
class Choice:
    """In chat the only one there is needs no name; those without rounds need theirs before one."""

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
        with_rounds = [name for name, survey in self.surveys.items() if survey.after is None]
        for only in (with_rounds, list(self.surveys)):
            if len(only) == 1:
                return only[0]
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
        if not found and (waits := self._waiting(command.survey)) is not None:
            raise NotFound(rounds.nobody_asked_yet(*waits, language))
        if not found:
            still = [one.name for one in everything if one.state in OPEN_CAMPAIGN]
            raise NotFound(
                rounds.another_running(still, language)
                if still
                else rounds.nothing_running(language, self.next_rounds(command.survey))
            )
        if command.survey is None:
            found = [campaign for campaign in found if not campaign.rolls] or found
        if len(found) > 1:
            raise NotFound(rounds.several_running([campaign.name for campaign in found], language))
        return found[0]

    def _waiting(self, named: str | None) -> tuple[str, Trigger] | None:
        """The survey that is meant and what it waits for, if none with rounds can be meant."""
        meant = [survey for name, survey in self.surveys.items() if named in {None, name}]
        waiting = [(survey.name, survey.after) for survey in meant if survey.after is not None]
        return waiting[0] if waiting and len(waiting) == len(meant) else None
