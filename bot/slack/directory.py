"""Who is in a workspace: its accounts as a roster, and by their e-mails."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

from bot.found_accounts import FoundAccounts
from bot.slack.client import UNREADABLE
from bot.slack.says import SlackSays
from bot.slack.workspaces import Workspaces, text_in
from survey.ports import Account

PAGE = 200
"""Accounts in one answer; Slack recommends no more."""
ONE_BY_ONE = 40
"""More e-mails than these are looked for in the list of members: look-ups are 50 a minute."""
AT_ONCE = 4
WAITS = timedelta(seconds=60)
"""The longest that one page is waited for; lists are long, and 20 pages a minute is their rate."""
SLACKBOT = "USLACKBOT"
_TRIES = 5


class Directory:
    """The accounts of one workspace.

    Args:
        workspaces: With their tokens.
        workspace: Which one, as addresses name it.
    """

    def __init__(
        self,
        workspaces: Workspaces,
        workspace: str,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workspaces = workspaces
        self._workspace = workspace
        self._found = FoundAccounts(self._by_email, at_once=AT_ONCE, seconds=seconds)

    async def members(self) -> AsyncIterator[list[Account]]:
        """Everybody a page at a time, deactivated ones, guests and bots too.

        Raises:
            SlackSays, PlatformRefuses: If Slack does not tell.
        """
        async for page in listed(self._workspaces, self._workspace, size=PAGE, locales=True):
            yield [_account(user) for user in page]

    async def by_emails(self, emails: Collection[str]) -> Mapping[str, Account]:
        """E-mail (in lower case) → the account of a person who is there and no guest.

        Raises:
            SlackSays, PlatformRefuses: If Slack does not tell.
        """
        wanted = {email.lower() for email in emails}
        missing = self._found.missing(wanted)
        if len(missing) > ONE_BY_ONE:
            missing = await self._among_members(missing)
        await self._found.look_up(missing)
        return self._found.people(wanted)

    async def _among_members(self, emails: set[str]) -> set[str]:
        """Look them up in the list; whom it can't tell about: all, if it hides e-mails."""
        shows = False
        missing = set(emails)
        async for page in self.members():
            shows = shows or any(account.email for account in page if not account.is_bot)
            found = {account.email: account for account in page if account.email in missing}
            self._found.keep(found)
            missing -= set(found)
            if not missing:
                break
        if not shows:
            return missing
        self._found.keep(dict.fromkeys(missing))
        return set()

    async def _by_email(self, email: str) -> Account | None:
        try:
            found = await patiently(
                self._workspaces, self._workspace, "users.lookupByEmail", email=email
            )
        except SlackSays as error:
            if error.error in {"users_not_found", "user_not_found"}:
                return None
            raise
        user = found.get("user")
        if not isinstance(user, dict):
            raise SlackSays(200, UNREADABLE)
        return _account(user)


async def listed(
    workspaces: Workspaces, workspace: str, *, size: int, locales: bool = False
) -> AsyncIterator[list[Mapping[str, Any]]]:
    """All accounts of a workspace as Slack tells them, a page at a time.

    Args:
        workspaces: With their tokens.
        workspace: Which one.
        size: How many a page has at most.
        locales: Whether their languages are told too.

    Raises:
        SlackSays, PlatformRefuses: If Slack does not tell.
    """
    cursor: str | None = None
    while cursor != "":
        told = await patiently(
            workspaces,
            workspace,
            "users.list",
            limit=size,
            cursor=cursor,
            include_locale=locales or None,
        )
        users = told.get("members")
        if not isinstance(users, list):
            raise SlackSays(200, UNREADABLE)
        yield users
        cursor = next_page(told)


def next_page(told: Mapping[str, Any]) -> str:
    """Where a list goes on; empty at its end."""
    more = told.get("response_metadata")
    found = more.get("next_cursor") if isinstance(more, dict) else None
    return found if isinstance(found, str) else ""


async def patiently(
    workspaces: Workspaces, workspace: str, method: str, **arguments: Any
) -> Mapping[str, Any]:
    """A call that waits while Slack wants to be left alone, for nobody waits for its answer.

    Raises:
        SlackSays: Whatever went wrong, too long a wait among it.
        PlatformRefuses: If we are not installed there.
    """
    for tried in range(_TRIES):
        try:
            return await workspaces.call(workspace, method, **arguments)
        except SlackSays as error:
            wait = error.retry_after or timedelta(seconds=2**tried)
            if not error.busy or wait > WAITS:
                raise
        await asyncio.sleep(wait.total_seconds())
    return await workspaces.call(workspace, method, **arguments)


def _account(user: Mapping[str, Any]) -> Account:
    user_id = text_in(user, "id")
    told = user.get("profile")
    profile = told if isinstance(told, dict) else {}
    username = str(user.get("name") or user_id)
    name = str(profile.get("real_name") or user.get("real_name") or "").strip()
    return Account(
        user_id=user_id,
        username=username,
        email=str(profile.get("email") or "").lower(),
        name=name or username,
        timezone=str(user.get("tz") or "") or None,
        locale=str(user.get("locale") or "") or None,
        active=not user.get("deleted"),
        is_bot=is_a_bot(user),
        is_guest=is_a_guest(user),
    )


def is_a_bot(user: Mapping[str, Any]) -> bool:
    """Whether no person stands behind an account; Slack's own says nothing about itself."""
    kinds = ("is_bot", "is_workflow_bot", "is_connector_bot")
    return user.get("id") == SLACKBOT or any(user.get(kind) for kind in kinds)


def is_a_guest(user: Mapping[str, Any]) -> bool:
    """Whether an account only sees what it was invited to, or belongs to another workspace."""
    return any(user.get(kind) for kind in ("is_restricted", "is_ultra_restricted", "is_stranger"))
