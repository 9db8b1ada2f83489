"""Links as JSON Web Tokens (RFC 7519), for programs that know what such a token looks like."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt

from survey.card import Subject
from survey.errors import LinkNotValid
from survey.ports import Link, Purpose

LONGEST = 600
"""Characters of such a token."""
_ALGORITHM = "HS256"
_LONGEST_LOCALE = 16
_LATEST = 2**33
"""Seconds since 1970, in the year 2242; what comes after is none of ours."""
_CHECKS = {
    "require": ["sub", "rnd", "use", "iat", "exp"],
    # That its time is over is for the caller to see.
    "verify_exp": False,
    "verify_iat": False,
}


class JsonTokens:
    """HMAC-SHA256 under a key for one purpose alone; `kid` tells which of ours it was.

    Claims: `sub` the invitation, `rnd` the campaign's number, `use` what it is for, `lng` the
    language, `iat` and `exp`. No name, no e-mail and no answer.

    Args:
        keys: Newest first.
        purpose: What the links are for.
    """

    def __init__(self, keys: tuple[str, ...], purpose: Purpose) -> None:
        self._purpose = purpose
        salt = f"voxpop.jwt.{purpose.value}".encode()
        self._keys = {_mark(key): _derived(key, salt) for key in keys}
        self._newest = _mark(keys[0])

    def write(self, link: Link) -> str:
        """The token of a link."""
        claims = {
            "sub": link.subject.invitation_id.hex,
            "rnd": link.subject.campaign_id,
            "use": self._purpose.value,
            "lng": link.locale[:_LONGEST_LOCALE],
            "iat": int(link.issued_at.timestamp()),
            "exp": int(link.expires_at.timestamp()),
        }
        key = self._keys[self._newest]
        return jwt.encode(claims, key, _ALGORITHM, headers={"kid": self._newest})

    def read(self, token: str) -> Link:
        """What a token says.

        Raises:
            LinkNotValid: If it is none of ours for this purpose.
        """
        try:
            named = jwt.get_unverified_header(token).get("kid")
            key = self._keys.get(named) if isinstance(named, str) else None
            if key is None:
                raise LinkNotValid
            if not _is_one_word(token):
                raise LinkNotValid
            claims = jwt.decode(token, key, algorithms=[_ALGORITHM], options=_CHECKS)  # type: ignore[arg-type]
            return self._link(claims)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise LinkNotValid from None

    def _link(self, claims: Mapping[str, Any]) -> Link:
        number, issued, expires = claims["rnd"], claims["iat"], claims["exp"]
        whole = all(type(one) is int and 0 <= one < _LATEST for one in (number, issued, expires))
        if not whole or claims["use"] != self._purpose.value:
            raise LinkNotValid
        return Link(
            subject=Subject(campaign_id=number, invitation_id=UUID(hex=str(claims["sub"]))),
            locale=str(claims.get("lng", "")),
            issued_at=datetime.fromtimestamp(issued, UTC),
            expires_at=datetime.fromtimestamp(expires, UTC),
            json=True,
        )


def _is_one_word(token: str) -> bool:
    """Whether its signature is written as we do: base64 leaves bits idle, and fillings to choose.

    All else is signed as it is written.
    """
    written = token.rpartition(".")[2].encode()
    return (
        base64.urlsafe_b64encode(base64.urlsafe_b64decode(written + b"==")).rstrip(b"=") == written
    )


def _derived(key: str, salt: bytes) -> bytes:
    return hmac.digest(key.encode(), salt, hashlib.sha256)


def _mark(key: str) -> str:
    """What names a key and tells nothing of it."""
    return hmac.digest(key.encode(), b"voxpop.jwt.kid", hashlib.sha256)[:6].hex()
