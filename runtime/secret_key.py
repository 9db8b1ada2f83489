"""The key that is made and kept where nobody gave one."""

import os
import secrets
from pathlib import Path

from survey.errors import InvalidValue

MIN_KEY = 32
"""Characters that a key has at least."""


def kept_key(path: Path) -> str:
    """The key in this file; made on the first call, for its owner's eyes alone.

    Two processes that start at once end with the same key: the file appears whole or not at all.

    Raises:
        InvalidValue: If the file can't be made or read, or holds no key.
    """
    try:
        if not path.exists():
            _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValue(
            f"I can't keep a key in {path} ({error}); set VOXPOP_SECRET_KEY instead."
        ) from error
    if len(key) < MIN_KEY:
        raise InvalidValue(
            f"{path} holds no key of {MIN_KEY} characters or more; delete it to have a new one "
            "made, which makes the buttons that were sent so far worthless."
        )
    return key


def _make(path: Path) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(MIN_KEY) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # somebody was quicker, and theirs is the one
    finally:
        draft.unlink()
