"""Whether a click is what it says. Slack's signature was checked before; this is our seal."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.replays import BY_TIME, Remembered, Replayed
from bot.sealing import Place, Seal, Sealed, opens_for
from bot.slack import PLATFORM
from bot.slack.bodies import Click, instant
from survey.delivery import MessageRef
from survey.errors import NotYours, OutOfDate
from survey.person import Address
from survey.ports import Clock, Heard, Messages

CLICKS = "slack:clicks"
FORMS = "slack:forms"
OLDEST = timedelta(hours=1)
"""How long a click counts: Slack tells of it at once, and a little later over a new connection."""
EARLIEST = timedelta(minutes=5)
"""How far Slack's clock may be ahead of ours."""


def address_of(workspace: str, user_id: str) -> Address:
    """Where somebody is."""
    return Address(platform=PLATFORM, workspace=workspace, user_id=user_id)


def name_of(trigger_id: str) -> str:
    """A click in our notes: as long as the notes are wide, however Slack writes it."""
    return hashlib.sha256(trigger_id.encode(errors="replace")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A click that is what it says.

    Attributes:
        by: Who.
        at: When, by Slack's clock.
        ref: The message; None for what one person alone sees: short answers and the Home tab.
        name: The click's own, as our notes have it.
    """

    sealed: Sealed
    by: Address
    at: datetime
    ref: MessageRef | None
    name: str

    @property
    def place(self) -> Place:
        """Where the next form of the message stands."""
        if self.ref is None:
            return Place(channel=self.by.user_id)
        before = self.sealed.place
        return Place(
            channel=self.ref.channel,
            message=self.ref.message,
            delivery=None if before is None else before.delivery,
        )


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Checks everything that comes in before anything is done about it."""

    seal: Seal
    messages: Messages
    heard: Heard
    clock: Clock
    remembered: Remembered = field(default_factory=Remembered)

    def opened(self, text: str, *, by: Address) -> Sealed:
        """What we sealed for this account; nothing is asked of anybody for it.

        Raises:
            OutOfDate: If it was not sealed by us, or not for here.
            NotYours: If it was sealed for somebody else.
        """
        sealed = self.seal.open(text)
        if not opens_for(sealed, by):
            raise NotYours("Sealed for somebody else.")
        return sealed

    async def passed(self, sealed: Sealed, click: Click, *, by: Address) -> Passed:
        """The click, when all of it fits.

        Raises:
            OutOfDate: If it comes from another place than the button stands at, or is too old.
            Replayed: If it was heard before.
            StorageUnavailable: If the database does not answer.
        """
        place, ref = sealed.place, click.message
        # Our first message to somebody is sealed before it has a channel: it names the person. One
        # to a channel is sealed by the name that we have of it: the outbox knows which that is.
        by_name = sealed.to.channel is not None and place is not None and place.delivery is not None
        if place is None or not (by_name or place.channel in {click.channel_id, click.user.id}):
            raise OutOfDate("That button belongs into another channel.")
        if place.message is not None and ref != MessageRef(
            channel=place.channel, message=place.message
        ):
            raise OutOfDate("That button belongs below another message.")
        at = self.moment(click.action.action_ts)
        if (
            place.message is None
            and place.delivery is not None
            and (ref is None or not await self.messages.vouch(place.delivery, ref, at=at))
        ):
            raise OutOfDate("That button belongs below another message.")
        name = await self.once(click.trigger_id, noted=sealed.act not in BY_TIME)
        return Passed(sealed=sealed, by=by, at=at, ref=ref, name=name)

    def moment(self, stamp: str) -> datetime:
        """When, by Slack's clock; by ours where it does not tell.

        Raises:
            OutOfDate: If it is too old, or from the future.
        """
        now = self.clock()
        try:
            at = instant(stamp)
        except ValueError:
            return now
        if not -EARLIEST <= now - at <= OLDEST:
            raise OutOfDate("That click is too old, or of another clock.")
        return at

    async def once(self, trigger_id: str, *, noted: bool = True) -> str:
        """Let a click through once; its name. `noted` where all processes must know.

        Raises:
            Replayed: If it was heard before.
            StorageUnavailable: If the database does not answer.
        """
        name = name_of(trigger_id)
        if noted and not await self.heard.done(CLICKS, name, at=self.clock()):
            raise Replayed("That click was heard before.")
        if not self.remembered.first(name):
            raise Replayed("That click was heard before.")
        return name
