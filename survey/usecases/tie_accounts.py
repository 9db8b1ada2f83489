"""Find out who on the roster has which account in a chat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from survey.ports import Account, Directory, Tied, Ties

LOOKED_UP = 50
"""How many e-mails one run asks for one by one."""


@dataclass(frozen=True, kw_only=True)
class TieAccounts:
    """Everybody's e-mail is held against the accounts of one workspace of a platform.

    The team's members come in pages, and each page is one transaction: what was found stays, even
    if the chat goes away half-way through.

    Attributes:
        looks_up: Whether somebody may be there who is no member, and is asked for by their e-mail.
    """

    platform: str
    workspace: str
    directory: Directory
    ties: Ties
    looks_up: bool = True

    async def __call__(self, *, after: str = "") -> tuple[Tied, str]:
        """Go through the team, then look up some who are not in it.

        Args:
            after: Behind which e-mail the looking up goes on.

        Returns:
            What was changed, and where the next run goes on.

        Raises:
            VoxpopError: If the chat can't be asked, or the database did not take it.
        """
        changed = Tied()
        async for page in self.directory.members():
            changed += await self._tie(page)
        emails = await self._left_over(after) if self.looks_up else ()
        if emails:
            found = await self.directory.by_emails(emails)
            changed += await self._tie(found.values())
        return changed, emails[-1] if len(emails) == LOOKED_UP else ""

    async def _left_over(self, after: str) -> Sequence[str]:
        return await self.ties.untied(self.platform, after=after, limit=LOOKED_UP)

    async def _tie(self, accounts: Iterable[Account]) -> Tied:
        people = [account for account in accounts if not account.is_bot]
        return await self.ties.tie(
            self.platform,
            self.workspace,
            accounts={
                account.email: account.user_id
                for account in people
                if account.active and account.email and not account.is_guest
            },
            gone=[account.user_id for account in people if not account.active],
        )
