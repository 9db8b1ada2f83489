"""What the bot says of its own accord, and how it answers what came in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import structlog

from bot.home import UNPRESSED, Look
from bot.patience import patiently
from bot.sealing import Place, Seal
from bot.slack.client import SlackApi
from bot.slack.files import upload
from bot.slack.gate import Passed
from bot.slack.rendering import answer_of, message_of, modal_of
from bot.slack.says import SlackSays
from bot.slack.shown import Shown
from bot.slack.workspaces import Workspaces, text_in
from survey.card import Card, Dialog
from survey.delivery import MessageRef
from survey.errors import StorageUnavailable, VoxpopError
from survey.language import Language, Languages
from survey.messenger import Messenger, PlatformBusy, RecipientUnreachable
from survey.person import Address
from survey.ports import People

log = structlog.get_logger()
PATIENCE_SECONDS = 1.0
"""How long somebody's language is looked for, where their answer waits."""
PAUSE = timedelta(seconds=1)
"""How long Slack is left alone where it asks for it and does not say for how long."""
MODAL_SECONDS = 3.0
"""How long after a click Slack opens a form."""
NO_THREAD = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})

Home = Callable[[Address, Look], Awaitable[None]]
"""Publishes somebody's Home tab anew."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A new message.

    Attributes:
        ref: Where it stands.
        whole: Whether its picture and its file stand there too.
    """

    ref: MessageRef
    whole: bool


@dataclass(frozen=True, kw_only=True)
class Voice:
    """The bot's account, speaking.

    Attributes:
        shown: What messages show by now; the messenger's own.
        home: Publishes a Home tab anew; None where there is none.
    """

    api: SlackApi
    workspaces: Workspaces
    messenger: Messenger
    people: People
    languages: Languages
    seal: Seal
    shown: Shown
    home: Home | None = None

    async def language(self, address: Address) -> Language:
        """Somebody's language; English while nobody can tell."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                person = await self.people.by_address(address)
        except (StorageUnavailable, TimeoutError):
            person = None
        return self.languages("en" if person is None else person.locale)

    def answer(self, card: Card, *, to: Address) -> Mapping[str, Any]:
        """What one person alone sees."""
        return answer_of(card, to=to, place=Place(channel=to.user_id), seal=self.seal)

    async def whisper(self, response_url: str, card: Card, *, to: Address) -> None:
        """Say it to who pressed or typed alone; in the direct messages, if not where they are."""
        body = {**self.answer(card, to=to), "replace_original": False}
        if not await self._told(response_url, body):
            await self.say_directly(to, card)

    async def post(self, channel: str, card: Card, *, to: Address) -> Posted:
        """A card as a new message, with its picture and its file.

        Args:
            channel: Where; the id of a person for their direct messages.
            card: What.
            to: The account that its buttons are for.

        Raises:
            SlackSays: If Slack did not take the message; a file alone is never missed.
            PlatformRefuses: If there is no token for this workspace.
        """
        message = message_of(card, to=to, place=Place(channel=channel), seal=self.seal)
        made = await self._say(to, channel, message)
        ref = MessageRef(channel=text_in(made, "channel"), message=text_in(made, "ts"))
        whole = await upload(self.workspaces, to.workspace, card, channel=ref.channel)
        return Posted(ref=ref, whole=whole)

    async def say_directly(self, to: Address, card: Card) -> Posted | None:
        """A card to somebody alone; None if Slack did not take it."""
        try:
            return await self.post(to.user_id, card, to=to)
        except VoxpopError as error:
            log.warning("slack_not_said", reason=_reason(error))
            return None

    async def replace(self, passed: Passed, response_url: str, card: Card) -> None:
        """The message that was pressed turns into this card."""
        to, ref = passed.by, passed.ref
        if ref is None:
            body = {**self.answer(card, to=to), "replace_original": True}
            if not await self._told(response_url, body):
                await self.say_directly(to, card)
            return
        async with self.shown.changing(ref):
            if self.shown.newer(ref, card):
                return
            message = message_of(card, to=to, place=passed.place, seal=self.seal)
            if await self._told(response_url, {**message, "replace_original": True}):
                self.shown.note(ref, card)
                return
        await self.change(to, ref, card)

    async def change(self, to: Address, ref: MessageRef, card: Card) -> None:
        """A message that stands turns into this card; one that can't be changed is answered."""
        try:
            await patiently(lambda: self.messenger.update(to, ref, card), pause=pause)
        except VoxpopError as error:
            log.warning("slack_not_changed", reason=_reason(error))
            if isinstance(error, RecipientUnreachable):
                await self.in_thread(to, ref, words(card))

    async def in_thread(self, to: Address, ref: MessageRef, card: Card) -> bool:
        """Words below a message, or beside it where there is no thread; whether they were taken.

        Args:
            to: Who reads them.
            ref: The message; one without a name is just a channel.
            card: The words; nothing else of it is said.
        """
        message = message_of(words(card), to=to, place=Place(channel=to.user_id), seal=self.seal)
        thread = ref.message or None
        try:
            try:
                await patiently(
                    lambda: self._say(to, ref.channel, message, thread=thread), pause=pause
                )
            except SlackSays as error:
                if thread is None or error.error not in NO_THREAD:
                    raise
                await patiently(lambda: self._say(to, ref.channel, message), pause=pause)
        except VoxpopError as error:
            log.warning("slack_not_said", reason=_reason(error))
            return False
        return True

    async def open(self, dialog: Dialog, passed: Passed, trigger_id: str) -> bool:
        """Whether the form stands before the person."""
        ref = passed.ref
        place = Place(channel=passed.by.user_id)
        if ref is not None:
            place = Place(channel=ref.channel, message=ref.message)
        view = modal_of(dialog, to=passed.by, place=place, seal=self.seal, once=passed.name)
        try:
            async with asyncio.timeout(MODAL_SECONDS):
                await self.workspaces.call(
                    passed.by.workspace, "views.open", trigger_id=trigger_id, view=view
                )
        except (VoxpopError, TimeoutError) as error:
            log.warning("slack_form_not_opened", reason=_reason(error))
            return False
        return True

    async def refresh_home(self, to: Address, look: Look = UNPRESSED) -> bool:
        """Publish somebody's Home tab anew, where there is one; whether Slack has taken it."""
        if self.home is None:
            return False
        try:
            await self.home(to, look)
        except VoxpopError as error:
            log.warning("slack_home_not_published", reason=_reason(error))
            return False
        return True

    async def _say(
        self, to: Address, channel: str, message: Mapping[str, Any], *, thread: str | None = None
    ) -> Mapping[str, Any]:
        return await self.workspaces.call(
            to.workspace,
            "chat.postMessage",
            channel=channel,
            thread_ts=thread,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
            **message,
        )

    async def _told(self, response_url: str, body: Mapping[str, Any]) -> bool:
        """Whether an answer was taken where Slack wants it; a foreign address gets none."""
        if not response_url:
            return False
        try:
            await self.api.answer(response_url, body)
        except (ValueError, SlackSays) as error:
            log.warning("slack_answer_not_taken", reason=_reason(error))
            return False
        return True


def pause(error: VoxpopError) -> timedelta | None:
    """How long Slack wants to be left alone; None for what it refuses for good."""
    if isinstance(error, PlatformBusy):
        return error.retry_after or PAUSE
    if isinstance(error, SlackSays) and error.busy:
        return error.retry_after or PAUSE
    return None


def words(card: Card) -> Card:
    """A card where only words fit."""
    return replace(card, buttons=(), picture=None, attachment=None)


def _reason(error: Exception) -> str:
    if isinstance(error, SlackSays):
        return error.error
    return error.code if isinstance(error, VoxpopError) else type(error).__name__
