"""Who is asked, and where they can be reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from survey.localtime import zone

EMAIL = "email"
"""The platform of plain e-mail: what went out there stays as it was sent."""

CHANNEL = "#"
"""What the address of a channel begins with; no account's does."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Somebody in a chat: an id that only means something in one workspace of one platform.

    Where it begins with `#` it is a channel of many, who see alerts there and nothing else.
    """

    platform: str
    workspace: str
    user_id: str

    @property
    def channel(self) -> str | None:
        """The channel that this is, as the settings name it; None where it is somebody's own."""
        return self.user_id[1:] if self.user_id.startswith(CHANNEL) else None

    @classmethod
    def mailbox(cls, email: str) -> "Address":
        """Where an e-mail goes."""
        return cls(platform=EMAIL, workspace="", user_id=email)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who can be asked.

    Attributes:
        id: Our number for them.
        email: Lower case, unique.
        name: As they are addressed.
        timezone: Their IANA zone; the organisation's where they have none.
        locale: Their language, such as `de` or `pt_BR`: the one that they chose, else the roster's,
            else English.
        attributes: What the roster says of them: team, site, …
        active: False for whoever has left the roster, as the port `People` tells.
        compact: Whether they prefer one menu to a button for each score.
    """

    id: int
    email: str
    name: str
    timezone: str
    locale: str = "en"
    attributes: Mapping[str, str] = field(default_factory=dict)
    active: bool = True
    compact: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """Their time zone."""
        return zone(self.timezone)

    @property
    def first_name(self) -> str:
        """The first word of their name, or all of it."""
        return self.name.split()[0] if self.name.strip() else self.email


@dataclass(frozen=True, kw_only=True)
class Channels:
    """Where somebody can be asked.

    Attributes:
        platforms: On which they have an address, by name.
        first: Which they want to be asked on before all others; None if they never said.
    """

    platforms: tuple[str, ...] = ()
    first: str | None = None


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What a roster says of somebody; the e-mail is what makes them the same person.

    Attributes:
        timezone: An IANA zone, or None for the organisation's.
        locale: A language, or None for English.
    """

    email: str
    name: str
    timezone: str | None = None
    locale: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Administrators:
    """Who may run surveys and read figures.

    Attributes:
        emails: Lower case; each is tied to the first account that comes with it.
        accounts: `mattermost:ID`, `slack:ID` or `sandbox:ID`, as the platform writes the id.
    """

    emails: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    def __contains__(self, person: Person) -> bool:
        """Whether this person's e-mail is among them; enough to show something, not to allow it."""
        return person.email in self.emails

    def __bool__(self) -> bool:
        """Whether anybody is named."""
        return bool(self.emails or self.accounts)

    def knows(self, address: Address) -> bool:
        """Whether this very account is named."""
        return f"{address.platform}:{address.user_id}" in self.accounts
