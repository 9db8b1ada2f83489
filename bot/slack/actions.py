"""A press: checked, handed to the desk, acknowledged; then its message changes."""

from dataclasses import dataclass, replace

import structlog

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.home import Look
from bot.interactions import Pressed
from bot.replays import Replayed
from bot.sealing import Sealed, fits
from bot.slack.bodies import Action, Click
from bot.slack.gate import Gate, Passed, address_of
from bot.slack.sharing import Sharing
from bot.slack.voice import Voice
from bot.tally import Tally
from survey.card import Act, Card, Reply
from survey.delivery import MessageRef
from survey.errors import VoxpopError
from survey.person import Address
from survey.wording import beside, refusals

log = structlog.get_logger()
_MARK = frozenset("0123456789")


@dataclass(frozen=True, kw_only=True)
class Actions:
    """What is pressed, in messages and in the Home tab.

    A call returns when everything is committed: Slack may be told then that the press arrived.
    What people see of it follows, and is not waited for.
    """

    gate: Gate
    desk: Desk
    voice: Voice
    sharing: Sharing
    tally: Tally
    afterwards: Afterwards

    async def __call__(self, click: Click, *, workspace: str) -> None:
        """Do what was pressed. Forged presses learn nothing, and cost nobody anything."""
        by = address_of(workspace, click.user.id)
        try:
            sealed = self.gate.opened(click.action.seal, by=by)
        except VoxpopError as error:
            self.tally.count(error.code)
            sentence = refusals.refusal(error, self.voice.languages("en"))
            return self._refuse(click, sentence, by=by)
        try:
            passed = await self.gate.passed(sealed, click, by=by)
        except Replayed as error:
            return self.tally.count(error.code)
        except VoxpopError as error:
            self.tally.count(error.code)
            return self._refuse(
                click, refusals.refusal(error, await self.voice.language(by)), by=by
            )
        stands = await self._standing(passed, click)
        reply = await self.desk(
            Pressed(
                by=by,
                act=sealed.act,
                value=chosen(sealed, click.action),
                subject=sealed.subject,
                at=passed.at,
                message=stands,
            )
        )
        self.afterwards.do(self._shown(reply, passed, click, stands))
        return None

    def _refuse(self, click: Click, sentence: str, *, by: Address) -> None:
        self.afterwards.do(self.voice.whisper(click.response_url, Card(headline=sentence), to=by))

    async def _standing(self, passed: Passed, click: Click) -> MessageRef | None:
        """The message that changes with the press: it is the newest one for the Home tab."""
        subject = passed.sealed.subject
        if not click.at_home or subject is None:
            return passed.ref
        try:
            return await self.gate.messages.latest(passed.by, subject)
        except VoxpopError:
            return None  # the desk will say that nothing can be saved

    async def _shown(
        self, reply: Reply, passed: Passed, click: Click, stands: MessageRef | None
    ) -> None:
        by, url = passed.by, click.response_url
        told = [] if reply.private is None else [reply.private]
        # The form first: Slack opens none later than three seconds after the click.
        if reply.dialog is not None and not await self.voice.open(
            reply.dialog, passed, click.trigger_id
        ):
            told.append(Card(headline=beside.no_form(await self.voice.language(by))))
        if reply.update is not None and not fits(passed.sealed, reply.update):
            reply = replace(reply, update=None)  # it stands where others read it
        if reply.update is not None and not click.at_home:
            await self.voice.replace(passed, url, reply.update)
        if reply.share is not None:
            said = reply.private or Card()
            shared = self.sharing.share(reply.share, click.channel_id, by=by, said=said)
            told = [await shared]
        left = [await self.sharing.beside(card, click.channel_id, to=by) for card in told]
        left = [card for card in left if card != Card()]
        if click.at_home:
            left = await self._shown_at_home(reply.update, left, passed)
        for card in left:
            await self.voice.whisper(url, card, to=by)
        if click.at_home and stands is not None and reply.update is not None:
            await self.voice.change(by, stands, reply.update)
        if passed.sealed.act is Act.FORGET and not click.at_home:
            await self.voice.refresh_home(by)  # their answers stand there until then

    async def _shown_at_home(
        self, update: Card | None, told: list[Card], passed: Passed
    ) -> list[Card]:
        """The tab shows what was pressed as it looks by now; what is left to be said elsewhere."""
        sealed = passed.sealed
        look = Look(act=sealed.act, subject=sealed.subject, update=update, said=tuple(told))
        if await self.voice.refresh_home(passed.by, look):
            return []
        return [*look.brought] if sealed.subject is None else told


def chosen(sealed: Sealed, action: Action) -> str:
    """The value: the button's own, or the choice in a menu of scores."""
    if sealed.act is not Act.SCORE or sealed.value:
        return sealed.value
    return action.choice if _MARK.issuperset(action.choice) else ""
