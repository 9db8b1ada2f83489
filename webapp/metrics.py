"""What Prometheus reads: the figures that the release gate let out, and how fast we answer."""

import hmac
import ipaddress
import platform
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from survey.errors import VoxpopError
from survey.scale import Category
from webapp.patience import within

FIGURES_SECONDS = 2.0
"""How long a scrape waits for the figures."""
OTHER = "other"
"""The endpoint of requests that no route took."""
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_FORWARDING = {b"forwarded", b"x-real-ip", b"x-client-ip", b"true-client-ip", b"via"}

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class NpsMetrics:
    """The figures that may be shown; the release gate is behind them already.

    Attributes:
        quarterly: The NPS of the current quarter, -100 to 100; None if it may not be shown.
        overall: The NPS of all quarters, -100 to 100; None if it may not be shown.
        responses: How many released answers are in which class; a class that is left out is not
            exported, which is not the same as 0.
    """

    quarterly: float | None
    overall: float | None
    responses: Mapping[Category, int]


class MetricsSource(Protocol):
    """Where the figures come from."""

    async def figures(self) -> NpsMetrics:
        """As released by now.

        Raises:
            StorageUnavailable: If the database is away.
        """
        ...


@dataclass(frozen=True)
class _Figures:
    """The figures as a collector. They are read anew for every scrape and kept nowhere.

    `nps_responses_total` has the name that was promised for it (FEATURES.md, 000) and so the type
    counter, but it is no count of events: it is how many answers stand. A change moves one from
    class to class and an undo takes one away, so it can go down, which `Counter` can't. Prometheus
    reads a fall as a restart: take its value or `delta()`, not `rate()`. Its plain text format
    allows that; OpenMetrics forbids it, which is why we offer the plain one alone.
    """

    figures: NpsMetrics | None

    def collect(self) -> Iterable[Metric]:
        """What may be shown of them."""
        yield GaugeMetricFamily(
            "voxpop_figures_up",
            "1 if the figures could be read for this scrape.",
            value=0 if self.figures is None else 1,
        )
        if self.figures is None:
            return
        responses = CounterMetricFamily(
            "nps_responses_total",
            "Answers as they stand, by class; changes and undos correct it, so it can go down.",
            labels=["score_type"],
        )
        for category, count in self.figures.responses.items():
            responses.add_metric([category.value], count)
        score = GaugeMetricFamily(
            "nps_score", "Net Promoter Score, -100 to 100, as released.", labels=["period"]
        )
        for period, value in (
            ("quarterly", self.figures.quarterly),
            ("overall", self.figures.overall),
        ):
            if value is not None:
                score.add_metric([period], value)
        yield from (family for family in (responses, score) if family.samples)


class Measurements:
    """What one app measures of itself. Nothing is shared: two apps in a process don't meet.

    Args:
        version: Of Voxpop.
    """

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._durations = Histogram(
            "nps_survey_request_duration_seconds",
            "From the request's headers to the answer's end, by route.",
            ["endpoint"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        # `labels` takes a lock and builds a key; a route's histogram is always the same.
        self._of_endpoint: dict[str, Histogram] = {}
        Info("voxpop_build", "What runs here.", registry=self.registry).info(
            {"version": version, "python": platform.python_version()}
        )

    def observe(self, endpoint: str, seconds: float) -> None:
        """Count one request."""
        durations = self._of_endpoint.get(endpoint)
        if durations is None:
            durations = self._of_endpoint[endpoint] = self._durations.labels(endpoint)
        durations.observe(seconds)

    def exposition(self, figures: NpsMetrics | None) -> bytes:
        """Everything in Prometheus' plain text format; None for figures that can't be read."""
        return generate_latest(_Together(self.registry, _Figures(figures)))


class _Together:
    """Several collectors as one."""

    def __init__(self, *collectors: Any) -> None:
        self._collectors = collectors

    def collect(self) -> Iterable[Metric]:
        """All of theirs."""
        for collector in self._collectors:
            yield from collector.collect()


class Measured:
    """ASGI middleware: how long requests take, by route template and never by path.

    Args:
        app: What stands behind.
        measurements: Where it is counted.
        mounts: The paths of mounted apps; within one, its own templates are used where it has
            some, else its path alone.
    """

    def __init__(
        self, app: ASGIApp, *, measurements: Measurements, mounts: Collection[str] = ()
    ) -> None:
        self.app = app
        self.measurements = measurements
        self.mounts = sorted((path.rstrip("/") for path in mounts), key=len, reverse=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and take its time."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        try:
            await self.app(scope, receive, send)
        finally:
            self.measurements.observe(self._endpoint(scope), time.perf_counter() - start)

    def _endpoint(self, scope: Scope) -> str:
        """The template of the route that was taken; routers leave it in the scope."""
        root = scope.get("root_path", "")
        below = root[len(scope.get("app_root_path", root)) :]
        template = _template(scope)
        if not below:
            return template or OTHER
        for mount in self.mounts:
            if below == mount:
                return mount + (template or "")
            if below.startswith(f"{mount}/"):  # a mount in a mount: its path may hold anything
                return mount
        return OTHER


def _template(scope: Scope) -> str | None:
    route = scope.get("route")
    if route is None or isinstance(route, Mount):
        return None
    # FastAPI keeps the prefix of an included router beside the route, not in it.
    context = scope.get("fastapi", {}).get("effective_route_context")
    if getattr(context, "original_route", None) is route:
        route = context
    template = getattr(route, "path_format", None)
    return template if isinstance(template, str) else None


def may_read(scope: Scope, token: str | None) -> bool:
    """Whether a request may see the metrics: with the token, or from this very machine.

    Args:
        scope: The request's.
        token: What `Authorization: Bearer` must carry; None or empty if only loopback may.
    """
    forwarded, given = False, b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            given = value
        elif name in _FORWARDING or name.startswith(b"x-forwarded"):
            forwarded = True
    if token:
        scheme, _, key = given.partition(b" ")
        if hmac.compare_digest(key.strip(), token.encode()) and scheme.lower() == b"bearer":
            return True
    return not forwarded and _near(scope.get("client"))


def _near(client: tuple[str, int] | None) -> bool:
    if client is None:
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def metrics_router(
    source: MetricsSource,
    measurements: Measurements,
    *,
    token: str | None,
    seconds: float = FIGURES_SECONDS,
) -> APIRouter:
    """`/metrics`; figures get this many seconds to be read."""
    router = APIRouter(tags=["operation"])

    @router.get(
        "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}}
    )
    async def metrics(request: Request) -> Response:
        """For Prometheus: with its bearer token, or from this machine without a proxy."""
        if not may_read(request.scope, token):
            raise HTTPException(
                401,
                "Metrics need `Authorization: Bearer` with the metrics token, or a request from "
                "this very machine that no proxy forwarded.",
                {"WWW-Authenticate": 'Bearer realm="metrics"'},
            )
        return Response(
            measurements.exposition(await _read(source, seconds)),
            media_type=CONTENT_TYPE_PLAIN_0_0_4,
        )

    return router


async def _read(source: MetricsSource, seconds: float) -> NpsMetrics | None:
    """The figures; None if the database does not tell: how fast we are can be told still."""
    try:
        return await within(seconds, source.figures())
    except (TimeoutError, VoxpopError) as error:
        log.warning("figures_unread", error=type(error).__qualname__)
        return None
