import asyncio
import base64
import gc
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from survey.errors import InvalidValue, NotFound, StorageUnavailable
from webapp.app import WebParts, create_app
from webapp.health import CHECK_SECONDS, Checks, health_router
from webapp.metrics import NpsMetrics
from webapp.patience import within


class NoFigures:
    async def figures(self) -> NpsMetrics:
        return NpsMetrics(quarterly=None, overall=None, responses={})


async def all_well() -> Mapping[str, str]:
    return {"database": "ok", "schema": "ok"}


def app_with(ready: Checks = all_well, **parts: Any) -> FastAPI:
    return create_app(WebParts(version="1.2.3", ready=ready, metrics=NoFigures(), **parts))


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://voxpop.test")


async def test_a_well_server_is_healthy_and_says_which_version_it_is() -> None:
    async with client(app_with()) as web:
        answer = await web.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "healthy",
        "database_connected": True,
        "version": "1.2.3",
        "checks": {"database": "ok", "schema": "ok"},
    }


async def test_a_server_without_its_database_is_unhealthy_and_not_ready_with_the_reason() -> None:
    async def away() -> Mapping[str, str]:
        return {"database": "connection refused", "schema": "ok"}

    async with client(app_with(away)) as web:
        unhealthy, unready, live = [
            await web.get(path) for path in ("/health", "/health/ready", "/health/live")
        ]
    assert unhealthy.status_code == 503
    assert unhealthy.json()["status"] == "unhealthy"
    assert unhealthy.json()["database_connected"] is False
    assert unready.status_code == 503
    assert unready.json() == {"status": "not_ready", "reasons": ["database: connection refused"]}
    assert live.status_code == 200


async def test_a_wrong_schema_alone_makes_it_unready_though_the_database_is_there() -> None:
    async def older() -> Mapping[str, str]:
        return {"database": "ok", "schema": "run `voxpop db upgrade`"}

    async with client(app_with(older)) as web:
        answer = await web.get("/health")
    assert answer.status_code == 503
    assert answer.json()["database_connected"] is True


async def test_a_ready_server_is_ready_for_head_too() -> None:
    async with client(app_with()) as web:
        assert (await web.get("/health/ready")).json() == {"status": "ready", "reasons": []}
        assert (await web.head("/health/ready")).status_code == 200


async def test_checks_that_hang_are_not_waited_for() -> None:
    async def hangs() -> Mapping[str, str]:
        await asyncio.sleep(30)
        return {"database": "ok"}

    start = perf_counter()
    app = FastAPI()
    app.include_router(health_router(hangs, version="1.2.3", seconds=0.05))
    async with client(app) as web:
        answer = await web.get("/health/ready")
        live = await web.get("/health/live")
    assert perf_counter() - start < 10
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["checks: no answer within 0.05 s"]
    assert live.status_code == 200


def test_two_seconds_are_the_patience_with_checks() -> None:
    assert CHECK_SECONDS == 2


async def test_what_ignores_its_cancellation_is_not_waited_for_either() -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            await released.wait()
            raise ValueError from None

    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    with pytest.raises(TimeoutError):
        await within(0.01, stubborn())
    released.set()
    await asyncio.sleep(0.01)
    gc.collect()
    assert complaints == []


async def test_checks_that_fail_make_it_unready_and_tell_nothing_of_the_inside() -> None:
    async def broken() -> Mapping[str, str]:
        raise ZeroDivisionError("postgres://voxpop:secret@db")

    with capture_logs() as events:
        async with client(app_with(broken)) as web:
            answer = await web.get("/health")
    assert answer.status_code == 503
    assert "secret" not in answer.text + repr(events)
    assert events[0]["event"] == "health_check_failed"


async def test_checks_that_refuse_give_their_sentence_as_the_reason() -> None:
    async def away() -> Mapping[str, str]:
        raise StorageUnavailable("The database is away.")

    async with client(app_with(away)) as web:
        assert (await web.get("/health/ready")).json()["reasons"] == [
            "checks: The database is away."
        ]


async def test_what_runs_beside_the_app_starts_before_it_and_ends_after_it() -> None:
    events = []

    @asynccontextmanager
    async def working() -> AsyncIterator[None]:
        events.append("started")
        yield
        events.append("stopped")

    app = app_with(lifespan=working)
    assert events == []
    async with app.router.lifespan_context(app):
        events.append("serving")
    assert events == ["started", "serving", "stopped"]


def _platform() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def page(request: Request) -> str:
        return f"page of {request.url.path}"

    @app.get("/people/{name}")
    async def person(name: str) -> str:
        raise NotFound(f"There is no {name} here.")

    return app


async def test_a_mounted_app_answers_below_its_path_with_problem_documents() -> None:
    async with client(app_with(mounts={"/sandbox": _platform()})) as web:
        page = await web.get("/sandbox/")
        missing = await web.get("/sandbox/people/ada")
        nothing = await web.get("/sandbox/nothing")
    assert page.status_code == 200
    assert missing.status_code == 404
    assert missing.json()["detail"] == "There is no ada here."
    assert nothing.headers["content-type"] == "application/problem+json"


async def test_the_bare_path_of_a_mounted_app_is_no_redirect() -> None:
    async def raw(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(f"{scope['method']} {scope['path']}")(scope, receive, send)

    async with client(app_with(mounts={"/sandbox": _platform(), "/slack/events": raw})) as web:
        assert (await web.get("/sandbox")).status_code == 200
        assert (await web.post("/slack/events")).text == "POST /slack/events/"
        assert (await web.post("/slack/eventsandmore")).status_code == 404


async def test_a_longer_mount_is_not_hidden_by_a_shorter_one() -> None:
    mounts = {"/slack": PlainTextResponse("events"), "/slack/install": PlainTextResponse("install")}
    async with client(app_with(mounts=mounts)) as web:
        assert (await web.get("/slack/install")).text == "install"
        assert (await web.get("/slack/events")).text == "events"


def test_nothing_can_be_mounted_over_everything() -> None:
    for path in ("", "/"):
        with pytest.raises(InvalidValue):
            app_with(mounts={path: _platform()})


async def test_one_platform_can_be_mounted_in_two_apps() -> None:
    platform = _platform()
    for app in (
        app_with(mounts={"/sandbox": platform}),
        app_with(mounts={"/sandbox": platform}),
    ):
        async with client(app) as web:
            assert (await web.get("/sandbox/people/ada")).json()["code"] == "not_found"
    assert len(platform.user_middleware) == 1


def _rest() -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["surveys"])

    @router.get("/surveys/{name}")
    async def survey(name: str, period: str | None = None) -> dict[str, str]:
        """One <b>survey</b>."""
        return {"name": f"{name}/{period}"}

    return router


async def test_openapi_names_the_product_the_version_and_problem_documents() -> None:
    async with client(app_with(routers=[_rest()])) as web:
        described = (await web.get("/openapi.json")).json()
    assert described["info"]["title"] == "Voxpop"
    assert described["info"]["version"] == "1.2.3"
    answers = described["paths"]["/api/v1/surveys/{name}"]["get"]["responses"]
    assert set(answers) == {"200", "422", "default"}
    assert "application/problem+json" in answers["default"]["content"]


async def test_the_reference_lists_every_route_and_error_and_loads_nothing() -> None:
    async with client(app_with(routers=[_rest()])) as web:
        answer = await web.get("/docs")
    assert "<code>/api/v1/surveys/{name}</code>" in answer.text
    assert "<td>query, optional</td>" in answer.text
    assert '<tr id="already_submitted">' in answer.text
    assert "One &lt;b&gt;survey&lt;/b&gt;." in answer.text
    assert "src=" not in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text

    policy = answer.headers["content-security-policy"]
    style = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}';" in policy


async def test_answers_of_every_kind_have_the_security_headers() -> None:
    broken = APIRouter()

    @broken.get("/broken")
    async def fails() -> None:
        raise ZeroDivisionError

    app = app_with(routers=[broken], mounts={"/sandbox": _platform()}, body_limit=100)
    with capture_logs():
        async with client(app) as web:
            answers = [
                await web.get("/health"),
                await web.get("/nothing"),
                await web.get("/broken"),
                await web.get("/sandbox/"),
                await web.get("/sandbox/people/ada"),
                await web.post("/sandbox/", content=b"x" * 101),
            ]
    assert [answer.status_code for answer in answers] == [200, 404, 500, 200, 404, 413]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_slow_body_is_refused_in_mounted_apps_too() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    platform = _platform()

    @platform.post("/press")
    async def press(body: dict[str, str]) -> None: ...

    app = app_with(mounts={"/sandbox": platform}, body_seconds=0.05)
    async with client(app) as web:
        answer = await web.post(
            "/sandbox/press", content=slowly(), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 408
    assert answer.json()["code"] == "too_slow"


async def test_middleware_of_a_mounted_app_that_reads_the_body_still_works() -> None:
    platform = FastAPI()

    @platform.middleware("http")
    async def guard(request: Request, call_next: Any) -> Any:
        assert await request.body()
        return await call_next(request)

    @platform.post("/press")
    async def press(body: dict[str, str]) -> dict[str, str]:
        return body

    async with client(app_with(mounts={"/sandbox": platform})) as web:
        assert (await web.post("/sandbox/press", json={"a": "b"})).json() == {"a": "b"}
        refused = await web.post("/sandbox/press", content=b"x" * 300_000)
    assert refused.status_code == 413
