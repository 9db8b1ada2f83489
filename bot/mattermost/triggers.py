"""The server's own signature below each click: who it was, and when."""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from survey.errors import OutOfDate, VoxpopError
from survey.ports import Clock

log = structlog.get_logger()

OLDEST = timedelta(hours=1)
"""How long a click counts: the server tells of it at once, and never again."""
EARLIEST = timedelta(minutes=5)
"""How far the server's clock may be ahead of ours."""
ASKED_AGAIN = timedelta(minutes=1)
"""How soon the server is asked for its key once more."""
PATIENCE_SECONDS = 1.0
"""How long clicks wait for the key; after that the first lock alone decides until it is there."""
_SIGNED = re.compile(r"(?P<id>[a-z0-9]{1,64}):(?P<user>[a-z0-9]{1,64}):(?P<ms>[0-9]{1,15}):")
_ALGORITHM = ec.ECDSA(SHA256())


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One click, as the server tells of it.

    Attributes:
        id: The click's own; a signature can be written in several ways, this cannot.
        user_id: Who it was.
        at: When, by the server's clock.
        verified: Whether its signature was checked; a server may have no key.
    """

    id: str
    user_id: str
    at: datetime
    verified: bool


class Triggers:
    """Checks what a `trigger_id` says of itself.

    Args:
        fetch: Asks the server for its public key (DER in base64); None if it has none.
        clock: What time it is.
    """

    def __init__(self, fetch: Callable[[], Awaitable[str | None]], *, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._key: ec.EllipticCurvePublicKey | None = None
        self._asked_at: datetime | None = None
        self._asking: asyncio.Task[None] | None = None
        self._waited_until = 0.0

    async def check(self, trigger_id: str, *, user_id: str) -> Trigger | None:
        """The click; None where there is neither a key nor anything to be read.

        Raises:
            OutOfDate: If it is forged, somebody else's, too old, or from the future.
        """
        key = await self._known_key()
        try:
            trigger, signed, signature = _read(trigger_id)
        except ValueError as error:
            if key is None:
                return None
            raise OutOfDate("That click names no trigger of the server.") from error
        if trigger.user_id != user_id:
            raise OutOfDate("That click was somebody else's.")
        if not -EARLIEST <= self._clock() - trigger.at <= OLDEST:
            raise OutOfDate("That click is too old, or of another clock.")
        if key is None:
            return trigger
        if not _fits(key, signed, signature):
            renewed = await self._known_key(anew=True)
            if renewed is None or renewed is key or not _fits(renewed, signed, signature):
                raise OutOfDate("That click was not signed by the server.")
        return Trigger(id=trigger.id, user_id=trigger.user_id, at=trigger.at, verified=True)

    async def _known_key(self, *, anew: bool = False) -> ec.EllipticCurvePublicKey | None:
        if self._key is not None and not anew:
            return self._key
        now, seconds = self._clock(), asyncio.get_running_loop().time()
        if self._asked_at is None or now - self._asked_at >= ASKED_AGAIN:
            self._asked_at = now
            self._asking = asyncio.create_task(self._ask())
            self._waited_until = seconds + PATIENCE_SECONDS
        if self._asking is not None and seconds < self._waited_until:
            # A server that takes longer is not asked in vain: the next clicks have its key.
            await asyncio.wait({self._asking}, timeout=self._waited_until - seconds)
        return self._key

    async def _ask(self) -> None:
        try:
            if told := await self._fetch():
                self._key = public_key(told)
        except (VoxpopError, ValueError) as error:
            log.warning("trigger_key_unknown", reason=type(error).__name__)


def public_key(text: str) -> ec.EllipticCurvePublicKey:
    """The key as the server's settings have it.

    Raises:
        ValueError: If it is no key for ECDSA.
    """
    key = load_der_public_key(base64.b64decode(text, validate=True))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("The server's public key is of another kind.")  # noqa: TRY004
    return key


def _read(trigger_id: str) -> tuple[Trigger, bytes, bytes]:
    """What it says, what of that is signed, and the signature.

    Raises:
        ValueError: If it is no trigger.
    """
    try:
        text = base64.b64decode(trigger_id, validate=True)
        said = _SIGNED.match(text.decode("ascii"))
        if said is None:
            raise ValueError("That is no trigger.")
        signature = base64.b64decode(text[said.end() :], validate=True)
        at = datetime.fromtimestamp(int(said["ms"]) / 1000, UTC)
    except (binascii.Error, OverflowError, OSError) as error:
        raise ValueError("That is no trigger.") from error
    trigger = Trigger(id=said["id"], user_id=said["user"], at=at, verified=False)
    return trigger, text[: said.end()], signature


def _fits(key: ec.EllipticCurvePublicKey, signed: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, signed, _ALGORITHM)
    except InvalidSignature:
        return False
    return True
