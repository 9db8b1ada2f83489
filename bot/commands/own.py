"""Commands for everyone, about themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.commands.asker import Asker, Handler, PressHandler
from bot.grammar import Command, Word
from survey.card import Act, Reply
from survey.ports import Answers, Clock, People
from survey.survey import Survey
from survey.wording import ways_out


@dataclass(frozen=True, kw_only=True)
class OwnCommands:
    """What people do about their own surveys and data.

    Attributes:
        knock: Wakes up a sweep by its name, so that nobody waits for its time.
    """

    surveys: Mapping[str, Survey]
    people: People
    answers: Answers
    clock: Clock
    knock: Callable[[str], None]

    @property
    def handlers(self) -> Mapping[Word, Handler]:
        """By the word that is typed."""
        return {
            Word.PENDING: self._pending,
            Word.OPTOUT: self._opt_out,
            Word.OPTIN: self._opt_in,
        }

    @property
    def acts(self) -> Mapping[Act, PressHandler]:
        """By the button that is pressed."""
        return {}

    async def _pending(self, asker: Asker, _command: Command) -> Reply:
        now = self.clock()
        waiting = await self.answers.open_for(asker.person, at=now)
        return Reply(private=ways_out.pending(list(waiting), asker.language, now=now))

    async def _opt_out(self, asker: Asker, command: Command) -> Reply:
        survey = self.surveys.get(command.survey or "")
        name = None if survey is None else survey.name
        await self.people.opt_out(asker.person, survey=name, at=self.clock())
        return Reply(private=ways_out.stopped(survey, asker.language))

    async def _opt_in(self, asker: Asker, _command: Command) -> Reply:
        lifted = await self.people.opt_in(asker.person, at=self.clock())
        self.knock("send")
        return Reply(private=ways_out.welcome_back(asker.language, lifted=lifted))
