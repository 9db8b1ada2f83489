"""Ids, times and signatures as the server issues them."""

import base64
import json
import secrets
import time
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.mattermost.errors import ApiError
from tests.mattermost.golang import IllegalBase64, compact, decode_base64

LETTERS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"ybndrfg8ejkmcpqxot1uwisza345h769")
TRIGGER_SECONDS = 3
TRIGGER_PARTS = 4


def new_id() -> str:
    """26 letters and digits."""
    return base64.b32encode(secrets.token_bytes(16))[:26].translate(LETTERS).decode()


class Clock:
    """The server's clock, in whole milliseconds; a test may put it forward."""

    def __init__(self) -> None:
        self._ahead = 0

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self._ahead

    def advance(self, seconds: float) -> None:
        """As if so much time had passed; what was written stays where it was."""
        self._ahead += round(seconds * 1000)


def _refused(what: str, message: str, detail: str = "") -> ApiError:
    return ApiError(400, f"interactive_message.decode_trigger_id.{what}", message, detail)


class SigningKey:
    """The server's ECDSA P-256 key: trigger ids are signed with it."""

    def __init__(self, clock: Clock) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._clock = clock

    @property
    def public(self) -> str:
        """As `AsymmetricSigningPublicKey` shows it: base64 of DER."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def trigger(self, user_id: str) -> tuple[str, str]:
        """A new trigger: what the client is told, and what the integration is told."""
        short = new_id()
        signed = f"{short}:{user_id}:{self._clock.now()}:"
        signature = base64.b64encode(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return short, base64.b64encode(signed.encode() + signature).decode()

    def verify(self, trigger_id: str) -> tuple[str, str]:
        """The short trigger id and the user of a trigger.

        Raises:
            ApiError: 400, it is none of ours, or older than 3 s.
        """
        try:
            parts = decode_base64(trigger_id).decode(errors="replace").split(":")
        except IllegalBase64 as error:
            message = "Failed to decode base64 for trigger ID for interactive dialog."
            raise _refused("base64_decode_failed", message, str(error)) from error
        if len(parts) != TRIGGER_PARTS:
            raise _refused(
                "missing_data", "Trigger ID missing required data for interactive dialog."
            )
        short, user_id, at, encoded = parts
        if self._clock.now() - (int(at) if at.isdecimal() else 0) > TRIGGER_SECONDS * 1000:
            message = (
                "Trigger ID for interactive dialog is expired. "
                f"Trigger IDs live for a maximum of {TRIGGER_SECONDS} seconds."
            )
            raise _refused("expired", message)
        try:
            signature = decode_base64(encoded)
        except IllegalBase64 as error:
            message = "Failed to decode base64 signature of trigger ID for interactive dialog."
            raise _refused("base64_decode_failed_signature", message, str(error)) from error
        try:
            signed = f"{short}:{user_id}:{at}:".encode()
            self._key.public_key().verify(signature, signed, ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            message = "Signature verification failed of trigger ID for interactive dialog."
            raise _refused("verify_signature_failed", message) from error
        return short, user_id


class CookieKey:
    """Seals what a button of an ephemeral post stands for: the server keeps no such post."""

    def __init__(self) -> None:
        self._key = AESGCM(AESGCM.generate_key(256))

    def seal(self, value: dict[str, Any]) -> str:
        nonce = secrets.token_bytes(12)
        return base64.b64encode(
            nonce + self._key.encrypt(nonce, compact(value).encode(), None)
        ).decode()

    def unseal(self, cookie: str) -> dict[str, Any] | None:
        """None: it is not one of ours."""
        try:
            sealed = decode_base64(cookie)
            found: dict[str, Any] = json.loads(self._key.decrypt(sealed[:12], sealed[12:], None))
        except (IllegalBase64, InvalidTag, ValueError):
            return None
        return found
