"""Slash commands: who may do what; what each does stands in the modules beside."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.commands.asker import Asker, Handler, PressHandler, said
from bot.commands.figures import FigureCommands
from bot.commands.follow_ups import FollowUpCommands
from bot.commands.oversight import Oversight
from bot.commands.own import OwnCommands
from bot.commands.rounds import RoundCommands
from bot.grammar import (
    Command,
    NotBuilt,
    NotSpoken,
    NotUnderstood,
    NumberOutOfRange,
    Word,
    parse,
)
from bot.hints import hints
from bot.interactions import CommandTyped, Pressed
from survey.card import Act, Card, Reply
from survey.errors import OutOfDate, VoxpopError
from survey.language import Language, Languages
from survey.person import Address
from survey.ports import People
from survey.survey import Survey
from survey.wording import refusals, speaking


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Everything that can be typed after `/nps`, and the buttons below the answers to it."""

    surveys: Mapping[str, Survey]
    people: People
    languages: Languages
    oversight: Oversight
    rounds: RoundCommands
    figures: FigureCommands
    own: OwnCommands
    follow_ups: FollowUpCommands | None = None

    async def __call__(self, typed: CommandTyped) -> Reply:
        """Read and do."""
        asker = await self._asker(typed.by)
        if asker is None:
            self.own.knock("tie")  # perhaps the chat has them since a moment ago
            return said(refusals.unknown_person(self.languages("en")))
        language = asker.language
        try:
            command = parse(typed.text, surveys=list(self.surveys), languages=self.own.spoken)
        except NotSpoken as error:
            return said(speaking.not_spoken(error.typed, self.own.spoken, language))
        except NotUnderstood as error:
            return said(refusals.unknown_command(error.typed, error.nearest, language))
        except NumberOutOfRange as error:
            return said(refusals.out_of_range(error.typed, error.most, language))
        except NotBuilt as error:
            return said(refusals.not_built(error.typed, language))
        await self.oversight.typed(asker, command)
        if typed.strangers:
            return said(refusals.nobodys_accounts(typed.strangers, language))
        handlers: Mapping[Word, Handler] = {
            Word.HELP: self._help,
            **self.rounds.handlers,
            **self.figures.handlers,
            **self.own.handlers,
            **self.oversight.handlers,
            **({} if self.follow_ups is None else self.follow_ups.handlers),
        }
        if command.word not in handlers:
            return said(refusals.not_built(command.word.value, language))
        try:
            return await handlers[command.word](asker, command)
        except VoxpopError as error:
            await self.oversight.failed(asker, command.word, error)
            raise

    async def pressed(self, pressed: Pressed) -> Reply:
        """A button below one of our own answers, such as `Start`."""
        asker = await self._asker(pressed.by)
        if asker is None:
            return said(refusals.unknown_person(self.languages("en")))
        acts: Mapping[Act, PressHandler] = {
            **self.rounds.acts,
            **self.figures.acts,
            **self.own.acts,
            **({} if self.follow_ups is None else self.follow_ups.acts),
        }
        if pressed.act not in acts:
            raise OutOfDate("That button does nothing here.")
        await self.oversight.pressed(asker, pressed.act, pressed.value)
        try:
            return await acts[pressed.act](asker, pressed.value)
        except VoxpopError as error:
            await self.oversight.failed(asker, pressed.act, error)
            raise

    async def _asker(self, address: Address) -> Asker | None:
        person = await self.people.by_address(address)
        if person is None:
            return None
        return Asker(person=person, by=address, language=self.languages(person.locale))

    async def _help(self, asker: Asker, _command: Command) -> Reply:
        language: Language = asker.language
        named = self.oversight.administrators
        theirs = asker.person.active and (asker.person in named or named.knows(asker.by))
        return Reply(
            private=Card(
                headline=language.text("What you can type"),
                lines=tuple(
                    f"`{hint.usage}` {hint.says}"
                    for hint in hints(language)
                    if theirs or not hint.administrators
                ),
            )
        )
