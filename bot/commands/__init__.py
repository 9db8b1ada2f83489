"""Slash commands: who may do what; what each does stands in the modules beside."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.commands.asker import Asker, Handler, PressHandler, said
from bot.commands.figures import FigureCommands
from bot.commands.own import OwnCommands
from bot.commands.rounds import RoundCommands
from bot.grammar import FOR_ADMINISTRATORS, Command, NotBuilt, NotUnderstood, Word, hints, parse
from bot.interactions import CommandTyped, Pressed
from survey.card import Act, Card, Reply
from survey.errors import NotAllowed, OutOfDate
from survey.language import Language, Languages
from survey.person import Address, Administrators
from survey.ports import People
from survey.survey import Survey
from survey.wording import refusals

ACTS_OF_ADMINISTRATORS = frozenset({Act.START, Act.SHARE})


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Everything that can be typed after `/nps`, and the buttons below the answers to it."""

    surveys: Mapping[str, Survey]
    people: People
    administrators: Administrators
    languages: Languages
    rounds: RoundCommands
    figures: FigureCommands
    own: OwnCommands

    async def __call__(self, typed: CommandTyped) -> Reply:
        """Read and do."""
        asker = await self._asker(typed.by)
        if asker is None:
            return said(refusals.unknown_person(self.languages("en")))
        language = asker.language
        try:
            command = parse(typed.text, surveys=list(self.surveys))
        except NotUnderstood as error:
            return said(refusals.unknown_command(error.typed, error.nearest, language))
        except NotBuilt as error:
            return said(refusals.not_built(error.typed, language))
        if command.word in FOR_ADMINISTRATORS:
            self._require_administrator(asker, report=command.word is Word.REPORT)
        handlers: Mapping[Word, Handler] = {
            Word.HELP: self._help,
            **self.rounds.handlers,
            **self.figures.handlers,
            **self.own.handlers,
        }
        return await handlers[command.word](asker, command)

    async def pressed(self, pressed: Pressed) -> Reply:
        """A button below one of our own answers, such as `Start`."""
        asker = await self._asker(pressed.by)
        if asker is None:
            return said(refusals.unknown_person(self.languages("en")))
        acts: Mapping[Act, PressHandler] = {
            **self.rounds.acts,
            **self.figures.acts,
            **self.own.acts,
        }
        if pressed.act not in acts:
            raise OutOfDate("That button does nothing here.")
        if pressed.act in ACTS_OF_ADMINISTRATORS:
            self._require_administrator(asker, report=pressed.act is Act.SHARE)
        return await acts[pressed.act](asker, pressed.value)

    async def _asker(self, address: Address) -> Asker | None:
        person = await self.people.by_address(address)
        if person is None:
            return None
        return Asker(person=person, by=address, language=self.languages(person.locale))

    def _require_administrator(self, asker: Asker, *, report: bool) -> None:
        if asker.person in self.administrators:
            return
        say = refusals.reports_are_for if report else refusals.only_administrators
        raise NotAllowed(say(self.administrators, asker.language))

    async def _help(self, asker: Asker, _command: Command) -> Reply:
        language: Language = asker.language
        return Reply(
            private=Card(
                headline=language.text("What you can type"),
                lines=tuple(
                    f"`{hint.usage}` {hint.says}"
                    for hint in hints(language)
                    if not hint.administrators or asker.person in self.administrators
                ),
            )
        )
