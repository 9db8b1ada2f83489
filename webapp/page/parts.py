"""What the pages are made of, and what both of them do alike."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from survey.audit import Entry
from survey.brand import Brand
from survey.comment import clean
from survey.errors import StorageUnavailable
from survey.language import Language, Languages
from survey.ports import AuditLog, Clock, Links, Rounds
from survey.usecases.answer_by_link import AnswerByLink
from survey.usecases.unsubscribe import Unsubscribe
from survey.wording import page_ends
from webapp.page.rendering import Look, Rendered
from webapp.problems import problem_for
from webapp.throttle import Networks, Throttle, client_of

TOLD_EVERY = timedelta(minutes=1)
"""How often the logs tell at most how many links were refused."""
NOBODY = "an unknown link"
"""Who came with such a link, as the audit log names them."""
_MOST_FIELDS = 20
_TAG = re.compile(rb"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)")

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class PageParts:
    """What the pages need.

    Attributes:
        links: Reads the tokens.
        rounds: What they lead to.
        answer: Takes what is pressed and written.
        unsubscribe: Stops.
        languages: All there are.
        clock: Now.
        brand: Whose pages these are.
        zone: In which times of day are told: a page is the same for everybody in a round.
        throttle: Makes those wait who guess links.
        audit: Hears that links were guessed.
        proxies: Whom we believe where a request came from.
    """

    links: Links
    rounds: Rounds
    answer: AnswerByLink
    unsubscribe: Unsubscribe
    languages: Languages
    clock: Clock
    brand: Brand
    zone: ZoneInfo
    throttle: Throttle
    audit: AuditLog
    proxies: Networks = ()


class Refusing:
    """What whoever has no good link gets: the same words, whatever is wrong with it.

    Args:
        parts: What the pages need.
        look: How they look.
    """

    def __init__(self, parts: PageParts, look: Look) -> None:
        self._parts = parts
        self._look = look
        self._count = 0
        self._tells_from: datetime | None = None

    async def __call__(self, scope: Scope, now: datetime) -> Rendered:
        """Count it; the answer for a link that is not valid."""
        language = self._language(scope)
        wait = self._parts.throttle.failed(client_of(scope, self._parts.proxies))
        await self._tell(now)
        page = page_ends.not_valid(language)
        if wait:
            return self._look.render(page, language, 429, headers={"retry-after": str(wait)})
        return self._look.render(page, language, 404)

    def unforeseen(self, scope: Scope, error: Exception) -> Rendered:
        """The answer to a mistake of ours, which is in the log."""
        problem_for(error)
        language = self._language(scope)
        return self._look.render(page_ends.unforeseen(language), language, 500)

    async def _tell(self, now: datetime) -> None:
        """Tell both logs, though not each time: whoever guesses must not fill them."""
        self._count += 1
        if self._tells_from is not None and now < self._tells_from:
            return
        told, self._count, self._tells_from = self._count, 0, now + TOLD_EVERY
        log.warning("link_refused", count=told)
        entry = Entry(at=now, actor=NOBODY, action="link.refused", about=f"{told} not valid")
        with suppress(StorageUnavailable):  # they get their answer all the same
            await self._parts.audit.append(entry)

    def _language(self, scope: Scope) -> Language:
        return language_of(scope, self._parts.languages)


def language_of(scope: Scope, languages: Languages) -> Language:
    """What the browser prefers, where nothing else is known of whoever is there."""
    said = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    found = _TAG.match(said)
    return languages(found[1].decode() if found else "en")


async def body_of(receive: Receive) -> bytes:
    """All that was sent; how much that may be was checked before.

    Raises:
        ClientDisconnect: If whoever sent it has left.
    """
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def form_of(body: bytes) -> Mapping[str, str]:
    """The fields of a form; the last of a name counts. What is no form has none."""
    try:
        text = body.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def trapped(form: Mapping[str, str]) -> bool:
    """Whether the field is filled in that people don't see."""
    return bool(form.get("homepage"))


def same_words(said: str, kept: str | None) -> str | None:
    """What is kept, if whoever sent the form has it before them."""
    return kept if clean(said) == kept else None
