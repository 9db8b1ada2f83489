"""Links by itsdangerous: the port `Links`."""

import base64
import binascii
import hashlib
import hmac
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from itsdangerous import BadSignature, HMACAlgorithm, Signer

from runtime.link_tokens import LONGEST, JsonTokens
from survey.card import Subject
from survey.errors import InvalidValue, LinkNotValid
from survey.ports import Link, Purpose

_HEAD = struct.Struct(">16sIIH")
"""The invitation, the round, when it was made (seconds since 1970), how long it is good (hours)."""
_LONGEST_LOCALE = 16
_LONGEST_TOKEN = 160
_DOTS = 2
"""How many a JSON Web Token has; the short ones have one."""
_HOUR = timedelta(hours=1)
_MOST_HOURS = 2**16 - 1


class _Short(HMACAlgorithm):
    """144 bits of HMAC-SHA256: no forger has the time, and no bit of its 24 letters is idle."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:18]


def _signer(keys: tuple[str, ...], purpose: Purpose) -> Signer:
    """Signs with the newest key, and tries each; with keys for links of one purpose alone."""
    salt = f"voxpop.link.{purpose.value}".encode()
    derived = [hmac.digest(key.encode(), salt, hashlib.sha256) for key in reversed(keys)]
    # Made once here: the library would derive them anew for each link.
    return Signer(derived, algorithm=_Short(hashlib.sha256), key_derivation="none")


class SignedLinks:
    """Short links: some 40 letters that say what, and 24 that say it was us; or JSON Web Tokens.

    Args:
        keys: Newest first, as `VOXPOP_SECRET_KEY` has them. Links that an older one signed are
            good for as long as it is named.
        base_url: Where people reach us.
    """

    def __init__(self, keys: tuple[str, ...], base_url: str) -> None:
        self._signers = {purpose: _signer(keys, purpose) for purpose in Purpose}
        self._tokens = {purpose: JsonTokens(keys, purpose) for purpose in Purpose}
        self._base_url = base_url

    def address(self, link: Link, purpose: Purpose) -> str:
        """See the port."""
        return f"{self._base_url}/{purpose.value}/{self.token(link, purpose)}"

    def token(self, link: Link, purpose: Purpose) -> str:
        """See the port."""
        hours = -((link.issued_at - link.expires_at) // _HOUR)
        if not 0 < hours <= _MOST_HOURS:
            raise InvalidValue(f"A link is good for 1 to {_MOST_HOURS} hours, not {hours}.")
        if link.json:
            return self._tokens[purpose].write(link)
        head = _HEAD.pack(
            link.subject.invitation_id.bytes,
            link.subject.campaign_id,
            int(link.issued_at.timestamp()),
            hours,
        )
        said = head + link.locale.encode("ascii")[:_LONGEST_LOCALE]
        signed = self._signers[purpose].sign(base64.urlsafe_b64encode(said).rstrip(b"="))
        return signed.decode("ascii")

    def read(self, token: str, purpose: Purpose) -> Link:
        """See the port."""
        if len(token) > LONGEST or not token.isascii():
            raise LinkNotValid
        if token.count(".") == _DOTS:
            return self._tokens[purpose].read(token)
        if len(token) > _LONGEST_TOKEN:
            raise LinkNotValid
        return self._checked(token, purpose)

    def _checked(self, token: str, purpose: Purpose) -> Link:
        try:
            text = self._signers[purpose].unsign(token)
            said = base64.urlsafe_b64decode(text + b"==")
            invitation, campaign, issued, hours = _HEAD.unpack_from(said)
            locale = said[_HEAD.size :].decode("ascii")
        except (BadSignature, binascii.Error, struct.error, UnicodeDecodeError):
            raise LinkNotValid from None
        issued_at = datetime.fromtimestamp(issued, UTC)
        return Link(
            subject=Subject(campaign_id=campaign, invitation_id=UUID(bytes=invitation)),
            locale=locale,
            issued_at=issued_at,
            expires_at=issued_at + hours * _HOUR,
        )
