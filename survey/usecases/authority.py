"""Whether somebody may do what administrators do."""

from dataclasses import dataclass

from survey.errors import AnotherAccount
from survey.person import Address, Administrators, Person
from survey.ports import Clock, Pins


@dataclass(frozen=True, kw_only=True)
class Authority:
    """People can change their e-mail in a chat, so an e-mail alone is no proof.

    Each administrator's e-mail is tied to the first account that comes with it. Accounts that the
    settings name by their id need no such tie. Whoever has left the roster is none any more.
    """

    administrators: Administrators
    pins: Pins
    clock: Clock

    async def __call__(self, person: Person, by: Address) -> bool:
        """Whether this person, with this account, is an administrator.

        Raises:
            AnotherAccount: If the e-mail is one, and tied to another account; the claim is noted.
            StorageUnavailable: If that can't be looked up.
        """
        if not person.active:
            return False
        if self.administrators.knows(by):
            return True
        if person not in self.administrators:
            return False
        pin = await self.pins.present(person.email, by, at=self.clock())
        if pin.address != by:
            raise AnotherAccount(person.email)
        return True
