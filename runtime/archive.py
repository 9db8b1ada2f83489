"""The archive: a folder or an object store, by its URL."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from survey.errors import InvalidValue
from survey.ports import ArchiveUnavailable

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("file", "abfs", "abfss", "az", "s3")
SECONDS = 30
"""How long one file may take, with all tries that the store's own library makes."""
_RETRIES = 2
_LONGEST = 300
_SECRETS = re.compile(r"(?i)\b(sig|signature|token|secret|key|credential)(=|: ?)[^\s&\"']+")


def archive_url(text: str) -> str:
    """The URL itself.

    Raises:
        ValueError: If it names no kind of archive that there is.
    """
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES:
        raise ValueError(
            "an archive is file:///folder, s3://bucket/folder or "
            "abfs://container@account.dfs.core.windows.net/folder"
        )
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise ValueError("a folder is written with three slashes: file:///srv/voxpop/archive")
    if parts.scheme != "file" and not parts.netloc:
        raise ValueError(f"{parts.scheme}:// needs the name of a bucket or a container")
    if parts.password is not None or parts.query:
        raise ValueError(
            "credentials stand in the store's own variables (AZURE_…, AWS_…), not in the URL"
        )
    return text


class ObjectArchive:
    """The port `Archive` on obstore; its credentials come from the store's own variables.

    Args:
        url: As `archive_url` takes it. A folder that does not exist is made, for us alone.

    Raises:
        InvalidValue: If obstore is not installed.
    """

    def __init__(self, url: str) -> None:
        # Who keeps no archive needs no library for it.
        try:
            import obstore  # noqa: PLC0415
            from obstore.exceptions import BaseError  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise InvalidValue(
                "VOXPOP_ARCHIVE_URL needs obstore: install voxpop with the extra, voxpop[archive]."
            ) from error
        self._obstore: Any = obstore
        self._refused = BaseError
        self._url = url
        self._store: ObjectStore | None = None

    async def put(self, name: str, content: bytes) -> str:
        """See the port."""
        try:
            await self._do("put_async", name, content)
        except FileNotFoundError as error:  # no such bucket, or no place for such a folder
            raise ArchiveUnavailable(_told(error)) from error
        return f"{self._url.rstrip('/')}/{name}"

    async def remove(self, path: str) -> None:
        """See the port."""
        base = f"{self._url.rstrip('/')}/"
        if not path.startswith(base):
            raise ArchiveUnavailable(
                f"{path} lies in another archive than VOXPOP_ARCHIVE_URL names now."
            )
        try:
            await self._do("delete_async", path.removeprefix(base))
        except FileNotFoundError:
            return

    async def _do(self, what: str, *arguments: object) -> None:
        try:
            async with asyncio.timeout(SECONDS):
                store = self._store or await asyncio.to_thread(self._open)
                self._store = store
                await getattr(self._obstore, what)(store, *arguments)
        except FileNotFoundError:
            raise
        except TimeoutError as error:
            raise ArchiveUnavailable(f"It did not answer within {SECONDS} s.") from error
        except (self._refused, OSError, ValueError) as error:
            raise ArchiveUnavailable(_told(error)) from error

    def _open(self) -> "ObjectStore":
        from obstore.store import LocalStore, from_url  # noqa: PLC0415 - see above

        parts = urlsplit(self._url)
        if parts.scheme == "file":
            folder = Path(unquote(parts.path))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return LocalStore(prefix=str(folder))
        return from_url(self._url, retry_config={"max_retries": _RETRIES})


def _told(error: Exception) -> str:
    """What it says, on one line and without what a signed request carries."""
    line = " ".join(str(error).partition("Debug source:")[0].split())
    return _SECRETS.sub(r"\1\2…", line)[:_LONGEST] or type(error).__name__
