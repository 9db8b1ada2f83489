"""Ids, times, tokens and signatures as Slack issues them."""

import hashlib
import hmac
import secrets
import string
import time

LETTERS = string.ascii_uppercase + string.digits
MIXED = string.ascii_letters + string.digits
MICROSECONDS = 1_000_000


def new_id(kind: str) -> str:
    """A letter for what it is (T, U, C, D, B, A, F, V, Ev) and ten of its own."""
    return kind + "0" + "".join(secrets.choice(LETTERS) for _ in range(9))


def new_secret(length: int = 32) -> str:
    """Hexadecimal digits."""
    return secrets.token_hex(length // 2)


def new_word(length: int = 24) -> str:
    """Letters of both sizes and digits."""
    return "".join(secrets.choice(MIXED) for _ in range(length))


def new_number(length: int = 12) -> str:
    return str(secrets.randbelow(9 * 10 ** (length - 1)) + 10 ** (length - 1))


class Clock:
    """Slack's clock; a test may put it forward."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._last = 0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """As if so much time had passed; what was written stays where it was."""
        self._ahead += seconds

    def stamp(self) -> str:
        """The next `ts`: seconds and six digits, never the same twice."""
        self._last = max(round(self.now() * MICROSECONDS), self._last + 1)
        return f"{self._last // MICROSECONDS}.{self._last % MICROSECONDS:06d}"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What stands in X-Slack-Signature."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
