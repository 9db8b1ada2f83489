"""Who can be written to: Slack takes messages to deactivated accounts without a word.

It tells about one account 100 times a minute, about 1,000 of them 20 times a minute, and takes 300
messages: the first few are asked for alone, a round's people by the list.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any

from bot.slack.client import UNREADABLE
from bot.slack.directory import SLACKBOT, is_a_bot, is_a_guest, listed
from bot.slack.says import SlackSays
from bot.slack.workspaces import Workspaces
from survey.messenger import RecipientUnreachable

KEPT_SECONDS = 600.0
"""How long what was learnt is relied upon."""
ALONE = 50
"""Accounts of a workspace that are asked for one by one within a minute."""
PAGE = 1_000
WAITS_SECONDS = 5.0
"""How long a message waits for the list; then it comes again later."""
_REMEMBERED = 200_000
_ACCOUNT = re.compile("[UW][A-Z0-9]{1,40}")
_MINUTE = 60.0

NOT_THERE = "they have no account in this Slack workspace any more"
DEACTIVATED = "their Slack account is deactivated"
BOT = "their Slack account is a bot's"
GUEST = "their Slack account is a guest's"

Key = tuple[str, str]


class Reachable:
    """Looks accounts up, and keeps in mind what it learnt."""

    def __init__(
        self, workspaces: Workspaces, *, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._workspaces = workspaces
        self._seconds = seconds
        self._known: dict[Key, tuple[float, str]] = {}
        self._asking: dict[Key, asyncio.Task[str]] = {}
        self._alone: dict[str, deque[float]] = {}
        self._lists: dict[str, tuple[float, asyncio.Task[str]]] = {}

    async def check(self, workspace: str, user_id: str) -> None:
        """Nothing, if a message to this account has a reader.

        Raises:
            RecipientUnreachable: If it has none; the message says why.
            SlackSays: If Slack does not tell.
            PlatformRefuses: If we are not installed there.
        """
        if user_id == SLACKBOT:
            raise RecipientUnreachable(BOT)
        if not _ACCOUNT.fullmatch(user_id):
            raise RecipientUnreachable(NOT_THERE)
        key = workspace, user_id
        if (reason := self._fresh(key)) is None:
            reason = await self._asked(key)
        if reason:
            raise RecipientUnreachable(reason)

    async def close(self) -> None:
        """Stop asking."""
        tasks = [*self._asking.values(), *(task for _, task in self._lists.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._asking.clear()
        self._lists.clear()

    def _fresh(self, key: Key) -> str | None:
        until, reason = self._known.get(key, (0.0, ""))
        return reason if until > self._seconds() else None

    async def _asked(self, key: Key) -> str:
        if (task := self._asking.get(key)) is None:
            task = self._asking[key] = _begun(self._ask(key))
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        # Others may be waiting for the same: who gives up does so alone.
        return await asyncio.shield(task)

    async def _ask(self, key: Key) -> str:
        workspace, user_id = key
        if not self._may_ask_alone(workspace):
            await self._by_the_list(key)
            if (reason := self._fresh(key)) is not None:
                return reason
        try:
            told = await self._workspaces.call(workspace, "users.info", user=user_id)
        except SlackSays as error:
            if error.error not in {"user_not_found", "user_not_visible", "users_not_found"}:
                raise
            self._keep({key: NOT_THERE})
            return NOT_THERE
        user = told.get("user")
        if not isinstance(user, dict):
            raise SlackSays(200, UNREADABLE)
        reason = _reason(user)
        self._keep({key: reason})
        return reason

    def _may_ask_alone(self, workspace: str) -> bool:
        now = self._seconds()
        asked = self._alone.setdefault(workspace, deque(maxlen=ALONE))
        if len(asked) == ALONE and asked[0] > now - _MINUTE:
            return False
        asked.append(now)
        return True

    async def _by_the_list(self, key: Key) -> None:
        """Until the list has told about an account, or has ended without it."""
        workspace = key[0]
        begun, task = self._lists.get(workspace, (0.0, None))
        over = task is not None and task.done() and self._seconds() - begun > KEPT_SECONDS
        if task is None or over or (task.done() and task.exception() is not None):
            task = _begun(self._learn(workspace))
            self._lists[workspace] = self._seconds(), task
        deadline = time.monotonic() + WAITS_SECONDS
        while not task.done() and self._fresh(key) is None:
            await asyncio.wait({task}, timeout=0.05)
            if time.monotonic() > deadline:
                wait = timedelta(seconds=WAITS_SECONDS)
                raise SlackSays(429, "ratelimited", retry_after=wait, reached=False)
        if task.done():
            task.result()

    async def _learn(self, workspace: str) -> str:
        async for page in listed(self._workspaces, workspace, size=PAGE):
            self._keep({(workspace, str(user.get("id"))): _reason(user) for user in page})
        return workspace

    def _keep(self, reasons: Mapping[Key, str]) -> None:
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        until = self._seconds() + KEPT_SECONDS
        self._known.update({key: (until, reason) for key, reason in reasons.items()})


def _begun(what: Coroutine[Any, Any, str]) -> asyncio.Task[str]:
    task = asyncio.create_task(what)
    # Read once: it may be that nobody waits any more.
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


def _reason(user: Mapping[str, Any]) -> str:
    if user.get("deleted"):
        return DEACTIVATED
    if is_a_bot(user):
        return BOT
    return GUEST if is_a_guest(user) else ""
