"""Backstage's catalogue as a roster: its User entities, over its REST API."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from survey.errors import VoxpopError
from survey.roster import Column, Row, name_columns

SOURCE = "backstage"
PAGE = 500
"""How many entities one request asks for."""
MAX_PAGE_BYTES = 32 * 1024 * 1024
MAX_ENTITIES = 500_000
TIMEOUT_SECONDS = 30
_FIELDS = "metadata.name,metadata.namespace,metadata.title,metadata.annotations,spec,relations"
_CATALOGUE = "/api/catalog"
_OURS = "voxpop/"
"""Annotations of this prefix are columns: `voxpop/timezone`, `voxpop/locale`, `voxpop/site`."""
_NAMED_BY_US = ("email", "name", "team")
Entity = Mapping[str, Any]


class CatalogueUnavailable(VoxpopError):
    """The catalogue can't be read: the message says why, and what would help."""


@dataclass(frozen=True, kw_only=True)
class Backstage:
    """Where the catalogue is.

    Attributes:
        url: Backstage's backend, such as `https://backstage.example.org`.
        token: For its `Authorization: Bearer`; None if it wants none.
    """

    url: str
    token: str | None = field(repr=False, default=None)

    @property
    def catalogue(self) -> str:
        """The address that its requests begin with."""
        return self.url.rstrip("/").removesuffix(_CATALOGUE) + _CATALOGUE

    async def users(self, *, told: Callable[[int], None] | None = None) -> list[Entity]:
        """All User entities.

        Args:
            told: Is called with how many have come.

        Raises:
            CatalogueUnavailable: If the catalogue can't be read to its end.
        """
        found: list[Entity] = []
        async with self._session() as session:
            async for page in self._pages(session):
                found.extend(page)
                if len(found) > MAX_ENTITIES:
                    raise CatalogueUnavailable(
                        f"The catalogue has more than {MAX_ENTITIES} users, or does not end."
                    )
                if told is not None:
                    told(len(found))
        return found

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        headers = {"Accept": "application/json", "User-Agent": "voxpop"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, connect=10)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            yield session

    async def _pages(self, session: aiohttp.ClientSession) -> AsyncIterator[list[Entity]]:
        first = {"filter": "kind=user", "fields": _FIELDS, "limit": str(PAGE)}
        answer = await self._get(session, "/entities/by-query", first, may_lack=True)
        if answer is None:  # a catalogue from before 2023
            async for page in self._old_pages(session):
                yield page
            return
        seen: set[str] = set()
        while True:
            yield _entities(answer.get("items") if isinstance(answer, dict) else None)
            cursor = (answer.get("pageInfo") or {}).get("nextCursor")
            if not cursor:
                return
            if cursor in seen:
                raise CatalogueUnavailable("The catalogue's pages go round in a circle.")
            seen.add(cursor)
            query = {"cursor": str(cursor), "fields": _FIELDS, "limit": str(PAGE)}
            answer = await self._get(session, "/entities/by-query", query)

    async def _old_pages(self, session: aiohttp.ClientSession) -> AsyncIterator[list[Entity]]:
        offset = 0
        while True:
            query = {
                "filter": "kind=user",
                "fields": _FIELDS,
                "offset": str(offset),
                "limit": str(PAGE),
            }
            page = _entities(await self._get(session, "/entities", query))
            yield page
            if len(page) < PAGE:
                return
            offset += PAGE

    async def _get(
        self,
        session: aiohttp.ClientSession,
        path: str,
        query: Mapping[str, str],
        *,
        may_lack: bool = False,
    ) -> Any:
        """The JSON of one answer, or None for a 404 that `may_lack` allows."""
        where = f"{self.catalogue}{path}"
        try:
            # The token goes to this host and to no other: a redirect is told, not followed.
            async with session.get(where, params=query, allow_redirects=False) as response:
                if may_lack and response.status == 404:  # noqa: PLR2004 - not found
                    return None
                self._require_ok(response)
                return _json(await _body(response))
        except TimeoutError as error:
            raise CatalogueUnavailable(
                f"{self._host} did not answer within {TIMEOUT_SECONDS} seconds; try again."
            ) from error
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            raise CatalogueUnavailable(
                f"{self._host} can't be reached ({type(error).__name__}): is "
                "VOXPOP_BACKSTAGE__URL right, and is Backstage running?"
            ) from error

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc

    def _require_ok(self, response: aiohttp.ClientResponse) -> None:
        match response.status:
            case 200:
                return
            case 401 | 403:
                why = (
                    "refuses the token: VOXPOP_BACKSTAGE__TOKEN is a token of its "
                    "backend.auth.externalAccess that may read the catalogue"
                    if self.token
                    else "wants a token: set VOXPOP_BACKSTAGE__TOKEN"
                )
            case 404:
                why = (
                    f"has no catalogue at {_CATALOGUE}: VOXPOP_BACKSTAGE__URL is the address of "
                    "its backend, such as https://backstage.example.org"
                )
            case status if 300 <= status < 400:  # noqa: PLR2004 - redirects
                to = urlsplit(response.headers.get("Location", "")).netloc or "elsewhere"
                why = f"sends us on to {to}: set VOXPOP_BACKSTAGE__URL to where it really is"
            case 429:
                why = "has too much to do just now; try again later"
            case status:
                why = f"answered with status {status}; its log tells more"
        raise CatalogueUnavailable(f"{self._host} {why}.")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in response.content.iter_chunked(64 * 1024):
        body += part
        if len(body) > MAX_PAGE_BYTES:
            raise CatalogueUnavailable("The catalogue's answer is too long to be a page of users.")
    return bytes(body)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CatalogueUnavailable(
            "The catalogue's answer is no JSON: VOXPOP_BACKSTAGE__URL is the address of the "
            "backend, not of the pages."
        ) from error


def _entities(items: Any) -> list[Entity]:
    if not isinstance(items, list):
        raise CatalogueUnavailable("The catalogue's answer is no list of entities.")
    return [item for item in items if isinstance(item, dict)]


def roster_of(entities: Sequence[Entity]) -> tuple[tuple[Column, ...], list[Row]]:
    """Users as the columns and rows of a roster; checking them is the roster's business.

    E-mail and name come from the profile, `team` is the first group, and annotations that begin
    with `voxpop/` are columns of their own.
    """
    people = [(_reference(entity), _cells(entity)) for entity in entities]
    others = sorted({name for _, cells in people for name in cells} - set(_NAMED_BY_US))
    names = [*_NAMED_BY_US, *others]
    rows = [
        Row(place=place, cells=[cells.get(name, "") for name in names]) for place, cells in people
    ]
    return name_columns(names), rows


def _part(value: Any, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _reference(entity: Entity) -> str:
    metadata = _part(entity, "metadata")
    return f"user:{metadata.get('namespace') or 'default'}/{metadata.get('name') or '?'}"


def _cells(entity: Entity) -> dict[str, str]:
    metadata, spec = _part(entity, "metadata"), _part(entity, "spec")
    profile = _part(spec, "profile")
    name = profile.get("displayName") or metadata.get("title") or metadata.get("name")
    found = {
        key.removeprefix(_OURS).strip().lower(): str(value)
        for key, value in _part(metadata, "annotations").items()
        if key.startswith(_OURS) and key.removeprefix(_OURS).strip()
    }
    return {
        **found,
        "email": str(profile.get("email") or ""),
        "name": str(name or ""),
        "team": next(_groups(entity, spec), ""),
    }


def _groups(entity: Entity, spec: Mapping[str, Any]) -> Iterator[str]:
    """Their groups as people call them; those that only the groups tell of come last."""
    told = spec.get("memberOf")
    relations = entity.get("relations")
    related = [
        relation.get("targetRef")
        for relation in (relations if isinstance(relations, list) else ())
        if isinstance(relation, Mapping) and relation.get("type") == "memberOf"
    ]
    for reference in [*(told if isinstance(told, list) else ()), *related]:
        if isinstance(reference, str) and reference.strip():
            plain = reference.strip().removeprefix("group:")
            yield plain.removeprefix("default/")
