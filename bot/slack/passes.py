"""Short texts that we hand out and know again: until when they hold, and that we wrote them."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from survey.errors import OutOfDate

_SALT = b"voxpop.slack.pass"
_SHAPE = re.compile(r"([a-z]+)\.([0-9]{1,12})\.([A-Za-z0-9_-]{1,64})\.([0-9a-f]{64})", re.ASCII)
_NONCE_BYTES = 16


class Purpose(StrEnum):
    """What a pass is good for."""

    LINK = "link"
    """Beginning an installation."""
    STATE = "state"
    """Ending the one that was begun."""


class Passes:
    """Written with the newest key, read with any that is still in use; each reads `what.until.…`.

    Args:
        keys: Newest first, as `VOXPOP_SECRET_KEY` has them.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        # Keys for passes alone: a signature made for anything else opens none.
        self._keys = [hmac.digest(key.encode(), _SALT, hashlib.sha256) for key in keys]

    def write(self, purpose: Purpose, *, until: datetime) -> str:
        """A new one, as short text that is safe in URLs and cookies."""
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        said = ".".join((purpose.value, str(int(until.timestamp())), nonce))
        return ".".join((said, self._sign(self._keys[0], said)))

    def read(self, purpose: Purpose, text: str, *, at: datetime) -> str:
        """What tells it from all others, for who keeps that it was used.

        Raises:
            OutOfDate: If we did not write it, for something else, or it is over.
        """
        found = _SHAPE.fullmatch(text)
        if found is None:
            raise OutOfDate("That was not written by this installation.")
        said, signature = text.rpartition(".")[0], found[4]
        if found[1] != purpose.value or not any(
            hmac.compare_digest(self._sign(key, said), signature) for key in self._keys
        ):
            raise OutOfDate("That was not written by this installation.")
        if at.timestamp() >= int(found[2]):
            raise OutOfDate("That is over.")
        return found[3]

    @staticmethod
    def _sign(key: bytes, said: str) -> str:
        return hmac.digest(key, said.encode(), hashlib.sha256).hex()


def link(base_url: str, passes: Passes, *, at: datetime, holds: timedelta) -> str:
    """Where somebody begins to install the app in a workspace of theirs."""
    text = passes.write(Purpose.LINK, until=at + holds)
    return f"{base_url.rstrip('/')}/slack/install?pass={text}"
