"""The problem document itself (RFC 9457), whatever it is about."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
DETAIL_LIMIT = 300
"""Characters of a detail; what goes beyond is cut."""


@dataclass(frozen=True, kw_only=True)
class Plain:
    """What HTTP itself can say no to."""

    code: str
    says: str


HTTP_PROBLEMS: Mapping[int, Plain] = {
    400: Plain(code="malformed", says="The request can't be read."),
    401: Plain(code="unauthorized", says="This needs `Authorization: Bearer KEY`."),
    403: Plain(code="not_allowed", says="This is not allowed."),
    404: Plain(code="not_found", says="There is nothing at this address."),
    405: Plain(code="method_not_allowed", says="This address does not take this method."),
    408: Plain(code="too_slow", says="The request took too long to arrive."),
    413: Plain(code="too_large", says="The request is too large."),
    422: Plain(code="invalid_value", says="A value does not fit."),
    429: Plain(code="too_many_requests", says="Too many requests; please wait a little."),
    500: Plain(code="internal", says="Something went wrong on our side, and the log has it."),
    503: Plain(code="unavailable", says="Not now; please try again in a moment."),
}

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
