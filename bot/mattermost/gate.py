"""Whether a click is what it says: our seal is one lock, the server's signature the other."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.mattermost import PLATFORM, WORKSPACE
from bot.mattermost.bodies import Click
from bot.mattermost.triggers import Trigger, Triggers
from bot.replays import BY_TIME, Remembered, Replayed
from bot.sealing import Seal, Sealed, opens_for
from survey.delivery import MessageRef
from survey.errors import NotYours, OutOfDate
from survey.person import Address
from survey.ports import Clock, Heard, Messages

CLICKS = "mattermost:clicks"
FORMS = "mattermost:forms"


def address_of(user_id: str) -> Address:
    """Where somebody is."""
    return Address(platform=PLATFORM, workspace=WORKSPACE, user_id=user_id)


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A click that is what it says.

    Attributes:
        at: When: by the server's clock where it tells, else by ours.
        trigger: The click itself, where the server tells of it.
    """

    sealed: Sealed
    ref: MessageRef
    at: datetime
    trigger: Trigger | None


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Checks everything that comes in before anything is done about it."""

    seal: Seal
    triggers: Triggers
    messages: Messages
    heard: Heard
    clock: Clock
    remembered: Remembered = field(default_factory=Remembered)

    def opened(self, text: object, *, user_id: str) -> Sealed:
        """What we sealed for this account; nothing is asked of anybody for it.

        Raises:
            OutOfDate: If it was not sealed by us, or not for here.
            NotYours: If it was sealed for somebody else.
        """
        if not isinstance(text, str):
            raise OutOfDate("That button carries no seal.")
        sealed = self.seal.open(text)
        if not opens_for(sealed, address_of(user_id)):
            raise NotYours("Sealed for somebody else.")
        return sealed

    async def passed(self, sealed: Sealed, click: Click) -> Passed:
        """The click, when all of it fits.

        Raises:
            OutOfDate: If it comes from another place than the button stands at, is no click of the
                server, or too old.
            Replayed: If it was heard before.
            StorageUnavailable: If the database does not answer.
        """
        place = sealed.place
        if place is None or place.channel != click.channel_id:
            raise OutOfDate("That button belongs into another channel.")
        if place.message not in {None, click.post_id}:
            raise OutOfDate("That button belongs below another message.")
        trigger = await self.trigger(click.trigger_id, user_id=click.user_id)
        at = self.clock() if trigger is None else trigger.at
        ref = MessageRef(channel=click.channel_id, message=click.post_id)
        if (
            place.message is None
            and place.delivery is not None
            and not await self.messages.vouch(place.delivery, ref, at=at)
        ):
            raise OutOfDate("That button belongs below another message.")
        if trigger is not None:
            await self.once(trigger, noted=sealed.act not in BY_TIME)
        return Passed(sealed=sealed, ref=ref, at=at, trigger=trigger)

    async def trigger(self, trigger_id: str, *, user_id: str) -> Trigger | None:
        """The server's own word for it; raises what `Triggers.check` raises."""
        return await self.triggers.check(trigger_id, user_id=user_id)

    async def once(self, trigger: Trigger, *, noted: bool = True) -> None:
        """Let a click through once; `noted` where all processes must know.

        Raises:
            Replayed: If it was heard before.
            StorageUnavailable: If the database does not answer.
        """
        if not self.remembered.first(trigger.id) or (
            noted and not await self.heard.done(CLICKS, trigger.id, at=self.clock())
        ):
            raise Replayed("That click was heard before.")
