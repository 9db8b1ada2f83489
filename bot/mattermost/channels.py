"""Channels by the names that the settings give them: `team/channel`."""

import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from bot.mattermost.account import text_in
from bot.mattermost.client import Client, ServerSays
from survey.messenger import RecipientUnreachable

KEPT_SECONDS = 600.0
"""How long what was learnt is relied upon: a channel can be made anew under its name."""
_UNSEEN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class NotInChannel(RecipientUnreachable):
    """The bot may not post in a channel; the message says the mend."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the bot sees no channel {name}: look at the spelling (the names in its address, "
            "team/channel), and invite the bot there with /invite"
        )


class Channels:
    """Looks channels up, and keeps in mind what it learnt."""

    def __init__(self, client: Client, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._seconds = seconds
        self._known: dict[str, tuple[float, str]] = {}

    async def id_of(self, name: str) -> str:
        """The server's own name for a channel.

        Raises:
            RecipientUnreachable: If the bot sees no such channel; the message says the mend.
            ServerSays: If the server does not tell.
        """
        until, found = self._known.get(name, (0.0, ""))
        if until > self._seconds():
            return found
        team, _, channel = name.partition("/")
        try:
            found_team = await self._client.call("GET", f"/teams/name/{quote(team, safe='')}")
            path = f"/teams/{text_in(found_team, 'id')}/channels/name/{quote(channel, safe='')}"
            found = text_in(await self._client.call("GET", path), "id")
        except ServerSays as error:
            if error.status in _UNSEEN:
                raise NotInChannel(name) from error
            raise
        self._known[name] = (self._seconds() + KEPT_SECONDS, found)
        return found
