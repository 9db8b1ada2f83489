"""Mail by SendGrid's API v3."""

import json
from collections.abc import Mapping
from datetime import timedelta
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any

import aiohttp

from bot.email.providers import (
    MailRefused,
    Parcel,
    ProviderBusy,
    ProviderRefuses,
    Sender,
)
from survey.messenger import OutcomeUnknown

TIMEOUT = 20.0
CONNECTS_WITHIN = 5.0
"""Seconds, for a connection to come about."""
NAMED = "voxpop"
"""Under which name its events bring back which mail they are about."""
_OWN = frozenset(
    {
        *("from", "to", "reply-to", "subject", "date", "mime-version"),
        *("content-type", "content-transfer-encoding"),
    }
)
"""Headers that it writes itself, from other fields or its own clock."""
_LONGEST_ANSWER = 16_384
_LONGEST_REASON = 200
_OFF: Mapping[str, Any] = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}
"""Nothing is added to the mail: no picture that tells who reads, no links by way of others."""


class SendGrid:
    """The port `Provider`.

    Args:
        key: Of the API.
        sender: Whose mail it is.
        url: Where the API is, without a slash at its end.
        timeout: Seconds for a call.
    """

    name = "SendGrid"

    def __init__(self, key: str, sender: Sender, *, url: str, timeout: float = TIMEOUT) -> None:
        self._key = key
        self._sender = sender
        self._url = f"{url}/v3/mail/send"
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def send(self, parcel: Parcel) -> None:
        """See the port. It says at once what is wrong with a mail, and of a mailbox later."""
        try:
            async with self._connections().post(
                self._url,
                json=body_of(parcel, self._sender),
                headers={"Authorization": f"Bearer {self._key}"},
                allow_redirects=False,
            ) as response:
                if response.status == HTTPStatus.ACCEPTED:
                    return
                said = await response.content.read(_LONGEST_ANSWER)
                self._meaning(response, said, about=parcel.to)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ProviderBusy(f"{self.name}: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OutcomeUnknown(
                f"{self.name} has not said whether it took the mail: "
                f"{str(error) or type(error).__name__}"
            ) from error

    async def close(self) -> None:
        """See the port."""
        if self._session is not None:
            await self._session.close()

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=CONNECTS_WITHIN),
                trust_env=True,
            )
        return self._session

    def _meaning(self, response: aiohttp.ClientResponse, said: bytes, *, about: str) -> None:
        """Raises what its answer means."""
        found = _errors(said)
        reason = "; ".join(text for _, text in found) or response.reason or ""
        told = f"{self.name}: {response.status} {reason.replace(about, '…')[:_LONGEST_REASON]}"
        match response.status:
            case HTTPStatus.TOO_MANY_REQUESTS | HTTPStatus.SERVICE_UNAVAILABLE:
                raise ProviderBusy(told, retry_after=_patience(response.headers))
            case status if (
                status < HTTPStatus.MULTIPLE_CHOICES or status >= HTTPStatus.INTERNAL_SERVER_ERROR
            ):
                raise OutcomeUnknown(told)
            case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise MailRefused(told)
            case HTTPStatus.BAD_REQUEST if any(
                field.startswith("personalizations") for field, _ in found
            ):
                raise MailRefused(told)
        raise ProviderRefuses(told)


def body_of(parcel: Parcel, sender: Sender) -> Mapping[str, Any]:
    """The mail as the API takes it."""
    message = parcel.message
    reply_to = {"reply_to": {"email": sender.reply_to}} if sender.reply_to else {}
    named = {"name": sender.name} if sender.name else {}
    return {
        "personalizations": [{"to": [{"email": parcel.to}]}],
        "from": {"email": sender.address, **named},
        **reply_to,
        "subject": str(message["Subject"]),
        "content": [
            {"type": part.get_content_type(), "value": part.get_content()}
            for part in message.iter_parts()
            if isinstance(part, EmailMessage)
        ],
        "headers": {
            name: str(value) for name, value in message.items() if name.lower() not in _OWN
        },
        "custom_args": {NAMED: parcel.name},
        "tracking_settings": _OFF,
    }


def _errors(said: bytes) -> list[tuple[str, str]]:
    """The fields that it finds fault with, and why."""
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return []
    listed = told.get("errors") if isinstance(told, dict) else None
    return [
        (str(one.get("field") or ""), " ".join(str(one.get("message") or "").split()))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    ]


def _patience(headers: Mapping[str, str]) -> timedelta | None:
    """How long to wait, where it says so in seconds; at most an hour."""
    text = headers.get("Retry-After", "")
    return timedelta(seconds=min(int(text), 3600)) if text.isascii() and text.isdigit() else None
