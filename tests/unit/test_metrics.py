import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Router
from structlog.testing import capture_logs

from survey.errors import StorageUnavailable
from survey.scale import Category
from webapp.app import WebParts, create_app
from webapp.metrics import Measurements, NpsMetrics, metrics_router

LOOPBACK = ("127.0.0.1", 40_000)
ELSEWHERE = ("203.0.113.9", 40_000)
TOKEN = "a-metrics-token"
EVERYTHING = NpsMetrics(
    quarterly=12.5,
    overall=-3.0,
    responses={Category.PROMOTER: 40, Category.PASSIVE: 0, Category.DETRACTOR: 7},
)
NOTHING = NpsMetrics(quarterly=None, overall=None, responses={})


class Figures:
    def __init__(self, figures: NpsMetrics = EVERYTHING) -> None:
        self.now = figures

    async def figures(self) -> NpsMetrics:
        return self.now


async def all_well() -> Mapping[str, str]:
    return {"database": "ok"}


def app_with(source: Any = None, **parts: Any) -> FastAPI:
    return create_app(
        WebParts(version="1.2.3", ready=all_well, metrics=source or Figures(), **parts)
    )


def client(app: FastAPI, address: tuple[str, int] | None = LOOPBACK) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=address)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://voxpop.test")


async def samples(web: httpx.AsyncClient) -> dict[tuple[str, str], float]:
    """Of a scrape: (name, its one label's value) → value."""
    answer = await web.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if "le" not in sample.labels
    }


async def test_the_figures_are_exported_under_their_promised_names() -> None:
    async with client(app_with()) as web:
        found = await samples(web)
        text = (await web.get("/metrics")).text
    assert found["nps_responses_total", "promoter"] == 40
    assert found["nps_responses_total", "passive"] == 0
    assert found["nps_responses_total", "detractor"] == 7
    assert found["nps_score", "quarterly"] == 12.5
    assert found["nps_score", "overall"] == -3
    assert found["voxpop_figures_up", ""] == 1
    assert "# TYPE nps_responses_total counter" in text
    assert "# TYPE nps_score gauge" in text


async def test_an_undo_lowers_the_count() -> None:
    source = Figures()
    async with client(app_with(source)) as web:
        await samples(web)
        source.now = NpsMetrics(quarterly=10, overall=10, responses={Category.PROMOTER: 39})
        found = await samples(web)
    assert found["nps_responses_total", "promoter"] == 39
    assert ("nps_responses_total", "passive") not in found


async def test_what_the_gate_holds_back_is_not_exported_at_all() -> None:
    async with client(app_with(Figures(NOTHING))) as web:
        text = (await web.get("/metrics")).text
    assert "nps_score" not in text
    assert "nps_responses" not in text
    assert "nps_survey_request_duration_seconds" in text


async def test_one_released_period_does_not_bring_the_other() -> None:
    only = NpsMetrics(quarterly=None, overall=5.0, responses={})
    async with client(app_with(Figures(only))) as web:
        found = await samples(web)
    assert found["nps_score", "overall"] == 5
    assert ("nps_score", "quarterly") not in found


async def test_without_the_database_the_rest_is_told_still() -> None:
    class Away:
        async def figures(self) -> NpsMetrics:
            raise StorageUnavailable("away")

    with capture_logs() as events:
        async with client(app_with(Away())) as web:
            found = await samples(web)
    assert found["voxpop_figures_up", ""] == 0
    assert ("nps_survey_request_duration_seconds_count", "/metrics") not in found
    assert any(name == "voxpop_build_info" for name, _ in found)
    assert ("nps_score", "overall") not in found
    assert events[0]["event"] == "figures_unread"


async def test_figures_that_hang_do_not_hang_the_scrape() -> None:
    class Hanging:
        async def figures(self) -> NpsMetrics:
            await asyncio.sleep(30)
            return EVERYTHING

    app = FastAPI()
    app.include_router(metrics_router(Hanging(), Measurements("1"), token=None, seconds=0.05))
    with capture_logs():
        async with client(app) as web:
            found = await asyncio.wait_for(samples(web), 10)
    assert found["voxpop_figures_up", ""] == 0


async def test_the_build_is_named() -> None:
    async with client(app_with()) as web:
        text = (await web.get("/metrics")).text
    assert 'version="1.2.3"' in text
    assert "voxpop_build_info{" in text


async def test_two_apps_in_one_process_do_not_meet() -> None:
    one, two = app_with(), app_with()
    async with client(one) as web:
        await web.get("/health")
    async with client(two) as web:
        found = await samples(web)
    assert ("nps_survey_request_duration_seconds_count", "/health") not in found


@pytest.mark.parametrize(
    ("address", "headers", "token", "allowed"),
    [
        (ELSEWHERE, {}, TOKEN, False),
        (ELSEWHERE, {"Authorization": f"Bearer {TOKEN}"}, TOKEN, True),
        (ELSEWHERE, {"Authorization": f"bearer  {TOKEN}"}, TOKEN, True),
        (ELSEWHERE, {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "::1"}, TOKEN, True),
        (ELSEWHERE, {"Authorization": "Bearer wrong"}, TOKEN, False),
        (ELSEWHERE, {"Authorization": f"Bearer {TOKEN}x"}, TOKEN, False),
        (ELSEWHERE, {"Authorization": f"Basic {TOKEN}"}, TOKEN, False),
        (ELSEWHERE, {"Authorization": TOKEN}, TOKEN, False),
        (ELSEWHERE, {"Authorization": "Bearer t\xf6ken"}, TOKEN, False),
        (ELSEWHERE, {"Authorization": "Bearer "}, "", False),
        (ELSEWHERE, {"Authorization": "Bearer "}, None, False),
        (ELSEWHERE, {"Authorization": "Bearer None"}, None, False),
        (LOOPBACK, {}, None, True),
        (LOOPBACK, {}, TOKEN, True),
        (("::1", 1), {}, None, True),
        (("127.8.9.1", 1), {}, None, True),
        (("::ffff:127.0.0.1", 1), {}, None, True),
        (("::ffff:203.0.113.9", 1), {}, None, False),
        (("localhost.evil.example", 1), {}, None, False),
        (None, {}, None, False),
        (LOOPBACK, {"X-Forwarded-For": "127.0.0.1"}, None, False),
        (LOOPBACK, {"X-Forwarded-For": ""}, None, False),
        (LOOPBACK, {"x-forwarded-proto": "https"}, None, False),
        (LOOPBACK, {"Forwarded": "for=127.0.0.1"}, None, False),
        (LOOPBACK, {"X-Real-IP": "127.0.0.1"}, None, False),
        (LOOPBACK, {"Via": "1.1 proxy"}, None, False),
    ],
)
async def test_only_the_token_or_this_very_machine_reads_the_metrics(
    address: tuple[str, int] | None, headers: dict[str, str], token: str | None, *, allowed: bool
) -> None:
    raw = [(name, value.encode("latin-1")) for name, value in headers.items()]
    async with client(app_with(metrics_token=token), address) as web:
        answer = await web.get("/metrics", headers=raw)  # type: ignore[arg-type]
    assert answer.status_code == (200 if allowed else 401)
    if not allowed:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "unauthorized"
        assert "nps_score" not in answer.text


async def test_a_token_that_is_not_ascii_works_and_harms_nobody() -> None:
    async with client(app_with(metrics_token="schlüssel"), ELSEWHERE) as web:
        right = {"Authorization": "Bearer schlüssel".encode()}
        assert (await web.get("/metrics", headers=right)).status_code == 200  # type: ignore[arg-type]
        assert (await web.get("/metrics")).status_code == 401


async def measured(app: FastAPI, *paths: str) -> set[str]:
    """The endpoints that these requests were counted under."""
    async with client(app) as web:
        for path in paths:
            await web.get(path)
        found = await samples(web)
    return {
        endpoint
        for name, endpoint in found
        if name == "nps_survey_request_duration_seconds_count" and endpoint != "/metrics"
    }


def _pages() -> APIRouter:
    router = APIRouter()

    @router.get("/s/{token}")
    async def page(token: str) -> str:
        return f"the page of {token}"

    return router


async def test_requests_are_counted_by_template_and_never_by_path() -> None:
    app = app_with(routers=[_pages()])
    assert await measured(app, "/s/a-token", "/s/another") == {"/s/{token}"}
    async with client(app) as web:
        counts = await samples(web)
    assert counts["nps_survey_request_duration_seconds_count", "/s/{token}"] == 2
    assert counts["nps_survey_request_duration_seconds_sum", "/s/{token}"] > 0


async def test_the_prefix_of_a_router_belongs_to_the_template() -> None:
    outer, inner = APIRouter(prefix="/api"), APIRouter(prefix="/v1")

    @inner.get("/surveys/{name}")
    async def survey(name: str) -> str:
        return name

    outer.include_router(inner)
    app = app_with(routers=[outer])
    assert await measured(app, "/api/v1/surveys/nps") == {"/api/v1/surveys/{name}"}


async def test_unknown_paths_are_other() -> None:
    assert await measured(app_with(), "/wp-admin", "/s/", "/s/a-token/more", "/%FF") == {"other"}


async def test_a_wrong_method_counts_for_the_route() -> None:
    app = app_with(routers=[_pages()])
    async with client(app) as web:
        await web.delete("/s/a-token")
    assert await measured(app) == {"/s/{token}"}


async def test_a_request_that_fails_is_counted_too() -> None:
    router = APIRouter()

    @router.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    with capture_logs():
        assert await measured(app_with(routers=[router]), "/broken") == {"/broken"}


async def test_mounted_apps_are_counted_by_their_own_templates_or_their_mount() -> None:
    platform = FastAPI()
    platform.include_router(_pages(), prefix="/pages")
    platform.mount("/files", PlainTextResponse("file"))
    deep = Router(routes=[Mount("/u/{user}", PlainTextResponse("theirs"))])
    mounts = {"/sandbox": platform, "/slack/events": PlainTextResponse("ok"), "/deep": deep}
    found = await measured(
        app_with(mounts=mounts),
        "/sandbox/pages/s/a-token",
        "/sandbox/files/secret.txt",
        "/sandbox/nothing/secret",
        "/slack/events",
        "/slack/events/secret",
        "/deep/u/secret",
    )
    assert found == {"/sandbox/pages/s/{token}", "/sandbox", "/slack/events", "/deep"}


async def test_behind_a_path_of_a_proxy_the_template_stays_the_same() -> None:
    app = app_with(routers=[_pages()], mounts={"/sandbox": PlainTextResponse("ok")})
    transport = httpx.ASGITransport(app, root_path="/voxpop", client=LOOPBACK)
    async with httpx.AsyncClient(transport=transport, base_url="http://voxpop.test") as web:
        for path in ("/voxpop/s/a-token", "/voxpop/sandbox"):
            assert (await web.get(path)).status_code == 200
    assert await measured(app) == {"/s/{token}", "/sandbox"}
