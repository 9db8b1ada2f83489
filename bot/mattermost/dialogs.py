"""A form that comes back: its state is sealed, everything else comes from the client."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bot.afterwards import Afterwards
from bot.desk import Desk
from bot.interactions import DialogSubmitted
from bot.mattermost.bodies import Submission
from bot.mattermost.gate import FORMS, Gate, address_of
from bot.mattermost.voice import Voice, words
from bot.sealing import Sealed
from bot.tally import Tally
from survey.card import Reply, Subject
from survey.delivery import MessageRef
from survey.errors import OutOfDate, StorageUnavailable, VoxpopError
from survey.wording import refusals

Answer = Mapping[str, Any]
DONE: Answer = {}
"""The form closes."""
_SOME_FIELD = "comment"


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
            return stays(form, refusals.refusal(error, self.voice.languages("en")))
        try:
            if sealed.value and not await self.gate.heard.is_new(FORMS, sealed.value):
                return DONE  # sent twice
        except VoxpopError as error:
            language = await self.voice.language(form.user_id)
            return stays(form, refusals.refusal(error, language))
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
            )
        )
        if reply.errors:
            return {"errors": dict(reply.errors)}
        if reply.update is None:  # nothing was kept, and what was written is not to be lost
            return stays(form, "" if reply.private is None else reply.private.text)
        if sealed.value:
            with suppress(StorageUnavailable):  # what was written is kept
                await self.gate.heard.done(FORMS, sealed.value, at=self.gate.clock())
        self.afterwards.do(self._tell(reply, ref, form.user_id))
        return DONE

    async def _tell(self, reply: Reply, ref: MessageRef, user_id: str) -> None:
        """The message changes; what is said in private goes to its thread, which is as private."""
        if reply.update is not None:
            await self.voice.change(user_id, ref, reply.update)
        if reply.private is not None:
            await self.voice.in_thread(ref, words(reply.private))


def stays(form: Submission, sentence: str) -> Answer:
    """The form stays open, with a sentence beside its first field."""
    return {"errors": {next(iter(form.submission), _SOME_FIELD): sentence}}


def _about(sealed: Sealed) -> tuple[Subject, MessageRef]:
    place = sealed.place
    if sealed.subject is None or place is None or place.message is None:
        raise OutOfDate("That is no form.")
    return sealed.subject, MessageRef(channel=place.channel, message=place.message)
