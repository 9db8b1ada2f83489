"""A press: checked, handed to the desk, and its message changed in the answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import structlog

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.interactions import Pressed
from bot.mattermost.bodies import Click
from bot.mattermost.checkup import REACHED
from bot.mattermost.client import ServerSays
from bot.mattermost.gate import Gate, Passed, address_of
from bot.mattermost.markdown import escaped
from bot.mattermost.rendering import dialog_of, post_of
from bot.mattermost.sharing import Sharing
from bot.mattermost.voice import Voice, words
from bot.replays import Replayed
from bot.sealing import Place, Sealed, fits
from bot.tally import Tally
from survey.card import Act, Card, Dialog
from survey.errors import VoxpopError
from survey.wording import beside, refusals

log = structlog.get_logger()
AT_MOST_SECONDS = 10.0
"""How long the answer to a press may take before a word stands in for it."""
DIALOG_SECONDS = 3.0
"""How long after a click the server opens a form."""
_MARK = frozenset("0123456789")

Answer = Mapping[str, Any]
NOTHING: Answer = {}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a press leads to, once all else is where it belongs.

    Attributes:
        update: What the message turns into; None where it stays.
        cards: What is said in private.
    """

    update: Card | None
    cards: Sequence[Card]


@dataclass(frozen=True, kw_only=True)
class Actions:
    """What comes to `/mattermost/actions`.

    Attributes:
        at_most: Seconds after which what is told comes later.
    """

    gate: Gate
    desk: Desk
    voice: Voice
    sharing: Sharing
    tally: Tally
    afterwards: Afterwards
    at_most: float = AT_MOST_SECONDS

    async def __call__(self, click: Click) -> Answer:
        """The answer to a click. Forged ones learn nothing, and cost nobody anything."""
        try:
            sealed = self.gate.opened(click.context.get("seal"), user_id=click.user_id)
        except VoxpopError as error:
            self.tally.count(error.code)
            return private(escaped(refusals.refusal(error, self.voice.languages("en"))))
        try:
            passed = await self.gate.passed(sealed, click)
        except Replayed as error:
            self.tally.count(error.code)
            return NOTHING
        except VoxpopError as error:
            self.tally.count(error.code)
            language = await self.voice.language(click.user_id)
            return private(escaped(refusals.refusal(error, language)))
        if sealed.act is Act.CHECK:
            return {"update": {"message": REACHED, "props": {"attachments": []}}}
        doing = asyncio.create_task(self._done(passed, click))
        done, _ = await asyncio.wait([doing], timeout=self.at_most)
        if done:
            return self._body(doing.result(), passed)
        self.afterwards.do(self._later(doing, passed, click))
        return private(escaped(beside.working_on_it(await self.voice.language(click.user_id))))

    async def _done(self, passed: Passed, click: Click) -> Told:
        sealed = passed.sealed
        reply = await self.desk(
            Pressed(
                by=address_of(click.user_id),
                act=sealed.act,
                value=chosen(sealed, click),
                subject=sealed.subject,
                at=passed.at,
                message=passed.ref,
            )
        )
        told = [reply.private] if reply.private is not None else []
        update, once = reply.update, passed.trigger.id if passed.trigger else uuid4().hex
        if update is not None and not fits(sealed, update):
            update = None  # it stands where others read it
        if update is not None and not stands(sealed):
            # The server changes no message that only one person sees.
            told.insert(0, update)
            update = None
        if reply.share is not None:
            told = [
                await self.sharing.share(
                    reply.share,
                    click.channel_id,
                    by=click.user_id,
                    said=reply.private or Card(),
                    once=once,
                )
            ]
        if reply.dialog is not None and not await self._open(reply.dialog, passed, click, once):
            language = await self.voice.language(click.user_id)
            told.append(Card(headline=beside.no_form(language)))
        return Told(update=update, cards=[await self.sharing.alone(card, click) for card in told])

    def _body(self, told: Told, passed: Passed) -> Answer:
        answer: dict[str, Any] = {}
        if told.update is not None:
            answer["update"] = self._update(told.update, passed)
        if text := "\n\n".join(text for card in told.cards if (text := words(card))):
            answer |= private(text)
        return answer

    async def _later(self, doing: "asyncio.Task[Told]", passed: Passed, click: Click) -> None:
        """The same where the click was answered already."""
        told = await doing
        if told.update is not None:
            await self.voice.change(click.user_id, passed.ref, told.update)
        for card in told.cards:
            if words(card):
                await self.voice.say_directly(click.user_id, replace(card, buttons=()))

    def _update(self, card: Card, passed: Passed) -> Answer:
        """The message anew: without its attachments the server would keep the old buttons."""
        before = passed.sealed.place
        delivery = None if before is None else before.delivery
        return post_of(
            card,
            to=passed.sealed.to,
            place=Place(channel=passed.ref.channel, message=passed.ref.message, delivery=delivery),
            seal=self.gate.seal,
            callback_url=self.voice.callback_url,
        )

    async def _open(self, dialog: Dialog, passed: Passed, click: Click, once: str) -> bool:
        """Whether the form stands before the person."""
        body = dialog_of(
            dialog,
            trigger_id=click.trigger_id,
            to=address_of(click.user_id),
            place=Place(channel=passed.ref.channel, message=passed.ref.message),
            seal=self.gate.seal,
            callback_url=self.voice.callback_url,
            once=once,
        )
        try:
            async with asyncio.timeout(DIALOG_SECONDS):
                await self.voice.client.call("POST", "/actions/dialogs/open", json=body)
        except (ServerSays, TimeoutError) as error:
            reason = error.error_id if isinstance(error, ServerSays) else "timeout"
            log.warning("mattermost_form_not_opened", reason=reason)
            return False
        return True


def private(text: str) -> Answer:
    """Said to who clicked alone, as it stands."""
    return {"ephemeral_text": text, "skip_slack_parsing": True}


def stands(sealed: Sealed) -> bool:
    """Whether the button's message is one that can be changed."""
    place = sealed.place
    return place is not None and (place.message is not None or place.delivery is not None)


def chosen(sealed: Sealed, click: Click) -> str:
    """The value: the button's own, or the client's choice in a menu of scores."""
    if sealed.act is not Act.SCORE or sealed.value:
        return sealed.value
    option = click.context.get("selected_option")
    return option if isinstance(option, str) and _MARK.issuperset(option) else ""
