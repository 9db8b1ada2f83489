"""Who has signed in at the front desk: a cookie that names a key and ends by itself."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

from survey.ports import Clock, Key, Keys, Role

GOOD_FOR = timedelta(hours=12)
"""How long one signing in lasts; a day at the counter."""
COOKIE = "voxpop_desk"
PATH = "/front-desk"
_SALT = "voxpop.front-desk"


def sealing(keys: Sequence[str]) -> URLSafeSerializer:
    """Seals what a cookie says; `keys` newest first, and any of them opens."""
    return URLSafeSerializer(
        list(reversed(keys)), salt=_SALT, signer_kwargs={"digest_method": hashlib.sha256}
    )


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """A cookie says which key it was; whether that is good still is looked at each time.

    Attributes:
        seal: Seals cookies.
        base_url: Where people reach us: cookies are for https alone where that is.
    """

    seal: URLSafeSerializer
    keys: Keys
    clock: Clock
    base_url: str

    @property
    def secure(self) -> bool:
        """Whether browsers send the cookie through https alone."""
        return self.base_url.startswith("https://")

    def begin(self, key: Key) -> str:
        """What the cookie says of somebody who has just signed in."""
        until = int((self.clock() + GOOD_FOR).timestamp())
        return str(self.seal.dumps([key.name, until]))

    async def key(self, cookies: Mapping[str, str]) -> Key | None:
        """With which key they signed in; None if they did not, or it is over.

        Raises:
            StorageUnavailable: If the database did not tell.
        """
        try:
            name, until = self.seal.loads(cookies.get(COOKIE, ""))
            ends = datetime.fromtimestamp(until, UTC)
        except (BadData, ValueError, TypeError, OverflowError):
            return None
        if self.clock() >= ends:
            return None
        known = {found.name: found for found in await self.keys.all()}
        found = known.get(name)
        good = found is not None and found.revoked_at is None and found.role.may(Role.INGEST)
        return found if good else None

    def ours(self, headers: Mapping[str, str]) -> bool:
        """Whether a form that was sent stood on a page of ours, as the browser tells."""
        site = headers.get("sec-fetch-site")
        if site is not None and site != "same-origin":
            return False
        origin = headers.get("origin")
        if origin is None:
            return site is not None
        if origin == "null":  # some browsers hide it, and tell by the other header
            return site is not None
        there = urlsplit(origin)
        return there.netloc in {headers.get("host", ""), urlsplit(self.base_url).netloc}
