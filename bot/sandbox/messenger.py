"""The sandbox, outbound."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from bot.sandbox.chat import Author, Chat
from bot.sandbox.rendering import content_of
from bot.sealing import Seal
from survey.card import Card
from survey.delivery import MessageRef, Method, Pace
from survey.messenger import NO_LIMITS, RecipientUnreachable, require_fit
from survey.person import Address
from survey.ports import Clock


@dataclass(frozen=True, kw_only=True)
class SandboxMessenger:
    """The port `Messenger`: inboxes are named after people, or after channels."""

    repeats = False

    chat: Chat
    seal: Seal
    clock: Clock

    @property
    def paces(self) -> Mapping[Method, Pace]:
        """See the port."""
        return NO_LIMITS

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        """See the port."""
        require_fit(address, card)
        number = await self.chat.add(
            address.user_id,
            content_of(card, to=address, seal=self.seal),
            author=Author.VOXPOP,
            at=self.clock(),
            delivery_id=delivery_id,
            image=None if card.picture is None else card.picture.png,
            attachment=card.attachment,
        )
        return MessageRef(channel=address.user_id, message=str(number))

    async def update(self, address: Address, ref: MessageRef, card: Card) -> None:
        """See the port."""
        require_fit(address, card)
        content = content_of(card, to=address, seal=self.seal)
        if not await self.chat.replace(int(ref.message), content, as_of=card.as_of):
            raise RecipientUnreachable("That message is gone.")

    async def find(self, address: Address, delivery_id: UUID) -> MessageRef | None:
        """See the port."""
        number = await self.chat.find(delivery_id)
        if number is None:
            return None
        return MessageRef(channel=address.user_id, message=str(number))
