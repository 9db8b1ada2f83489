"""What a button carries: sealed by us, so that nobody can make or bend one."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from uuid import UUID

from survey.card import Act, Card, Subject
from survey.errors import OutOfDate
from survey.person import CHANNEL, Address

_SALT = b"voxpop.button"
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a button stands; a press of it counts from nowhere else.

    Attributes:
        channel: As the platform names it.
        message: The message, where it is known by then.
        delivery: What the message was sent as, where it is not; whoever is pressed asks the outbox.
    """

    channel: str
    message: str | None = None
    delivery: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What a button does, on what, and for whom alone.

    Attributes:
        place: Where it stands; None on platforms that tell nothing of places.
    """

    act: Act
    value: str
    subject: Subject | None
    to: Address
    place: Place | None = None


@dataclass(frozen=True, kw_only=True)
class _Key:
    """A key, and the id by which a seal names it; the id tells nothing about the key."""

    secret: bytes
    mark: bytes

    @classmethod
    def of(cls, secret: bytes) -> "_Key":
        return cls(
            secret=secret, mark=hmac.digest(secret, b"id", hashlib.sha256)[:2].hex().encode()
        )

    def signed(self, payload: bytes) -> bytes:
        named = b".".join((payload, self.mark))
        signature = hmac.digest(self.secret, named, hashlib.sha256).hex().encode()
        return b".".join((named, signature))


def meant_for(card: Card, to: Address, place: Place) -> Address:
    """Who may press a card's buttons: one account, or whoever is in the channel where it stands."""
    if not card.shared:
        return to
    return replace(to, user_id=f"{CHANNEL}{place.channel.removeprefix(CHANNEL)}")


def opens_for(sealed: Sealed, by: Address) -> bool:
    """Whether this account may press it.

    A channel's may be pressed by any account; that it is pressed in that channel is looked at where
    the place is.
    """
    to = sealed.to
    if to.channel is None:
        return to == by
    return (to.platform, to.workspace) == (by.platform, by.workspace)


def fits(sealed: Sealed, card: Card) -> bool:
    """Whether the message that was pressed may turn into this card."""
    return sealed.to.channel is None or card.shared


class Seal:
    """Seals with the newest key and opens with any that is still in use.

    A seal is whom it is for and what it does, each in base64, the key's id, and the HMAC-SHA256 of
    all three in hexadecimal, with dots between: one text for one meaning, every bit of which counts
    (base64 of a signature would have spare ones).

    Args:
        keys: Newest first, as `VOXPOP_SECRET_KEY` has them. A key that is dropped makes the
            buttons sealed with it worthless: keep it until the rounds of its time are closed.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        # Keys for buttons alone: a signature made for anything else opens none.
        self._keys = [_Key.of(hmac.digest(key.encode(), _SALT, hashlib.sha256)) for key in keys]

    def close(self, sealed: Sealed) -> str:
        """As short text, safe in URLs and JSON."""
        whom = _whom(sealed.subject, sealed.to, sealed.place)
        payload = b".".join((whom, _what(sealed.act, sealed.value)))
        return self._keys[0].signed(payload).decode()

    def open(self, text: str) -> Sealed:
        """What was sealed.

        Raises:
            OutOfDate: If it was not sealed by us, or with a key that is gone.
        """
        sealed = text.encode(errors="replace")
        payload, _, mark = sealed.rpartition(b".")[0].rpartition(b".")
        # Two keys may happen to have one id.
        fitting = [key for key in self._keys if key.mark == mark]
        if not any(hmac.compare_digest(key.signed(payload), sealed) for key in fitting):
            raise OutOfDate("That button was not sealed by this installation.")
        whom, _, what = payload.partition(b".")
        about, platform, workspace, user_id, *where = _read(whom)
        act, value = _read(what)
        try:
            known = Act(act)
        except ValueError as error:
            raise OutOfDate("That button is of another version.") from error
        return Sealed(
            act=known,
            value=value,
            subject=None
            if about is None
            else Subject(campaign_id=about[0], invitation_id=UUID(about[1])),
            to=Address(platform=platform, workspace=workspace, user_id=user_id),
            place=_place(*where) if where else None,
        )


@lru_cache(maxsize=64)  # the buttons of a message have it in common
def _whom(subject: Subject | None, to: Address, place: Place | None) -> bytes:
    about = None if subject is None else [subject.campaign_id, subject.invitation_id.hex]
    parts = [about, to.platform, to.workspace, to.user_id]
    if place is not None:
        delivery = None if place.delivery is None else place.delivery.hex
        parts += [place.channel, place.message, delivery]
    return _written(parts)


@lru_cache(maxsize=256)  # everybody's buttons do the same
def _what(act: Act, value: str) -> bytes:
    return _written([act.value, value])


def _written(parts: list[Any]) -> bytes:
    return base64.urlsafe_b64encode(_JSON.encode(parts).encode()).rstrip(b"=")


def _read(text: bytes) -> list[Any]:
    found: list[Any] = json.loads(base64.urlsafe_b64decode(text + b"=="))
    return found


def _place(channel: str, message: str | None, delivery: str | None) -> Place:
    return Place(
        channel=channel, message=message, delivery=None if delivery is None else UUID(delivery)
    )
