"""A slash command: answered at once, or with a word that it will be."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.grammar import TO_SOME
from bot.interactions import CommandTyped
from bot.replays import Replayed
from bot.slack.bodies import Chosen, Typed
from bot.slack.gate import Gate, address_of
from bot.slack.sharing import Sharing
from bot.slack.voice import Voice
from bot.slack.written import as_typed, mentioned, with_emails
from bot.tally import Tally
from survey.card import Card
from survey.errors import VoxpopError
from survey.person import Address, Person
from survey.wording import beside, refusals

AT_ONCE_SECONDS = 2.0
"""How long after its arrival a command is answered, be it with a word that stands in for the
answer: Slack waits for three seconds."""
_FOR_A_WORD = 0.25
"""Which part of it is left for that word, and for the language that it is said in."""
NOTHING: Mapping[str, Any] = {}
SHORTCUTS: Mapping[str, str] = {"nps_pending": "pending"}
"""Shortcuts of the menu beside the message box, and what they type for a person."""

Answer = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SlashCommands:
    """Everything that is typed after the command, whatever it is called here.

    Attributes:
        at_once: Seconds after a command has arrived within which it is answered somehow.
    """

    gate: Gate
    desk: Desk
    voice: Voice
    sharing: Sharing
    tally: Tally
    afterwards: Afterwards
    at_once: float = AT_ONCE_SECONDS

    async def __call__(self, typed: Typed, *, workspace: str, arrived: float) -> Answer:
        """The answer, or that it comes later; nothing for one that was heard before.

        Args:
            typed: What.
            workspace: Where.
            arrived: When, by the running loop's clock (seconds).
        """
        by = address_of(workspace, typed.user_id)
        loop = asyncio.get_running_loop()
        doing = asyncio.create_task(self._done(typed, by))
        patience = arrived + self.at_once * (1 - _FOR_A_WORD) - loop.time()
        done, _ = await asyncio.wait([doing], timeout=max(patience, 0.0))
        if done:
            told = doing.result()
            return NOTHING if told == Card() else self.voice.answer(told, to=by)
        self.afterwards.do(self._later(typed.response_url, doing, to=by))
        language = self.voice.languages("en")
        with suppress(TimeoutError):
            async with asyncio.timeout_at(arrived + self.at_once):
                language = await self.voice.language(by)
        return self.voice.answer(Card(headline=beside.working_on_it(language)), to=by)

    async def shortcut(self, chosen: Chosen, *, workspace: str) -> None:
        """What stands in the menu beside the message box; answered in the direct messages."""
        text = SHORTCUTS.get(chosen.callback_id)
        if text is None:
            return
        try:
            await self.gate.once(chosen.trigger_id)
        except VoxpopError as error:
            self.tally.count(error.code)
            return
        self.afterwards.do(self._directly(text, address_of(workspace, chosen.user.id)))

    async def _done(self, typed: Typed, by: Address) -> Card:
        """What to tell who typed it; everything else is where it belongs by then."""
        try:
            await self.gate.once(typed.trigger_id)
            command = await self._read(typed, by)
        except Replayed as error:
            self.tally.count(error.code)
            return Card()
        except VoxpopError:
            return Card(headline=refusals.try_again(await self.voice.language(by)))
        reply = await self.desk(command)
        told = Card() if reply.private is None else reply.private
        if reply.share is not None:
            told = await self.sharing.share(reply.share, typed.channel_id, by=by, said=told)
        return await self.sharing.beside(told, typed.channel_id, to=by)

    async def _read(self, typed: Typed, by: Address) -> CommandTyped:
        """The words; accounts where people are meant turn into who has them."""
        named = mentioned(typed.text) if _about_people(typed.text) else {}
        found: Mapping[str, Person] = {}
        if named:
            found = await self.voice.people.by_accounts(by.platform, by.workspace, [*named])
        emails = {account: person.email for account, person in found.items()}
        return CommandTyped(
            by=by,
            text=as_typed(with_emails(typed.text, emails)),
            at=self.gate.clock(),
            strangers=tuple(label for account, label in named.items() if account not in emails),
        )

    async def _later(self, response_url: str, doing: "asyncio.Task[Card]", *, to: Address) -> None:
        told = await doing
        if told != Card():
            await self.voice.whisper(response_url, told, to=to)

    async def _directly(self, text: str, to: Address) -> None:
        reply = await self.desk(CommandTyped(by=to, text=text, at=self.gate.clock()))
        if reply.private is not None:
            await self.voice.say_directly(to, reply.private)


def _about_people(text: str) -> bool:
    """Whether people may be named in it, and it tells of them only to who may do it."""
    words = [word.removeprefix("/").lower() for word in text.split()]
    while words[:1] == ["nps"]:
        del words[0]
    return words[:1] != [] and words[0] in TO_SOME
