"""A slash command: known by its token, answered at once, or with a word that it will be."""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from starlette.exceptions import HTTPException

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.interactions import CommandTyped
from bot.mattermost.bodies import Typed
from bot.mattermost.client import ServerSays
from bot.mattermost.gate import Gate, address_of
from bot.mattermost.markdown import escaped
from bot.mattermost.rendering import answer_of
from bot.mattermost.sharing import Sharing
from bot.mattermost.voice import Voice
from bot.replays import Replayed
from bot.sealing import Place
from bot.tally import Tally
from survey.card import Card
from survey.errors import InvalidValue, StorageUnavailable, VoxpopError
from survey.wording import beside, refusals

log = structlog.get_logger()
AT_ONCE_SECONDS = 2.0
"""How long an answer may take before a word stands in for it; people wonder after that."""
_SCHEME = "token "

Answer = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class SlashCommands:
    """What comes to `/mattermost/commands`.

    Attributes:
        token: What the server sends with each command; None refuses all.
        at_once: Seconds after which the answer comes later.
    """

    token: str | None
    gate: Gate
    desk: Desk
    voice: Voice
    sharing: Sharing
    tally: Tally
    afterwards: Afterwards
    at_once: float = AT_ONCE_SECONDS

    async def __call__(self, typed: Typed, *, authorization: str) -> Answer:
        """The answer, or that it comes later.

        Raises:
            HTTPException: With 401, if the token is not the command's own.
        """
        if not self._knows(typed.token, authorization):
            self.tally.count("command_token")
            raise HTTPException(
                HTTPStatus.UNAUTHORIZED,
                "The command's token is not the one that VOXPOP_MATTERMOST__COMMAND_TOKEN names.",
            )
        try:
            trigger = await self.gate.trigger(typed.trigger_id, user_id=typed.user_id)
            if trigger is not None:
                await self.gate.once(trigger)
        except Replayed as error:
            self.tally.count(error.code)
            return {}
        except VoxpopError as error:
            self.tally.count(error.code)
            language = await self.voice.language(typed.user_id)
            if isinstance(error, StorageUnavailable):
                return _says(refusals.try_again(language))
            return _says(refusals.unsure_of_sender(language))
        at = self.gate.clock() if trigger is None else trigger.at
        command = CommandTyped(by=address_of(typed.user_id), text=typed.text, at=at)
        once = uuid4().hex if trigger is None else trigger.id
        doing = asyncio.create_task(self._done(typed, command, once=once))
        done, _ = await asyncio.wait([doing], timeout=self.at_once)
        if done:
            return self._body(doing.result(), typed)
        self.afterwards.do(self._later(typed, doing))
        return _says(beside.working_on_it(await self.voice.language(typed.user_id)))

    def _knows(self, token: str, authorization: str) -> bool:
        """Whether all tokens that came are the command's; compared without haste."""
        header = authorization[len(_SCHEME) :] if authorization.lower().startswith(_SCHEME) else ""
        given = [one for one in (token, header) if one]
        expected = (self.token or "").encode()
        fit = [hmac.compare_digest(one.encode(errors="replace"), expected) for one in given]
        return bool(expected) and bool(given) and all(fit)

    async def _done(self, typed: Typed, command: CommandTyped, *, once: str) -> Card:
        """What to tell who typed it; everything else is where it belongs by then."""
        reply = await self.desk(command)
        told = Card() if reply.private is None else reply.private
        if reply.share is not None:
            told = await self.sharing.share(
                reply.share, typed.channel_id, by=typed.user_id, said=told, once=once
            )
        return await self.sharing.beside(told, typed)

    def _body(self, card: Card, typed: Typed) -> Answer:
        return answer_of(
            card,
            to=address_of(typed.user_id),
            place=Place(channel=typed.channel_id),
            seal=self.gate.seal,
            callback_url=self.voice.callback_url,
        )

    async def _later(self, typed: Typed, doing: "asyncio.Task[Card]") -> None:
        card = await doing
        try:
            await self.voice.client.answer_later(typed.response_url, self._body(card, typed))
        except (InvalidValue, ServerSays) as error:
            log.warning("mattermost_answer_not_taken", reason=error.code)
            await self.voice.say_directly(typed.user_id, card)


def _says(sentence: str) -> Answer:
    return {
        "response_type": "ephemeral",
        "text": escaped(sentence),
        "skip_slack_parsing": True,
    }
