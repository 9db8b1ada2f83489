"""Every answer of the HTTP interface that is no success, as OpenAPI describes it."""

from collections.abc import Mapping
from typing import Any

from survey.errors import VoxpopError
from webapp.problem_document import HTTP_PROBLEMS, MEDIA_TYPE, SCHEMA
from webapp.problem_kinds import PROBLEMS

Responses = dict[int | str, dict[str, Any]]

_WAIT = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_CHALLENGE = {"WWW-Authenticate": {"description": "RFC 6750.", "schema": {"type": "string"}}}
_HEADERS: Mapping[int, Mapping[str, Any]] = {401: _CHALLENGE, 429: _WAIT, 503: _WAIT}


def problems(*errors: type[VoxpopError] | int) -> Responses:
    """Problem documents by their status, for `responses` of a route.

    Args:
        errors: Those that the route may answer with, or statuses of HTTP's own.
    """
    told: dict[int, list[str]] = {}
    for error in errors:
        if isinstance(error, int):
            status, words = error, f"`{HTTP_PROBLEMS[error].code}`"
        else:
            status, words = PROBLEMS[error].status, f"`{error.code}`: {PROBLEMS[error].title}"
        told.setdefault(status, []).append(words)
    return {
        status: {
            "description": "; ".join(words),
            "content": {MEDIA_TYPE: {"schema": dict(SCHEMA)}},
            **({"headers": dict(_HEADERS[status])} if status in _HEADERS else {}),
        }
        for status, words in sorted(told.items())
    }
