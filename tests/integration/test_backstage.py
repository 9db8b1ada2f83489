"""The catalogue of Backstage as a roster, over real HTTP."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime import backstage
from runtime.backstage import Backstage, CatalogueUnavailable, Entity, roster_of
from runtime.roster_rules import rules
from survey.roster import check_rows

TOKEN = "a-token-that-is-long-enough"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def user(name: str, **spec: Any) -> dict[str, Any]:
    profile = {"displayName": name.title(), "email": f"{name}@example.org"}
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {"name": name, "namespace": "default", "annotations": {}},
        "spec": {"profile": profile, "memberOf": ["group:default/team-a"], **spec},
        "relations": [],
    }


class Catalogue:
    """Answers as Backstage's catalogue does, pages of two."""

    def __init__(self, entities: list[dict[str, Any]], *, old: bool = False) -> None:
        self.entities = entities
        self.asked: list[web.Request] = []
        self.app = web.Application()
        if not old:
            self.app.router.add_get("/api/catalog/entities/by-query", self.by_query)
        self.app.router.add_get("/api/catalog/entities", self.listed)

    def _admit(self, request: web.Request) -> None:
        self.asked.append(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise web.HTTPUnauthorized

    async def by_query(self, request: web.Request) -> web.Response:
        self._admit(request)
        cursor = request.query.get("cursor")
        if cursor is None:
            assert request.query["filter"] == "kind=user"
            offset = 0
        else:
            assert "filter" not in request.query
            offset = json.loads(base64.b64decode(cursor))["offset"]
        items = self.entities[offset : offset + 2]
        page: dict[str, str] = {}
        if offset + 2 < len(self.entities):
            onward = json.dumps({"offset": offset + 2}).encode()
            page["nextCursor"] = base64.b64encode(onward).decode()
        return web.json_response(
            {"items": items, "totalItems": len(self.entities), "pageInfo": page}
        )

    async def listed(self, request: web.Request) -> web.Response:
        self._admit(request)
        assert request.query["filter"] == "kind=user"
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        return web.json_response(self.entities[offset : offset + limit])


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("/"))
    finally:
        await server.close()


async def users_of(catalogue: Catalogue, *, token: str | None = TOKEN) -> list[Entity]:
    async with serving(catalogue.app) as url:
        return await Backstage(url=url, token=token).users()


async def refusal(handler: Handler) -> str:
    app = web.Application()
    app.router.add_get("/{anything:.*}", handler)
    async with serving(app) as url:
        with pytest.raises(CatalogueUnavailable) as refused:
            await Backstage(url=url, token=TOKEN).users()
    return str(refused.value)


async def test_all_pages_of_the_catalogue_are_read() -> None:
    catalogue = Catalogue([user(name) for name in ("ann", "ben", "cat", "dan", "eve")])

    found = await users_of(catalogue)

    assert [one["metadata"]["name"] for one in found] == ["ann", "ben", "cat", "dan", "eve"]
    assert len(catalogue.asked) == 3


async def test_an_older_catalogue_is_read_by_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstage, "PAGE", 2)
    catalogue = Catalogue([user(name) for name in ("ann", "ben", "cat", "dan")], old=True)

    assert len(await users_of(catalogue)) == 4
    assert [request.query["offset"] for request in catalogue.asked] == ["0", "2", "4"]


async def test_the_address_may_name_the_catalogue_itself() -> None:
    async with serving(Catalogue([user("ann")]).app) as url:
        found = await Backstage(url=f"{url}api/catalog/", token=TOKEN).users()

    assert len(found) == 1


async def test_an_empty_catalogue_is_no_error() -> None:
    assert await users_of(Catalogue([])) == []


def test_a_user_entity_becomes_a_row() -> None:
    ann = user("ann", memberOf=["group:default/team-a", "group:default/all"])
    ann["metadata"]["annotations"] = {
        "voxpop/timezone": "Europe/Lisbon",
        "voxpop/site": "Lisbon",
        "backstage.io/managed-by-location": "url:https://example.org",
    }
    ben = user("ben", memberOf=["Other/crew"], profile={"email": "ben@example.org"})
    cat = user("cat", memberOf=[])
    cat["relations"] = [{"type": "memberOf", "targetRef": "group:default/from-the-group"}]

    columns, rows = roster_of([ann, ben, cat])
    entries = check_rows(columns, rows, rules()).entries

    assert [(one.email, one.name, one.timezone) for one in entries] == [
        ("ann@example.org", "Ann", "Europe/Lisbon"),
        ("ben@example.org", "ben", None),
        ("cat@example.org", "Cat", None),
    ]
    assert [dict(one.attributes) for one in entries] == [
        {"team": "team-a", "site": "Lisbon"},
        {"team": "Other/crew"},
        {"team": "from-the-group"},
    ]


@pytest.mark.parametrize(
    "entity",
    [
        {},
        {"metadata": {"name": "x"}, "spec": {}},
        {"metadata": None, "spec": {"profile": None, "memberOf": None}, "relations": None},
        {"metadata": {"annotations": []}, "spec": {"profile": {"displayName": 7}}},
        {"spec": {"memberOf": [None, 7, ""]}, "relations": [None, {"type": "memberOf"}]},
    ],
)
def test_an_entity_without_e_mail_is_a_refused_row(entity: Entity) -> None:
    columns, rows = roster_of([entity])
    (refused,) = check_rows(columns, rows, rules()).refused

    assert str(refused.place).startswith("user:default/")
    assert refused.reason == "no e-mail"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (web.Response(status=401), "refuses the token: VOXPOP_BACKSTAGE__TOKEN"),
        (web.Response(status=403), "refuses the token"),
        (web.Response(status=404), "has no catalogue at /api/catalog"),
        (web.Response(status=429), "too much to do"),
        (web.Response(status=503), "answered with status 503"),
        (web.Response(text="<!doctype html>"), "is no JSON"),
        (web.Response(text="[" * 100_000), "is no JSON"),
        (web.Response(text='{"items": {}}'), "no list of entities"),
        (web.Response(text="[]"), "no list of entities"),
        (
            web.Response(status=302, headers={"Location": "https://evil.example/x"}),
            "sends us on to evil.example",
        ),
    ],
)
async def test_what_is_wrong_with_the_catalogue_is_told(answer: web.Response, words: str) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    told = await refusal(handler)

    assert words in told
    assert TOKEN not in told


async def test_without_a_token_the_catalogue_says_that_it_wants_one() -> None:
    with pytest.raises(CatalogueUnavailable, match="wants a token: set VOXPOP_BACKSTAGE__TOKEN"):
        await users_of(Catalogue([user("ann")]), token=None)


async def test_the_token_never_follows_a_redirect() -> None:
    elsewhere = Catalogue([user("mallory")])
    async with serving(elsewhere.app) as there:

        async def redirect(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{there}{request.path_qs[1:]}")

        told = await refusal(redirect)

    assert "sends us on to" in told
    assert elsewhere.asked == []


async def test_pages_that_never_end_are_told() -> None:
    async def circle(_: web.Request) -> web.Response:
        return web.json_response({"items": [user("ann")], "pageInfo": {"nextCursor": "again"}})

    assert "round in a circle" in await refusal(circle)


async def test_an_answer_that_is_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backstage, "MAX_PAGE_BYTES", 1_000)

    async def long(_: web.Request) -> web.Response:
        return web.json_response({"items": [user("ann")] * 50, "pageInfo": {}})

    assert "too long" in await refusal(long)


async def test_a_catalogue_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backstage, "TIMEOUT_SECONDS", 0.2)

    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        raise web.HTTPOk

    assert "did not answer within" in await refusal(silent)


async def test_where_nobody_listens_the_address_is_asked_for() -> None:
    async with serving(Catalogue([]).app) as url:
        pass
    with pytest.raises(CatalogueUnavailable, match="is VOXPOP_BACKSTAGE__URL right"):
        await Backstage(url=url, token=TOKEN).users()


def test_the_token_is_not_shown() -> None:
    assert TOKEN not in repr(Backstage(url="https://example.org", token=TOKEN))
