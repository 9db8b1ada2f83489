"""Who is on the server: its accounts as a roster, and by their e-mails."""

import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from bot.found_accounts import FoundAccounts
from bot.mattermost.account import text_in
from bot.mattermost.client import Client, ServerSays
from survey.ports import Account

PAGE = 200
"""Accounts in one answer; servers give no more."""
ONE_BY_ONE = 50
"""More e-mails than these are looked for among the team's members first."""
AT_ONCE = 4
"""Look-ups under way; the client's other threads are for whoever presses meanwhile."""


class Directory:
    """The server's accounts.

    Args:
        client: The bot's.
        team: Whose members are asked, by the name in its URLs; None for nobody by membership.
    """

    def __init__(
        self,
        client: Client,
        team: str | None,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._team = team
        self._team_id: str | None = None
        self._found = FoundAccounts(self._by_email, at_once=AT_ONCE, seconds=seconds)

    async def members(self) -> AsyncIterator[list[Account]]:
        """The team's members a page at a time, deactivated ones and bots too.

        Raises:
            ServerSays: If the server does not tell, or there is no such team.
        """
        if self._team is None:
            return
        if self._team_id is None:
            found = await self._client.call("GET", f"/teams/name/{quote(self._team, safe='')}")
            self._team_id = text_in(found, "id")
        page, full = 0, True
        while full:
            listed = await self._client.call(
                "GET",
                "/users",
                params={"in_team": self._team_id, "page": page, "per_page": PAGE},
            )
            if not isinstance(listed, list):
                raise ServerSays(200, "the answer lists no accounts")
            yield [_account(user) for user in listed]
            page, full = page + 1, len(listed) == PAGE

    async def by_emails(self, emails: Collection[str]) -> Mapping[str, Account]:
        """E-mail (in lower case) → the account of a person who is there and no guest.

        Raises:
            ServerSays: If the server does not tell.
        """
        wanted = {email.lower() for email in emails}
        missing = self._found.missing(wanted)
        if len(missing) > ONE_BY_ONE:
            async for page in self.members():
                found = {account.email: account for account in page if account.email in missing}
                self._found.keep(found)
                missing -= set(found)
                if not missing:
                    break
        await self._found.look_up(missing)
        return self._found.people(wanted)

    async def _by_email(self, email: str) -> Account | None:
        try:
            found = await self._client.call("GET", f"/users/email/{quote(email, safe='@')}")
        except ServerSays as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return _account(found)


def _account(user: Mapping[str, Any]) -> Account:
    username = text_in(user, "username")
    names = (str(user.get(name) or "").strip() for name in ("first_name", "last_name"))
    return Account(
        user_id=text_in(user, "id"),
        username=username,
        email=str(user.get("email") or "").lower(),
        name=" ".join(filter(None, names)) or username,
        timezone=_timezone(user.get("timezone")),
        locale=str(user.get("locale") or "") or None,
        active=not user.get("delete_at"),
        is_bot=bool(user.get("is_bot")),
        is_guest="system_guest" in str(user.get("roles") or "").split(),
    )


def _timezone(told: object) -> str | None:
    """The zone that the person chose, or the one that their device reported."""
    if not isinstance(told, dict):
        return None
    automatic = str(told.get("useAutomaticTimezone")).lower() == "true"
    return told.get("automaticTimezone" if automatic else "manualTimezone") or None
