"""Mattermost, outbound."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, NoReturn
from uuid import UUID

from bot.mattermost.account import BotAccount, text_in
from bot.mattermost.channels import Channels, NotInChannel
from bot.mattermost.client import Client, ServerSays
from bot.mattermost.reachable import Reachable
from bot.mattermost.rendering import post_of, shown_as_of
from bot.sealing import Place, Seal
from survey.card import Card
from survey.delivery import MessageRef, Method, Pace
from survey.messenger import (
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientUnreachable,
    require_fit,
)
from survey.person import Address

PACES: Mapping[Method, Pace] = {
    Method.SEND: Pace(per_second=10, burst=10),
    Method.UPDATE: Pace(per_second=10, burst=10),
}
"""What a server takes without noticing; its own limit, off by default, is 10 calls a second."""
PAGE = 200
PAGES = 5
"""How far back a message is looked for; nobody has so many with a bot that asks once a quarter."""
GONE = "The message is gone."


class MattermostMessenger:
    """The port `Messenger`.

    Args:
        client: The bot's.
        seal: Closes what each button carries.
        callback_url: At which address the server reaches us.
        paces: How fast the server takes what.
    """

    repeats = False

    def __init__(
        self,
        client: Client,
        seal: Seal,
        callback_url: str,
        *,
        paces: Mapping[Method, Pace] = PACES,
        account: BotAccount | None = None,
    ) -> None:
        self.paces = paces
        self._client = client
        self._seal = seal
        self._callback_url = callback_url
        self._account = account or BotAccount(client)
        self._reachable = Reachable(client)
        self._channels = Channels(client)

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        """See the port."""
        require_fit(address, card)
        try:
            if address.channel is None:
                await self._reachable.check(address.user_id)
            bot_id, _ = await self._account.me()
            channel = await self._channel(address)
            files = await self._account.upload(channel, card)
            place = Place(channel=channel, delivery=delivery_id)
            made = await self._client.call(
                "POST",
                "/posts",
                json={
                    "channel_id": channel,
                    # The same within half a minute is the same post; later, `find` knows.
                    "pending_post_id": f"{bot_id}:{delivery_id}",
                    **({"file_ids": files} if files else {}),
                    **self._post(card, to=address, place=place, delivery=delivery_id),
                },
            )
            return MessageRef(channel=channel, message=text_in(made, "id"))
        except ServerSays as error:
            await self._mean(error, address)

    async def update(self, address: Address, ref: MessageRef, card: Card) -> None:
        """See the port."""
        require_fit(address, card)
        path = f"/posts/{ref.message}"
        try:
            bot_id, _ = await self._account.me()
            there = await self._client.call("GET", path)
            text_in(there, "id")
            if there.get("delete_at") or there.get("user_id") != bot_id:
                raise RecipientUnreachable(GONE)
            if _newer(shown_as_of(there.get("props") or {}), card.as_of):
                return
            delivery = _delivery(there)
            place = Place(channel=ref.channel, message=ref.message, delivery=delivery)
            post = self._post(card, to=address, place=place, delivery=delivery)
            await self._client.call("PUT", path, json={"id": ref.message, **post})
        except ServerSays as error:
            if error.status == HTTPStatus.NOT_FOUND:
                raise RecipientUnreachable(GONE) from error
            await self._mean(error)

    async def find(self, address: Address, delivery_id: UUID) -> MessageRef | None:
        """See the port."""
        try:
            bot_id, _ = await self._account.me()
            channel = await self._channel(address)
            for page in range(PAGES):
                listed = await self._client.call(
                    "GET", f"/channels/{channel}/posts", params={"page": page, "per_page": PAGE}
                )
                posts = listed.get("posts") if isinstance(listed, dict) else None
                if not isinstance(posts, dict):
                    raise OutcomeUnknown("Mattermost: the answer lists no posts")
                for post in posts.values():
                    # Anybody may write props; only what the bot wrote is its message.
                    if post.get("user_id") == bot_id and _delivery(post) == delivery_id:
                        return MessageRef(channel=channel, message=post["id"])
                if len(listed.get("order") or ()) < PAGE:
                    return None
        except ServerSays as error:
            await self._mean(error)
        raise OutcomeUnknown(f"It is not among the last {PAGE * PAGES} messages.")

    def _post(
        self, card: Card, *, to: Address, place: Place, delivery: UUID | None
    ) -> Mapping[str, Any]:
        return post_of(
            card,
            to=to,
            place=place,
            seal=self._seal,
            callback_url=self._callback_url,
            delivery=delivery,
        )

    async def _channel(self, address: Address) -> str:
        """Where a message to it stands."""
        if address.channel is not None:
            return await self._channels.id_of(address.channel)
        return await self._account.direct_channel(address.user_id)

    async def _mean(self, error: ServerSays, to: Address | None = None) -> NoReturn:
        """Raises what an error of the server's means to whoever sends."""
        if error.status == HTTPStatus.FORBIDDEN:
            # To one person, or to us altogether?
            try:
                mine = await self._client.call("GET", "/users/me")
            except ServerSays as another:
                meaning(another)
            if isinstance(mine, dict) and mine.get("delete_at"):
                raise PlatformRefuses("Mattermost: the bot's account is deactivated.") from error
            if to is not None and to.channel is not None:
                raise NotInChannel(to.channel) from error
        meaning(error)


def meaning(error: ServerSays) -> NoReturn:
    """What an error of the server's means, as the outbox knows it.

    Raises:
        RecipientUnreachable, PlatformBusy, PlatformRefuses, OutcomeUnknown: See the port.
    """
    if error.status == HTTPStatus.UNAUTHORIZED:
        raise PlatformRefuses(
            f"{error} – the bot's token was revoked, or the bot or its owner is deactivated; "
            "`voxpop mattermost setup` mends it."
        ) from error
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise PlatformBusy(str(error), retry_after=error.retry_after) from error
    if not error.outcome_known:
        raise OutcomeUnknown(str(error)) from error
    if error.status is None:
        raise PlatformBusy(str(error)) from error
    if error.status < HTTPStatus.BAD_REQUEST:
        raise PlatformRefuses(f"{error} – set VOXPOP_MATTERMOST__URL to it.") from error
    raise RecipientUnreachable(error.reason) from error


def _delivery(post: Mapping[str, Any]) -> UUID | None:
    found = (post.get("props") or {}).get("delivery_id")
    try:
        return UUID(found) if isinstance(found, str) else None
    except ValueError:
        return None


def _newer(shown: datetime | None, card: datetime | None) -> bool:
    return shown is not None and (card is None or card < shown)
