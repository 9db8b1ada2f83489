"""Commands that tell what came out: report, and what hangs on it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.commands.asker import Asker, Handler, PressHandler
from bot.commands.choice import Choice
from bot.grammar import Command, Word
from survey.campaign import Period
from survey.card import Act, Card, Reply
from survey.ports import Charts
from survey.usecases.make_report import MakeReport
from survey.wording import reporting, rounds


@dataclass(frozen=True, kw_only=True)
class FigureCommands:
    """For administrators."""

    choice: Choice
    report: MakeReport
    charts: Charts

    @property
    def handlers(self) -> Mapping[Word, Handler]:
        """By the word that is typed."""
        return {Word.REPORT: self._report}

    @property
    def acts(self) -> Mapping[Act, PressHandler]:
        """By the button that is pressed."""
        return {Act.SHARE: self._share}

    async def _report(self, asker: Asker, command: Command) -> Reply:
        name = self.choice.survey(command, asker.language)
        made = await self.report(name, command.period, by=command.by)
        picture = None if made.figures is None else await self.charts.report(made, asker.language)
        card = reporting.report_card(made, picture, asker.language, shareable=not command.share)
        if not command.share:
            return Reply(private=card)
        return Reply(share=card, private=Card(headline=rounds.shared(asker.language)))

    async def _share(self, asker: Asker, value: str) -> Reply:
        name, period, *by = value.split(maxsplit=2)
        command = Command(
            word=Word.REPORT,
            survey=name,
            period=Period.parse(period),
            by=by[0] if by else None,
            share=True,
        )
        return await self._report(asker, command)
