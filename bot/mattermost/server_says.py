"""What the server says when it does not do as it was asked, as one error."""

import math
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from survey.errors import VoxpopError

LONGEST_PATIENCE = timedelta(hours=1)
"""What a server asks for beyond this is a mistake of its clock or of a proxy's."""
_LONGEST_MESSAGE = 300


class ServerSays(VoxpopError):
    """The server refused, or nobody knows what it did; the message says what it said.

    Attributes:
        status: The HTTP status; None if there was no answer.
        error_id: The server's own name for it: `api.context.permissions.app_error`; may be empty.
        message: Its sentence, in one line.
        request_id: What its log calls the request; may be empty.
        retry_after: For how long it wants to be left alone, where it says so.
        reached: Whether the request may have come to the server.
        reason: All of it but the request's id: the same whenever the same is wrong.
    """

    def __init__(
        self,
        status: int | None,
        message: str,
        *,
        error_id: str = "",
        request_id: str = "",
        retry_after: timedelta | None = None,
        reached: bool = True,
    ) -> None:
        self.status = status
        self.error_id = error_id
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        self.reached = reached
        number = "" if status is None else f"{status} "
        named = f" ({error_id})" if error_id else ""
        self.reason = f"Mattermost: {number}{message}{named}"
        super().__init__(f"{self.reason}, request {request_id}" if request_id else self.reason)

    @property
    def outcome_known(self) -> bool:
        """Whether it surely did nothing: it refused, or never heard of it."""
        if self.status is None:
            return not self.reached
        return 300 <= self.status < 500  # noqa: PLR2004 - what HTTP calls a refusal


def refusal(response: requests.Response) -> ServerSays:
    """An answer that is none; its body may be the server's JSON, anybody's text, or nothing."""
    said: Mapping[str, Any] = {}
    with suppress(ValueError):
        read = response.json()
        said = read if isinstance(read, dict) else {}
    message = said.get("message")
    if response.is_redirect:
        message = ": ".join(("the server is at another address", _origin_text(response)))
    elif not isinstance(message, str) or not message:
        message = _text(response)
    error_id = said.get("id")
    return ServerSays(
        response.status_code,
        _one_line(message),
        error_id=error_id if isinstance(error_id, str) else "",
        request_id=request_id(response, said),
        retry_after=_patience(response),
    )


def _origin_text(response: requests.Response) -> str:
    place = urlsplit(response.headers.get("Location", ""))
    return f"{place.scheme}://{place.netloc}" if place.netloc else "it redirects"


def _text(response: requests.Response) -> str:
    """A page of a proxy says nothing that its status does not say."""
    is_plain = response.headers.get("Content-Type", "").startswith("text/plain")
    return (response.text if is_plain else "") or response.reason or "no reason given"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def request_id(response: requests.Response, said: Mapping[str, Any] | None = None) -> str:
    """What the server's log calls the request; empty if it does not tell."""
    found = (said or {}).get("request_id") or response.headers.get("X-Request-Id", "")
    return _one_line(found) if isinstance(found, str) else ""


def _patience(response: requests.Response) -> timedelta | None:
    """Both headers count seconds from now on; a proxy in between may name a date."""
    for name in ("Retry-After", "X-RateLimit-Reset"):
        if (text := response.headers.get(name)) is None:
            continue
        try:
            seconds = float(text)
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
            except (ValueError, TypeError):
                continue
        if math.isfinite(seconds):
            return timedelta(seconds=min(max(seconds, 0.0), LONGEST_PATIENCE.total_seconds()))
    return None


def unanswered(error: requests.RequestException) -> ServerSays:
    """A connection that never came about has carried nothing to the server."""
    causes = list(_causes(error))
    reached = not any(
        isinstance(
            cause,
            requests.ConnectTimeout
            | requests.exceptions.InvalidURL
            | urllib3.exceptions.NewConnectionError
            | urllib3.exceptions.ConnectTimeoutError
            | ssl.SSLCertVerificationError,
        )
        for cause in causes
    )
    if isinstance(error, requests.Timeout):
        what = "no answer in time" if reached else "no connection in time"
    elif any(isinstance(cause, ssl.SSLError) for cause in causes):
        what = "its certificate is not accepted" if not reached else "the encryption failed"
    else:
        what = "the connection broke" if reached else "nobody answers at its address"
    return ServerSays(None, what, reached=reached)


def _causes(error: BaseException) -> list[BaseException]:
    """An error and all that it was made of; urllib3 hides some in arguments."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.append(one)
        parts = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        waiting += [part for part in parts if isinstance(part, BaseException)]
    return found
