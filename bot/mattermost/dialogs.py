"""A form that comes back: its state is sealed, everything else comes from the client."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.interactions import FORM_ACTS, DialogSubmitted
from bot.mattermost.bodies import Submission
from bot.mattermost.gate import FORMS, Gate, address_of
from bot.mattermost.voice import Voice, words
from bot.sealing import Sealed
from bot.tally import Tally
from survey.card import Reply, Subject
from survey.delivery import MessageRef
from survey.errors import OutOfDate, VoxpopError
from survey.ports import Event
from survey.wording import refusals

Answer = Mapping[str, Any]
DONE: Answer = {}
"""The form closes."""
_FIELD = "comment"
"""The one that our form has; what the client calls its fields is never said back."""


@dataclass(frozen=True, kw_only=True)
class Dialogs:
    """What comes to `/mattermost/dialogs`."""

    gate: Gate
    desk: Desk
    voice: Voice
    tally: Tally
    afterwards: Afterwards

    async def __call__(self, form: Submission) -> Answer:
        """The answer: the form closes, or stays with a sentence beside a field.

        The channel is no proof of anything here: it is the one that the client looks at.
        """
        if form.cancelled:
            return DONE
        try:
            sealed = self.gate.opened(form.state, user_id=form.user_id)
            subject, ref = _about(sealed)
        except VoxpopError as error:
            self.tally.count(error.code)
            return stays(refusals.of_a_form(error, self.voice.languages("en")))
        try:
            again = not await self.gate.heard.is_new(FORMS, sealed.value)
        except VoxpopError as error:
            language = await self.voice.language(form.user_id)
            return stays(refusals.of_a_form(error, language))
        reply = await self.desk(
            DialogSubmitted(
                by=address_of(form.user_id),
                act=sealed.act,
                subject=subject,
                values={
                    name: value for name, value in form.submission.items() if isinstance(value, str)
                },
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
            self.afterwards.do(self._tell(reply, ref, form.user_id, once=sealed.value))
        return {"errors": dict(reply.errors)} if reply.errors else DONE

    async def _tell(self, reply: Reply, ref: MessageRef, user_id: str, *, once: str) -> None:
        """The message changes; what is said in private goes to its thread, which is as private."""
        if reply.update is not None:
            await self.voice.change(user_id, ref, reply.update)
        if reply.private is not None:
            await self.voice.in_thread(ref, words(reply.private), once=once)


def stays(sentence: str) -> Answer:
    """The form stays open, with a sentence beside its field."""
    return {"errors": {_FIELD: sentence}}


def _about(sealed: Sealed) -> tuple[Subject, MessageRef]:
    place = sealed.place
    # A button's seal is none of a form: what a form carries names the click that opened it.
    if sealed.act not in FORM_ACTS or not sealed.value:
        raise OutOfDate("That is no form.")
    if sealed.subject is None or place is None or place.message is None:
        raise OutOfDate("That form is about no message.")
    return sealed.subject, MessageRef(channel=place.channel, message=place.message)
