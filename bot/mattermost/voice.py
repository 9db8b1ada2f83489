"""What the bot says of its own accord, beside the answer to a call of the server's."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import structlog

from bot.mattermost.account import BotAccount
from bot.mattermost.client import Client, ServerSays
from bot.mattermost.gate import address_of
from bot.mattermost.rendering import post_of, text_of
from bot.patience import patiently
from bot.sealing import Place, Seal
from survey.card import Card
from survey.delivery import MessageRef
from survey.errors import StorageUnavailable, VoxpopError
from survey.language import Language, Languages
from survey.messenger import Messenger, PlatformBusy, RecipientUnreachable
from survey.ports import People

log = structlog.get_logger()
PATIENCE_SECONDS = 1.0
"""How long somebody's language is looked for, where their answer waits."""
PAUSE = timedelta(seconds=1)
"""How long a server that limits the rate is left alone, where it does not say."""


@dataclass(frozen=True, kw_only=True)
class Voice:
    """The bot's account, speaking.

    Attributes:
        callback_url: Where the server reaches us: the base of `/mattermost/actions`.
    """

    client: Client
    account: BotAccount
    messenger: Messenger
    people: People
    languages: Languages
    seal: Seal
    callback_url: str

    async def language(self, user_id: str) -> Language:
        """Somebody's language; English while nobody can tell."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                person = await self.people.by_address(address_of(user_id))
        except (StorageUnavailable, TimeoutError):
            person = None
        return self.languages("en" if person is None else person.locale)

    async def upload(self, channel: str, card: Card) -> Sequence[str] | None:
        """A card's picture and file, to be posted in this channel: their ids.

        None if the server did not take them, which says nothing about messages.
        """
        try:
            return await self.account.upload(channel, card)
        except ServerSays as error:
            log.warning("mattermost_file_not_sent", status=error.status, reason=error.error_id)
            return None

    async def post(
        self, channel: str, card: Card, *, to: str, files: Sequence[str] = (), once: str = ""
    ) -> None:
        """A card as a new message.

        Args:
            channel: Where.
            card: What.
            to: The account that its buttons are for.
            files: What was uploaded for it.
            once: What names it to the server, which then takes it once within half a minute.

        Raises:
            ServerSays: If the server did not take it.
        """
        shown = post_of(
            card,
            to=address_of(to),
            place=Place(channel=channel),
            seal=self.seal,
            callback_url=self.callback_url,
        )
        body: dict[str, Any] = {"channel_id": channel, **shown}
        if files:
            body["file_ids"] = list(files)
        if once:
            bot_id, _ = await self.account.me()
            body["pending_post_id"] = f"{bot_id}:{once}"
        await self.client.call("POST", "/posts", json=body)

    async def say_directly(self, user_id: str, card: Card, *, files: Sequence[str] = ()) -> bool:
        """A card to somebody alone, with what was uploaded for it; whether the server took it."""
        try:
            channel = await self.account.direct_channel(user_id)
            await self.post(channel, card, to=user_id, files=files)
        except ServerSays as error:
            log.warning("mattermost_not_said", status=error.status, reason=error.error_id)
            return False
        return True

    async def change(self, user_id: str, ref: MessageRef, card: Card) -> None:
        """A message that stands turns into this card; one that can't be changed is answered."""
        try:
            await patiently(
                lambda: self.messenger.update(address_of(user_id), ref, card), pause=pause
            )
        except VoxpopError as error:
            log.warning("mattermost_not_changed", reason=error.code)
            if isinstance(error, RecipientUnreachable):
                await self.in_thread(ref, words(card))

    async def in_thread(self, ref: MessageRef, text: str, *, once: str = "") -> bool:
        """Words below a message, already in Mattermost's Markdown; whether the server took them.

        Args:
            ref: The message; without one they stand by themselves.
            text: The words.
            once: What names them to the server, which then takes them once within half a minute.
        """
        body = {"channel_id": ref.channel, "root_id": ref.message, "message": text}
        try:
            if once:
                bot_id, _ = await self.account.me()
                body["pending_post_id"] = f"{bot_id}:{once}"
            await patiently(lambda: self.client.call("POST", "/posts", json=body), pause=pause)
        except ServerSays as error:
            log.warning("mattermost_not_said", status=error.status, reason=error.error_id)
            return False
        return True


def pause(error: VoxpopError) -> timedelta | None:
    """How long the server wants to be left alone; None for what it refuses for good."""
    if isinstance(error, PlatformBusy):
        return error.retry_after or PAUSE
    if isinstance(error, ServerSays) and error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return error.retry_after or PAUSE
    return None


def words(card: Card) -> str:
    """A card where only words fit."""
    return text_of(replace(card, buttons=(), picture=None, attachment=None))
