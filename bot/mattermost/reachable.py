"""Who can be written to: the server takes messages to deactivated accounts without a word."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.mattermost.client import Client, ServerSays
from survey.messenger import RecipientUnreachable

TOGETHER_SECONDS = 0.005
"""Who is asked for within this time is looked up together."""
KEPT_SECONDS = 600.0
"""How long what was learnt is relied upon."""
AT_ONCE = 200
"""Accounts in one look-up."""
_REMEMBERED = 50_000
_ACCOUNT = re.compile("[a-z0-9]{26}")

NOT_THERE = "they have no Mattermost account any more"
DEACTIVATED = "their Mattermost account is deactivated"
BOT = "their Mattermost account is a bot's"


class Reachable:
    """Looks accounts up, many at a time."""

    def __init__(self, client: Client, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._seconds = seconds
        self._known: dict[str, tuple[float, str]] = {}
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def check(self, user_id: str) -> None:
        """Nothing, if a message to this account has a reader.

        Raises:
            RecipientUnreachable: If it has none; the message says why.
            ServerSays: If the server does not tell.
        """
        if not _ACCOUNT.fullmatch(user_id):
            raise RecipientUnreachable(NOT_THERE)
        until, reason = self._known.get(user_id, (0.0, ""))
        if until <= self._seconds():
            reason = await self._asked(user_id)
        if reason:
            raise RecipientUnreachable(reason)

    async def _asked(self, user_id: str) -> str:
        found = self._waiting.get(user_id)
        if found is None:
            if not self._waiting:
                task = asyncio.create_task(self._ask_soon())
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            found = self._waiting[user_id] = asyncio.get_running_loop().create_future()
        # Others may be waiting for the same: who gives up does so alone.
        return await asyncio.shield(found)

    async def _ask_soon(self) -> None:
        await asyncio.sleep(TOGETHER_SECONDS)
        waiting, self._waiting = self._waiting, {}
        wanted = list(waiting)
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            try:
                reasons = await self._ask(some)
            except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it was
                for user_id in some:
                    waiting[user_id].set_exception(error)
                    # Read once: it may be that nobody waits any more.
                    waiting[user_id].exception()
            else:
                for user_id in some:
                    waiting[user_id].set_result(reasons[user_id])

    async def _ask(self, user_ids: Sequence[str]) -> Mapping[str, str]:
        answer = await self._client.call("POST", "/users/ids", json=user_ids)
        if not isinstance(answer, list):
            raise ServerSays(200, "the answer lists no accounts")
        found = {user["id"]: user for user in answer if isinstance(user, dict) and "id" in user}
        reasons = {user_id: _reason(found.get(user_id)) for user_id in user_ids}
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        until = self._seconds() + KEPT_SECONDS
        self._known.update({user_id: (until, reason) for user_id, reason in reasons.items()})
        return reasons


def _reason(user: Mapping[str, Any] | None) -> str:
    if user is None:
        return NOT_THERE
    if user.get("delete_at"):
        return DEACTIVATED
    return BOT if user.get("is_bot") else ""
