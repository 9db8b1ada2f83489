"""A slash command: answered at once, or with a word that it will be."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.interactions import CommandTyped
from bot.replays import Replayed
from bot.slack.bodies import Chosen, Typed
from bot.slack.gate import Gate, address_of
from bot.slack.sharing import Sharing
from bot.slack.voice import Voice
from bot.slack.written import as_typed
from bot.tally import Tally
from survey.card import Card
from survey.errors import VoxpopError
from survey.person import Address
from survey.wording import beside, refusals

AT_ONCE_SECONDS = 2.0
"""How long an answer may take before a word stands in for it: Slack waits for three seconds."""
NOTHING: Mapping[str, Any] = {}
SHORTCUTS: Mapping[str, str] = {"nps_pending": "pending"}
"""Shortcuts of the menu beside the message box, and what they type for a person."""

Answer = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SlashCommands:
    """Everything that is typed after the command, whatever it is called here.

    Attributes:
        at_once: Seconds after which the answer comes later.
    """

    gate: Gate
    desk: Desk
    voice: Voice
    sharing: Sharing
    tally: Tally
    afterwards: Afterwards
    at_once: float = AT_ONCE_SECONDS

    async def __call__(self, typed: Typed, *, workspace: str) -> Answer:
        """The answer, or that it comes later; nothing for one that was heard before."""
        by = address_of(workspace, typed.user_id)
        try:
            await self.gate.once(typed.trigger_id)
        except Replayed as error:
            self.tally.count(error.code)
            return NOTHING
        except VoxpopError:
            language = await self.voice.language(by)
            return self.voice.answer(Card(headline=refusals.try_again(language)), to=by)
        command = CommandTyped(by=by, text=as_typed(typed.text), at=self.gate.clock())
        doing = asyncio.create_task(self._done(typed, command))
        done, _ = await asyncio.wait([doing], timeout=self.at_once)
        if done:
            told = doing.result()
            return NOTHING if told == Card() else self.voice.answer(told, to=by)
        self.afterwards.do(self._later(typed.response_url, doing, to=by))
        sentence = beside.working_on_it(await self.voice.language(by))
        return self.voice.answer(Card(headline=sentence), to=by)

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

    async def _done(self, typed: Typed, command: CommandTyped) -> Card:
        """What to tell who typed it; everything else is where it belongs by then."""
        reply = await self.desk(command)
        told = Card() if reply.private is None else reply.private
        if reply.share is not None:
            channel = typed.channel_id
            told = await self.sharing.share(reply.share, channel, by=command.by, said=told)
        return await self.sharing.beside(told, typed.channel_id, to=command.by)

    async def _later(self, response_url: str, doing: "asyncio.Task[Card]", *, to: Address) -> None:
        told = await doing
        if told != Card():
            await self.voice.whisper(response_url, told, to=to)

    async def _directly(self, text: str, to: Address) -> None:
        reply = await self.desk(CommandTyped(by=to, text=text, at=self.gate.clock()))
        if reply.private is not None:
            await self.voice.say_directly(to, reply.private)
