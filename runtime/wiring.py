"""The composition root: the one place where everything is put together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from bot.commands import Commands
from bot.commands.choice import Choice
from bot.commands.figures import FigureCommands
from bot.commands.oversight import Oversight
from bot.commands.own import OwnCommands
from bot.commands.rounds import RoundCommands
from bot.desk import Desk
from bot.home import Homes
from bot.sandbox.chat import PLATFORM as SANDBOX
from bot.sealing import Seal
from runtime import clock as machine
from runtime import looking_after as watching
from runtime.asking import asking, known_by_email
from runtime.connecting import Mail, platforms_of, refresh
from runtime.feature_store import declining
from runtime.languages import language, spoken
from runtime.links import SignedLinks
from runtime.pictures import PngCharts
from runtime.platforms import Inside, paces_of
from runtime.roster_rules import rules
from runtime.settings import Settings
from scheduler.knocker import Knocker
from scheduler.worker import Worker
from storage.administrators import SqlPins
from storage.answers import SqlAnswers
from storage.audit import SqlAuditLog
from storage.comments import SqlComments
from storage.engine import Database, open_database
from storage.erasure_journal import ErasureJournal
from storage.figures import SqlFigures
from storage.heard import SqlHeard
from storage.invitations import Ballots
from storage.keys import SqlKeys
from storage.messages import SqlMessages
from storage.occasions.occasions import SqlOccasions
from storage.outbox import SqlOutbox
from storage.people import SqlPeople
from storage.reminders import SqlReminders
from storage.rights import SqlRights
from storage.roster import SqlRoster
from storage.rounds import SqlRounds
from storage.schedules import SqlSchedules
from storage.set_aside import SqlDoubtful
from storage.suppressions import SqlSuppressions
from storage.tombstones import Tombstones
from survey.audit import Chain
from survey.localtime import zone
from survey.messenger import Messenger
from survey.ports import Clock, Tied
from survey.usecases.ask_about import AskAbout
from survey.usecases.authority import Authority
from survey.usecases.close_campaign import CloseCampaign
from survey.usecases.compose_card import ComposeCard
from survey.usecases.export_campaign import ExportCampaign
from survey.usecases.import_people import ImportPeople
from survey.usecases.make_report import MakeReport
from survey.usecases.next_rounds import NextRounds
from survey.usecases.read_comments import ReadComments
from survey.usecases.remind import Remind
from survey.usecases.start_campaign import StartCampaign
from survey.usecases.start_due_rounds import StartDueRounds

if TYPE_CHECKING:
    from runtime.platforms import Answering, Platform
    from runtime.sandbox import Sandbox

NOTHING_ELSE: Mapping[str, Messenger] = {}


@dataclass(frozen=True, kw_only=True)
class Product:
    """Voxpop, put together on one database."""

    settings: Settings
    database: Database
    clock: Clock
    people: SqlPeople
    roster: SqlRoster
    import_people: ImportPeople
    rounds: SqlRounds
    answers: SqlAnswers
    figures: SqlFigures
    outbox: SqlOutbox
    audit: SqlAuditLog
    pins: SqlPins
    keys: SqlKeys
    rights: SqlRights
    doubtful: SqlDoubtful
    suppressions: SqlSuppressions
    links: SignedLinks
    occasions: SqlOccasions
    ask_about: AskAbout
    looking_after: watching.LookingAfter
    start: StartCampaign
    start_due: StartDueRounds
    next_rounds: NextRounds
    close: CloseCampaign
    remind: Remind
    report: MakeReport
    read_comments: ReadComments
    export: ExportCampaign
    compose: ComposeCard
    worker: Worker
    desk: Desk
    apps: Mapping[str, ASGIApp]
    knocker: Knocker
    charts: PngCharts
    platforms: "Mapping[str, Platform]"
    answering: "Sequence[Answering]"

    async def tie_imported(self) -> Mapping[str, Tied]:
        """Find out who has which account: by platform, without what could not be asked in time."""
        found = await asyncio.gather(*(one.tying.after_import() for one in self.platforms.values()))
        told = zip(self.platforms, found, strict=True)
        return {platform: tied for platform, tied in told if tied is not None}

    async def let_go(self) -> None:
        """Close the connections; the product can be used again, and opens new ones."""
        for platform in self.platforms.values():
            await platform.close()
        await self.database.close()


def put_together(
    settings: Settings,
    *,
    clock: Clock = machine.now,
    others: Mapping[str, Messenger] = NOTHING_ELSE,
    totals_kept: bool = True,
) -> Product:
    """Wire the product; nothing is connected or started yet.

    Args:
        settings: What to wire.
        clock: What time it is.
        others: Platforms beside those of the settings, by name.
        totals_kept: False only in measures of what the totals cost.

    Raises:
        InvalidValue: If a setting does not fit.
    """
    database = open_database(settings.database_url)
    ballots = Ballots(timezone=settings.timezone)
    people = SqlPeople(database, timezone=settings.timezone)
    tombstones = Tombstones(settings.secret_keys)
    roster = SqlRoster(database, tombstones, by_email=known_by_email(settings))
    chain = Chain(settings.secret_keys)
    rounds, figures = SqlRounds(database, chain), SqlFigures(database)
    answers = SqlAnswers(database, ballots, totals_kept=totals_kept)
    seal, charts = Seal(settings.secret_keys), PngCharts()
    audit, pins = SqlAuditLog(database, chain), SqlPins(database, chain)
    rights = SqlRights(database, ballots, tombstones, ErasureJournal(settings.erasures))
    messengers: dict[str, Messenger] = dict(others)
    sandbox = _sandbox(settings, database, seal, clock)
    if sandbox is not None:
        messengers[SANDBOX] = sandbox.messenger
    links, keys = SignedLinks(settings.secret_keys, settings.base_url), SqlKeys(database)
    names, doubtful = (*others, *settings.platforms), SqlDoubtful(database)
    suppressions = SqlSuppressions(database, platforms=names)
    mail = Mail(links=links, suppressions=suppressions, keys=keys)
    platforms = platforms_of(settings, database, seal=seal, mail=mail, clock=clock)
    messengers |= {name: one.messenger for name, one in platforms.items()}
    outbox = SqlOutbox(database, ballots, paces=paces_of(messengers), platforms=names)
    start = StartCampaign(
        surveys=settings.surveys,
        people=people,
        rounds=rounds,
        clock=clock,
        platforms=names,
        zone=zone(settings.timezone),
        policy=settings.contact,
        beside=asyncio.to_thread,
        refresh=partial(refresh, platforms),
    )
    occasions = SqlOccasions(database, ballots, tombstones, by_email=known_by_email(settings))
    ask_about = asking(settings, occasions, platforms=names, clock=clock)
    close = CloseCampaign(rounds=rounds, figures=figures, clock=clock)
    report = MakeReport(surveys=settings.surveys, rounds=rounds, figures=figures, clock=clock)
    comments = SqlComments(database, ballots)
    read_comments = ReadComments(report=report, comments=comments)
    export = ExportCampaign(report=report, read_comments=read_comments, comments=comments)
    remind = Remind(
        rounds=rounds,
        reminders=SqlReminders(database, timezone=settings.timezone),
        policy=settings.contact,
        clock=clock,
    )
    compose = ComposeCard(figures=figures, languages=language, clock=clock, policy=settings.contact)
    looking_after = watching.connect(
        settings, database, ballots, surveys=settings.surveys, rounds=rounds, clock=clock
    )
    knocker = Knocker()
    worker = Worker(
        outbox=outbox,
        messengers=messengers,
        compose=compose,
        clock=clock,
        keep_going=lambda: not knocker.stopping,
        quiet=settings.contact.quiet,
        alert=looking_after.alert,
    )
    next_rounds = NextRounds(surveys=settings.surveys, zone=zone(settings.timezone), clock=clock)
    choice = Choice(surveys=settings.surveys, rounds=rounds, next_rounds=next_rounds)
    oversight = Oversight(
        authority=Authority(administrators=settings.administrators, pins=pins, clock=clock),
        audit=audit,
        choice=choice,
        clock=clock,
    )
    desk = Desk(
        answers=answers,
        people=people,
        commands=Commands(
            surveys=settings.surveys,
            people=people,
            languages=language,
            oversight=oversight,
            follow_ups=looking_after.commands(oversight),
            rounds=RoundCommands(
                choice=choice,
                people=people,
                rounds=rounds,
                figures=figures,
                start=start,
                close=close,
                remind=remind,
                clock=clock,
                knock=knocker.knock,
            ),
            figures=FigureCommands(
                choice=choice,
                report=report,
                charts=charts,
                read_comments=read_comments,
                export=export,
                analyse=looking_after.analyse,
                follow_ups=looking_after.follow_ups,
            ),
            own=OwnCommands(
                surveys=settings.surveys,
                people=people,
                answers=answers,
                rights=rights,
                administrators=settings.administrators,
                languages=language,
                platforms=names,
                spoken=spoken(),
                clock=clock,
                knock=knocker.knock,
            ),
        ),
        compose=compose,
        administrators=settings.administrators,
        languages=language,
        clock=clock,
        zone=zone(settings.timezone),
        policy=settings.contact,
        follow_ups=looking_after.desk(people),
        knock=knocker.knock,
        declines=declining(database, settings, clock),
    )
    apps: dict[str, ASGIApp] = {}
    if sandbox is not None:
        apps |= sandbox.apps(desk, people=people, answers=answers)
    inside = Inside(
        desk=desk,
        homes=Homes(
            people=people,
            answers=answers,
            rights=rights,
            rounds=rounds,
            compose=compose,
            report=report,
            next_rounds=next_rounds,
            oversight=oversight,
            languages=language,
            spoken=spoken(),
            clock=clock,
            knock=knocker.knock,
        ),
        audit=audit,
        people=people,
        messages=SqlMessages(database, ballots),
        heard=SqlHeard(database),
        languages=language,
    )
    answering = {name: one.answering(inside) for name, one in platforms.items()}
    apps |= {f"/{name}": one.app for name, one in answering.items()}
    return Product(
        settings=settings,
        database=database,
        clock=clock,
        people=people,
        roster=roster,
        import_people=ImportPeople(roster=roster, rules=rules(), clock=clock),
        rounds=rounds,
        answers=answers,
        figures=figures,
        outbox=outbox,
        audit=audit,
        pins=pins,
        keys=keys,
        rights=rights,
        doubtful=doubtful,
        suppressions=suppressions,
        links=links,
        occasions=occasions,
        ask_about=ask_about,
        looking_after=looking_after,
        start=start,
        start_due=StartDueRounds(
            start=start,
            close=close,
            schedules=SqlSchedules(database),
            clock=clock,
        ),
        next_rounds=next_rounds,
        close=close,
        remind=remind,
        report=report,
        read_comments=read_comments,
        export=export,
        compose=compose,
        worker=worker,
        desk=desk,
        apps=apps,
        knocker=knocker,
        charts=charts,
        platforms=platforms,
        answering=tuple(answering.values()),
    )


def _sandbox(settings: Settings, database: Database, seal: Seal, clock: Clock) -> "Sandbox | None":
    if not settings.sandbox:
        return None
    # Its pages take longer to load than most commands to run.
    from runtime.sandbox import connect  # noqa: PLC0415

    return connect(database, seal=seal, clock=clock)
