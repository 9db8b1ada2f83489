"""Who was forgotten, noted outside of the database: a restored backup brings nobody back."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from survey.errors import StorageUnavailable

FORGOTTEN = "forgotten"
READMITTED = "readmitted"


class ErasureJournal:
    """A file that only grows: a word and a tombstone a line, never an e-mail.

    Args:
        path: Where; None keeps none. Several processes may write to it, a line at a time.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def note(self, word: str, digests: Sequence[str], *, key_mark: str = "") -> None:
        """Write lines, and have them on the disk before this returns.

        Args:
            word: What became of them.
            digests: The tombstones.
            key_mark: Which key made them, where that is known.

        Raises:
            StorageUnavailable: If the file did not take them.
        """
        if self._path is None:
            return
        lines = "".join(f"{word} {digest} {key_mark}".rstrip() + "\n" for digest in digests)
        try:
            handle = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            try:
                os.write(handle, lines.encode("ascii"))
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StorageUnavailable(
                "I couldn't note this in the journal of erasures, and nothing was changed."
            ) from error

    def standing(self) -> Mapping[str, str]:
        """The tombstones of everybody who was forgotten and not readmitted since, with their keys.

        Raises:
            StorageUnavailable: If the file is there and can't be read.
        """
        if self._path is None or not self._path.exists():
            return {}
        try:
            lines = self._path.read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise StorageUnavailable(
                f"I can't read the journal of erasures, {self._path}."
            ) from error
        latest: dict[str, tuple[str, str]] = {}
        for line in lines:
            word, digest, key_mark = [*line.split(), "", "", ""][:3]
            latest[digest] = (word, key_mark)
        return {digest: mark for digest, (word, mark) in latest.items() if word == FORGOTTEN}
