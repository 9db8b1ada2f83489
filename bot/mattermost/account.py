"""The bot's own account: who it is, where it talks to people, and what it hangs onto messages."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from bot.mattermost.client import Client, Files, ServerSays
from survey.card import Card

REMEMBERED = 20_000
"""Direct channels kept in mind; a channel of two people never changes."""
_UNREADABLE = "the answer lacks what was asked for"


class BotAccount:
    """One bot; what never changes is asked once.

    Every method raises ServerSays if the server does not do it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: tuple[str, str] | None = None
        self._channels: OrderedDict[str, str] = OrderedDict()

    async def me(self) -> tuple[str, str]:
        """The bot's id and name."""
        if self._known is None:
            found = await self._client.call("GET", "/users/me")
            self._known = text_in(found, "id"), text_in(found, "username")
        return self._known

    async def direct_channel(self, user_id: str) -> str:
        """Where the bot and somebody talk alone."""
        if (known := self._channels.get(user_id)) is not None:
            self._channels.move_to_end(user_id)
            return known
        bot_id, _ = await self.me()
        made = await self._client.call("POST", "/channels/direct", json=[bot_id, user_id])
        channel = self._channels[user_id] = text_in(made, "id")
        if len(self._channels) > REMEMBERED:
            self._channels.popitem(last=False)
        return channel

    async def upload(self, channel: str, card: Card) -> Sequence[str]:
        """A card's picture and file, to be posted in this channel; their ids."""
        parts = []
        if (picture := card.picture) is not None:
            parts.append((picture.name, picture.png, "image/png"))
        if (file := card.attachment) is not None:
            parts.append((file.name, file.content, file.media_type))
        return [await self._upload(channel, part) for part in parts]

    async def _upload(self, channel: str, part: tuple[str, bytes, str]) -> str:
        form: Files = {"channel_id": (None, channel), "files": part}
        made = await self._client.call("POST", "/files", files=form)
        infos = made.get("file_infos") if isinstance(made, dict) else None
        return text_in(infos[0] if isinstance(infos, list) and infos else None, "id")


def text_in(answer: Any, name: str) -> str:
    """A field that the server promises.

    Raises:
        ServerSays: If it is not there: nobody knows what the server did.
    """
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, str) or not found:
        raise ServerSays(200, _UNREADABLE)
    return found
