"""Commands that run rounds: preview, start, pause, resume, remind, close, status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.commands.asker import Asker, Handler, PressHandler
from bot.commands.choice import Choice
from bot.grammar import Command, Word
from survey.card import Act, Reply
from survey.ports import Figures, Rounds
from survey.usecases.close_campaign import CloseCampaign
from survey.usecases.start_campaign import StartCampaign
from survey.wording import rounds


@dataclass(frozen=True, kw_only=True)
class RoundCommands:
    """For administrators.

    Attributes:
        knock: Wakes up a sweep by its name, so that nobody waits for its time.
    """

    choice: Choice
    rounds: Rounds
    figures: Figures
    start: StartCampaign
    close: CloseCampaign
    knock: Callable[[str], None]

    @property
    def handlers(self) -> Mapping[Word, Handler]:
        """By the word that is typed."""
        return {
            Word.STATUS: self._status,
            Word.PREVIEW: self._preview,
            Word.START: self._preview,
            Word.CLOSE: self._close,
        }

    @property
    def acts(self) -> Mapping[Act, PressHandler]:
        """By the button that is pressed."""
        return {Act.START: self._start, Act.CANCEL: self._cancel}

    async def _status(self, asker: Asker, command: Command) -> Reply:
        campaign = await self.choice.open_round(command, asker.language)
        accounts = dict(await self.rounds.accounts(campaign))
        told = await self.figures.participation(campaign)
        return Reply(private=rounds.status(campaign, accounts, told.answered, asker.language))

    async def _preview(self, asker: Asker, command: Command) -> Reply:
        name = self.choice.survey(command, asker.language)
        plan = await self.start.plan(name, to=command.to)
        card = rounds.preview(plan, asker.language, value=" ".join([name, *sorted(command.to)]))
        if command.word is Word.PREVIEW:
            card = replace(card, buttons=())
        return Reply(private=card)

    async def _start(self, asker: Asker, value: str) -> Reply:
        name, *to = value.split()
        campaign = await self.start(name, to=frozenset(to))
        self.knock("send")
        return Reply(update=rounds.started(campaign, asker.language))

    async def _cancel(self, asker: Asker, _value: str) -> Reply:
        return Reply(update=rounds.cancelled(asker.language))

    async def _close(self, asker: Asker, command: Command) -> Reply:
        campaign = await self.choice.open_round(command, asker.language)
        closing = await self.close(campaign)
        self.knock("close")
        return Reply(private=rounds.closing(closing, asker.language))
