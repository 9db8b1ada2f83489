"""A press: checked, handed to the desk, and its message changed in the answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.desk import Desk
from bot.interactions import Pressed
from bot.mattermost.bodies import Click
from bot.mattermost.checkup import REACHED
from bot.mattermost.client import ServerSays
from bot.mattermost.gate import Gate, Passed, Replayed, address_of
from bot.mattermost.markdown import escaped
from bot.mattermost.rendering import dialog_of, post_of
from bot.mattermost.sharing import Sharing
from bot.mattermost.voice import Voice
from bot.sealing import Place, Sealed
from bot.tally import Tally
from survey.card import Act, Card, Dialog, Reply
from survey.errors import VoxpopError
from survey.wording import beside, refusals

log = structlog.get_logger()
DIALOG_SECONDS = 3.0
"""How long after a click the server opens a form."""
_MARK = frozenset("0123456789")

Answer = Mapping[str, Any]
NOTHING: Answer = {}


@dataclass(frozen=True, kw_only=True)
class Actions:
    """What comes to `/mattermost/actions`."""

    gate: Gate
    desk: Desk
    voice: Voice
    sharing: Sharing
    tally: Tally

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
        return await self._shown(reply, passed, click)

    async def _shown(self, reply: Reply, passed: Passed, click: Click) -> Answer:
        answer: dict[str, Any] = {}
        told = [reply.private] if reply.private is not None else []
        if reply.update is not None:
            if stands(passed.sealed):
                answer["update"] = self._update(reply.update, passed)
            else:  # the server changes no message that only one person sees
                told.insert(0, reply.update)
        if reply.share is not None:
            said = reply.private or Card()
            shared = self.sharing.share(reply.share, click.channel_id, by=click.user_id, said=said)
            told = [await shared]
        if reply.dialog is not None and not await self._open(reply.dialog, passed, click):
            language = await self.voice.language(click.user_id)
            told.append(Card(headline=beside.no_form(language)))
        sentences = [await self.sharing.alone(card, click) for card in told]
        if text := "\n\n".join(one for one in sentences if one):
            answer |= private(text)
        return answer

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

    async def _open(self, dialog: Dialog, passed: Passed, click: Click) -> bool:
        """Whether the form stands before the person."""
        body = dialog_of(
            dialog,
            trigger_id=click.trigger_id,
            to=passed.sealed.to,
            place=Place(channel=passed.ref.channel, message=passed.ref.message),
            seal=self.gate.seal,
            callback_url=self.voice.callback_url,
            once="" if passed.trigger is None else passed.trigger.id,
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
