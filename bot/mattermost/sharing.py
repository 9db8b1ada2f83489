"""Cards that do not fit into an answer: for everybody in a channel, or for one person alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

import structlog

from bot.mattermost.bodies import Click, Typed
from bot.mattermost.client import ServerSays
from bot.mattermost.voice import Voice
from survey.card import Card
from survey.language import Language
from survey.wording import beside

log = structlog.get_logger()
NOT_A_MEMBER = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """Posts what an answer cannot carry."""

    voice: Voice

    async def share(self, card: Card, channel: str, *, by: str, said: Card, once: str) -> Card:
        """Post to everybody in a channel; what to tell who wanted it: `said`, or why not.

        Args:
            card: What is posted; without its picture, where the server does not take that.
            channel: Where.
            by: Who wanted it.
            said: What they are told when it stands there.
            once: What names the click or the command: a second try is the same message.
        """
        language = await self.voice.language(by)
        try:
            _, name = await self.voice.account.me()
        except ServerSays:
            return Card(headline=beside.not_posted(language))
        files = await self.voice.upload(channel, card)
        shown = card if files is not None else card.bare
        try:
            await self._posted(shown, channel, by=by, files=files or (), once=once)
        except ServerSays as error:
            log.warning("mattermost_not_shared", status=error.status, reason=error.error_id)
            return Card(headline=_why_not(error, name, language))
        if files is None:
            return replace(said, lines=(*said.lines, beside.chart_left_out(language)))
        return said

    async def _posted(
        self, card: Card, channel: str, *, by: str, files: Sequence[str], once: str
    ) -> None:
        """Post it, and where nobody knows whether it came, once more: the server takes it once.

        Raises:
            ServerSays: If it was refused, or nobody knows still.
        """
        try:
            await self.voice.post(channel, card, to=by, files=files, once=once)
        except ServerSays as unknown:
            if unknown.outcome_known:
                raise
            try:
                await self.voice.post(channel, card, to=by, files=files, once=once)
            except ServerSays as error:
                # Being no member, it was none before; any other refusal tells nothing of the first.
                raise error if error.status in NOT_A_MEMBER else unknown from error

    async def alone(self, card: Card, click: Click) -> Card:
        """What is said in private about a card: all of it, or where the rest of it is.

        Of what is returned only the words are for the answer to a click.
        """
        if not (card.buttons or card.picture or card.attachment):
            return card
        language = await self.voice.language(click.user_id)
        files = await self._uploaded(card, click.user_id)
        whole = card if files is not None else beside.lacking(card, language)
        if not (whole.buttons or files):
            return whole
        if not await self.voice.say_directly(click.user_id, whole, files=files or ()):
            return beside.lacking(card, language)
        if await self._is_direct(click):
            return Card()
        return Card(headline=whole.headline, lines=(beside.rest_in_direct_messages(language),))

    async def beside(self, card: Card, typed: Typed) -> Card:
        """The card without its picture and its file, which an answer can't carry.

        They go to the direct messages; all of it does, where it was asked for in those.
        """
        bare = card.bare
        if card == bare:
            return card
        language = await self.voice.language(typed.user_id)
        here = await self._is_direct(typed)
        files = await self._uploaded(card, typed.user_id)
        whole = card if here else replace(card, buttons=())
        if files is None or not await self.voice.say_directly(typed.user_id, whole, files=files):
            return beside.lacking(card, language)
        if here:
            return Card()
        if card.picture is None:
            return replace(bare, lines=(*bare.lines, beside.file_in_direct_messages(language)))
        return replace(bare, lines=(*bare.lines, beside.chart_in_direct_messages(language)))

    async def _uploaded(self, card: Card, user_id: str) -> Sequence[str] | None:
        """What hangs on a card, brought to somebody's direct messages; None if it is not there."""
        if card == card.bare:
            return ()
        try:
            channel = await self.voice.account.direct_channel(user_id)
        except ServerSays:
            return None
        return await self.voice.upload(channel, card)

    async def _is_direct(self, what: Click | Typed) -> bool:
        try:
            return await self.voice.account.direct_channel(what.user_id) == what.channel_id
        except ServerSays:
            return False


def _why_not(error: ServerSays, name: str, language: Language) -> str:
    """Why a post does not stand in a channel; `name` is our account's."""
    if not error.outcome_known:
        return beside.perhaps_posted(language)
    return (
        beside.invite_me(name, language)
        if error.status in NOT_A_MEMBER
        else beside.not_posted(language)
    )
