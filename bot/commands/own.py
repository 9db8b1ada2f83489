"""Commands for everyone, about themselves."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.commands.asker import Asker, Handler, PressHandler
from bot.grammar import Command, Word
from survey.card import Act, Attachment, Card, Reply
from survey.errors import OutOfDate
from survey.language import Languages
from survey.localtime import local_date
from survey.person import EMAIL, Administrators
from survey.ports import Answers, Clock, People, Rights
from survey.rights import SNOOZE_DAYS
from survey.survey import Survey
from survey.wording import channels, rights, speaking, ways_out

AUTO = "auto"
"""In place of a channel: whichever the survey prefers."""
WAYS = {"mail": EMAIL, "e-mail": EMAIL}
"""What else people call a channel."""


@dataclass(frozen=True, kw_only=True)
class OwnCommands:
    """What people do about their own surveys and data.

    Attributes:
        platforms: Those that are on, the preferred first.
        spoken: The languages that can be chosen, each with its own name for itself, by their codes.
        knock: Wakes up a sweep by its name, so that nobody waits for its time.
    """

    surveys: Mapping[str, Survey]
    people: People
    answers: Answers
    rights: Rights
    administrators: Administrators
    languages: Languages
    platforms: Sequence[str]
    spoken: Mapping[str, str]
    clock: Clock
    knock: Callable[[str], None]

    @property
    def handlers(self) -> Mapping[Word, Handler]:
        """By the word that is typed."""
        return {
            Word.PENDING: self._pending,
            Word.SNOOZE: self._snooze,
            Word.OPTOUT: self._opt_out,
            Word.OPTIN: self._opt_in,
            Word.COMPACT: self._form,
            Word.BUTTONS: self._form,
            Word.LANGUAGE: self._language,
            Word.CHANNEL: self._channel,
            Word.MYDATA: self._own_data,
            Word.FORGET: self._ask_to_forget,
        }

    @property
    def acts(self) -> Mapping[Act, PressHandler]:
        """By the button that is pressed."""
        return {
            Act.FORGET: self._forget,
            Act.REMAIN: self._remain,
            Act.OPT_OUT: _typed(self._opt_out, Word.OPTOUT),
            Act.OPT_IN: _typed(self._opt_in, Word.OPTIN),
            Act.SNOOZE: _typed(self._snooze, Word.SNOOZE),
            Act.WAKE: self._wake,
            Act.COMPACT: _typed(self._form, Word.COMPACT),
            Act.BUTTONS: _typed(self._form, Word.BUTTONS),
            Act.LANGUAGE: self._speak,
        }

    async def _pending(self, asker: Asker, _command: Command) -> Reply:
        now = self.clock()
        waiting = await self.answers.open_for(asker.person, at=now)
        return Reply(private=ways_out.pending(list(waiting), asker.language, now=now))

    async def _snooze(self, asker: Asker, command: Command) -> Reply:
        now = self.clock()
        days = timedelta(days=command.days or SNOOZE_DAYS)
        until = local_date(now, asker.person.zone) + days
        await self.rights.snooze(asker.person, until=until)
        still = await self.answers.open_for(asker.person, at=now)
        waiting = sum(one.response.score is None for one in still)
        return Reply(private=rights.snoozed(until, waiting, asker.language))

    async def _opt_out(self, asker: Asker, command: Command) -> Reply:
        survey = self.surveys.get(command.survey or "")
        name = None if survey is None else survey.name
        await self.people.opt_out(asker.person, survey=name, at=self.clock())
        return Reply(private=ways_out.stopped(survey, asker.language))

    async def _opt_in(self, asker: Asker, command: Command) -> Reply:
        survey = self.surveys.get(command.survey or "")
        name = None if survey is None else survey.name
        lifted = await self.people.opt_in(asker.person, survey=name, at=self.clock())
        self.knock("send")
        return Reply(private=ways_out.welcome_back(lifted, survey, asker.language))

    async def _form(self, asker: Asker, command: Command) -> Reply:
        compact = command.word is Word.COMPACT
        await self.people.prefer(asker.person, compact=compact)
        return Reply(private=ways_out.form_preferred(asker.language, compact=compact))

    async def _wake(self, asker: Asker, _value: str) -> Reply:
        await self.people.wake(asker.person, at=self.clock())
        self.knock("send")
        return Reply(private=rights.awake(asker.language))

    async def _language(self, asker: Asker, command: Command) -> Reply:
        if command.language is not None:
            return await self._speak(asker, command.language)
        return Reply(private=speaking.known_ones(self.spoken, asker.language))

    async def _speak(self, asker: Asker, value: str) -> Reply:
        if value not in self.spoken:
            raise OutOfDate("That language is not spoken here any more.")
        await self.people.speak(asker.person, language=value)
        return Reply(private=speaking.spoken_from_now_on(self.spoken[value], self.languages(value)))

    async def _channel(self, asker: Asker, command: Command) -> Reply:
        found = await self.people.channels(asker.person)
        there = sorted(
            (platform for platform in self.platforms if platform in found.platforms),
            key=lambda platform: platform != found.first,
        )
        if command.channel is None:
            return Reply(private=channels.known_ones(there, found.first, asker.language))
        named = command.channel.lower()
        chosen = None if named == AUTO else WAYS.get(named, named)
        if chosen is not None and chosen not in there:
            said = channels.not_there(command.channel, there, asker.language)
            return Reply(private=Card(headline=said))
        await self.people.ask_first(asker.person, platform=chosen)
        return Reply(private=channels.asked_first(chosen, asker.language))

    async def _own_data(self, asker: Asker, _command: Command) -> Reply:
        held = await self.rights.held(asker.person)
        text = json.dumps(held.as_json(), ensure_ascii=False, indent=2, default=str)
        file = Attachment(
            name="voxpop-own-data.json",
            media_type="application/json",
            content=text.encode(),
        )
        return Reply(private=rights.own_data(held, asker.person, file, asker.language))

    async def _ask_to_forget(self, asker: Asker, _command: Command) -> Reply:
        return Reply(private=rights.forgetting(asker.language, administrator=self._is_named(asker)))

    async def _forget(self, asker: Asker, _value: str) -> Reply:
        erased = await self.rights.forget(asker.person, at=self.clock())
        return Reply(
            update=rights.forgotten(erased, asker.language, administrator=self._is_named(asker))
        )

    def _is_named(self, asker: Asker) -> bool:
        """Whether the settings name them as an administrator, in whichever way."""
        return asker.person in self.administrators or self.administrators.knows(asker.by)

    async def _remain(self, asker: Asker, _value: str) -> Reply:
        return Reply(update=rights.remained(asker.language))


def _typed(handler: Handler, word: Word) -> PressHandler:
    """A button that does what the word would."""

    async def pressed(asker: Asker, _value: str) -> Reply:
        return await handler(asker, Command(word=word))

    return pressed
