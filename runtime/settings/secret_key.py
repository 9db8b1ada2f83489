"""The key that is made and kept where nobody gave one."""

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from survey.errors import InvalidValue

MIN_KEY = 32
"""Characters that a key has at least."""
PATIENCE_SECONDS = 2.0
"""How long a file that somebody else is making may stay empty, where it has no links."""


def kept_keys(path: Path) -> tuple[str, ...]:
    """The keys in this file, newest first; one is made on the first call, for its owner's eyes.

    Two processes that start at once end with the same key: the file appears whole or not at all.

    Raises:
        InvalidValue: If the file can't be made or read, or holds no key.
    """
    try:
        if not path.exists():
            _make(path)
        text = _read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValue(
            f"I can't keep a key in {path} ({error}); set VOXPOP_SECRET_KEY instead."
        ) from error
    keys = tuple(key.strip() for key in text.split(","))
    if any(len(key) < MIN_KEY or not key.isprintable() for key in keys):
        raise InvalidValue(
            f"{path} holds no key of {MIN_KEY} characters or more; delete it to have a new one "
            "made, which makes the buttons that were sent so far worthless."
        )
    return keys


def _read(path: Path) -> str:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (text := path.read_text(encoding="ascii").strip()) and time.monotonic() < give_up:
        time.sleep(0.01)
    return text


def _make(path: Path) -> None:
    key = secrets.token_hex(MIN_KEY)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    _write(draft, key)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # somebody was quicker, and theirs is the one
    except OSError:  # a file system without links
        with suppress(FileExistsError):
            _write(path, key)
    finally:
        draft.unlink()


def _write(path: Path, key: str) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())
