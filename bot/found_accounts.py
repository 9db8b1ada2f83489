"""Accounts that were looked for by their e-mails, kept in mind for a while."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping

from survey.ports import Account

KEPT_SECONDS = 600.0


class FoundAccounts:
    """What a chat said of e-mails lately.

    Args:
        look_up: Asks the chat for one; None if nobody has it.
        at_once: How many are asked for at the same time.
        seconds: A clock that never goes back.
    """

    def __init__(
        self,
        look_up: Callable[[str], Awaitable[Account | None]],
        *,
        at_once: int,
        seconds: Callable[[], float],
    ) -> None:
        self._look_up = look_up
        self._at_once = at_once
        self._seconds = seconds
        self._known: dict[str, tuple[float, Account | None]] = {}

    def missing(self, emails: Collection[str]) -> set[str]:
        """Of which nothing is known, or nothing lately."""
        now = self._seconds()
        return {email for email in emails if self._known.get(email, (0.0,))[0] <= now}

    def keep(self, accounts: Mapping[str, Account | None]) -> None:
        """E-mails and who has them; None for nobody."""
        until = self._seconds() + KEPT_SECONDS
        self._known.update({email: (until, account) for email, account in accounts.items()})

    async def look_up(self, emails: Collection[str]) -> None:
        """Ask the chat for each; the first thing that goes wrong ends it."""
        slots = asyncio.Semaphore(self._at_once)

        async def one(email: str) -> None:
            async with slots:
                self.keep({email: await self._look_up(email)})

        try:
            async with asyncio.TaskGroup() as group:
                for email in emails:
                    group.create_task(one(email))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    def people(self, emails: Collection[str]) -> Mapping[str, Account]:
        """Those of them that somebody has who can be written to."""
        accounts = {email: self._known[email][1] for email in emails}
        return {
            email: account
            for email, account in accounts.items()
            if account is not None
            and account.active
            and not account.is_bot
            and not account.is_guest
        }
