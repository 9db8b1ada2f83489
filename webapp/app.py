"""The web application: what every answer has in common, and what is plugged into it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Scope

from survey.errors import InvalidValue
from webapp.api.described import describe
from webapp.api.once import Answering
from webapp.cors import ApiCors
from webapp.health import Checks, health_router
from webapp.lane import ReadingLane
from webapp.limits import BODY_LIMIT, BODY_SECONDS, BodyLimit, SecurityHeaders
from webapp.metrics import Measured, Measurements, MetricsSource, metrics_router
from webapp.problem_document import MEDIA_TYPE, SCHEMA
from webapp.problems import install_problems
from webapp.reference import reference_router


@dataclass(frozen=True, kw_only=True)
class WebParts:
    """What the web application is made of.

    Attributes:
        version: Of Voxpop.
        ready: Looks at what serving needs: name → "ok" or what is wrong. The check of the name
            `database` is told as `database_connected`.
        metrics: The figures that the release gate let out.
        metrics_token: What `/metrics` asks for; None opens it to this machine alone.
        routes: The pages, tried before everything else. Those that are only read take a short way
            (`webapp.lane`), so they bring their own headers and handle their own errors.
        routers: REST and what else there is.
        cors_origins: Other sites whose scripts may call what is below `/api`.
        mounts: Path → ASGI app of a platform, such as "/sandbox", never "/". Starlette and FastAPI
            apps among them get problem documents, unless they handle their errors themselves.
        lifespan: Makes what is entered before the first request and left after the last one.
        body_limit: Bytes that a request may have.
        body_seconds: How long a request's body may take to arrive.
    """

    version: str
    ready: Checks
    metrics: MetricsSource
    metrics_token: str | None = None
    routes: Sequence[BaseRoute] = ()
    routers: Sequence[APIRouter] = ()
    cors_origins: Sequence[str] = ()
    mounts: Mapping[str, ASGIApp] = field(default_factory=dict)
    lifespan: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    body_limit: int = BODY_LIMIT
    body_seconds: float = BODY_SECONDS


def create_app(parts: WebParts) -> FastAPI:
    """Build it; nothing is started before its lifespan begins.

    Raises:
        InvalidValue: If something is mounted at "/", where it would hide everything else.
        RuntimeError: If a mounted app has served requests already.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with parts.lifespan():
            yield

    app = _App(
        title="Voxpop",
        version=parts.version,
        summary="A chat-first survey bot.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses={
            "default": {
                "description": "A problem document (RFC 9457)",
                "content": {MEDIA_TYPE: {"schema": dict(SCHEMA)}},
            }
        },
    )
    measurements = Measurements(parts.version)
    # Routes are tried in this order, so presses come first and probes last. Among the mounts the
    # longest comes first: "/slack" must not hide "/slack/install".
    app.router.routes.extend(parts.routes)
    for path, mounted in sorted(parts.mounts.items(), key=lambda one: -len(one[0])):
        if not path.strip("/"):
            raise InvalidValue("Nothing can be mounted at '/': it would hide everything else.")
        if isinstance(mounted, Starlette):
            install_problems(mounted)
        app.router.routes.append(_Mounted(path, mounted))
    for router in (
        *parts.routers,
        metrics_router(parts.metrics, measurements, token=parts.metrics_token),
        health_router(parts.ready, version=parts.version),
        reference_router(app),
    ):
        app.include_router(router)

    # The last one added stands outermost.
    app.add_middleware(Answering)
    app.add_middleware(BodyLimit, limit=parts.body_limit, seconds=parts.body_seconds)
    install_problems(app)
    if parts.cors_origins:
        app.add_middleware(ApiCors, origins=parts.cors_origins)
    app.add_middleware(Measured, measurements=measurements, mounts=tuple(parts.mounts))
    app.add_middleware(SecurityHeaders)
    app.add_middleware(ReadingLane, routes=parts.routes, measurements=measurements)
    return app


class _App(FastAPI):
    """One whose description says what holds for all calls alike."""

    def openapi(self) -> dict[str, Any]:
        """The description; made when it is read first."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(super().openapi())
        return self.openapi_schema


class _Mounted(Mount):
    """A mounted app that is also reached at its bare path.

    Starlette answers a `POST /slack/events` for a mount of that path with a redirect to
    `/slack/events/`, and no chat platform follows it.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Starlette does, and the bare path as if it ended in a slash."""
        if scope["type"] == "http" and scope["path"] == scope.get("root_path", "") + self.path:
            path = f"{scope['path']}/"
            match, below = super().matches({**scope, "path": path})
            return match, {**below, "path": path}
        return super().matches(scope)
