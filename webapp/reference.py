"""`/docs`: the OpenAPI description as a page that loads nothing from anywhere.

FastAPI's own page brings Swagger UI from a CDN: that tells a third party who reads it, fails behind
a firewall, and needs a policy that lets foreign scripts run. Shipping Swagger UI ourselves would
add 1.5 MB of scripts. This is a list; for trying calls out, any tool reads `/openapi.json`.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from webapp.problem_document import HTTP_PROBLEMS, phrase
from webapp.problem_kinds import PROBLEMS

_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
small,.answers{opacity:.75}
article{border-top:1px solid #8884;padding:.5rem 0}
h3{font-weight:normal;margin:.5rem 0;overflow-wrap:anywhere}
.method{display:inline-block;min-width:4rem;font-weight:bold}
table{border-collapse:collapse}
th,td{text-align:start;vertical-align:top;padding:.1rem 1rem .1rem 0}
:target{outline:2px solid}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_pages = Environment(
    loader=PackageLoader("webapp"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def reference_router(app: FastAPI) -> APIRouter:
    """`/docs` of this app."""
    router = APIRouter()

    @router.get("/docs", include_in_schema=False)
    async def reference() -> HTMLResponse:
        return HTMLResponse(page(app), headers=_HEADERS)

    return router


def page(app: FastAPI) -> str:
    """The whole page."""
    description = app.openapi()
    tags: dict[str, list[Mapping[str, Any]]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            tags.setdefault(tag, []).append(_operation(path, method, operation, description))
    return _pages.get_template("reference.html").render(
        title=app.title,
        version=app.version,
        openapi_url=app.openapi_url,
        style=Markup(_STYLE),  # noqa: S704 - our own constant
        tags=tags,
        problems=_problems(),
    )


def _operation(
    path: str, method: str, operation: Mapping[str, Any], description: Mapping[str, Any]
) -> Mapping[str, Any]:
    return {
        "method": method.upper(),
        "path": path,
        "says": operation.get("description") or operation.get("summary", ""),
        "takes": [*_parameters(operation, description), *_body(operation, description)],
        "answers": [
            "problem document" if status == "default" else f"{status} {phrase(int(status))}"
            for status in operation["responses"]
        ],
    }


def _parameters(
    operation: Mapping[str, Any], description: Mapping[str, Any]
) -> Iterator[Mapping[str, str]]:
    for one in operation.get("parameters", ()):
        yield {
            "name": one["name"],
            "where": one["in"] if one.get("required") else f"{one['in']}, optional",
            "what": _what({**one.get("schema", {}), **_said(one)}, description),
        }


def _body(
    operation: Mapping[str, Any], description: Mapping[str, Any]
) -> Iterator[Mapping[str, str]]:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(media.get("schema", {}), description)
        for name, field in schema.get("properties", {}).items():
            required = name in schema.get("required", ())
            yield {
                "name": name,
                "where": "body" if required else "body, optional",
                "what": _what(field, description),
            }


def _what(schema: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    """A type in words, and what its author says of it."""
    found = _resolved(schema, description)
    choices = found.get("anyOf") or found.get("oneOf") or [found]
    kinds = [str(_resolved(one, description).get("type", "anything")) for one in choices]
    values = ", ".join(str(value) for value in found.get("enum", ()))
    said = str(schema.get("description") or found.get("description", ""))
    return ". ".join(part for part in (" or ".join(kinds), values, said) if part)


def _resolved(schema: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    found: Mapping[str, Any] = description["components"]["schemas"][name]
    return found


def _said(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"description": parameter["description"]} if "description" in parameter else {}


def _problems() -> list[Mapping[str, Any]]:
    """Every code once, in the order of the statuses."""
    known = {plain.code: (status, plain.says) for status, plain in HTTP_PROBLEMS.items()}
    known |= {error.code: (kind.status, f"{kind.title}.") for error, kind in PROBLEMS.items()}
    return [
        {"code": code, "status": status, "means": means}
        for code, (status, means) in sorted(known.items(), key=lambda one: (one[1][0], one[0]))
    ]
