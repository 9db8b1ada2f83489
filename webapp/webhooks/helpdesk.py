"""What all helpdesks have in common: a signature, a name for each event, words about a ticket."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from survey.comment import clean
from survey.tickets import LONGEST_NUMBER, Requester, TicketEvent, words

TOLERANCE_SECONDS = 5 * 60
"""How old a signature may be that tells when it was made, or how far that clock may be ahead."""
_LONGEST_ZONE = 64

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Ignored:
    """A genuine call that says nothing about asking anybody.

    Attributes:
        why: As the helpdesk's log shows it.
    """

    why: str


class Helpdesk(Protocol):
    """One format, with the secret of one helpdesk."""

    @property
    def source(self) -> str:
        """What its tickets are told by from those of others: `zammad`."""
        ...

    def signed(self, headers: Headers, body: bytes, *, at: datetime) -> bool:
        """Whether this call is from whoever has the secret, and as old as it may be."""
        ...

    def event_of(self, headers: Headers, body: bytes) -> str:
        """What it calls this event: told again, it is the same."""
        ...

    def read(self, told: object, headers: Headers, *, event: str) -> TicketEvent | Ignored:
        """What the body, read as JSON, says.

        Raises:
            ValidationError: If that is nothing that this helpdesk sends.
            InvalidValue: If the ticket can't be told from others.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What e-mails, locales and zones look like, as this machine knows them.

    Attributes:
        email: The address as it is kept; a ValueError if it is none.
        locale: The locale as it is kept; a ValueError if there is no such.
        zones: The IANA zones there are.
    """

    email: Callable[[str], str]
    locale: Callable[[str], str]
    zones: frozenset[str]

    def requester(
        self,
        email: str | None,
        *,
        name: str | None = None,
        locale: str | None = None,
        timezone: str | None = None,
    ) -> Requester | None:
        """Whoever opened a ticket; None if they can't be written to."""
        try:
            found = self.email(email or "")
        except ValueError:
            return None
        return Requester(
            email=found,
            name=words(name),
            locale=self._locale(locale),
            timezone=timezone if timezone in self.zones else None,
        )

    def _locale(self, locale: str | None) -> str | None:
        try:
            return self.locale(locale) if locale else None
        except ValueError:
            return None


class Told(BaseModel):
    """Part of what a helpdesk sends; there is more, which is none of our business."""

    model_config = ConfigDict(extra="ignore")


def _text(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def _moment(value: Any) -> Any:
    """An instant with its zone; numbers are none."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("write it like 2026-10-01T14:00:00Z") from None


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("it says no zone; write it like 2026-10-01T14:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("there is no such moment") from None


Text = Annotated[str, Field(strict=True), BeforeValidator(_text)]
Number = Annotated[
    str, Field(strict=True, min_length=1, max_length=LONGEST_NUMBER), BeforeValidator(_number)
]
Moment = Annotated[datetime, Field(strict=True), BeforeValidator(_moment), AfterValidator(_in_utc)]


def header(headers: Headers, name: str) -> str:
    """A header's words; empty where it is not there."""
    return headers.get(name, "")


def equal(one: str, other: str) -> bool:
    """Compared without haste, whatever is in them."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def just_now(moment: datetime, *, at: datetime) -> bool:
    """Whether a signature that tells when it was made is as old as it may be."""
    return abs((at - moment).total_seconds()) <= TOLERANCE_SECONDS


def digest_of(body: bytes) -> str:
    """A name for an event that was given none: what it says."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
