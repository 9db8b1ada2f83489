"""What SendGrid tells of mails that it carried for us: its signed Event Webhook."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from bot.email.reports import Returned, as_known, is_gone, status_in
from bot.email.sendgrid import NAMED
from survey.audit import plain
from survey.errors import InvalidValue
from survey.ports import Cause, Clock

OLDEST = timedelta(hours=25)
"""How old an event's signature may be: SendGrid repeats for a day what it could not tell us, and
to hear it twice has the effect of once."""
EARLIEST = timedelta(minutes=5)
"""How far SendGrid's clock may be ahead of ours."""
_ALGORITHM = ec.ECDSA(SHA256())
_MOMENT = re.compile("[0-9]{1,12}")
_NAME = re.compile("[0-9a-f]{32}")
_ID = re.compile(r"<?([0-9a-f]{32})@")
_DROPPED = {
    "bounced address": Cause.BOUNCED,
    "invalid": Cause.BOUNCED,
    "spam reporting address": Cause.COMPLAINED,
}
"""Why SendGrid does not even try, as far as it is about the mailbox."""


class EventSignatures:
    """Checks that SendGrid signed what came, before anything of it is read.

    Args:
        key: The verification key, as SendGrid's page on the webhook shows it.
        clock: What time it is.

    Raises:
        InvalidValue: If that is no key for ECDSA.
    """

    def __init__(self, key: str, *, clock: Clock) -> None:
        try:
            found = load_der_public_key(base64.b64decode(key, validate=True))
        except (binascii.Error, ValueError, TypeError) as error:
            raise InvalidValue(_NO_KEY) from error
        if not isinstance(found, ec.EllipticCurvePublicKey):
            raise InvalidValue(_NO_KEY)
        self._key = found
        self._clock = clock

    def fits(self, body: bytes, *, moment: str, signature: str) -> bool:
        """Whether SendGrid signed this, and not too long ago."""
        if _MOMENT.fullmatch(moment) is None:
            return False
        age = self._clock().timestamp() - int(moment)
        if not -EARLIEST.total_seconds() <= age <= OLDEST.total_seconds():
            return False
        try:
            signed = base64.b64decode(signature, validate=True)
            self._key.verify(signed, moment.encode() + body, _ALGORITHM)
        except (binascii.Error, ValueError, InvalidSignature):
            return False
        return True


_NO_KEY = (
    "VOXPOP_EMAIL__SENDGRID_WEBHOOK_KEY is no verification key: it begins with MFkw, and SendGrid "
    "shows it in Settings > Mail Settings > Event Webhooks, once signatures are switched on."
)


def returned_in(events: object) -> Iterator[Returned]:
    """The mails of ours that came back or were complained about; other events are passed over.

    Args:
        events: What the body has as JSON.
    """
    if isinstance(events, list):
        for event in events:
            if isinstance(event, dict) and (found := _returned(event)) is not None:
                yield found


def _returned(event: Mapping[str, Any]) -> Returned | None:
    name = _name(event)
    if name is None:
        return None
    said, status = _text(event, "reason"), status_in(_text(event, "status"))
    match _text(event, "event"):
        case "bounce":
            # "blocked" is what SendGrid calls a mail that was not liked: the mailbox is there.
            soft = _text(event, "type") == "blocked" or bool(status and not is_gone(status))
            cause = Cause.BOUNCED
        case "dropped" if said.lower() in _DROPPED:
            soft, cause, status = False, _DROPPED[said.lower()], ""
        case "dropped":
            soft, cause = True, Cause.BOUNCED
        case "spamreport":
            soft, cause = False, Cause.COMPLAINED
            said = said or "a complaint: spamreport"
        case _:
            return None
    return Returned(
        name=name,
        email=as_known(_text(event, "email")),
        cause=cause,
        status=status,
        reason=plain(said or f"status {status}"),
        soft=soft,
    )


def _name(event: Mapping[str, Any]) -> str | None:
    told = _text(event, NAMED)
    if _NAME.fullmatch(told):
        return told
    found = _ID.match(_text(event, "smtp-id"))
    return None if found is None else found[1]


def _text(event: Mapping[str, Any], field: str) -> str:
    value = event.get(field)
    return value[:2_000].strip() if isinstance(value, str) else ""
