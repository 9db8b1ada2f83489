"""The command about low marks: what waits, and who has it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from bot.commands.asker import Asker, Handler, PressHandler, said
from bot.commands.oversight import Oversight
from bot.follow_ups import why_not
from bot.grammar import Command, Word
from survey.card import Act, Card, Reply
from survey.errors import AlreadyTaken, NotAllowed, NotFound, OutOfDate
from survey.follow_ups import WAITING, FollowUp, FollowUpState
from survey.ports import Clock, FollowUps
from survey.wording import follow_ups as wording
from survey.wording import refusals

_DONE = frozenset({FollowUpState.DONE})
_ALL = 10_000
"""More than anybody has taken: what is theirs is counted by reading it."""


@dataclass(frozen=True, kw_only=True)
class FollowUpCommands:
    """Administrators see all of them, everybody else what they have taken."""

    follow_ups: FollowUps
    oversight: Oversight
    clock: Clock

    @property
    def handlers(self) -> Mapping[Word, Handler]:
        """By the word that is typed."""
        return {Word.FOLLOWUPS: self._list}

    @property
    def acts(self) -> Mapping[Act, PressHandler]:
        """By the button that is pressed below the list."""
        return {Act.TAKE: self._take, Act.DONE: self._done}

    async def _list(self, asker: Asker, command: Command) -> Reply:
        admits = await self.oversight.admits(asker)
        if command.which == "all" and not admits:
            say = refusals.only_administrators(self.oversight.administrators, asker.language)
            raise NotAllowed(say)
        mine = command.which == "mine" or not admits
        if not mine:
            await self.oversight.noted(asker, "follow_ups.read", "low marks")
        return Reply(private=await self._card(asker, mine=mine, done=command.which == "done"))

    async def _card(self, asker: Asker, *, mine: bool, done: bool = False) -> Card:
        states = _DONE if done else WAITING
        if mine:
            theirs = await self.follow_ups.all(states, taken_by=asker.person, limit=_ALL)
            found, total = theirs[: wording.LISTED], len(theirs)
        else:
            found = await self.follow_ups.all(states, limit=wording.LISTED)
            total = await self.follow_ups.count(states)
        return wording.overview(found, asker.language, total=total, done=done, now=self.clock())

    async def _take(self, asker: Asker, value: str) -> Reply:
        if not await self.oversight.admits(asker):
            return said(wording.not_theirs(asker.language))
        await self.oversight.noted(asker, "follow_up.taken", value)
        now = self.clock()
        return await self._changed(asker, value, lambda found: found.taken(asker.person, at=now))

    async def _done(self, asker: Asker, value: str) -> Reply:
        now = self.clock()
        admits = await self.oversight.admits(asker)

        def rule(found: FollowUp) -> FollowUp:
            if not admits and (found.taken_by is None or found.taken_by.id != asker.person.id):
                raise NotAllowed(wording.not_theirs(asker.language))
            return found.done(at=now)

        if admits:
            await self.oversight.noted(asker, "follow_up.done", value)
        return await self._changed(asker, value, rule)

    async def _changed(
        self, asker: Asker, value: str, rule: Callable[[FollowUp], FollowUp]
    ) -> Reply:
        private: Card | None = None
        try:
            number = UUID(value)
        except ValueError as error:
            raise OutOfDate("That button is of no low mark.") from error
        try:
            await self.follow_ups.change(number, rule, at=self.clock())
        except NotFound:
            private = Card(headline=wording.nothing_there(asker.language))
        except (AlreadyTaken, OutOfDate) as error:
            private = Card(headline=why_not(error, asker.language))
        mine = not await self.oversight.admits(asker)
        return Reply(update=await self._card(asker, mine=mine), private=private)
