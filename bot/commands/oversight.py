"""Who may, what is noted of it, and the command that shows the notes."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.commands.asker import Asker, Handler
from bot.commands.choice import Choice
from bot.grammar import LONGEST_AUDIT, Command, Word
from survey.audit import A_PERSON, Entry, about_failure, about_round, plain, somebody
from survey.card import Act, Reply
from survey.errors import NotAllowed, NotFound, VoxpopError
from survey.person import Administrators
from survey.ports import AuditLog, Clock
from survey.usecases.authority import Authority
from survey.wording import oversight, refusals

ACTIONS: Mapping[Word, str] = {
    Word.REPORT: "report.read",
    Word.STATUS: "round.watched",
    Word.PREVIEW: "round.previewed",
    Word.START: "round.previewed",  # what starts it is the button
    Word.PAUSE: "round.paused",
    Word.RESUME: "round.resumed",
    Word.CLOSE: "round.closed",
    Word.REMIND: "round.reminded",
    Word.COMMENTS: "comments.read",
    Word.EXPORT: "export.made",
    Word.AUDIT: "audit.read",
}
"""What is noted when an administrator types this."""
ACTIONS_OF_BUTTONS: Mapping[Act, str] = {
    Act.START: "round.started",
    Act.SEE_WHO: "round.previewed",
    Act.REMIND: "round.reminded",
    Act.PAUSE: "round.paused",
    Act.RESUME: "round.resumed",
    Act.CLOSE: "round.closed",
    Act.REPORT: "report.read",
    Act.SHARE: "report.shared",
    Act.COMPARE: "report.read",
    Act.COMMENTS: "comments.read",
    Act.EXPORT: "export.made",
}
"""What is noted when an administrator presses this."""
UNNOTED = frozenset({Act.ASK, Act.NOT_NOW})
"""Buttons for administrators that neither do nor tell anything."""
RIGHTS: Mapping[Word, str] = {Word.MYDATA: "person.read_own_data"}
"""What is noted when anybody uses a right about themselves, and never who."""
RIGHTS_BY_BUTTON: Mapping[Act, str] = {Act.FORGET: "person.forgot"}
"""The same for what is asked once more before."""
_OF_AN_OPEN_ROUND = frozenset({Word.STATUS, Word.PAUSE, Word.RESUME, Word.CLOSE, Word.REMIND})
_OF_A_REPORT = frozenset({Act.REPORT, Act.SHARE, Act.COMPARE})
_OF_A_ROUND = frozenset({Word.REPORT, Word.COMMENTS, Word.EXPORT})
LATEST = 20
"""How many lines `/nps audit` shows where nobody says."""


@dataclass(frozen=True, kw_only=True)
class Oversight:
    """Nothing that administrators ask for is done before it stands in the audit log."""

    authority: Authority
    audit: AuditLog
    choice: Choice
    clock: Clock

    @property
    def handlers(self) -> Mapping[Word, Handler]:
        """By the word that is typed."""
        return {Word.AUDIT: self._latest}

    @property
    def administrators(self) -> Administrators:
        """Those that the settings name."""
        return self.authority.administrators

    async def typed(self, asker: Asker, command: Command) -> None:
        """Note a command that is about to be done, if it is one that is noted.

        Raises:
            NotAllowed: If it is for administrators and this is none; that is noted, too.
            StorageUnavailable: If it could not be noted.
        """
        word = command.word
        if word in RIGHTS:
            await self._note(A_PERSON, RIGHTS[word], "their own data")
        elif word in ACTIONS:
            await self._require_administrator(asker, word.value, report=word is Word.REPORT)
            action = "report.shared" if command.share else ACTIONS[word]
            await self._note(asker.person.email, action, await self._about(asker, command))

    async def pressed(self, asker: Asker, act: Act, value: str) -> None:
        """Note a press of one of our own buttons; raises what `typed` raises."""
        if act in RIGHTS_BY_BUTTON:
            await self._note(A_PERSON, RIGHTS_BY_BUTTON[act], "everything about them")
        elif act in ACTIONS_OF_BUTTONS:
            await self._require_administrator(asker, act.value, report=act in _OF_A_REPORT)
            action = ACTIONS_OF_BUTTONS[act]
            await self._note(asker.person.email, action, _about_button(act, value))
        elif act in UNNOTED:
            await self._require_administrator(asker, act.value, report=False)

    async def admits(self, asker: Asker) -> bool:
        """Whether they are an administrator; nobody asked for anything, so nothing is noted."""
        try:
            return await self.authority(asker.person, asker.by)
        except NotAllowed:
            return False

    async def noted(self, asker: Asker, action: str, about: str) -> None:
        """Note what an administrator is about to be told or to do, where others may as well."""
        await self._note(asker.person.email, action, about)

    async def looked(self, asker: Asker, campaign: str) -> None:
        """Note a look at the figures of a round that shows more than was asked for."""
        await self._note(asker.person.email, ACTIONS[Word.REPORT], about_round(campaign))

    async def failed(self, asker: Asker, what: Word | Act, error: VoxpopError) -> None:
        """Note that what was noted could not be done."""
        if what in ACTIONS or what in ACTIONS_OF_BUTTONS:
            about = about_failure(what.value, error.code)
            await self._note(asker.person.email, "command.failed", about)

    async def _require_administrator(self, asker: Asker, word: str, *, report: bool) -> None:
        try:
            if await self.authority(asker.person, asker.by):
                return
        except NotAllowed:
            await self._note(asker.person.email, "command.refused", word)
            raise
        await self._note(somebody(asker.person.id), "command.refused", word)
        say = refusals.reports_are_for if report else refusals.only_administrators
        raise NotAllowed(say(self.administrators, asker.language))

    async def _note(self, actor: str, action: str, about: str) -> None:
        entry = Entry(at=self.clock(), actor=plain(actor), action=action, about=plain(about))
        await self.audit.append(entry)

    async def _about(self, asker: Asker, command: Command) -> str:
        """As much as is known before it is done: `nps/2026Q4 by team`."""
        word = command.word
        if word is Word.AUDIT:
            return "the audit log"
        try:
            if word in _OF_AN_OPEN_ROUND:
                found = (await self.choice.open_round(command, asker.language)).name
            else:
                found = self.choice.survey(command, asker.language)
                if word in _OF_A_ROUND:
                    found = await self._round(found, command)
        except NotFound:
            return "a round that there is not"
        return about_round(found, by=command.by, to=len(command.to))

    async def _round(self, survey: str, command: Command) -> str:
        if command.period is not None:
            return f"{survey}/{command.period}"
        rounds = await self.choice.rounds.all(survey)
        return rounds[0].name if rounds else survey

    async def _latest(self, asker: Asker, command: Command) -> Reply:
        lines = await self.audit.latest(min(command.days or LATEST, LONGEST_AUDIT))
        card = oversight.audit(lines, asker.person.zone, asker.language, now=self.clock())
        return Reply(private=card)


def _about_button(act: Act, value: str) -> str:
    name, *rest = value.split() or [""]
    if act in {Act.START, Act.SEE_WHO}:
        _, *to = rest or [""]  # the moment of the preview comes first
        return about_round(name, to=len(to))
    period, *by = rest or [""]
    return about_round(f"{name}/{period}" if period else name, by=" ".join(by) or None)
