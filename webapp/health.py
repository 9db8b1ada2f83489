"""Probes: is it alive, can it serve, and if not, why."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel

from survey.errors import VoxpopError
from webapp.patience import within

OK = "ok"
"""What a check says when nothing is wrong."""
DATABASE = "database"
"""The name of the check behind `database_connected`."""
CHECK_SECONDS = 2.0

Checks = Callable[[], Awaitable[Mapping[str, str]]]
"""Looks at everything that serving needs: name → "ok" or what is wrong, as anybody may read it."""

log = structlog.get_logger()


class Health(BaseModel):
    """Whether this server is well."""

    status: Literal["healthy", "unhealthy"]
    database_connected: bool
    version: str
    checks: dict[str, str]


class Live(BaseModel):
    """The loop runs."""

    status: Literal["alive"]


class Ready(BaseModel):
    """Whether this server can serve, and if not, why."""

    status: Literal["ready", "not_ready"]
    reasons: list[str]


async def look(checks: Checks, *, seconds: float = CHECK_SECONDS) -> Mapping[str, str]:
    """The outcome of the checks; that they fail or take too long is an outcome too."""
    try:
        return await within(seconds, checks())
    except TimeoutError:
        return {"checks": f"no answer within {seconds:g} s"}
    except VoxpopError as error:
        return {"checks": str(error)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the probe must say "not well"
        log.error("health_check_failed", error=type(error).__qualname__)  # noqa: TRY400
        return {"checks": "failed; the log has it"}


def health_router(checks: Checks, *, version: str, seconds: float = CHECK_SECONDS) -> APIRouter:
    """`/health`, `/health/live` and `/health/ready`; checks get this many seconds."""
    router = APIRouter(tags=["operation"])

    async def health(response: Response) -> Health:
        """Everything at a glance; 503 if anything is wrong."""
        outcome = await look(checks, seconds=seconds)
        well = all(says == OK for says in outcome.values())
        response.status_code = 200 if well else 503
        return Health(
            status="healthy" if well else "unhealthy",
            database_connected=outcome.get(DATABASE) == OK,
            version=version,
            checks=dict(outcome),
        )

    async def live() -> Live:
        """200 for as long as the server can answer at all; restart it when it does not."""
        return Live(status="alive")

    async def ready(response: Response) -> Ready:
        """200 if requests should come here; 503 with the reasons if not."""
        outcome = await look(checks, seconds=seconds)
        reasons = [f"{name}: {says}" for name, says in outcome.items() if says != OK]
        response.status_code = 503 if reasons else 200
        return Ready(status="not_ready" if reasons else "ready", reasons=reasons)

    for path, probe, ill in (
        ("/health", health, Health),
        ("/health/live", live, None),
        ("/health/ready", ready, Ready),
    ):
        responses: dict[int | str, dict[str, Any]] = (
            {503: {"model": ill, "description": "Not well"}} if ill else {}
        )
        router.add_api_route(path, probe, methods=["GET"], responses=responses)
        # Balancers ask with HEAD as well; in the reference once is enough.
        router.add_api_route(path, probe, methods=["HEAD"], include_in_schema=False)
    return router
