"""The scripted peer, outbound: an adapter as those of the real chats have to be."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import aiohttp

from survey.card import Card
from survey.delivery import MessageRef, Method, Pace
from survey.messenger import (
    NO_LIMITS,
    OutcomeUnknown,
    PlatformBusy,
    PlatformRefuses,
    RecipientUnreachable,
)
from survey.person import Address

PLATFORM = "peer"


class PeerMessenger:
    """The port `Messenger` on a peer.

    Args:
        url: Where it listens.
        timeout: How long it may take over an answer (seconds).
        paces: How fast it takes what.
    """

    repeats = False

    def __init__(
        self, url: str, *, timeout: float = 10.0, paces: Mapping[Method, Pace] = NO_LIMITS
    ) -> None:
        self.paces = paces
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, address: Address, card: Card, *, delivery_id: UUID) -> MessageRef:
        body = {
            "user": address.user_id,
            "delivery": str(delivery_id),
            "text": card.text,
            "campaign": None if card.subject is None else card.subject.campaign_id,
            "invitation": None if card.subject is None else str(card.subject.invitation_id),
        }
        told = await self._ask("POST", "/api/send", json=body)
        if not isinstance(told.get("message"), str):
            raise OutcomeUnknown("The answer named no message.")
        return MessageRef(channel=address.user_id, message=told["message"])

    async def update(self, address: Address, ref: MessageRef, card: Card) -> None:
        body = {"user": address.user_id, "message": ref.message, "text": card.text}
        await self._ask("POST", "/api/update", json=body)

    async def find(self, address: Address, delivery_id: UUID) -> MessageRef | None:
        about = {"user": address.user_id, "delivery": str(delivery_id)}
        told = await self._ask("GET", "/api/find", params=about)
        if told.get("message") is None:
            return None
        return MessageRef(channel=address.user_id, message=str(told["message"]))

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(self, verb: str, path: str, **what: Any) -> dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(self._url, timeout=self._timeout)
        try:
            async with self._session.request(verb, path, **what) as answer:
                text = await answer.text()
                if answer.status == 200:
                    told = await answer.json()
                    return _read(told)
                raise _refusal(answer, text)
        except aiohttp.ClientConnectorError as error:
            raise PlatformBusy(f"Nobody answers: {error}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise OutcomeUnknown(f"{type(error).__name__}: {error}") from error


def _read(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict) or told.get("ok") is not True:
        raise OutcomeUnknown("The answer can't be read.")
    return told


def _refusal(answer: aiohttp.ClientResponse, text: str) -> Exception:
    match answer.status:
        case 401:
            return PlatformRefuses(text)
        case 403:
            return RecipientUnreachable(text)
        case 429:
            wait = answer.headers.get("Retry-After")
            return PlatformBusy(
                "429", retry_after=None if wait is None else timedelta(seconds=float(wait))
            )
    return OutcomeUnknown(f"{answer.status}: {text}")
