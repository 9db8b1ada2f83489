"""The problem document itself (RFC 9457), whatever it is about."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
DETAIL_LIMIT = 300
"""Characters of a detail; what goes beyond is cut."""

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "in": {"type": "string"},
                    "field": {"type": "string"},
                    "why": {"type": "string"},
                },
            },
        },
    },
}
"""The document as OpenAPI describes it."""


def phrase(status: int) -> str:
    """What HTTP calls a status: "Not Found"."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"


def cut(text: str, limit: int) -> str:
    """The text, at most `limit` characters of it."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def problem(
    status: int,
    *,
    code: str,
    detail: str,
    title: str | None = None,
    about: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    """A problem document.

    Args:
        status: The HTTP status.
        code: The word that programs compare.
        detail: A sentence; at most 300 characters of it are sent.
        title: What all problems of this type have in common; the status' phrase if None.
        about: The type's anchor in `/docs`; the code if None.
        headers: More headers.
        more: Members beyond RFC 9457's own.
    """
    document = {
        "type": f"/docs#{about or code}",
        "title": title or phrase(status),
        "status": status,
        "detail": cut(detail, DETAIL_LIMIT),
        "code": code,
        **more,
    }
    # In ASCII: a lone surrogate that came in with a request would not encode otherwise.
    body = json.dumps(document, separators=(",", ":")).encode("ascii")
    return Response(body, status, dict(headers or {}), media_type=MEDIA_TYPE)
