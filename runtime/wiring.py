"""The composition root: the one place where everything is put together."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp

from bot.charts import report_svg
from bot.commands import Commands
from bot.commands.choice import Choice
from bot.commands.figures import FigureCommands
from bot.commands.own import OwnCommands
from bot.commands.rounds import RoundCommands
from bot.desk import Desk
from bot.sandbox.app import SandboxParts, create_actions, create_sandbox
from bot.sandbox.chat import PLATFORM as SANDBOX
from bot.sandbox.inbound import Inbound
from bot.sandbox.messenger import SandboxMessenger
from bot.sealing import Seal
from runtime import clock as machine
from runtime.languages import language
from runtime.settings import Settings
from scheduler.knocker import Knocker
from scheduler.worker import Worker
from storage.answers import SqlAnswers
from storage.engine import Database, open_database
from storage.figures import SqlFigures
from storage.invitations import Ballots
from storage.outbox import SqlOutbox
from storage.people import SqlPeople
from storage.rounds import SqlRounds
from storage.sandbox import SqlSandbox
from survey.language import Language
from survey.localtime import zone
from survey.messenger import Messenger
from survey.ports import Clock
from survey.report import Report
from survey.usecases.close_campaign import CloseCampaign
from survey.usecases.compose_card import ComposeCard
from survey.usecases.make_report import MakeReport
from survey.usecases.start_campaign import StartCampaign

log = structlog.get_logger()


DRAWING_SECONDS = 20
"""How long a picture may take before a report goes without it."""


class PngCharts:
    """The port `Charts`: each picture is drawn by a process beside this one.

    Drawing holds the interpreter for a tenth of a second, in a thread as well; presses go first.
    """

    async def report(self, report: Report, language: Language) -> bytes | None:
        """See the port."""
        svg = report_svg(report, language)
        beside = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # what lies in the folder of somebody's settings is no module of ours
            "-c",
            "from bot.charts.raster import main; main()",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl+C is ours alone
        )
        try:
            async with asyncio.timeout(DRAWING_SECONDS):
                picture, _ = await beside.communicate(svg.encode())
        except TimeoutError:
            beside.kill()
            await beside.wait()
            picture = b""
        if beside.returncode or not picture:
            log.error("chart_could_not_be_drawn", exit=beside.returncode)
            return None
        return picture


@dataclass(frozen=True, kw_only=True)
class Product:
    """Voxpop, put together on one database."""

    settings: Settings
    database: Database
    clock: Clock
    people: SqlPeople
    rounds: SqlRounds
    answers: SqlAnswers
    figures: SqlFigures
    outbox: SqlOutbox
    start: StartCampaign
    close: CloseCampaign
    report: MakeReport
    compose: ComposeCard
    worker: Worker
    desk: Desk
    apps: Mapping[str, ASGIApp]
    knocker: Knocker
    charts: PngCharts

    async def let_go(self) -> None:
        """Close the connections; the product can be used again, and opens new ones."""
        await self.database.close()


def put_together(
    settings: Settings, *, clock: Clock = machine.now, totals_kept: bool = True
) -> Product:
    """Wire the product; nothing is connected or started yet.

    Args:
        settings: What to wire.
        clock: What time it is.
        totals_kept: False only in measures of what the totals cost.

    Raises:
        InvalidValue: If a setting does not fit.
    """
    database = open_database(settings.database_url)
    ballots = Ballots(timezone=settings.timezone)
    people = SqlPeople(database, timezone=settings.timezone)
    rounds, figures = SqlRounds(database), SqlFigures(database)
    answers, outbox = (
        SqlAnswers(database, ballots, totals_kept=totals_kept),
        SqlOutbox(database, ballots),
    )
    seal, charts = Seal(settings.secret_keys), PngCharts()
    chat = SqlSandbox(database)
    messengers: dict[str, Messenger] = {}
    if settings.sandbox:
        messengers[SANDBOX] = SandboxMessenger(chat=chat, seal=seal, clock=clock)
    start = StartCampaign(
        surveys=settings.surveys,
        people=people,
        rounds=rounds,
        clock=clock,
        platforms=tuple(messengers),
        zone=zone(settings.timezone),
    )
    close = CloseCampaign(rounds=rounds, figures=figures, clock=clock)
    report = MakeReport(surveys=settings.surveys, rounds=rounds, figures=figures, clock=clock)
    compose = ComposeCard(figures=figures, languages=language, clock=clock)
    knocker = Knocker()
    worker = Worker(
        outbox=outbox,
        messengers=messengers,
        compose=compose,
        clock=clock,
        keep_going=lambda: not knocker.stopping,
    )
    choice = Choice(surveys=settings.surveys, rounds=rounds)
    desk = Desk(
        answers=answers,
        people=people,
        commands=Commands(
            surveys=settings.surveys,
            people=people,
            administrators=settings.administrators,
            languages=language,
            rounds=RoundCommands(
                choice=choice,
                rounds=rounds,
                figures=figures,
                start=start,
                close=close,
                knock=knocker.knock,
            ),
            figures=FigureCommands(choice=choice, report=report, charts=charts),
            own=OwnCommands(
                surveys=settings.surveys,
                people=people,
                answers=answers,
                clock=clock,
                knock=knocker.knock,
            ),
        ),
        compose=compose,
        administrators=settings.administrators,
        languages=language,
        clock=clock,
    )
    apps: dict[str, ASGIApp] = {}
    if settings.sandbox:
        inbound = Inbound(
            chat=chat, desk=desk, people=people, seal=seal, languages=language, clock=clock
        )
        sandbox = SandboxParts(
            inbound=inbound,
            chat=chat,
            people=people,
            answers=answers,
            administrators=settings.administrators,
            languages=language,
            clock=clock,
        )
        apps = {"/sandbox": create_sandbox(sandbox), "/sandbox/actions": create_actions(sandbox)}
    return Product(
        settings=settings,
        database=database,
        clock=clock,
        people=people,
        rounds=rounds,
        answers=answers,
        figures=figures,
        outbox=outbox,
        start=start,
        close=close,
        report=report,
        compose=compose,
        worker=worker,
        desk=desk,
        apps=apps,
        knocker=knocker,
        charts=charts,
    )
