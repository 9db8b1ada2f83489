"""A form that comes back: what it carries of ours is sealed, the rest comes from the client."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.interactions import FORM_ACTS, DialogSubmitted
from bot.sealing import Place, Sealed
from bot.slack.bodies import Submission
from bot.slack.gate import FORMS, Gate, address_of
from bot.slack.voice import Voice
from bot.tally import Tally
from survey.card import Reply, Subject
from survey.delivery import MessageRef
from survey.errors import OutOfDate, VoxpopError
from survey.person import Address
from survey.ports import Event
from survey.wording import refusals

Answer = Mapping[str, Any]
DONE: Answer = {}
"""The form closes."""
_FIELD = "comment"
"""The one that our form has."""


@dataclass(frozen=True, kw_only=True)
class Views:
    """Forms that are sent off."""

    gate: Gate
    desk: Desk
    voice: Voice
    tally: Tally
    afterwards: Afterwards

    async def __call__(self, form: Submission, *, workspace: str) -> Answer:
        """The answer: the form closes, or stays with a sentence beside a field."""
        by = address_of(workspace, form.user.id)
        try:
            sealed = self.gate.opened(form.view.private_metadata, by=by)
            subject, place = _carried(sealed)
        except VoxpopError as error:
            self.tally.count(error.code)
            return stays(refusals.of_a_form(error, self.voice.languages("en")))
        try:
            again = not await self.gate.heard.is_new(FORMS, sealed.value)
            ref = await self._about(by, subject, place)
        except VoxpopError as error:
            return stays(refusals.of_a_form(error, await self.voice.language(by)))
        reply = await self.desk(
            DialogSubmitted(
                by=by,
                act=sealed.act,
                subject=subject,
                values=form.values,
                at=self.gate.clock(),
                message=ref,
                # Noted with what it brings, so that of two that race one is told of the other.
                event=Event(source=FORMS, name=sealed.value),
            )
        )
        if reply.update is None and not reply.errors:
            # Nothing was kept, and what was written is not to be lost.
            return stays("" if reply.private is None else reply.private.text)
        if not again:  # what came before has no effect; the form is answered all the same
            self.afterwards.do(self._tell(reply, ref, by, home=place.message is None))
        if not reply.errors:
            return DONE
        return {"response_action": "errors", "errors": dict(reply.errors)}

    async def _about(self, by: Address, subject: Subject, place: Place) -> MessageRef | None:
        """The message that the form is about: of one opened from the Home tab, the newest."""
        if place.message is not None:
            return MessageRef(channel=place.channel, message=place.message)
        return await self.gate.messages.latest(by, subject)

    async def _tell(self, reply: Reply, ref: MessageRef | None, by: Address, *, home: bool) -> None:
        """The message changes; what is said in private goes to its thread, which is as private."""
        if ref is not None and reply.update is not None:
            await self.voice.change(by, ref, reply.update)
        if reply.private is not None:
            if ref is None:
                await self.voice.say_directly(by, reply.private)
            else:
                await self.voice.in_thread(by, ref, reply.private)
        if home:
            await self.voice.refresh_home(by)


def stays(sentence: str) -> Answer:
    """The form stays open, with a sentence beside its field."""
    return {"response_action": "errors", "errors": {_FIELD: sentence or "–"}}


def _carried(sealed: Sealed) -> tuple[Subject, Place]:
    # A button's seal is none of a form: what a form carries names the click that opened it.
    if sealed.act not in FORM_ACTS or not sealed.value:
        raise OutOfDate("That is no form.")
    if sealed.subject is None or sealed.place is None:
        raise OutOfDate("That form is about no message.")
    return sealed.subject, sealed.place
