"""Slash commands: who may do what, and what each does."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.grammar import FOR_ADMINISTRATORS, Command, NotBuilt, NotUnderstood, Word, hints, parse
from bot.interactions import CommandTyped, Pressed
from survey.campaign import Campaign, Period
from survey.card import Act, Card, Reply
from survey.errors import NotAllowed, NotFound, OutOfDate
from survey.language import Language, Languages
from survey.person import Administrators, Person
from survey.ports import Answers, Charts, Clock, Figures, People, Rounds
from survey.states import OPEN_CAMPAIGN
from survey.survey import Survey
from survey.usecases.close_campaign import CloseCampaign
from survey.usecases.make_report import MakeReport
from survey.usecases.start_campaign import StartCampaign
from survey.wording import refusals, reporting, rounds, ways_out


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Everything that can be typed after `/nps`.

    Attributes:
        knock: Wakes up a sweep by its name, so that nobody waits for its time.
    """

    surveys: Mapping[str, Survey]
    people: People
    rounds: Rounds
    answers: Answers
    figures: Figures
    report: MakeReport
    start: StartCampaign
    close: CloseCampaign
    charts: Charts
    administrators: Administrators
    languages: Languages
    clock: Clock
    knock: Callable[[str], None]

    async def __call__(self, typed: CommandTyped) -> Reply:
        """Read and do."""
        person = await self.people.by_address(typed.by)
        if person is None:
            return _said(refusals.unknown_person(self.languages("en")))
        language = self.languages(person.locale)
        try:
            command = parse(typed.text, surveys=list(self.surveys))
        except NotUnderstood as error:
            return _said(refusals.unknown_command(error.typed, error.nearest, language))
        except NotBuilt as error:
            return _said(refusals.not_built(error.typed, language))
        return await self._do(command, person, language)

    async def pressed(self, pressed: Pressed) -> Reply:
        """A button below one of our own answers, such as `Start`."""
        person = await self.people.by_address(pressed.by)
        if person is None:
            return _said(refusals.unknown_person(self.languages("en")))
        language = self.languages(person.locale)
        match pressed.act:
            case Act.CANCEL:
                return Reply(update=rounds.cancelled(language))
            case Act.START:
                self._require_administrator(person, Word.START, language)
                name, *to = pressed.value.split()
                campaign = await self.start(name, to=frozenset(to))
                self.knock("send")
                return Reply(update=rounds.started(campaign, language))
            case Act.SHARE:
                name, period, *by = pressed.value.split(maxsplit=2)
                return await self._report(
                    Command(
                        word=Word.REPORT,
                        survey=name,
                        period=Period.parse(period),
                        by=by[0] if by else None,
                        share=True,
                    ),
                    person,
                    language,
                )
            case _:
                raise OutOfDate("That button does nothing here.")

    async def _do(self, command: Command, person: Person, language: Language) -> Reply:
        self._require_administrator(person, command.word, language)
        words: dict[Word, Callable[[Command, Person, Language], Awaitable[Reply]]] = {
            Word.HELP: self._help,
            Word.REPORT: self._report,
            Word.STATUS: self._status,
            Word.PREVIEW: self._preview,
            Word.START: self._preview,
            Word.CLOSE: self._close,
            Word.PENDING: self._pending,
            Word.OPTOUT: self._opt_out,
            Word.OPTIN: self._opt_in,
        }
        return await words[command.word](command, person, language)

    def _require_administrator(self, person: Person, word: Word, language: Language) -> None:
        if word not in FOR_ADMINISTRATORS or person in self.administrators:
            return
        if word is Word.REPORT:
            raise NotAllowed(refusals.reports_are_for(self.administrators, language))
        raise NotAllowed(refusals.only_administrators(self.administrators, language))

    async def _help(self, _command: Command, person: Person, language: Language) -> Reply:
        return Reply(
            private=Card(
                headline=language.text("What you can type"),
                lines=tuple(
                    f"`{hint.usage}` {hint.says}"
                    for hint in hints(language)
                    if not hint.administrators or person in self.administrators
                ),
            )
        )

    async def _report(self, command: Command, person: Person, language: Language) -> Reply:
        self._require_administrator(person, Word.REPORT, language)
        name = command.survey or self._only_survey(language)
        made = await self.report(name, command.period, by=command.by)
        picture = None if made.figures is None else await self.charts.report(made, language)
        card = reporting.report_card(made, picture, language, shareable=not command.share)
        if not command.share:
            return Reply(private=card)
        return Reply(share=card, private=Card(headline=rounds.shared(language)))

    async def _status(self, command: Command, _person: Person, language: Language) -> Reply:
        campaign = await self._running(command, language)
        accounts = dict(await self.rounds.accounts(campaign))
        told = await self.figures.participation(campaign)
        return Reply(private=rounds.status(campaign, accounts, told.answered, language))

    async def _preview(self, command: Command, _person: Person, language: Language) -> Reply:
        name = command.survey or self._only_survey(language)
        plan = await self.start.plan(name, to=command.to)
        card = rounds.preview(plan, language, value=" ".join([name, *sorted(command.to)]))
        if command.word is Word.PREVIEW:
            card = replace(card, buttons=())
        return Reply(private=card)

    async def _close(self, command: Command, _person: Person, language: Language) -> Reply:
        campaign = await self._running(command, language)
        closing = await self.close(campaign)
        self.knock("close")
        return Reply(private=rounds.closing(closing, language))

    async def _pending(self, _command: Command, person: Person, language: Language) -> Reply:
        now = self.clock()
        waiting = await self.answers.open_for(person, at=now)
        return Reply(private=ways_out.pending(list(waiting), language, now=now))

    async def _opt_out(self, command: Command, person: Person, language: Language) -> Reply:
        survey = self.surveys.get(command.survey or "")
        await self.people.opt_out(
            person, survey=None if survey is None else survey.name, at=self.clock()
        )
        return Reply(private=ways_out.stopped(survey, language))

    async def _opt_in(self, _command: Command, person: Person, language: Language) -> Reply:
        lifted = await self.people.opt_in(person, at=self.clock())
        self.knock("send")
        return Reply(private=ways_out.welcome_back(language, lifted=lifted))

    async def _running(self, command: Command, language: Language) -> Campaign:
        """The round that is meant; in chat the only open one needs no name."""
        found = [
            campaign
            for campaign in await self.rounds.all(command.survey)
            if campaign.state in OPEN_CAMPAIGN
            and (command.period is None or campaign.period == command.period)
        ]
        if not found:
            still = [one.name for one in await self.rounds.all() if one.state in OPEN_CAMPAIGN]
            raise NotFound(
                rounds.another_running(still, language)
                if still
                else rounds.nothing_running(language)
            )
        if len(found) > 1:
            raise NotFound(rounds.several_running([campaign.name for campaign in found], language))
        return found[0]

    def _only_survey(self, language: Language) -> str:
        if "nps" in self.surveys:
            return "nps"
        if len(self.surveys) == 1:
            return next(iter(self.surveys))
        raise NotFound(rounds.which_survey(sorted(self.surveys), language))


def _said(sentence: str) -> Reply:
    return Reply(private=Card(headline=sentence))
