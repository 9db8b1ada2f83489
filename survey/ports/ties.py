"""Who on the roster has which account in a chat, found by their e-mails."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Tied:
    """What was changed.

    Attributes:
        tied: How many people have an account now who had none.
        freed: How many have none any more, because theirs is deactivated.
    """

    tied: int = 0
    freed: int = 0

    def __add__(self, other: "Tied") -> "Tied":
        return Tied(tied=self.tied + other.tied, freed=self.freed + other.freed)


class Ties(Protocol):
    """Addresses that nobody wrote down: an e-mail is the same here and there."""

    async def tie(
        self,
        platform: str,
        workspace: str,
        *,
        accounts: Mapping[str, str],
        gone: Collection[str] = (),
    ) -> Tied:
        """Give active people without an address on the platform the account with their e-mail.

        Who has an address there keeps it, whoever has their e-mail now; an account that is
        somebody's stays theirs. Whose account is gone loses it: what was planned for it is
        skipped, and they may be given another one.

        Args:
            platform: Where.
            workspace: Where on it.
            accounts: E-mail, lower case, to the account's id; some hundreds.
            gone: Ids of accounts that are deactivated.

        Raises:
            StorageUnavailable: If the database did not take it; nothing is saved.
        """
        ...

    async def give_mailboxes(self) -> int:
        """Give every active person without a mailbox that of their e-mail; how many got one.

        None gets one that refuses our mail.

        Raises:
            StorageUnavailable: If the database did not take it; nothing is saved.
        """
        ...

    async def release(self, platform: str, workspace: str) -> int:
        """We are in a workspace no more: all accounts there are nobody's; how many were.

        What was planned for them is skipped, and people may be given accounts elsewhere.

        Raises:
            StorageUnavailable: If the database did not take it; nothing is saved.
        """
        ...

    async def untied(self, platform: str, *, after: str = "", limit: int) -> Sequence[str]:
        """E-mails of active people without an address on the platform, beginning behind one."""
        ...
