"""A conversation with the desk that writes its own transcript."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.commands import Commands
from bot.commands.choice import Choice
from bot.commands.figures import FigureCommands
from bot.commands.follow_ups import FollowUpCommands
from bot.commands.oversight import Oversight
from bot.commands.own import OwnCommands
from bot.commands.rounds import RoundCommands
from bot.desk import Desk
from bot.follow_ups import FollowUpDesk
from bot.interactions import CommandTyped, DialogSubmitted, Interaction, Pressed, Said
from runtime.languages import language
from survey.card import Act, Card, Dialog, Reply, Subject
from survey.contact import NO_LIMITS
from survey.invitation import Invitation
from survey.language import Language
from survey.person import Administrators, Person
from survey.report import Report
from survey.survey import Survey
from survey.usecases.analyse import Analyse
from survey.usecases.authority import Authority
from survey.usecases.close_campaign import CloseCampaign
from survey.usecases.compose_alert import ComposeAlert
from survey.usecases.compose_card import ComposeCard
from survey.usecases.export_campaign import ExportCampaign
from survey.usecases.make_report import MakeReport
from survey.usecases.next_rounds import NextRounds
from survey.usecases.read_comments import ReadComments
from survey.usecases.remind import Remind
from survey.usecases.start_campaign import StartCampaign
from tests.examples import NPS_SURVEY, SetClock, address, invitation, person
from tests.fakes import (
    FakeAnswers,
    FakeComments,
    FakeFigures,
    FakePeople,
    FakeReminders,
    FakeRounds,
    Store,
)
from tests.fakes_follow_ups import FakeFollowUps, FakeSpans
from tests.fakes_rights import FakeAuditLog, FakePins, FakeRights
from tests.goldens import filled_in, shown

ADA, BEN = person(), person(number=2, name="Ben Adler")
BERLIN = ZoneInfo("Europe/Berlin")
SPOKEN = {"de": "Deutsch", "en": "English"}
ALL_SCORES = " ".join(f"[{score}]" for score in range(11))


class FakeCharts:
    async def report(self, report: Report, language: Language) -> bytes:
        return f"chart of {report.campaign} in {language.locale}".encode()

    async def trend(self, report: Report, language: Language) -> bytes | None:
        told = f"trend of {report.campaign} in {language.locale}".encode()
        return told if len(report.history) > 1 else None


def a_desk(
    store: Store,
    clock: SetClock,
    *,
    surveys: dict[str, Survey],
    knocks: list[str],
    admin: Person,
    follow_ups: FakeFollowUps | None = None,
) -> Desk:
    """The desk as the wiring makes it, on fakes."""
    people, answers = FakePeople(store), FakeAnswers(store)
    rounds, figures = FakeRounds(store), FakeFigures(store)
    report = MakeReport(surveys=surveys, rounds=rounds, figures=figures, clock=clock)
    comments = FakeComments(store)
    read_comments = ReadComments(report=report, comments=comments)
    start = StartCampaign(
        surveys=surveys,
        people=people,
        rounds=rounds,
        clock=clock,
        platforms=["chat"],
        zone=ZoneInfo("Europe/Berlin"),
    )
    administrators = Administrators(emails=(admin.email,))
    follow_ups = follow_ups or FakeFollowUps(store)
    alert = ComposeAlert(follow_ups=follow_ups, language=language("en"), zone=BERLIN, clock=clock)
    ahead = NextRounds(surveys=surveys, zone=ZoneInfo("Europe/Berlin"), clock=clock)
    choice = Choice(surveys=surveys, rounds=rounds, next_rounds=ahead)
    oversight = Oversight(
        authority=Authority(administrators=administrators, pins=FakePins(store), clock=clock),
        audit=FakeAuditLog(store),
        choice=choice,
        clock=clock,
    )
    commands = Commands(
        surveys=surveys,
        people=people,
        languages=language,
        oversight=oversight,
        follow_ups=FollowUpCommands(follow_ups=follow_ups, oversight=oversight, clock=clock),
        rounds=RoundCommands(
            choice=choice,
            people=people,
            rounds=rounds,
            figures=figures,
            start=start,
            close=CloseCampaign(rounds=rounds, figures=figures, clock=clock),
            remind=Remind(
                rounds=rounds, reminders=FakeReminders(store), policy=NO_LIMITS, clock=clock
            ),
            clock=clock,
            knock=knocks.append,
        ),
        figures=FigureCommands(
            choice=choice,
            report=report,
            charts=FakeCharts(),
            read_comments=read_comments,
            export=ExportCampaign(report=report, read_comments=read_comments, comments=comments),
            analyse=Analyse(
                surveys=surveys, rounds=rounds, spans=FakeSpans(store), clock=clock, zone=BERLIN
            ),
            follow_ups=follow_ups,
        ),
        own=OwnCommands(
            surveys=surveys,
            people=people,
            answers=answers,
            rights=FakeRights(store),
            administrators=administrators,
            languages=language,
            platforms=("chat", "email"),
            spoken=SPOKEN,
            clock=clock,
            knock=knocks.append,
        ),
    )
    return Desk(
        answers=answers,
        people=people,
        commands=commands,
        compose=ComposeCard(figures=figures, languages=language, clock=clock),
        administrators=administrators,
        languages=language,
        clock=clock,
        zone=BERLIN,
        follow_ups=FollowUpDesk(
            follow_ups=follow_ups, alert=alert, people=people, languages=language, clock=clock
        ),
        knock=knocks.append,
    )


@dataclass
class Chat:
    """One message in a chat, and everything that is done with it.

    Attributes:
        message: As it looks by now.
        subject: What its thread is about, however it looks.
        private: What was last said to one person alone.
        dialog: The form that is open.
        lines: The transcript.
    """

    store: Store
    clock: SetClock
    desk: Desk
    knocks: list[str]
    me: Person
    message: Card = field(default_factory=Card)
    subject: Subject | None = None
    private: Card = field(default_factory=Card)
    dialog: Dialog | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def transcript(self) -> str:
        return "\n".join(self.lines)

    async def press(
        self, label: str, *, by: Person | None = None, at: datetime | None = None
    ) -> Reply:
        """Press what says `label`: on the message, or else on what was said in private."""
        card = self.message
        found = [button for button in card.buttons if button.label == label]
        if not found:
            card = self.private
            found = [button for button in card.buttons if button.label == label]
        return await self.does(
            f"presses [{label}]",
            Pressed(
                by=address(by or self.me),
                act=found[0].act,
                value=found[0].value,
                subject=card.subject,
                at=at or self.clock(),
            ),
        )

    async def says(self, text: str, *, by: Person | None = None, alone: bool = False) -> Reply:
        """Write in the message's thread, or alone in the conversation."""
        subject = None if alone else self.subject
        said = Said(
            by=address(by or self.me),
            text=text,
            in_thread=not alone,
            subject=subject,
            at=self.clock(),
        )
        return await self.does(f"says: {text[:60]}", said)

    async def types(self, text: str, *, by: Person | None = None) -> Reply:
        """A slash command."""
        typed = CommandTyped(by=address(by or self.me), text=text, at=self.clock())
        return await self.does(f"types: {text}", typed)

    async def fills_in(self, text: str, *, by: Person | None = None) -> Reply:
        """Send the form that is open."""
        assert self.dialog is not None
        submitted = DialogSubmitted(
            by=address(by or self.me),
            act=self.dialog.act,
            subject=self.dialog.subject,
            values={"comment": text},
            at=self.clock(),
        )
        return await self.does(f"fills in: {text[:60]}", submitted)

    async def forges(self, act: Act, value: str = "", *, subject: Subject | None) -> Reply:
        """Press what no card shows."""
        by = address(self.me)
        pressed = Pressed(by=by, act=act, value=value, subject=subject, at=self.clock())
        return await self.does(f"forges {act.value}:{value}", pressed)

    async def does(self, what: str, interaction: Interaction) -> Reply:
        reply = await self.desk(interaction)
        by = self.store.people.get(interaction.by)
        self.lines.append(f"{by.first_name if by else 'A stranger'} {what}")
        self._hear("message", shown(reply.update) if reply.update else None)
        self._hear("private", shown(reply.private) if reply.private else None)
        self._hear("thread", reply.thread)
        self._hear("dialog", filled_in(reply.dialog) if reply.dialog else None)
        self._hear("shared", shown(reply.share) if reply.share else None)
        for name, sentence in reply.errors.items():
            self._hear(f"error at {name}", sentence)
        self.message = reply.update or self.message
        self.private = reply.private or self.private
        self.dialog = reply.dialog or (self.dialog if reply.errors else None)
        return reply

    def _hear(self, where: str, text: str | None) -> None:
        if text:
            rows = text.replace(ALL_SCORES, "[0] … [10]").splitlines()
            self.lines.extend([f"  {where}:", *(f"    {row}" for row in rows)])


async def a_chat(
    *waiting: Invitation, surveys: tuple[Survey, ...] = (NPS_SURVEY,), admin: Person = ADA
) -> Chat:
    """A conversation in which the first of these invitations was sent."""
    store, clock, knocks = Store(), SetClock(), list[str]()
    store.meets(ADA, BEN)
    for one in waiting:
        store.asks(one)
    known = {survey.name: survey for survey in surveys}
    desk = a_desk(store, clock, surveys=known, knocks=knocks, admin=admin)
    chat = Chat(store=store, clock=clock, desk=desk, knocks=knocks, me=ADA)
    if waiting:
        chat.me = waiting[0].person
        chat.message = await desk.compose(waiting[0])
        chat.subject = chat.message.subject
    return chat


async def asked(**changes: Any) -> Chat:
    """Ada was asked."""
    return await a_chat(invitation(**changes))
