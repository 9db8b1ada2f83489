"""Who has an account in a chat, as the chat tells it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account of a chat.

    Attributes:
        user_id: As the platform writes it.
        username: As people type it, without an @.
        email: Lower case; empty where the platform does not tell.
        name: As the person gave it; else the username.
        timezone: As the platform names it; None where it tells none.
        locale: As the platform names it; None where it tells none.
        active: False once it is deactivated.
        is_bot: Whether no person stands behind it.
        is_guest: Whether it only sees what it was invited to.
    """

    user_id: str
    username: str
    email: str
    name: str
    timezone: str | None = None
    locale: str | None = None
    active: bool = True
    is_bot: bool = False
    is_guest: bool = False


class Directory(Protocol):
    """The accounts of one workspace of a platform. Whatever goes wrong is a `VoxpopError`."""

    def members(self) -> AsyncIterator[Sequence[Account]]:
        """Everybody there in pages, bots and deactivated accounts among them."""
        ...

    async def by_emails(self, emails: Collection[str]) -> Mapping[str, Account]:
        """E-mail, lower case, to the active account of a person who is no guest; a call each."""
        ...
