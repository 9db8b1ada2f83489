"""Commands that tell what came out: report, what hangs on it, comments and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.commands.asker import Asker, Handler, PressHandler, of_round
from bot.commands.choice import Choice
from bot.grammar import Command, Word
from survey.campaign import Period
from survey.card import Act, Attachment, Card, Reply
from survey.follow_ups import WAITING
from survey.ports import Charts, FollowUps
from survey.report import BOM, CSV_TYPE, export_csv
from survey.usecases.analyse import Analyse
from survey.usecases.export_campaign import ExportCampaign
from survey.usecases.make_report import MakeReport
from survey.usecases.read_comments import ReadComments
from survey.wording import analytics, comparing, reporting, rounds
from survey.wording import comments as wording


@dataclass(frozen=True, kw_only=True)
class FigureCommands:
    """For administrators."""

    choice: Choice
    report: MakeReport
    charts: Charts
    read_comments: ReadComments
    export: ExportCampaign
    analyse: Analyse
    follow_ups: FollowUps

    @property
    def handlers(self) -> Mapping[Word, Handler]:
        """By the word that is typed."""
        return {
            Word.REPORT: self._report,
            Word.COMMENTS: self._comments,
            Word.EXPORT: self._export,
        }

    @property
    def acts(self) -> Mapping[Act, PressHandler]:
        """By the button that is pressed."""
        return {
            Act.SHARE: self._share,
            Act.COMPARE: self._compare,
            Act.REPORT: of_round(self._report, Word.REPORT),
            Act.COMMENTS: of_round(self._comments, Word.COMMENTS),
            Act.EXPORT: of_round(self._export, Word.EXPORT),
        }

    async def _report(self, asker: Asker, command: Command) -> Reply:
        name = self.choice.survey(command, asker.language)
        known = self.choice.surveys.get(name)
        without_rounds = known is not None and known.after is not None and not known.gated
        if without_rounds or command.days is not None:
            return await self._over_time(asker, command, name)
        made = await self.report(name, command.period, by=command.by)
        picture = None if made.figures is None else await self.charts.report(made, asker.language)
        card = reporting.report_card(made, picture, asker.language, shareable=not command.share)
        if not command.share:
            return Reply(private=card)
        return Reply(share=card, private=Card(headline=rounds.shared(asker.language)))

    async def _over_time(self, asker: Asker, command: Command, name: str) -> Reply:
        """What came in over a span of time, where names are."""
        since = until = None
        if command.period is not None:
            since, until = self.analyse.quarter(command.period)
        elif command.days is not None:
            since = self.analyse.clock() - timedelta(days=command.days)
        found = await self.analyse(name, since=since, until=until, by=command.by)
        zone = self.analyse.zone
        picture = None
        if not found.figures.n:
            await self.report.campaign(name)  # says so where nobody was asked yet
        else:
            drawn = analytics.as_report(found, asker.language, zone=zone)
            picture = await self.charts.report(drawn, asker.language)
        waiting = 0 if command.share else await self.follow_ups.count(WAITING)
        card = analytics.analytics_card(found, picture, asker.language, zone=zone, waiting=waiting)
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

    async def _compare(self, asker: Asker, value: str) -> Reply:
        name, period = value.split()
        made = await self.report(name, Period.parse(period))
        picture = await self.charts.trend(made, asker.language)
        return Reply(private=comparing.compare_card(made, picture, asker.language))

    async def _comments(self, asker: Asker, command: Command) -> Reply:
        name = self.choice.survey(command, asker.language)
        found = await self.read_comments(name, command.period)
        return Reply(private=wording.comments_card(found, asker.language))

    async def _export(self, asker: Asker, command: Command) -> Reply:
        name = self.choice.survey(command, asker.language)
        found = await self.export(name, command.period)
        pieces = [piece.encode() async for piece in export_csv(found)]
        file = Attachment(
            name=f"{found.report.survey}-{found.report.period}.csv",
            media_type=CSV_TYPE,
            content=b"".join([BOM.encode(), *pieces]),
        )
        return Reply(private=wording.export_card(file, found, asker.language))
