"""Cards that do not fit into an answer: for everybody in a channel, or for one person alone."""

from dataclasses import dataclass, replace
from http import HTTPStatus

import structlog

from bot.mattermost.bodies import Click, Typed
from bot.mattermost.client import ServerSays
from bot.mattermost.voice import Voice, words
from survey.card import Card
from survey.wording import beside

log = structlog.get_logger()
NOT_A_MEMBER = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Posts what an answer cannot carry."""

    voice: Voice

    async def share(self, card: Card, channel: str, *, by: str, said: Card) -> Card:
        """Post to everybody in a channel; what to tell who wanted it: `said`, or why not."""
        try:
            await self.voice.post(channel, card, to=by)
        except ServerSays as error:
            log.warning("mattermost_not_shared", status=error.status, reason=error.error_id)
            language = await self.voice.language(by)
            if error.status not in NOT_A_MEMBER:
                return Card(headline=beside.not_posted(language))
            try:
                _, name = await self.voice.account.me()
            except ServerSays:
                return Card(headline=beside.not_posted(language))
            return Card(headline=beside.invite_me(name, language))
        return said

    async def alone(self, card: Card, click: Click) -> str:
        """What is said in private about a card: all of it, or where the rest of it is."""
        if not (card.buttons or card.picture or card.attachment):
            return words(card)
        if not await self.voice.say_directly(click.user_id, card):
            return words(card)
        if await self._is_direct(click):
            return ""
        language = await self.voice.language(click.user_id)
        there = beside.rest_in_direct_messages(language)
        return words(Card(headline=card.headline, lines=(there,)))

    async def beside(self, card: Card, typed: Typed) -> Card:
        """The card without its picture and its file, which an answer can't carry.

        They go to the direct messages; all of it does, where it was asked for in those.
        """
        bare = replace(card, picture=None, attachment=None)
        if card == bare:
            return card
        here = await self._is_direct(typed)
        whole = card if here else replace(card, buttons=())
        if not await self.voice.say_directly(typed.user_id, whole):
            return bare
        if here:
            return Card()
        language = await self.voice.language(typed.user_id)
        if card.picture is None:
            return replace(bare, lines=(*bare.lines, beside.file_in_direct_messages(language)))
        return replace(bare, lines=(*bare.lines, beside.chart_in_direct_messages(language)))

    async def _is_direct(self, what: Click | Typed) -> bool:
        try:
            return await self.voice.account.direct_channel(what.user_id) == what.channel_id
        except ServerSays:
            return False
