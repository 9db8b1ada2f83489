"""What holds for all calls alike, in the OpenAPI description: said once, not by each route."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from survey.errors import (
    IdempotencyInProgress,
    IdempotencyKeyReused,
    InvalidValue,
    NotAllowed,
    StorageUnavailable,
)
from webapp.api.answers import Responses, problems
from webapp.api.once import HEADER, LONGEST_KEY

_ONCE: Mapping[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes it safe to send this again: the same request under the same key is done "
    "once, and its answer is kept for a day.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_KEY,
        "pattern": "^[!-~]+$",
        "example": "6f1b4a3e-55a1-4f0c-9c1f-3b6f6a5f2d10",
    },
}
_KEYS = problems(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, NotAllowed, StorageUnavailable
)
_LIMITS: Mapping[str, Any] = {
    "RateLimit-Policy": {
        "description": "How often this key may call (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
        "example": '"key";q=600;w=60',
    },
    "RateLimit": {
        "description": "How many calls are left, and for how many seconds that holds.",
        "schema": {"type": "string"},
        "example": '"key";r=599;t=60',
    },
}


def describe(description: dict[str, Any]) -> dict[str, Any]:
    """Add it, in place: what is refused, how often a key may call, what may be sent again."""
    for operation in _operations(description):
        if "requestBody" in operation:
            _fill(operation["responses"], problems(HTTPStatus.BAD_REQUEST, InvalidValue))
        elif any(one["in"] == "query" for one in operation.get("parameters", ())):
            _fill(operation["responses"], problems(InvalidValue))
    for operation in _behind_keys(description):
        _fill(operation["responses"], _KEYS)
        for status, answer in operation["responses"].items():
            if status.startswith("2") or status == "429":
                answer["headers"] = {**_LIMITS, **answer.get("headers", {})}
    for operation in _behind_keys(description, method="post"):
        operation.setdefault("parameters", []).append(dict(_ONCE))
        _add(operation["responses"], problems(IdempotencyKeyReused, IdempotencyInProgress))
    return description


def _operations(description: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in description["paths"].values():
        yield from methods.values()


def _behind_keys(
    description: Mapping[str, Any], *, method: str | None = None
) -> Iterator[dict[str, Any]]:
    for methods in description["paths"].values():
        for word, operation in methods.items():
            if operation.get("security") and method in (None, word):
                yield operation


def _fill(answers: dict[str, Any], refusals: Responses) -> None:
    """What the route says itself stays."""
    for status, refusal in refusals.items():
        answers.setdefault(str(status), dict(refusal))


def _add(answers: dict[str, Any], refusals: Responses) -> None:
    for status, refusal in refusals.items():
        known = answers.setdefault(str(status), dict(refusal))
        if known["description"] != refusal["description"]:
            known["description"] = f"{known['description']}; {refusal['description']}"
