"""Requests that are sent again: done once, answered as the first time."""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, Response
from structlog.testing import capture_logs

from survey.errors import NobodyToAsk
from survey.ports import Key, Role
from tests.api import Behind, NoFigures, all_well, bearer, client
from tests.examples import MONDAY, SetClock
from tests.fakes import FakeAnswers, FakeFigures, FakePeople, FakeRounds, Store
from tests.fakes_api import FakeKeptAnswers
from tests.fakes_mail import FakeDoubtful, FakeKeys
from tests.fakes_rights import FakeAuditLog
from webapp.api.limits import Allowance
from webapp.api.models import Body
from webapp.api.once import Once
from webapp.app import WebParts, create_app

AGAIN = {"Idempotency-Key": "order-1"}


class Thing(Body):
    """What is made."""

    name: str


@dataclass
class Workshop:
    """A route that makes things, and two programs that may call it."""

    clock: SetClock = field(default_factory=SetClock)
    store: Store = field(default_factory=Store)
    kept: FakeKeptAnswers = field(default_factory=FakeKeptAnswers)
    made: list[str] = field(default_factory=list)
    trouble: Exception | None = None
    patience: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    allowance: Allowance = field(default_factory=Allowance)
    keys: dict[str, str] = field(default_factory=dict)

    def web(self) -> httpx.AsyncClient:
        behind = Behind(
            surveys={},
            people=FakePeople(self.store),
            rounds=FakeRounds(self.store),
            answers=FakeAnswers(self.store),
            doubtful=FakeDoubtful(self.store),
            figures=FakeFigures(self.store),
            keys=FakeKeys(self.store),
            audit=FakeAuditLog(self.store),
            clock=self.clock,
            once=Once(kept=self.kept, clock=self.clock),
            usual=self.allowance,
        )
        router = APIRouter(prefix="/api/v1/things")
        asked = behind.access().requires(Role.INGEST)

        @router.post("", status_code=HTTPStatus.CREATED)
        async def make(
            key: Annotated[Key, Depends(asked)],  # noqa: ARG001 - it is the permission
            thing: Thing,
            answer: Response,
        ) -> dict[str, Any]:
            self.reached.set()
            if self.patience is not None:
                await self.patience.wait()
            if self.trouble is not None:
                raise self.trouble
            self.made.append(thing.name)
            answer.headers["Location"] = f"/api/v1/things/{len(self.made)}"
            return {"number": len(self.made), "name": thing.name}

        @router.get("")
        async def count(
            key: Annotated[Key, Depends(asked)],  # noqa: ARG001 - it is the permission
        ) -> int:
            return len(self.made)

        parts = WebParts(version="1.2.3", ready=all_well, metrics=NoFigures(), routers=[router])
        return client(create_app(parts))

    async def make(
        self, web: httpx.AsyncClient, name: str = "chair", *, by: str = "crm", **headers: str
    ) -> httpx.Response:
        told = bearer(self.keys[by]) | (headers or AGAIN)
        return await web.post("/api/v1/things", json={"name": name}, headers=told)


@pytest.fixture
async def workshop() -> Workshop:
    found = Workshop()
    for name in ("crm", "shop"):
        found.keys[name] = await FakeKeys(found.store).make(name, Role.INGEST, at=MONDAY)
    return found


async def test_the_same_request_under_the_same_key_is_done_once_and_answered_alike(
    workshop: Workshop,
) -> None:
    async with workshop.web() as web:
        first = await workshop.make(web)
        again = await workshop.make(web)
    assert workshop.made == ["chair"]
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.headers["content-type"] == again.headers["content-type"]
    assert first.headers["location"] == again.headers["location"] == "/api/v1/things/1"
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


async def test_without_a_key_of_its_own_each_request_is_done(workshop: Workshop) -> None:
    async with workshop.web() as web:
        for _ in range(2):
            assert (await workshop.make(web, Accept="*/*")).status_code == 201
    assert workshop.made == ["chair", "chair"]
    assert not workshop.kept.begun


async def test_another_request_under_the_same_key_is_refused_and_does_nothing(
    workshop: Workshop,
) -> None:
    async with workshop.web() as web:
        await workshop.make(web, "chair")
        refused = await workshop.make(web, "table")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert workshop.made == ["chair"]


async def test_two_programs_may_call_their_requests_the_same(workshop: Workshop) -> None:
    async with workshop.web() as web:
        await workshop.make(web, by="crm")
        await workshop.make(web, by="shop")
    assert workshop.made == ["chair", "chair"]


async def test_a_request_that_is_still_under_way_is_not_begun_twice(workshop: Workshop) -> None:
    workshop.patience = asyncio.Event()
    async with workshop.web() as web:
        first = asyncio.create_task(workshop.make(web))
        await workshop.reached.wait()
        second = await workshop.make(web)
        workshop.patience.set()
        assert (await first).status_code == 201
        third = await workshop.make(web)
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_progress")
    assert second.headers["Retry-After"] == "1"
    assert third.headers["Idempotency-Replayed"] == "true"
    assert workshop.made == ["chair"]


@pytest.mark.parametrize("trouble", [NobodyToAsk("Nobody."), RuntimeError("broken")])
async def test_what_refused_or_failed_is_looked_at_anew(
    workshop: Workshop, trouble: Exception
) -> None:
    workshop.trouble = trouble
    async with workshop.web() as web:
        assert (await workshop.make(web)).status_code >= 400
        workshop.trouble = None
        assert (await workshop.make(web)).status_code == 201
    assert workshop.made == ["chair"]


async def test_a_body_that_does_not_fit_can_be_mended_under_the_same_key(
    workshop: Workshop,
) -> None:
    async with workshop.web() as web:
        told = bearer(workshop.keys["crm"]) | AGAIN
        bent = await web.post("/api/v1/things", json={"nam": "chair"}, headers=told)
        assert (bent.status_code, bent.json()["code"]) == (422, "invalid_value")
        assert (await workshop.make(web)).status_code == 201


async def test_a_revoked_key_is_told_nothing_again(workshop: Workshop) -> None:
    async with workshop.web() as web:
        await workshop.make(web)
        await FakeKeys(workshop.store).revoke("crm", at=MONDAY)
        assert (await workshop.make(web)).status_code == 401


async def test_answers_lie_sealed_and_only_their_caller_can_open_them(workshop: Workshop) -> None:
    async with workshop.web() as web:
        await workshop.make(web)
    [kept] = workshop.kept.kept.values()
    assert "chair" not in repr(kept)
    assert "chair" not in repr(workshop.kept.begun)


async def test_after_a_day_it_is_a_new_request(workshop: Workshop) -> None:
    async with workshop.web() as web:
        await workshop.make(web)
        workshop.clock.forward(hours=24)
        await workshop.make(web)
    assert workshop.made == ["chair", "chair"]


async def test_what_is_done_is_told_even_if_its_answer_could_not_be_kept(
    workshop: Workshop,
) -> None:
    workshop.kept.away = True
    async with workshop.web() as web:
        with capture_logs() as logs:
            first = await workshop.make(web)
        second = await workshop.make(web)
    assert first.status_code == 201
    assert [line["event"] for line in logs] == ["answer_not_kept"]
    assert second.json()["code"] == "idempotency_in_progress"
    assert workshop.made == ["chair"]


@pytest.mark.parametrize("key", ["", "a" * 256, "two words", "naïve"])
async def test_a_key_that_nobody_can_keep_is_refused(workshop: Workshop, key: str) -> None:
    async with workshop.web() as web:
        told = httpx.Headers(bearer(workshop.keys["crm"]))
        told["Idempotency-Key"] = key
        refused = await web.post("/api/v1/things", json={"name": "chair"}, headers=told)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_value")
    assert not workshop.made


async def test_reading_takes_no_notice_of_it(workshop: Workshop) -> None:
    async with workshop.web() as web:
        told = bearer(workshop.keys["crm"]) | AGAIN
        assert (await web.get("/api/v1/things", headers=told)).json() == 0
        await workshop.make(web)
        assert (await web.get("/api/v1/things", headers=told)).json() == 1


async def test_a_key_is_told_how_often_it_may_call_and_then_to_wait(workshop: Workshop) -> None:
    workshop.allowance = Allowance("2/minute")
    async with workshop.web() as web:
        answers = [await workshop.make(web, Accept="*/*") for _ in range(3)]
        other = await workshop.make(web, by="shop", Accept="*/*")
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert other.status_code == 201
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"key";q=2;w=60'}
    left = [answer.headers["RateLimit"].split(";")[1] for answer in answers]
    assert left == ["r=1", "r=0", "r=0"]
    assert answers[2].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert len(workshop.made) == 3


async def test_the_description_says_it_of_every_post_behind_a_key(workshop: Workshop) -> None:
    async with workshop.web() as web:
        paths = (await web.get("/openapi.json")).json()["paths"]
    post, get = paths["/api/v1/things"]["post"], paths["/api/v1/things"]["get"]
    assert [one["name"] for one in post["parameters"]] == ["Idempotency-Key"]
    assert {"201", "409", "422"} <= post["responses"].keys()
    assert "RateLimit" in post["responses"]["201"]["headers"]
    assert "parameters" not in get
    assert "RateLimit" in get["responses"]["200"]["headers"]
