"""OpenAPI of `/api/csat/v1` alone, where the CSAT service before us had it."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

_SCHEMAS = "#/components/schemas/"


def reference_router(prefix: str) -> APIRouter:
    """`/openapi` + the prefix + `/openapi.json`.

    Args:
        prefix: Of the routes that it describes.
    """
    router = APIRouter()

    @router.get(f"/openapi{prefix}/openapi.json", include_in_schema=False)
    async def part(request: Request) -> JSONResponse:
        return JSONResponse(part_of(request.app.openapi(), prefix))

    return router


def part_of(description: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """An OpenAPI description, less what is not below `prefix`."""
    paths = {
        path: told for path, told in description["paths"].items() if path.startswith(f"{prefix}/")
    }
    components = dict(description.get("components", {}))
    schemas = components.get("schemas", {})
    wanted: set[str] = set()
    waiting = list(_named(paths))
    while waiting:
        name = waiting.pop()
        if name not in wanted and name in schemas:
            wanted.add(name)
            waiting.extend(_named(schemas[name]))
    components["schemas"] = {name: told for name, told in schemas.items() if name in wanted}
    return {**description, "paths": paths, "components": components}


def _named(told: Any) -> Iterator[str]:
    """The schemas that something refers to."""
    if isinstance(told, dict):
        for word, value in told.items():
            if word == "$ref" and isinstance(value, str) and value.startswith(_SCHEMAS):
                yield value.removeprefix(_SCHEMAS)
            else:
                yield from _named(value)
    elif isinstance(told, list):
        for value in told:
            yield from _named(value)
