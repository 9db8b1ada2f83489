"""What a program reads when something could not be done: every error as a problem document."""

import math
import re
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from fastapi import exception_handlers as fastapi_handlers
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from survey.errors import InvalidValue, VoxpopError
from survey.messenger import PlatformBusy
from webapp.problem_document import DETAIL_LIMIT, HTTP_PROBLEMS, cut, phrase, problem
from webapp.problem_kinds import PROBLEMS

ERRORS_SHOWN = 20
"""How many fields that do not fit are named."""
_NAME_LIMIT = 60
_NO_CONTENT = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_SHORTEST_ECHO = 4
_CAUSES_LOGGED = 5

log = structlog.get_logger()


def problem_for(error: Exception) -> Response:
    """What the world reads of an error; one that nobody foresaw is logged and not described."""
    match error:
        case VoxpopError():
            return _refused(error)
        case RequestValidationError():
            return _not_valid(error.errors())
        case HTTPException():
            return _plain(error)
        case _:
            return _unforeseen(error)


def _refused(error: VoxpopError) -> Response:
    known = _known(error)
    kind = PROBLEMS[known]
    patience = kind.retry_after
    if isinstance(error, PlatformBusy) and error.retry_after is not None:
        patience = max(1, math.ceil(error.retry_after.total_seconds()))
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_refused", code=error.code, status=kind.status)
    return problem(
        kind.status,
        code=error.code,
        title=kind.title,
        detail=kind.says or str(error) or kind.title,
        about=known.code,
        headers=None if patience is None else {"Retry-After": str(patience)},
    )


def _known(error: VoxpopError) -> type[VoxpopError]:
    """The nearest ancestor that has a line in the table."""
    lineage = (cls for cls in type(error).__mro__ if issubclass(cls, VoxpopError))
    return next(cls for cls in lineage if cls in PROBLEMS)


def _plain(error: HTTPException) -> Response:
    status, headers = error.status_code, dict(error.headers or {})
    if status in _NO_CONTENT:
        return Response(status_code=status, headers=headers)
    known = HTTP_PROBLEMS.get(status)
    code = known.code if known else re.sub(r"\W+", "_", phrase(status).lower())
    detail = known.says if known else f"{phrase(status)}."
    if status == HTTPStatus.METHOD_NOT_ALLOWED and "Allow" in headers:
        detail = f"This address takes {headers['Allow']}."
    else:
        said: object = error.detail  # a string by its type, anything by FastAPI's
        if isinstance(said, str) and said not in ("", phrase(status)):
            detail = said
    return problem(status, code=code, detail=detail, headers=headers)


def _not_valid(errors: Sequence[Any]) -> Response:
    if any(error["type"] == "json_invalid" for error in errors):
        return problem(
            HTTPStatus.BAD_REQUEST, code="malformed", detail="The body is no valid JSON."
        )
    shown = [
        {"in": str(error["loc"][0]), "field": _field(error["loc"]), "why": _why(error)}
        for error in errors[:ERRORS_SHOWN]
    ]
    detail = "; ".join(f"{one['field']}: {one['why']}" for one in shown[:3])
    if len(errors) > len(shown[:3]):
        detail = f"{cut(detail, DETAIL_LIMIT - 20)}; and {len(errors) - 3} more"
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        code=InvalidValue.code,
        title=PROBLEMS[InvalidValue].title,
        detail=f"{detail}.",
        errors=shown,
    )


def _field(loc: Sequence[Any]) -> str:
    """Where a value stands; names of unknown fields come from outside, so they are cut."""
    return cut(".".join(str(part) for part in loc[1:]) or str(loc[0]), _NAME_LIMIT)


def _why(error: Mapping[str, Any]) -> str:
    """Why a value does not fit, without the value: it may be a secret, or very long."""
    why = str(error["msg"]).removesuffix(".")
    for given in (error.get("input"), error.get("ctx", {}).get("tag")):
        if isinstance(given, str) and len(given) >= _SHORTEST_ECHO:
            why = why.replace(given, "…")
    return cut(why, DETAIL_LIMIT // 3)


def _unforeseen(error: Exception) -> Response:
    instance = f"urn:uuid:{uuid4()}"
    # The frames and the kinds, never the messages: those may hold scores, comments, addresses.
    log.error(
        "request_failed",
        instance=instance,
        error=" from ".join(_kinds(error)),
        frames="".join(traceback.format_tb(error.__traceback__)),
    )
    plain = HTTP_PROBLEMS[HTTPStatus.INTERNAL_SERVER_ERROR]
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR, code=plain.code, detail=plain.says, instance=instance
    )


def _kinds(error: BaseException) -> list[str]:
    """The error's kind, and those of its causes."""
    kinds: list[str] = []
    known: BaseException | None = error
    while known is not None and len(kinds) < _CAUSES_LOGGED:
        kinds.append(f"{type(known).__module__}.{type(known).__qualname__}")
        known = known.__cause__
    return kinds


class AnswerBrokenOff(RuntimeError):
    """An error came when the answer had begun; the cause is in the log already."""


class Unforeseen:
    """ASGI middleware: what no handler foresaw becomes a problem document too.

    Not Starlette's handler for `Exception`: that one answers outside of all middleware, so without
    security headers, and raises the error once more for the server to log, message and all.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer.

        Raises:
            AnswerBrokenOff: If the answer had begun; the server then closes the connection.
        """
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except AnswerBrokenOff:
            raise
        except ClientDisconnect:
            log.info("client_left")
        except Exception as error:  # noqa: BLE001 - this is where the unforeseen ends
            answer = problem_for(error)
            if begun:
                raise AnswerBrokenOff("The answer broke off; the log says why.") from None
            await answer(scope, receive, send)


async def _answer(_request: Request, error: Exception) -> Response:
    return problem_for(error)


_REPLACED = {
    None,
    fastapi_handlers.http_exception_handler,
    fastapi_handlers.request_validation_exception_handler,
}


def install_problems(app: Starlette) -> None:
    """Make an app answer every error with a problem document.

    Handlers that the app brought itself stay; a second call changes nothing. `create_app` does
    this for the apps it mounts, so that platforms need not know this module.

    Raises:
        RuntimeError: If the app has served requests already.
    """
    if app.exception_handlers.get(VoxpopError) is _answer:
        return
    for kind in (VoxpopError, HTTPException, RequestValidationError):
        if app.exception_handlers.get(kind) in _REPLACED:
            app.add_exception_handler(kind, _answer)
    app.add_middleware(Unforeseen)
