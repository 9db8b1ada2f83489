"""What a button carries: sealed by us, so that nobody can make or bend one."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from uuid import UUID

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from survey.card import Act, Subject
from survey.errors import OutOfDate
from survey.person import Address

_SALT = b"voxpop.button"


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """What a button does, on what, and for whom alone."""

    act: Act
    value: str
    subject: Subject | None
    to: Address


class Seal:
    """Seals with the newest key and opens with any that is still in use.

    Args:
        keys: Newest first, as `VOXPOP_SECRET_KEY` has them. A key that is dropped makes the
            buttons sealed with it worthless: keep it until the rounds of its time are closed.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        # Keys for buttons alone, derived once: itsdangerous would derive them for every press.
        own = [hmac.digest(key.encode(), _SALT, hashlib.sha256) for key in keys]
        # It signs with the last of a list and accepts all of them.
        self._signer = Signer(
            list(reversed(own)), key_derivation="none", digest_method=hashlib.sha256
        )

    def close(self, sealed: Sealed) -> str:
        """As short text, safe in URLs and JSON."""
        about = (
            None
            if sealed.subject is None
            else [sealed.subject.campaign_id, sealed.subject.invitation_id.hex]
        )
        to = sealed.to
        parts = [sealed.act.value, sealed.value, about, to.platform, to.workspace, to.user_id]
        payload = json.dumps(parts, separators=(",", ":"))
        return self._signer.sign(base64_encode(payload)).decode()

    def open(self, text: str) -> Sealed:
        """What was sealed.

        Raises:
            OutOfDate: If it was not sealed by us, or with a key that is gone.
        """
        try:
            parts = json.loads(base64_decode(self._signer.unsign(text)))
            act, value, about, platform, workspace, user_id = parts
            return Sealed(
                act=Act(act),
                value=value,
                subject=None
                if about is None
                else Subject(campaign_id=about[0], invitation_id=UUID(about[1])),
                to=Address(platform=platform, workspace=workspace, user_id=user_id),
            )
        except (BadData, ValueError, TypeError) as error:
            raise OutOfDate("That button was not sealed by this installation.") from error
